//! Asking the registers: claimed in one short transaction, asked outside of any, taken in another. Whoever asks first (the
//! request that opened the case, or the job that never gives up) has the claim; nobody asks twice at once.

use super::{
    Evidence, answer, consequence, needs_original,
    plan::{Ask, Question},
};
use crate::{
    case::{
        Case, Dossier, Event, State,
        parts::{Actor, record, same},
    },
    refusal::Outcome,
    services::{Services, shown},
    view::EvidenceState,
};
use base::{
    Localized, Timestamp,
    dataservice::{Answer, AskError, Question as Asked},
};
use host::{
    args,
    jobs::{Done, Job},
    store::Tx,
};
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// A question is claimed for so long; after a crash somebody else asks again.
const CLAIM_SECONDS: i64 = 60;
/// The job begins a moment after the request that opened the case, which asks by itself.
const JOB_DELAY_SECONDS: i64 = 5;
/// How long a page waits for the registers before it is shown without their answers.
const PAGE_WAIT: Duration = Duration::from_secs(4);
/// A register that has not answered by then counts as silent.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

pub(crate) const JOB: &str = "services.evidence";

pub(crate) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    base::clock::from_micros(now.as_microsecond() + seconds * 1_000_000)
}

impl Services {
    /// Rows for the questions that this case has; those of its first moment are due at once.
    pub(crate) async fn plan_evidence(&self, tx: &mut Tx, dossier: &Dossier) -> Outcome<()> {
        let now = self.now();
        for question in &dossier.definition.evidence.questions {
            let due = question.ask == Ask::Start;
            if due && !self.applies(dossier, question) {
                continue;
            }
            let evidence = Evidence {
                question: question.id.clone(),
                state: if due { EvidenceState::Waiting } else { EvidenceState::Planned },
                attempts: 0,
                next_at: due.then_some(now),
                waiting_since: due.then_some(now),
                message_id: self.new_id().to_string(),
                asked_at: None,
                answered_at: None,
                facts: None,
                disputed: false,
                confirmed_by: None,
            };
            evidence.insert(tx, &dossier.case.reference).await?;
        }
        self.enqueue_asking(tx, &dossier.case.reference, "start").await
    }

    /// The application is in: the questions that waited for it are due.
    pub(crate) async fn release_evidence(&self, tx: &mut Tx, dossier: &mut Dossier) -> Outcome<()> {
        let now = self.now();
        let definition = dossier.definition.clone();
        for question in &definition.evidence.questions {
            let applies = self.applies(dossier, question);
            let reference = dossier.case.reference.clone();
            let Some(evidence) = dossier.evidence_of(&question.id) else { continue };
            if evidence.state == EvidenceState::Planned && applies {
                evidence.state = EvidenceState::Waiting;
                evidence.next_at = Some(now);
                evidence.waiting_since = Some(now);
                evidence.save(tx, &reference).await?;
            }
        }
        self.enqueue_asking(tx, &dossier.case.reference.clone(), "submission").await
    }

    fn applies(&self, dossier: &Dossier, question: &Question) -> bool {
        question.when.as_ref().is_none_or(|when| {
            let rule = dossier.definition.rules.get(when);
            rule.is_some_and(|rule| rule.holds(&dossier.facts(self.today())) == crate::rule::Verdict::Known(true))
        })
    }

    async fn enqueue_asking(&self, tx: &mut Tx, reference: &str, phase: &str) -> Outcome<()> {
        tx.enqueue(&Job {
            kind: JOB,
            key: Some(format!("{reference}/{phase}")),
            payload: json!({ "reference": reference }),
            run_at: after(self.now(), JOB_DELAY_SECONDS),
        })
        .await?;
        Ok(())
    }

    /// Asks what is due now and waits a moment for the answers, so that the next page has them. What does not come in time
    /// goes on by itself.
    pub(crate) async fn gather(&self, reference: &str) {
        let (services, reference) = (self.clone(), reference.to_owned());
        let asking = tokio::spawn(async move {
            if let Err(failure) = services.ask_due(&reference).await {
                tracing::warn!(?failure, "asking the registers for a page");
            }
        });
        // Running into the limit is not a failure: the task goes on, and the job would ask again.
        let _in_time = tokio::time::timeout(PAGE_WAIT, asking).await;
    }

    /// The job: asks until every question of the case has ended.
    pub(crate) async fn run_evidence_job(&self, reference: &str) -> Outcome<Done> {
        self.ask_due(reference).await?;
        let dossier = self.dossier(reference).await?;
        if dossier.case.state.is_final() {
            return Ok(Done::Finished);
        }
        let next = dossier.evidence.iter().filter(|it| it.is_asked()).filter_map(|it| it.next_at).min();
        // A claim held elsewhere runs out within its time.
        let floor = after(self.now(), 1);
        Ok(next.map_or(Done::Finished, |at| Done::Again(at.max(floor))))
    }

