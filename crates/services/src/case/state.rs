//! The states of a case and every edge between them. `step` is the only way from one state to another.

use serde::{Deserialize, Serialize};

/// Where a case stands. Spelled the same in the store, in texts (`services.state.<name>`) and in open data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The applicant is filling in the form; every answer is kept.
    Draft,
    /// The application stands as it will be signed.
    ToSign,
    /// Signed; the fee is owed and review begins when it is paid.
    AwaitingPayment,
    /// Received, with a receipt; the registers are being asked.
    Submitted,
    /// A register does not answer; the case waits and asks again by itself.
    AwaitingEvidence,
    /// The register stayed silent for too long; the applicant may give the original (decree instruction 9).
    OriginalRequested,
    /// An official has it, or it lies in the queue for one.
    InReview,
    /// The applicant is asked to put something right; the legal clock stands still.
    CorrectionRequested,
    /// The decision is written and waits for the official's signature.
    DecisionToSign,
    Approved,
    Refused,
    Withdrawn,
}

/// What moves a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    ReadyToSign,
    ReopenDraft,
    SignedWithFee,
    SignedWithoutFee,
    FeePaid,
    EvidenceComplete,
    RegisterSilent,
    OriginalAsked,
    CorrectionAsked,
    CorrectionGiven,
    DecisionWritten,
    DecisionDropped,
    ApprovalSigned,
    RefusalSigned,
    WithdrawnByApplicant,
}

impl State {
    pub const ALL: [State; 12] = [
        State::Draft,
        State::ToSign,
        State::AwaitingPayment,
        State::Submitted,
        State::AwaitingEvidence,
        State::OriginalRequested,
        State::InReview,
        State::CorrectionRequested,
        State::DecisionToSign,
        State::Approved,
        State::Refused,
        State::Withdrawn,
    ];

    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::ToSign => "to_sign",
            State::AwaitingPayment => "awaiting_payment",
            State::Submitted => "submitted",
            State::AwaitingEvidence => "awaiting_evidence",
            State::OriginalRequested => "original_requested",
            State::InReview => "in_review",
            State::CorrectionRequested => "correction_requested",
            State::DecisionToSign => "decision_to_sign",
            State::Approved => "approved",
            State::Refused => "refused",
            State::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Nothing moves any more.
    pub fn is_final(self) -> bool {
        matches!(self, State::Approved | State::Refused | State::Withdrawn)
    }

    /// Before the receipt: nobody but the applicant sees it.
    pub fn is_application(self) -> bool {
        matches!(self, State::Draft | State::ToSign | State::AwaitingPayment)
    }

    /// The legal clock stands still because the applicant has the next step.
    pub fn pauses_clock(self) -> bool {
        matches!(self, State::CorrectionRequested | State::OriginalRequested)
    }
}

/// Every edge there is.
pub const EDGES: &[(State, Event, State)] = &[
    (State::Draft, Event::ReadyToSign, State::ToSign),
    (State::ToSign, Event::ReopenDraft, State::Draft),
    (State::ToSign, Event::SignedWithFee, State::AwaitingPayment),
    (State::ToSign, Event::SignedWithoutFee, State::Submitted),
    (State::AwaitingPayment, Event::FeePaid, State::Submitted),
    (State::Submitted, Event::EvidenceComplete, State::InReview),
    (State::Submitted, Event::RegisterSilent, State::AwaitingEvidence),
    (State::AwaitingEvidence, Event::EvidenceComplete, State::InReview),
    (State::AwaitingEvidence, Event::OriginalAsked, State::OriginalRequested),
    // A late answer of the register, or the original itself, ends the wait.
    (State::OriginalRequested, Event::EvidenceComplete, State::InReview),
    (State::InReview, Event::CorrectionAsked, State::CorrectionRequested),
    (State::CorrectionRequested, Event::CorrectionGiven, State::InReview),
    (State::InReview, Event::DecisionWritten, State::DecisionToSign),
    (State::DecisionToSign, Event::DecisionDropped, State::InReview),
    (State::DecisionToSign, Event::ApprovalSigned, State::Approved),
    (State::DecisionToSign, Event::RefusalSigned, State::Refused),
    (State::Draft, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::ToSign, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::AwaitingPayment, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::Submitted, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::AwaitingEvidence, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::OriginalRequested, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::InReview, Event::WithdrawnByApplicant, State::Withdrawn),
    (State::CorrectionRequested, Event::WithdrawnByApplicant, State::Withdrawn),
];

/// The state after `event`, or none if the table has no such edge.
pub fn step(from: State, event: Event) -> Option<State> {
    EDGES.iter().find(|(state, edge, _)| *state == from && *edge == event).map(|(_, _, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_round_trip() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
            assert_eq!(serde_json::to_value(state).expect("a name"), state.name());
        }
        assert_eq!(State::parse("lost"), None);
    }

    #[test]
    fn every_state_is_reached_and_only_final_states_are_dead_ends() {
        let mut reached = HashSet::from([State::Draft]);
        while let Some((_, _, to)) = EDGES.iter().find(|(from, _, to)| reached.contains(from) && !reached.contains(to))
        {
            reached.insert(*to);
        }
        assert_eq!(reached.len(), State::ALL.len());
        for state in State::ALL {
            assert_eq!(state.is_final(), !EDGES.iter().any(|(from, _, _)| *from == state), "{state:?}");
        }
    }

    #[test]
    fn an_event_leads_to_one_state_only() {
        let edges: HashSet<_> = EDGES.iter().map(|(from, event, _)| (*from, *event)).collect();
        assert_eq!(edges.len(), EDGES.len());
    }

    #[test]
    fn the_two_journeys_walk_the_table() {
        let walk = |events: &[Event]| {
            events.iter().fold(State::Draft, |state, event| {
                step(state, *event).unwrap_or_else(|| panic!("{event:?} does not leave {state:?}"))
            })
        };
        use Event::*;
        assert_eq!(
            walk(&[ReadyToSign, SignedWithoutFee, EvidenceComplete, DecisionWritten, ApprovalSigned]),
            State::Approved
        );
        assert_eq!(
            walk(&[
                ReadyToSign,
                ReopenDraft,
                ReadyToSign,
                SignedWithFee,
                FeePaid,
                RegisterSilent,
                OriginalAsked,
                EvidenceComplete,
                CorrectionAsked,
                CorrectionGiven,
                DecisionWritten,
                DecisionDropped,
                DecisionWritten,
                RefusalSigned
            ]),
            State::Refused
        );
    }

    #[test]
    fn nothing_is_decided_before_review_or_paid_after_it() {
        for (state, event) in [
            (State::Draft, Event::ApprovalSigned),
            (State::AwaitingPayment, Event::DecisionWritten),
            (State::AwaitingEvidence, Event::DecisionWritten),
            (State::InReview, Event::FeePaid),
            (State::Approved, Event::WithdrawnByApplicant),
            (State::DecisionToSign, Event::WithdrawnByApplicant),
        ] {
            assert_eq!(step(state, event), None, "{state:?} {event:?}");
        }
    }
}
