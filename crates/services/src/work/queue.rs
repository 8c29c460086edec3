//! The queue of an agency, ordered by legal deadline, and the case as its official sees it.

use crate::{
    apply::checked_text,
    case::{
        Case, Dossier, Event, State,
        parts::{Actor, record, same},
        row::{Correction, select_case},
    },
    decision,
    evidence::{FactKind, read, read_rows},
    form::Answers,
    refusal::{FieldProblem, Outcome, Refusal},
    services::{Services, refuse, shown},
    view::*,
};
use host::args;
use serde_json::{Map, Value as Json};

/// A queue shows at most so many cases: nobody works more in a day, and the order brings the urgent ones first.
const QUEUE_MAX: i64 = 500;

impl Services {
    /// Open cases of the official's agency, the next deadline first.
    pub async fn queue(&self, official: &Official, filter: &QueueFilter) -> Outcome<Vec<QueueLine>> {
        let rows = self
            .setup
            .store
            .query(
                select_case!(
                    "WHERE agency = $1 AND state IN ('submitted', 'awaiting_evidence', 'original_requested', 'in_review',
                     'correction_requested', 'decision_to_sign') ORDER BY submitted_at, reference LIMIT $2"
                ),
                &args![&official.agency, QUEUE_MAX],
            )
            .await?;
        let today = self.today();
        let mut lines: Vec<_> = rows.iter().map(|row| self.queue_line(&Case::read(row), official, today)).collect();
        lines.retain(|line| {
            filter.service.as_ref().is_none_or(|service| *service == line.service)
                && filter.state.is_none_or(|state| state == line.state)
                && (!filter.mine || line.mine)
                && (!filter.late || line.due.as_ref().is_some_and(|due| due.late))
        });
        lines.sort_by(|one, other| {
            let key = |line: &QueueLine| (line.due.as_ref().map(|due| due.on), line.submitted_at);
            key(one).cmp(&key(other))
        });
        Ok(lines)
    }

    fn queue_line(&self, case: &Case, official: &Official, today: base::Date) -> QueueLine {
        QueueLine {
            reference: case.reference.clone(),
            service: case.service.clone(),
            service_title: self.title_of(&case.service),
            applicant_name: case.company_name.clone().unwrap_or_else(|| case.name.clone()),
            state: case.state,
            submitted_at: case.submitted_at.unwrap_or(case.started_at),
            due: case.due(self.catalogue().calendar(), today),
            officer: case.officer_name.clone(),
            mine: case.officer_pin.as_deref() == Some(official.pin.as_str()),
        }
    }

    /// The case with checks, computation and what can be done. Looking at it is recorded.
    pub async fn official_case(&self, official: &Official, reference: &str) -> Outcome<OfficialCase> {
        let dossier = self.in_queue_of(official, self.dossier(reference).await?)?;
        self.audit_look(official, &dossier.case).await?;
        let plan = &dossier.definition.decision;
        let rules = &dossier.definition.rules;
        let (facts, computed) = decision::compute(plan, rules, dossier.facts(self.today()));
        let reason = |reason: &decision::ReasonText| Reason {
            id: reason.id.clone(),
            approves: reason.approves,
            text: reason.text.clone(),
        };
        let mine = dossier.case.officer_pin.as_deref() == Some(official.pin.as_str());
        Ok(OfficialCase {
            case: self.case_view(&dossier).await?,
            applicant_pin: dossier.case.pin.clone(),
            company_tin: dossier.case.tin.clone(),
            mine,
            checks: decision::checks(plan, rules, &facts),
            computed,
            reasons_offered: plan.reasons.iter().map(reason).collect(),
            actions: official_actions(&dossier, official),
        })
    }

    async fn audit_look(&self, official: &Official, case: &Case) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        tx.audit(&host::audit::Entry {
            at: self.now(),
            actor: format!("PIN:{}", official.pin.as_str()),
            action: "services.case_seen",
            subject: case.reference.clone(),
            detail: serde_json::json!({ "service": case.service }),
        })
        .await?;
        Ok(tx.commit().await?)
    }

    /// Takes the case; taking it twice is taking it once.
    pub async fn take(&self, official: &Official, reference: &str) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.in_queue_of(official, self.dossier_in(&mut tx, reference).await?)?;
        let case = &mut dossier.case;
        if case.state.is_final() {
            return refuse(Refusal::NotNow { state: case.state });
        }
        if case.pin == official.pin.as_str() {
            return refuse(Refusal::OwnCase);
        }
        match case.officer_pin.as_deref() {
            Some(pin) if pin == official.pin.as_str() => return Ok(()),
            Some(_) => return refuse(Refusal::TakenByAnother),
            None => {}
        }
        case.officer_pin = Some(official.pin.as_str().to_owned());
        case.officer_name = Some(official.name.clone());
        record(&mut tx, case, "services.taken", &actor(official), Map::new(), self.now()).await?;
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the case back to the queue.
    pub async fn release(&self, official: &Official, reference: &str) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.taken(official, self.dossier_in(&mut tx, reference).await?)?;
        let case = &mut dossier.case;
        if case.state == State::DecisionToSign || case.state.is_final() {
            return refuse(Refusal::NotNow { state: case.state });
        }
        (case.officer_pin, case.officer_name) = (None, None);
        record(&mut tx, case, "services.released", &actor(official), Map::new(), self.now()).await?;
        let now = self.now();
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// The case, if this official has taken it.
    pub(crate) fn taken(&self, official: &Official, dossier: Dossier) -> Outcome<Dossier> {
        let dossier = self.in_queue_of(official, dossier)?;
        match dossier.case.officer_pin.as_deref() {
            Some(pin) if pin == official.pin.as_str() => Ok(dossier),
            Some(_) => refuse(Refusal::TakenByAnother),
            None => refuse(Refusal::TakeFirst),
        }
    }

    /// Asks the applicant to put something right, online; the legal clock stands still meanwhile.
    pub async fn ask_correction(
        &self,
        official: &Official,
        reference: &str,
        text: &str,
        steps: &[String],
    ) -> Outcome<()> {
        let text = checked_text(text)?;
        if text.is_empty() {
            return refuse(Refusal::ReasonNeeded);
        }
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.taken(official, self.dossier_in(&mut tx, reference).await?)?;
        if steps.iter().any(|step| dossier.definition.form.steps.iter().all(|known| known.id != *step)) {
            return refuse(Refusal::UnknownStep);
        }
        let now = self.now();
        let case = &mut dossier.case;
        let by = official.name.clone();
        case.correction = Some(Correction { text: text.clone(), steps: steps.to_vec(), at: now, by });
        let values = shown([("text", same(&text))]);
        let by = actor(official);
        self.advance(&mut tx, case, Event::CorrectionAsked, "services.correction_asked", &by, values).await?;
        self.tell(&mut tx, case, &case.pin, "case-correction-asked", &[("note", &text)]).await?;
        case.save(&mut tx, now).await?;
        Ok(tx.commit().await?)
    }

    /// Facts that the official copied from an original, fact by fact; they count as the register's would.
    pub async fn read_original(
        &self,
        official: &Official,
        reference: &str,
        evidence: &str,
        facts: &Answers,
    ) -> Outcome<()> {
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.taken(official, self.dossier_in(&mut tx, reference).await?)?;
        let definition = dossier.definition.clone();
        let Some(question) = definition.evidence.question(evidence) else { return refuse(Refusal::UnknownEvidence) };
        let given = dossier.evidence_of(evidence).filter(|it| it.state == EvidenceState::OriginalGiven);
        let Some(given) = given else { return refuse(Refusal::OriginalNotAsked) };
        let mut copied = Map::new();
        let mut problems = Vec::new();
        for fact in &question.facts {
            let typed = facts.get(&fact.id).map(|text| text.trim()).unwrap_or_default();
            let value = match fact.kind {
                _ if typed.is_empty() && fact.kind != FactKind::Rows => Some(Json::Null),
                FactKind::Rows => read_rows(fact, typed),
                FactKind::Money => base::Money::parse_decimal(typed).map(|amount| Json::from(amount.qepik())),
                kind => read(kind, typed),
            };
            match value {
                Some(value) => drop(copied.insert(fact.id.clone(), value)),
                None => problems.push(FieldProblem::new(&fact.id, "services.field_not_a_fact")),
            }
        }
        if !problems.is_empty() {
            return refuse(Refusal::Invalid(problems));
        }
        let now = self.now();
        given.state = EvidenceState::FromOriginal;
        given.facts = Some(Json::Object(copied));
        given.answered_at = Some(now);
        given.next_at = None;
        given.confirmed_by = Some(official.name.clone());
        given.save(&mut tx, reference).await?;
        let values = shown([("question", question.title.clone())]);
        record(&mut tx, &dossier.case, "services.original_read", &actor(official), values, now).await?;
        Ok(tx.commit().await?)
    }

    pub async fn official_file(&self, official: &Official, reference: &str, file: &str) -> Outcome<FileContent> {
        let dossier = self.in_queue_of(official, self.dossier(reference).await?)?;
        self.file_content(&dossier, file).await
    }

    pub async fn official_document(
        &self,
        official: &Official,
        reference: &str,
        document: &str,
        signed: bool,
    ) -> Outcome<FileContent> {
        let dossier = self.in_queue_of(official, self.dossier(reference).await?)?;
        self.document_content(&dossier.case.reference, document, signed).await
    }
}

pub(crate) fn actor(official: &Official) -> Actor {
    Actor::Official { pin: official.pin.as_str().to_owned(), name: official.name.clone() }
}

fn official_actions(dossier: &Dossier, official: &Official) -> Vec<OfficialAction> {
    let case = &dossier.case;
    if case.state.is_final() || case.pin == official.pin.as_str() {
        return Vec::new();
    }
    match case.officer_pin.as_deref() {
        None => return vec![OfficialAction::Take],
        Some(pin) if pin != official.pin.as_str() => return Vec::new(),
        Some(_) => {}
    }
    if case.state == State::DecisionToSign {
        return vec![OfficialAction::SignDecision, OfficialAction::DropDecision];
    }
    let mut actions = vec![OfficialAction::Release];
    if dossier.evidence.iter().any(|it| it.state == EvidenceState::OriginalGiven) {
        actions.push(OfficialAction::ReadOriginal);
    }
    if case.state == State::InReview {
        actions.extend([OfficialAction::AskCorrection, OfficialAction::Decide]);
    }
    actions
}