    async fn ask_due(&self, reference: &str) -> Outcome<()> {
        let dossier = self.dossier(reference).await?;
        if dossier.case.state.is_final() {
            return Ok(());
        }
        let mut asking = tokio::task::JoinSet::new();
        for question in self.claim(&dossier).await? {
            let (services, dossier) = (self.clone(), dossier.clone());
            asking.spawn(async move { services.ask_one(&dossier, &question).await });
        }
        while let Some(ended) = asking.join_next().await {
            ended.map_err(|bug| base::Fault::new("ask a register", bug))??;
        }
        Ok(())
    }

    async fn claim(&self, dossier: &Dossier) -> Outcome<Vec<Question>> {
        let now = self.now();
        let due: Vec<_> =
            dossier.evidence.iter().filter(|it| it.is_asked() && it.next_at.is_some_and(|at| at <= now)).collect();
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.setup.store.begin().await?;
        let mut claimed = Vec::new();
        for evidence in due {
            let taken = tx
                .execute(
                    "UPDATE services_evidence SET claimed_until = $1, asked_at = COALESCE(asked_at, $2)
                     WHERE reference = $3 AND question = $4 AND claimed_until <= $2 AND next_at <= $2",
                    &args![after(now, CLAIM_SECONDS), now, &dossier.case.reference, &evidence.question],
                )
                .await?;
            if taken == 1 {
                claimed.extend(dossier.definition.evidence.question(&evidence.question).cloned());
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    async fn ask_one(&self, dossier: &Dossier, question: &Question) -> Outcome<()> {
        let asked = self.asked(dossier, question);
        let answer = match tokio::time::timeout(ANSWER_WAIT, self.setup.data.ask(asked)).await {
            Ok(answer) => answer,
            Err(_) => Err(AskError::Unreachable(base::Fault::passing("ask a register", "no answer in time"))),
        };
        self.take_answer(&dossier.case.reference, question, answer).await
    }

    fn asked(&self, dossier: &Dossier, question: &Question) -> Asked {
        let facts = dossier.facts(self.today());
        let body = question.input.iter().map(|(element, source)| {
            let value = dossier.definition.rules.get(source).map(|rule| rule.value(&facts));
            (
                element.clone(),
                match value {
                    Some(crate::rule::Verdict::Known(value)) => value,
                    _ => Json::Null,
                },
            )
        });
        let evidence = dossier.evidence.iter().find(|it| it.question == question.id);
        Asked {
            client: dossier.definition.evidence.client.clone(),
            service: question.service.clone(),
            wording: question.wording,
            body: Json::Object(body.collect::<Map<_, _>>()),
            user: Some(format!("PIN:{}", dossier.case.pin)),
            case_reference: Some(dossier.case.reference.clone()),
            purpose: dossier.definition.evidence.purpose.clone(),
            message_id: evidence.map_or_else(|| self.new_id().to_string(), |it| it.message_id.clone()),
        }
    }

    /// Takes what came of a question, in one transaction with what it does to the case. A late answer is an answer.
    pub(crate) async fn take_answer(
        &self,
        reference: &str,
        question: &Question,
        answer: Result<Answer, AskError>,
    ) -> Outcome<()> {
        let now = self.now();
        let mut tx = self.setup.store.begin().await?;
        let mut dossier = self.dossier_in(&mut tx, reference).await?;
        if dossier.case.state.is_final() {
            tx.rollback().await;
            return Ok(());
        }
        let patience = dossier.definition.evidence.patience;
        let Some(evidence) = dossier.evidence_of(&question.id) else { return Ok(()) };
        if evidence.is_known() {
            tx.rollback().await;
            return Ok(());
        }
        let late = evidence.state != EvidenceState::Waiting;
        // Counted when it has ended: a question that is still under way is no silence.
        evidence.attempts += 1;
        let mut values = shown([("register", question.register.clone()), ("question", question.title.clone())]);
        values.insert("message".into(), json!(same(&evidence.message_id)));
        let action = match answer {
            Ok(answer) => {
                evidence.state = EvidenceState::Answered;
                evidence.facts = Some(answer::facts(question, &answer.body));
                evidence.answered_at = Some(answer.at);
                evidence.next_at = None;
                if late { "services.evidence_late" } else { "services.evidence_answered" }
            }
            Err(AskError::Refused { code, .. }) => {
                // The text of a fault may quote the question; the code never does.
                values.insert("code".into(), json!(same(&code)));
                evidence.state = EvidenceState::RefusedByRegister;
                evidence.next_at = None;
                "services.evidence_refused"
            }
            Err(AskError::Unreachable(fault)) => {
                tracing::warn!(%fault, question = question.id, "a register did not answer");
                evidence.next_at = Some(after(now, patience.pause_seconds(evidence.attempts)));
                values.insert("attempt".into(), json!(same(&evidence.attempts.to_string())));
                "services.evidence_silent"
            }
        };
        evidence.save(&mut tx, reference).await?;
        tx.execute(
            "UPDATE services_evidence SET claimed_until = 0 WHERE reference = $1 AND question = $2",
            &args![reference, &question.id],
        )
        .await?;
        record(&mut tx, &dossier.case, action, &Actor::System, values, now).await?;
        self.settle(&mut tx, &mut dossier).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets the evidence move the case as far as it can, and saves the case if it moved.
    pub(crate) async fn settle(&self, tx: &mut Tx, dossier: &mut Dossier) -> Outcome<()> {
        let now = self.now();
        let definition = dossier.definition.clone();
        let mut moved = false;
        while let Some(event) = consequence(&definition.evidence, &dossier.evidence, dossier.case.state, now) {
            let was = dossier.case.state;
            let (action, notice) = match event {
                Event::EvidenceComplete => ("services.evidence_complete", "case-in-review"),
                Event::RegisterSilent => ("services.evidence_awaited", "case-waiting"),
                _ => ("services.original_asked", "case-original-asked"),
            };
            let mut values = Map::new();
            if let Some(titles) = self.unsettled(dossier) {
                values.insert("questions".into(), json!(titles));
            }
            if event == Event::OriginalAsked {
                self.ask_originals(tx, dossier).await?;
            }
            self.advance(tx, &mut dossier.case, event, action, &Actor::System, values).await?;
            self.tell_of_evidence(tx, &dossier.case, notice, was, &definition).await?;
            moved = true;
        }
        if moved {
            dossier.case.save(tx, now).await?;
        }
        Ok(())
    }

    async fn ask_originals(&self, tx: &mut Tx, dossier: &mut Dossier) -> Outcome<()> {
        let now = self.now();
        let plan = &dossier.definition.evidence;
        for evidence in &mut dossier.evidence {
            let required = plan.question(&evidence.question).is_some_and(|question| question.required);
            if required && needs_original(&plan.patience, evidence, now) {
                evidence.state = EvidenceState::OriginalAsked;
                evidence.save(tx, &dossier.case.reference).await?;
            }
        }
        Ok(())
    }

    /// Titles of what is still missing, joined, in every language.
    fn unsettled(&self, dossier: &Dossier) -> Option<Localized> {
        let plan = &dossier.definition.evidence;
        let open = dossier.evidence.iter().filter(|it| !it.is_settled()).filter_map(|it| plan.question(&it.question));
        join(open.filter(|question| question.required).map(|question| &question.title))
    }

    async fn tell_of_evidence(
        &self,
        tx: &mut Tx,
        case: &Case,
        notice: &str,
        was: State,
        definition: &crate::catalogue::Definition,
    ) -> Outcome<()> {
        let due = case.due(self.catalogue().calendar(), self.today()).map(|due| due.on.to_string()).unwrap_or_default();
        let dossier = self.dossier_in(tx, &case.reference).await?;
        let open = dossier.evidence.iter().filter(|it| !it.is_settled());
        let open: Vec<_> = open.filter_map(|it| definition.evidence.question(&it.question)).collect();
        let sources = join(open.iter().map(|question| &question.register)).unwrap_or_else(|| same("—"));
        let documents = join(open.iter().map(|question| &question.title)).unwrap_or_else(|| same("—"));
        let notice = if notice == "case-in-review" && was != State::Submitted { "case-resumed" } else { notice };
        let values = [
            ("due", due.as_str()),
            ("source.az", &sources.az),
            ("source.en", &sources.en),
            ("source.ru", &sources.ru),
            ("document.az", &documents.az),
            ("document.en", &documents.en),
            ("document.ru", &documents.ru),
        ];
        self.tell(tx, case, &case.pin, notice, &values).await
    }
}

fn join<'a>(texts: impl Iterator<Item = &'a Localized>) -> Option<Localized> {
    texts.fold(None, |joined: Option<Localized>, text| {
        Some(match joined {
            None => text.clone(),
            Some(joined) => Localized {
                az: format!("{}, {}", joined.az, text.az),
                en: format!("{}, {}", joined.en, text.en),
                ru: format!("{}, {}", joined.ru, text.ru),
            },
        })
    })
}
