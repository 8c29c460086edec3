//! What goes on without anybody waiting: asking registers again, receipts, delivery into the e-Safe, entries in registers,
//! disputes, and the watch over legal deadlines. Every handler may run twice and does its work once.

use crate::{
    apply::{NewDocument, StoredDocument},
    case::{
        Case, State,
        deadline::warning,
        parts::{Actor, record, same},
        row::{Decision, select_case},
    },
    decision::fill_one,
    document, evidence,
    ports::SafeDocument,
    refusal::{Outcome, Refusal},
    services::{Services, shown},
};
use base::{
    Failure, Fault, Lang, Refusal as _,
    dataservice::{AskError, Question, Wording},
};
use host::{
    args,
    jobs::{Claimed, Done, Job, Worker},
};
use serde_json::{Map, Value as Json, json};

pub(crate) const RECEIPT: &str = "services.receipt";
pub(crate) const DELIVER: &str = "services.deliver";
pub(crate) const RECORD: &str = "services.record";
pub(crate) const DISPUTE: &str = "services.dispute";
const DEADLINES: &str = "services.deadlines";

pub(crate) const ASICE: &str = "application/vnd.etsi.asic-e+zip";
/// Deadlines are days; looking every ten minutes warns early on the right morning.
const WATCH_SECONDS: i64 = 600;
/// The purpose under which registers take a person's correction request.
const CORRECTION_PURPOSE: &str = "data-correction";

/// A rule that says no to a job is a state of affairs that passes or a bug; either way the job tries again and stays visible.
fn fault(failure: Failure<Refusal>) -> Fault {
    match failure {
        Failure::Failed(fault) => fault,
        Failure::Refused(refusal) => Fault::passing("run a job of the e-services", refusal.code()),
    }
}

/// The decision's own facts, as placeholders name them.
pub(crate) fn decision_words(reference: &str, decision: &Decision) -> Json {
    json!({
        "number": decision.number,
        "date": decision.on.to_string(),
        "reasons": decision.reasons,
        "officer": decision.officer_name,
        "case": reference,
        "valid_to": decision.valid_to.map(|day| day.to_string()),
    })
}

impl Services {
    /// Registers the handlers of this part.
    pub fn jobs(&self, worker: Worker) -> Worker {
        let with = |services: Services, run: Handler| move |job: Claimed| run(services.clone(), job.payload);
        worker
            .on(
                evidence::JOB,
                with(self.clone(), |services, payload| {
                    Box::pin(async move { services.run_evidence_job(text(&payload, "reference")).await.map_err(fault) })
                }),
            )
            .on(
                RECEIPT,
                with(self.clone(), |services, payload| {
                    Box::pin(async move { services.make_receipt(text(&payload, "reference")).await.map_err(fault) })
                }),
            )
            .on(
                DELIVER,
                with(self.clone(), |services, payload| {
                    Box::pin(async move {
                        services.deliver(text(&payload, "reference"), text(&payload, "document")).await.map_err(fault)
                    })
                }),
            )
            .on(
                RECORD,
                with(self.clone(), |services, payload| {
                    Box::pin(async move {
                        services
                            .tell_register(text(&payload, "reference"), text(&payload, "message"))
                            .await
                            .map_err(fault)
                    })
                }),
            )
            .on(
                DISPUTE,
                with(self.clone(), |services, payload| {
                    Box::pin(async move { services.send_dispute(&payload).await.map_err(fault) })
                }),
            )
            .on(
                DEADLINES,
                with(self.clone(), |services, _| {
                    Box::pin(async move { services.watch_deadlines().await.map_err(fault) })
                }),
            )
    }

    /// Starts the watch over deadlines; once per store, however often it is called.
    pub async fn start_watch(&self) -> Result<(), Fault> {
        let mut tx = self.setup.store.begin().await?;
        tx.enqueue(&Job { kind: DEADLINES, key: Some("watch".into()), payload: json!({}), run_at: self.now() }).await?;
        tx.commit().await
    }

