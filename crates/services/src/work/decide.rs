//! The decision: written by the official, judged against the checks of the law, made into a document, signed, and only then
//! in force, with everything that follows from it in the same transaction.

use super::queue::actor;
use crate::{
    apply::{NewDocument, checked_text},
    case::{
        Case, Dossier, Event, State,
        parts::{next_number, record, same},
        row::Decision,
    },
    decision, document,
    jobs::{self, DELIVER, RECORD},
    ports::FileToSign,
    refusal::{Outcome, Refusal},
    services::{Services, refuse, shown},
    view::{DecisionView, FileContent, LinkView, Official, ResultLine, SignRequest},
};
use base::Date;
use host::{args, jobs::Job, store::Tx};
use serde_json::{Map, json};

/// What stands against the decision, as a plain function of the facts.
pub(crate) fn objection(
    dossier: &Dossier,
    official: &Official,
    approve: bool,
    reasons: &str,
    today: Date,
) -> Option<Refusal> {
    if dossier.case.pin == official.pin.as_str() {
        return Some(Refusal::OwnCase);
    }
    if dossier.case.state != State::InReview {
        return Some(Refusal::NotNow { state: dossier.case.state });
    }
    if reasons.is_empty() {
        return Some(Refusal::ReasonNeeded);
    }
    if !approve {
        return None;
    }
    let plan = &dossier.definition.evidence;
    let unread = dossier.evidence.iter().any(|evidence| {
        plan.question(&evidence.question).is_some_and(|question| question.required) && !evidence.is_known()
    });
    if unread {
        return Some(Refusal::EvidenceMissing);
    }
    let rules = &dossier.definition.rules;
    let (facts, _) = decision::compute(&dossier.definition.decision, rules, dossier.facts(today));
    let checks = decision::checks(&dossier.definition.decision, rules, &facts);
    decision::blocking(&checks).map(|_| Refusal::CheckNotMet)
}

