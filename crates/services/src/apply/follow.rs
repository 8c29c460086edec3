//! Following a case: lists, the case page with its timeline, withdrawing, correcting, originals, disputes.

use crate::{
    case::{
        Case, Dossier, Event, Source, State,
        parts::{Actor, record, same},
        row::select_case,
    },
    jobs,
    refusal::{FieldProblem, Outcome, Refusal},
    services::{Services, refuse, shown},
    view::*,
};
use base::Localized;
use host::{args, jobs::Job, store::Row};
use serde_json::{Map, json};

/// Longest text that a person writes outside of a form field, in letters.
const TEXT_LETTERS_MAX: usize = 2_000;
/// A list shows at most so many cases.
const CASES_MAX: i64 = 200;

pub(crate) fn checked_text(text: &str) -> Outcome<String> {
    let text = text.trim();
    if text.chars().count() > TEXT_LETTERS_MAX {
        return refuse(Refusal::TextTooLong);
    }
    Ok(text.to_owned())
}

impl Services {
    /// The person's own cases and those of the company they act for, the latest change first.
    pub async fn my_cases(&self, who: &Applicant) -> Outcome<Vec<CaseLine>> {
        let tin = who.company.as_ref().map(|company| company.tin.clone());
        let rows = self
            .setup
            .store
            .query(
                select_case!("WHERE pin = $1 OR tin = $2 ORDER BY changed_at DESC, reference DESC LIMIT $3"),
                &args![&who.pin, tin, CASES_MAX],
            )
            .await?;
        Ok(rows.iter().map(|row| self.case_line(&Case::read(row))).collect())
    }

    fn case_line(&self, case: &Case) -> CaseLine {
        CaseLine {
            reference: case.reference.clone(),
            service: case.service.clone(),
            service_title: self.title_of(&case.service),
            state: case.state,
            acting_for: case.company_name.clone(),
            started_at: case.started_at,
            submitted_at: case.submitted_at,
            changed_at: case.changed_at,
            due: case.due(self.catalogue().calendar(), self.today()),
            yours: case.state.is_application() || case.state.pauses_clock(),
        }
    }

    pub(crate) fn title_of(&self, service: &str) -> Localized {
        self.catalogue().card(service).map_or_else(|| same(service), |card| card.title.clone())
    }