    async fn make_receipt(&self, reference: &str) -> Outcome<Done> {
        let dossier = self.dossier(reference).await?;
        if self.documents_of(reference).await?.iter().any(|it| it.kind == "receipt") {
            return Ok(Done::Finished);
        }
        let code = self.setup.safe.draw_code();
        let address = self.setup.safe.verification_address(&code);
        let due = dossier.case.due(self.catalogue().calendar(), self.today());
        let sheet = document::receipt(self.catalogue(), &dossier, due.as_ref(), &address, self.now());
        let pdf = self.paper(sheet).await?;
        let blob = self.new_id().to_string();
        self.setup.blobs.put(&blob, pdf.into()).await?;
        let new = NewDocument {
            kind: "receipt",
            number: dossier.case.receipt_number.clone().unwrap_or_default(),
            title: self.catalogue().words().receipt_title.clone(),
            verification_code: code,
            pdf: blob,
            container: None,
            valid_to: None,
        };
        let mut tx = self.setup.store.begin().await?;
        if let Some(id) = self.insert_document(&mut tx, &dossier.case, &new).await? {
            let payload = json!({ "reference": reference, "document": id });
            tx.enqueue(&Job { kind: DELIVER, key: Some(id), payload, run_at: self.now() }).await?;
        }
        tx.commit().await?;
        Ok(Done::Finished)
    }

    /// Puts a document into its owner's e-Safe.
    async fn deliver(&self, reference: &str, document: &str) -> Outcome<Done> {
        let documents = self.documents_of(reference).await?;
        let Some(stored) = documents.into_iter().find(|it| it.id == document && it.deposited_at.is_none()) else {
            return Ok(Done::Finished);
        };
        let case = self.case_of(reference).await?;
        let deposit = self.safe_document(&case, &stored).await?;
        self.setup.safe.deposit(deposit).await?;
        let mut tx = self.setup.store.begin().await?;
        let marked = tx
            .execute(
                "UPDATE services_document SET deposited_at = $1 WHERE id = $2 AND deposited_at IS NULL",
                &args![self.now(), document],
            )
            .await?;
        if marked == 1 {
            let values = shown([("title", stored.title.clone()), ("number", same(&stored.number))]);
            record(&mut tx, &case, "services.delivered", &Actor::System, values, self.now()).await?;
        }
        tx.commit().await?;
        Ok(Done::Finished)
    }

    async fn safe_document(&self, case: &Case, stored: &StoredDocument) -> Outcome<SafeDocument> {
        let (blob, media_type, ending) = match &stored.container {
            Some(container) => (container, ASICE, "asice"),
            None => (&stored.pdf, "application/pdf", "pdf"),
        };
        let issuer = self.catalogue().agency(&case.agency).map_or_else(|| same(&case.agency), |it| it.name.clone());
        Ok(SafeDocument {
            key: format!("{}/{}", stored.reference, stored.kind),
            kind: stored.kind,
            verification_code: stored.verification_code.clone(),
            owner: case.tin.clone().map_or_else(|| format!("PIN:{}", case.pin), |tin| format!("TIN:{tin}")),
            owner_name: case.company_name.clone().unwrap_or_else(|| case.name.clone()),
            applicant: case.pin.clone(),
            number: stored.number.clone(),
            title: stored.title.clone(),
            agency: case.agency.clone(),
            issuer,
            media_type,
            file_name: format!("{}.{ending}", stored.number),
            bytes: self.blob(blob).await?,
            case_reference: case.reference.clone(),
            issued_at: stored.at,
            issued_on: self.catalogue().calendar().day_of(stored.at),
            valid_to: stored.valid_to,
        })
    }

    /// Writes an approval into the register that keeps such things. The message keeps its identifier and the entry its
    /// number, so a second telling is the same entry.
    async fn tell_register(&self, reference: &str, message: &str) -> Outcome<Done> {
        let dossier = self.dossier(reference).await?;
        let (Some(entry), Some(decision)) = (&dossier.definition.decision.record, &dossier.case.decision) else {
            return Ok(Done::Finished);
        };
        let facts = self.decision_facts(&dossier, decision);
        let body = entry.body.iter().map(|(element, text)| (element.clone(), json!(fill_one(text, &facts, Lang::Az))));
        let question = Question {
            client: entry.client.clone(),
            service: entry.service.clone(),
            wording: entry.wording,
            body: Json::Object(body.collect::<Map<_, _>>()),
            user: Some(format!("PIN:{}", decision.officer_pin)),
            case_reference: Some(reference.to_owned()),
            purpose: entry.purpose.clone(),
            message_id: message.to_owned(),
        };
        self.ask_for_good("enter a decision in a register", question).await?;
        let mut tx = self.setup.store.begin().await?;
        let values = shown([("number", same(&decision.number))]);
        record(&mut tx, &dossier.case, "services.recorded", &Actor::System, values, self.now()).await?;
        tx.commit().await?;
        Ok(Done::Finished)
    }

