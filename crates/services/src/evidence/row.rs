//! One question of one case, as stored, and what its state means for the case.

use super::plan::{Column, FactKind, Patience, Plan, Question};
use crate::{
    case::{Event, Source, State},
    decision::fact_view,
    view::{EvidenceState, EvidenceValue, EvidenceView, FactView},
};
use base::{Fault, Timestamp};
use host::{
    args,
    store::{Row, Tx},
};
use serde_json::Value as Json;

#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub question: String,
    pub state: EvidenceState,
    /// Attempts that have ended, with an answer or without.
    pub attempts: i64,
    pub next_at: Option<Timestamp>,
    /// Since when an answer is waited for.
    pub waiting_since: Option<Timestamp>,
    pub message_id: String,
    pub asked_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub facts: Option<Json>,
    pub disputed: bool,
    pub confirmed_by: Option<String>,
}

const STATES: [(EvidenceState, &str); 7] = [
    (EvidenceState::Planned, "planned"),
    (EvidenceState::Waiting, "waiting"),
    (EvidenceState::Answered, "answered"),
    (EvidenceState::RefusedByRegister, "refused"),
    (EvidenceState::OriginalAsked, "original_asked"),
    (EvidenceState::OriginalGiven, "original_given"),
    (EvidenceState::FromOriginal, "from_original"),
];

pub(crate) fn state_name(state: EvidenceState) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).expect("every state has a name").1
}

impl Evidence {
    fn read(row: &Row) -> Evidence {
        let state =
            STATES.iter().find(|(_, name)| *name == row.text("state")).expect("states are stored by their names");
        Evidence {
            question: row.text("question").to_owned(),
            state: state.0,
            attempts: row.int("attempts"),
            next_at: row.opt_time("next_at"),
            waiting_since: row.opt_time("waiting_since"),
            message_id: row.text("message_id").to_owned(),
            asked_at: row.opt_time("asked_at"),
            answered_at: row.opt_time("answered_at"),
            facts: row.opt_text("facts").map(|_| row.json("facts")),
            disputed: row.bool("disputed"),
            confirmed_by: row.opt_text("confirmed_by").map(str::to_owned),
        }
    }

    pub async fn of_case(source: &mut Source<'_>, reference: &str) -> Result<Vec<Evidence>, Fault> {
        let rows = source
            .query(
                "SELECT question, state, attempts, next_at, waiting_since, message_id, asked_at, answered_at, facts,
                    disputed, confirmed_by FROM services_evidence WHERE reference = $1 ORDER BY message_id",
                &args![reference],
            )
            .await?;
        Ok(rows.iter().map(Evidence::read).collect())
    }

    pub async fn insert(&self, tx: &mut Tx, reference: &str) -> Result<(), Fault> {
        tx.execute(
            "INSERT INTO services_evidence (reference, question, state, attempts, claimed_until, next_at, waiting_since,
                message_id, disputed) VALUES ($1, $2, $3, 0, 0, $4, $5, $6, 0) ON CONFLICT (reference, question) DO NOTHING",
            &args![
                reference,
                &self.question,
                state_name(self.state),
                self.next_at,
                self.waiting_since,
                &self.message_id
            ],
        )
        .await?;
        Ok(())
    }

    pub async fn save(&self, tx: &mut Tx, reference: &str) -> Result<(), Fault> {
        tx.execute(
            "UPDATE services_evidence SET state = $3, next_at = $4, waiting_since = $5, answered_at = $6, facts = $7,
                disputed = $8, confirmed_by = $9, attempts = $10 WHERE reference = $1 AND question = $2",
            &args![
                reference,
                &self.question,
                state_name(self.state),
                self.next_at,
                self.waiting_since,
                self.answered_at,
                self.facts.as_ref().map(ToString::to_string),
                self.disputed,
                self.confirmed_by.clone(),
                self.attempts
            ],
        )
        .await?;
        Ok(())
    }

    /// A decision may rest on it.
    pub fn is_known(&self) -> bool {
        matches!(self.state, EvidenceState::Answered | EvidenceState::FromOriginal)
    }

    /// The case may go on: the facts are there, or their original is for the official to read.
    pub fn is_settled(&self) -> bool {
        self.is_known() || self.state == EvidenceState::OriginalGiven
    }

    /// Whether the register is still asked. An original that was given does not stop it: a late answer is taken.
    pub fn is_asked(&self) -> bool {
        self.next_at.is_some()
            && matches!(
                self.state,
                EvidenceState::Waiting | EvidenceState::OriginalAsked | EvidenceState::OriginalGiven
            )
    }
}