    /// The case with everything its applicant may know.
    pub async fn case(&self, who: &Applicant, reference: &str) -> Outcome<CaseView> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        self.case_view(&dossier).await
    }

    pub(crate) async fn case_view(&self, dossier: &Dossier) -> Outcome<CaseView> {
        let case = &dossier.case;
        let card = &dossier.definition.card;
        let agency = self.catalogue().agency(&case.agency).map_or_else(|| same(&case.agency), |it| it.name.clone());
        let feedback = self.feedback_of(&case.reference).await?;
        let documents = self.documents_of(&case.reference).await?;
        Ok(CaseView {
            reference: case.reference.clone(),
            service: case.service.clone(),
            service_title: card.title.clone(),
            holder: self.holder(dossier, &agency),
            agency,
            state: case.state,
            version: case.version,
            applicant_name: case.name.clone(),
            acting_for: case.company_name.clone(),
            officer: case.officer_name.clone(),
            due: case.due(self.catalogue().calendar(), self.today()),
            if_late: card.if_late.clone().unwrap_or_else(|| same("")),
            actions: actions(case, feedback.is_some()),
            receipt: case.receipt_number.clone().zip(case.submitted_at).map(|(number, at)| ReceiptView { number, at }),
            fee: self.fee_view(dossier),
            correction: case.correction.clone().map(|it| CorrectionView {
                text: it.text,
                steps: it.steps,
                asked_at: it.at,
                asked_by: it.by,
            }),
            sections: self.sections(dossier),
            evidence: self.evidence_views(dossier),
            decision: self.decision_view(dossier),
            documents: documents.into_iter().map(|it| self.document_view(it)).collect(),
            timeline: self.timeline(&case.reference).await?,
            feedback,
        })
    }

    fn holder(&self, dossier: &Dossier, agency: &Localized) -> Holder {
        let waiting = |dossier: &Dossier| {
            let plan = &dossier.definition.evidence;
            let open = dossier
                .evidence
                .iter()
                .find(|it| it.is_asked() && plan.question(&it.question).is_some_and(|q| q.required));
            open.and_then(|it| plan.question(&it.question)).map(|question| question.register.clone())
        };
        match dossier.case.state {
            State::Draft | State::ToSign | State::AwaitingPayment => Holder::You,
            State::CorrectionRequested | State::OriginalRequested => Holder::You,
            State::Submitted | State::AwaitingEvidence => {
                waiting(dossier).map_or_else(|| Holder::Agency(agency.clone()), Holder::Register)
            }
            State::InReview | State::DecisionToSign => Holder::Agency(agency.clone()),
            State::Approved | State::Refused | State::Withdrawn => Holder::Nobody,
        }
    }

    pub(crate) async fn timeline(&self, reference: &str) -> Outcome<Vec<TimelineEntry>> {
        let rows = self
            .setup
            .store
            .query(
                "SELECT at, event, actor_kind, actor_name, event_values FROM services_event
                 WHERE reference = $1 ORDER BY number",
                &args![reference],
            )
            .await?;
        let entry = |row: &Row| TimelineEntry {
            at: row.time("at"),
            event: row.text("event").to_owned(),
            values: serde_json::from_value(row.json("event_values")).expect("what we stored as JSON reads back"),
            by: match row.text("actor_kind") {
                "applicant" => ActorView::Applicant,
                "official" => ActorView::Official(row.text("actor_name").to_owned()),
                _ => ActorView::System,
            },
        };
        Ok(rows.iter().map(entry).collect())
    }

    /// Takes the application back, as the applicant saw it (`version`); an unpaid fee falls away.
    pub async fn withdraw(&self, who: &Applicant, reference: &str, version: i64) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        if dossier.case.version != version {
            return refuse(Refusal::Stale);
        }
        let was = dossier.case.state;
        let actor = Actor::Applicant { pin: who.pin.as_str().to_owned() };
        let case = &mut dossier.case;
        self.advance(&mut tx, case, Event::WithdrawnByApplicant, "services.withdrawn", &actor, Map::new()).await?;
        if let Some(code) = case.debt_code.clone().filter(|_| case.fee_paid_at.is_none()) {
            self.setup.fees.cancel(&mut tx, &code, self.now()).await?;
        }
        if !was.is_application() {
            self.tell(&mut tx, case, &case.pin, "case-withdrawn", &[]).await?;
        }
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Hands the corrected case back. The named steps were changed with `answer` and `attach`.
    pub async fn correct(&self, who: &Applicant, reference: &str, comment: &str) -> Outcome<()> {
        let comment = checked_text(comment)?;
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        let missing = dossier.missing_steps(self.today());
        if !missing.is_empty() {
            return refuse(Refusal::Incomplete(missing));
        }
        if dossier.case.correction.as_ref().is_some_and(|it| it.steps.is_empty()) && comment.is_empty() {
            return refuse(Refusal::Invalid(vec![FieldProblem::new("comment", "services.field_required")]));
        }
        let actor = Actor::Applicant { pin: who.pin.as_str().to_owned() };
        let values = shown([("text", same(&comment))]);
        dossier.case.correction = None;
        self.advance(&mut tx, &mut dossier.case, Event::CorrectionGiven, "services.corrected", &actor, values).await?;
        let now = self.now();
        dossier.case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// The original in place of what a silent register would have said (decree instruction 9).
    pub async fn give_original(
        &self,
        who: &Applicant,
        reference: &str,
        evidence: &str,
        file_name: &str,
        content: Vec<u8>,
    ) -> Outcome<()> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        let rules = dossier.definition.evidence.original.clone();
        let Some(question) = dossier.definition.evidence.question(evidence).cloned() else {
            return refuse(Refusal::UnknownEvidence);
        };
        let file =
            self.file_of(&format!("original:{evidence}"), file_name, &content, &rules.accept, rules.size_bytes_max)?;
        self.setup.blobs.put(&file.id, content.into()).await?;
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        let asked = dossier.evidence_of(evidence).filter(|it| it.state == EvidenceState::OriginalAsked);
        let Some(asked) = asked else { return refuse(Refusal::OriginalNotAsked) };
        asked.state = EvidenceState::OriginalGiven;
        asked.save(&mut tx, reference).await?;
        crate::case::parts::insert_file(&mut tx, reference, &file).await?;
        let actor = Actor::Applicant { pin: who.pin.as_str().to_owned() };
        let values = shown([("question", question.title.clone()), ("file", same(&file.name))]);
        record(&mut tx, &dossier.case, "services.original_given", &actor, values, self.now()).await?;
        self.settle(&mut tx, &mut dossier).await?;
        Ok(tx.commit().await?)
    }

    /// "This is wrong": recorded in the case, shown to the official, sent to the register that holds the value.
    pub async fn dispute(
        &self,
        who: &Applicant,
        reference: &str,
        evidence: &str,
        fact: &str,
        claimed: &str,
        reason: &str,
    ) -> Outcome<()> {
        let (claimed, reason) = (checked_text(claimed)?, checked_text(reason)?);
        if claimed.is_empty() {
            return refuse(Refusal::Invalid(vec![FieldProblem::new("claimed", "services.field_required")]));
        }
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.own(who, self.dossier_in(&mut tx, reference).await?)?;
        let definition = dossier.definition.clone();
        let known = definition
            .evidence
            .question(evidence)
            .and_then(|question| question.facts.iter().find(|known| known.id == fact).map(|fact| (question, fact)));
        let Some((question, fact)) = known else { return refuse(Refusal::UnknownEvidence) };
        let answered = dossier.evidence_of(evidence).filter(|it| it.state == EvidenceState::Answered);
        let Some(answered) = answered else { return refuse(Refusal::UnknownEvidence) };
        answered.disputed = true;
        answered.save(&mut tx, reference).await?;
        let actor = Actor::Applicant { pin: who.pin.as_str().to_owned() };
        let values =
            shown([("fact", fact.label.clone()), ("register", question.register.clone()), ("text", same(&claimed))]);
        record(&mut tx, &dossier.case, "services.disputed", &actor, values, self.now()).await?;
        let payload = json!({ "reference": reference, "question": evidence, "field": fact.from, "claimed": claimed,
                              "reason": reason, "message": self.new_id() });
        let key = Some(format!("{reference}/{evidence}/{}", fact.id));
        tx.enqueue(&Job { kind: jobs::DISPUTE, key, payload, run_at: self.now() }).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn case_of(&self, reference: &str) -> Outcome<Case> {
        Case::load(&mut Source::Store(&self.setup.store), reference).await
    }
}

fn actions(case: &Case, rated: bool) -> Vec<Action> {
    let mut actions = Vec::new();
    match case.state {
        State::Draft => actions.push(Action::Continue),
        State::ToSign => actions.extend([Action::Sign, Action::Continue]),
        State::AwaitingPayment => actions.push(Action::Pay),
        State::OriginalRequested => actions.push(Action::GiveOriginal),
        State::CorrectionRequested => actions.push(Action::Correct),
        State::Approved | State::Refused if !rated => actions.push(Action::Rate),
        _ => {}
    }
    if crate::case::step(case.state, Event::WithdrawnByApplicant).is_some() {
        actions.push(Action::Withdraw);
    }
    actions
}