    async fn ask_for_good(&self, attempt: &'static str, question: Question) -> Result<(), Fault> {
        match self.setup.data.ask(question).await {
            Ok(_) => Ok(()),
            Err(AskError::Unreachable(fault)) => Err(fault),
            Err(AskError::Refused { code, .. }) => Err(Fault::new(attempt, code)),
        }
    }

    async fn send_dispute(&self, payload: &Json) -> Outcome<Done> {
        let reference = text(payload, "reference");
        let dossier = self.dossier(reference).await?;
        let Some(question) = dossier.definition.evidence.question(text(payload, "question")) else {
            return Ok(Done::Finished);
        };
        // The correction service stands beside the one that gave the value: AZ/GOV/<member>/<subsystem>/<service>/<version>.
        let subsystem = question.service.rsplitn(3, '/').nth(2).unwrap_or_default();
        let asked = Question {
            client: dossier.definition.evidence.client.clone(),
            service: format!("{subsystem}/requestCorrection/v1"),
            wording: Wording::Rest,
            body: json!({ "pin": dossier.case.pin, "field": payload["field"], "claimedValue": payload["claimed"],
                          "reason": payload["reason"] }),
            user: Some(format!("PIN:{}", dossier.case.pin)),
            case_reference: Some(reference.to_owned()),
            purpose: CORRECTION_PURPOSE.to_owned(),
            message_id: text(payload, "message").to_owned(),
        };
        self.ask_for_good("send a correction request", asked).await?;
        let mut tx = self.setup.store.begin().await?;
        let values = shown([("register", question.register.clone())]);
        record(&mut tx, &dossier.case, "services.dispute_sent", &Actor::System, values, self.now()).await?;
        tx.commit().await?;
        Ok(Done::Finished)
    }

    /// Warns at each mark of the period once; a case that is late is flagged and its applicant told.
    pub(crate) async fn watch_deadlines(&self) -> Outcome<Done> {
        let rows = self
            .setup
            .store
            .query(
                select_case!(
                    "WHERE submitted_on IS NOT NULL AND (warned_percent < 100 OR late = 0)
                     AND state NOT IN ('approved', 'refused', 'withdrawn') ORDER BY reference"
                ),
                &args![],
            )
            .await?;
        for row in rows {
            match self.warn(Case::read(&row)).await {
                // Somebody worked on it this very moment: next time.
                Err(Failure::Refused(Refusal::Stale)) => {}
                other => other?,
            }
        }
        Ok(Done::Again(evidence::after(self.now(), WATCH_SECONDS)))
    }

    async fn warn(&self, mut case: Case) -> Outcome<()> {
        let today = self.today();
        let Some(due) = case.due(self.catalogue().calendar(), today) else { return Ok(()) };
        let mark = warning(&due, case.warned_percent);
        let newly_late = due.late && !case.late && case.state != State::Withdrawn;
        if mark.is_none() && !newly_late {
            return Ok(());
        }
        let mut tx = self.setup.store.begin().await?;
        if let Some(percent) = mark {
            case.warned_percent = percent;
            let values = shown([
                ("percent", same(&percent.to_string())),
                ("due", same(&due.on.strftime("%d.%m.%Y").to_string())),
            ]);
            record(&mut tx, &case, "services.deadline_near", &Actor::System, values, self.now()).await?;
            if let Some(officer) = case.officer_pin.clone() {
                let (percent, on) = (percent.to_string(), due.on.to_string());
                self.tell(&mut tx, &case, &officer, "deadline-near", &[("percent", &percent), ("due", &on)]).await?;
            }
        }
        if newly_late {
            case.late = true;
            let values = shown([("due", same(&due.on.strftime("%d.%m.%Y").to_string()))]);
            record(&mut tx, &case, "services.late", &Actor::System, values, self.now()).await?;
            self.tell(&mut tx, &case, &case.pin, "case-overdue", &[("due", &due.on.to_string())]).await?;
        }
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }
}

type Handler = fn(Services, Json) -> crate::ports::PortFuture<'static, Result<Done, Fault>>;

fn text<'a>(payload: &'a Json, name: &str) -> &'a str {
    payload[name].as_str().unwrap_or_default()
}