impl Services {
    /// Writes the decision and its document; it takes effect when signed. `version`: the case as the official saw it.
    pub async fn decide(
        &self,
        official: &Official,
        reference: &str,
        version: i64,
        approve: bool,
        reasons: &str,
    ) -> Outcome<()> {
        let reasons = checked_text(reasons)?;
        let dossier = self.taken(official, self.dossier(reference).await?)?;
        if dossier.case.version != version {
            return refuse(Refusal::Stale);
        }
        let today = self.today();
        if let Some(refusal) = objection(&dossier, official, approve, &reasons, today) {
            return refuse(refusal);
        }
        let plan = &dossier.definition.decision;
        let number = self.draw_number(&plan.number_prefix, today).await?;
        let (facts, computed) = decision::compute(plan, &dossier.definition.rules, dossier.facts(today));
        let mut decision = Decision {
            approve,
            reasons,
            number,
            on: today,
            valid_to: plan
                .valid_days
                .filter(|_| approve)
                .and_then(|days| today.checked_add(jiff::Span::new().days(days)).ok()),
            officer_pin: official.pin.as_str().to_owned(),
            officer_name: official.name.clone(),
            officer_position: official.position.clone(),
            verification_code: self.setup.safe.draw_code(),
            pdf: self.new_id().to_string(),
            computed: facts["computed"].clone(),
        };
        let address = self.setup.safe.verification_address(&decision.verification_code);
        let sheet = document::decision(self.catalogue(), &dossier, &decision, &facts, &computed, &address, self.now());
        let pdf = self.paper(sheet).await?;
        self.setup.blobs.put(&decision.pdf, pdf.into()).await?;
        let mut tx = self.setup.store.begin().await?;
        // The dossier's version is the one the document was made from: whatever changed since makes the save stale.
        let mut case = dossier.case;
        if !approve {
            decision.computed = json!({});
        }
        case.decision = Some(decision);
        let by = actor(official);
        self.advance(&mut tx, &mut case, Event::DecisionWritten, "services.decision_written", &by, Map::new()).await?;
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Numbers are drawn before the document is made; a decision that is dropped leaves a gap, never a double.
    async fn draw_number(&self, prefix: &str, today: Date) -> Outcome<String> {
        let mut tx = self.setup.store.begin().await?;
        let number = next_number(&mut tx, &format!("{prefix}-{}", today.year())).await?;
        tx.commit().await?;
        Ok(format!("{prefix}-{}-{number:06}", today.year()))
    }

    /// Takes the written decision back before it is signed.
    pub async fn drop_decision(&self, official: &Official, reference: &str) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.taken(official, self.dossier_in(&mut tx, reference).await?)?;
        let case = &mut dossier.case;
        let by = actor(official);
        self.advance(&mut tx, case, Event::DecisionDropped, "services.decision_dropped", &by, Map::new()).await?;
        case.decision = None;
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// The document as it will be signed.
    pub async fn decision_preview(&self, official: &Official, reference: &str) -> Outcome<FileContent> {
        let dossier = self.in_queue_of(official, self.dossier(reference).await?)?;
        let Some(decision) = &dossier.case.decision else { return refuse(Refusal::UnknownDocument) };
        let bytes = self.blob(&decision.pdf).await?;
        Ok(FileContent { name: format!("{}.pdf", decision.number), media_type: "application/pdf".into(), bytes })
    }

    pub async fn decision_sign_request(
        &self,
        official: &Official,
        reference: &str,
        certificate: &[u8],
    ) -> Outcome<SignRequest> {
        let dossier = self.taken(official, self.dossier(reference).await?)?;
        let decision = match (&dossier.case.decision, dossier.case.state) {
            (Some(decision), State::DecisionToSign) => decision,
            _ => return refuse(Refusal::NothingToSign),
        };
        let file = FileToSign {
            name: format!("{}.pdf", decision.number),
            media_type: "application/pdf".into(),
            bytes: self.blob(&decision.pdf).await?,
        };
        let mut seen = dossier.case;
        self.prepare_signing(&mut seen, "decision", vec![file], certificate, async |_, _, _| Ok(())).await
    }

    /// Takes the official's signature value: the decision is in force. Repeating it changes nothing.
    pub async fn decision_sign_complete(
        &self,
        official: &Official,
        reference: &str,
        request: &str,
        signature: &[u8],
    ) -> Outcome<()> {
        let dossier = self.taken(official, self.dossier(reference).await?)?;
        let signing = self.signing(reference, "decision").await?;
        if signing.request != request {
            return refuse(Refusal::Stale);
        }
        match dossier.case.state {
            State::Approved | State::Refused => return Ok(()),
            State::DecisionToSign if dossier.case.version == signing.version => {}
            _ => return refuse(Refusal::Stale),
        }
        let (container, signed) = self.close_container(&signing, signature, official.pin.as_str()).await?;
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.dossier_in(&mut tx, reference).await?;
        if dossier.case.version != signing.version {
            return match dossier.case.state {
                State::Approved | State::Refused => Ok(()),
                _ => refuse(Refusal::Stale),
            };
        }
        let decision = dossier.case.decision.clone().expect("a case with a decision to sign has a decision");
        let (event, action, notice) = match decision.approve {
            true => (Event::ApprovalSigned, "services.approved", "case-granted"),
            false => (Event::RefusalSigned, "services.refused", "case-refused"),
        };
        let values = shown([("number", same(&decision.number)), ("signer", same(&signed.signer_name))]);
        let case = &mut dossier.case;
        self.advance(&mut tx, case, event, action, &actor(official), values).await?;
        self.tell(&mut tx, case, &case.pin, notice, &[]).await?;
        self.put_in_force(&mut tx, &dossier, &decision, container).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// The document, and what an approval sets going: delivery, an entry in a register, a monthly payment.
    async fn put_in_force(
        &self,
        tx: &mut Tx,
        dossier: &Dossier,
        decision: &Decision,
        container: String,
    ) -> Outcome<()> {
        let (case, now) = (&dossier.case, self.now());
        let plan = &dossier.definition.decision;
        let template = if decision.approve { &plan.approval } else { &plan.refusal };
        let document = NewDocument {
            kind: "decision",
            number: decision.number.clone(),
            title: template.title.clone(),
            verification_code: decision.verification_code.clone(),
            pdf: decision.pdf.clone(),
            container: Some(container),
            valid_to: decision.valid_to,
        };
        if let Some(id) = self.insert_document(tx, case, &document).await? {
            let payload = json!({ "reference": case.reference, "document": id });
            tx.enqueue(&Job { kind: DELIVER, key: Some(id), payload, run_at: now }).await?;
        }
        if !decision.approve {
            return Ok(());
        }
        if plan.record.is_some() {
            let payload = json!({ "reference": case.reference, "message": self.new_id() });
            tx.enqueue(&Job { kind: RECORD, key: Some(case.reference.clone()), payload, run_at: now }).await?;
        }
        self.start_grant(tx, case, plan, decision).await
    }

    async fn start_grant(&self, tx: &mut Tx, case: &Case, plan: &decision::Plan, decision: &Decision) -> Outcome<()> {
        let Some(grant) = &plan.grant else { return Ok(()) };
        let Some(monthly) = decision.computed[&grant.amount].as_i64() else { return Ok(()) };
        let starts_on = decision.on.tomorrow().unwrap_or(decision.on);
        tx.execute(
            "INSERT INTO services_grant (reference, service, pin, kind, monthly_qepik, starts_on, months, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (reference) DO NOTHING",
            &args![
                &case.reference,
                &case.service,
                &case.pin,
                &grant.kind,
                monthly,
                starts_on,
                grant.months,
                self.now()
            ],
        )
        .await?;
        let values = shown([
            ("amount", crate::apply::money_words(base::Money::from_qepik(monthly))),
            ("from", same(&starts_on.strftime("%d.%m.%Y").to_string())),
        ]);
        record(tx, case, "services.grant_started", &crate::case::parts::Actor::System, values, self.now()).await?;
        let (amount, from) = (monthly.to_string(), starts_on.to_string());
        self.tell(tx, case, &case.pin, "allowance-started", &[("amount", &amount), ("from", &from)]).await
    }

    /// What the applicant sees of the decision once it is signed.
    pub(crate) fn decision_view(&self, dossier: &Dossier) -> Option<DecisionView> {
        let decision = dossier.case.decision.as_ref()?;
        let in_force = matches!(dossier.case.state, State::Approved | State::Refused);
        if !in_force {
            return None;
        }
        let plan = &dossier.definition.decision;
        let result = |line: &decision::Computation| ResultLine {
            id: line.id.clone(),
            label: line.label.clone(),
            value: decision::fact_view(line.kind, &decision.computed[&line.id]),
        };
        let links = plan.links.iter().map(|link| LinkView { title: link.title.clone(), path: link.path.clone() });
        Some(DecisionView {
            approved: decision.approve,
            number: decision.number.clone(),
            at: dossier.case.decided_at,
            officer: decision.officer_name.clone(),
            reasons: decision.reasons.clone(),
            results: if decision.approve { plan.computations.iter().map(result).collect() } else { Vec::new() },
            follow_up: plan.follow_up.clone().filter(|_| decision.approve),
            links: if decision.approve { links.collect() } else { Vec::new() },
        })
    }

    /// The facts of a decision that is in force, for the register that is told of it.
    pub(crate) fn decision_facts(&self, dossier: &Dossier, decision: &Decision) -> serde_json::Value {
        let words = self.catalogue().words();
        let mut facts = dossier.worded(dossier.facts(decision.on), &words.yes, &words.no);
        facts["computed"] = decision.computed.clone();
        facts["decision"] = jobs::decision_words(&dossier.case.reference, decision);
        facts
    }
}