/// What the state of the evidence does to the case, if anything.
pub(crate) fn consequence(plan: &Plan, evidence: &[Evidence], state: State, now: Timestamp) -> Option<Event> {
    let open = || {
        evidence.iter().filter(|it| {
            let required = plan.question(&it.question).is_some_and(|question| question.required);
            required && !it.is_settled() && it.state != EvidenceState::Planned
        })
    };
    let silent = |it: &Evidence| it.attempts > 0 && it.state != EvidenceState::Planned;
    match state {
        State::Submitted | State::AwaitingEvidence | State::OriginalRequested if open().next().is_none() => {
            Some(Event::EvidenceComplete)
        }
        State::Submitted if open().any(silent) => Some(Event::RegisterSilent),
        State::AwaitingEvidence if open().any(|it| needs_original(&plan.patience, it, now)) => {
            Some(Event::OriginalAsked)
        }
        _ => None,
    }
}

/// The register refused, or was silent for as long as the service's patience lasts.
pub(crate) fn needs_original(patience: &Patience, evidence: &Evidence, now: Timestamp) -> bool {
    let waited = evidence.waiting_since.map_or(0, |since| now.as_second() - since.as_second());
    match evidence.state {
        EvidenceState::RefusedByRegister => true,
        EvidenceState::Waiting => patience.is_spent(evidence.attempts, waited),
        _ => false,
    }
}

pub(crate) fn view(question: &Question, evidence: &Evidence) -> EvidenceView {
    let values = evidence.facts.iter().flat_map(|facts| question.facts.iter().map(move |fact| (fact, facts)));
    let values = values.map(|(fact, facts)| EvidenceValue {
        fact: fact.id.clone(),
        label: fact.label.clone(),
        value: match fact.kind {
            FactKind::Rows => rows_view(fact, &facts[&fact.id]),
            FactKind::Text if facts[&fact.id].as_str().is_some_and(|code| fact.words.contains_key(code)) => {
                FactView::Words(fact.words[facts[&fact.id].as_str().unwrap_or_default()].clone())
            }
            kind => fact_view(kind, &facts[&fact.id]),
        },
    });
    EvidenceView {
        id: question.id.clone(),
        title: question.title.clone(),
        register: question.register.clone(),
        purpose: question.reason.clone(),
        state: evidence.state,
        values: values.collect(),
        asked_at: evidence.asked_at,
        answered_at: evidence.answered_at,
        message_id: evidence.asked_at.map(|_| evidence.message_id.clone()),
        attempts: evidence.attempts,
        next_attempt_at: evidence.next_at,
        disputed: evidence.disputed,
        confirmed_by: evidence.confirmed_by.clone(),
    }
}

fn rows_view(fact: &super::plan::Fact, rows: &Json) -> FactView {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let cells = |row: &Json| {
        let cell = |column: &Column| fact_view(column.kind, row.get(&column.from).unwrap_or(&Json::Null));
        fact.columns.iter().map(cell).collect()
    };
    let rows = rows.iter().map(cells);
    FactView::Rows { columns: fact.columns.iter().map(|column| column.label.clone()).collect(), rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::clock::from_micros;

    fn plan() -> Plan {
        let text = include_str!("../../../../countries/az/services/1.1/evidence.toml");
        toml::from_str(text).expect("the country's file is right")
    }

    fn evidence(question: &str, state: EvidenceState, attempts: i64) -> Evidence {
        Evidence {
            question: question.into(),
            state,
            attempts,
            next_at: None,
            waiting_since: Some(from_micros(0)),
            message_id: "m".into(),
            asked_at: None,
            answered_at: None,
            facts: None,
            disputed: false,
            confirmed_by: None,
        }
    }

    #[test]
    fn evidence_moves_the_case() {
        use EvidenceState::*;
        let soon = from_micros(60_000_000);
        let late = from_micros(7_200_000_000);
        for (state, pension, attempts, now, expected) in [
            (State::Submitted, Waiting, 0, soon, None),
            (State::Submitted, Waiting, 1, soon, Some(Event::RegisterSilent)),
            (State::Submitted, Answered, 1, soon, Some(Event::EvidenceComplete)),
            (State::AwaitingEvidence, Waiting, 9, soon, None),
            (State::AwaitingEvidence, Waiting, 4, late, None),
            (State::AwaitingEvidence, Waiting, 5, late, Some(Event::OriginalAsked)),
            (State::AwaitingEvidence, RefusedByRegister, 1, soon, Some(Event::OriginalAsked)),
            (State::OriginalRequested, OriginalAsked, 9, late, None),
            (State::OriginalRequested, OriginalGiven, 9, late, Some(Event::EvidenceComplete)),
            (State::OriginalRequested, Answered, 9, late, Some(Event::EvidenceComplete)),
            (State::InReview, Waiting, 9, late, None),
            (State::Draft, RefusedByRegister, 1, late, None),
        ] {
            let all = [evidence("identity", Answered, 1), evidence("pension", pension, attempts)];
            assert_eq!(consequence(&plan(), &all, state, now), expected, "{state:?} {pension:?} {attempts}");
        }
        let contact = [evidence("contact", Waiting, 3)];
        let event = consequence(&plan(), &contact, State::Submitted, soon);
        assert_eq!(event, Some(Event::EvidenceComplete), "what is not required holds up nobody");
    }
}
