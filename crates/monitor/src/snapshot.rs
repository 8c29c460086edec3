//! The daily snapshot of the live score: the raw counters and what was computed from them, written once, its digest a leaf
//! of the audit log. Anybody with the method's folder can compute it again.

use crate::{
    methodology::Methodology,
    score::{self, Observations, Sheet},
};
use base::Timestamp;
use serde::{Deserialize, Serialize};

/// What is stored and published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// "2026-11-23", in the country's time.
    pub day: String,
    pub taken_at: Timestamp,
    pub methodology: String,
    pub observations: Observations,
    pub live: Sheet,
}

/// A snapshot with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub snapshot: Snapshot,
    /// The exact text whose digest is in the leaf.
    pub body: String,
    /// SHA-256 of `body`, hexadecimal.
    pub digest: String,
    pub leaf: u64,
}

/// Why a snapshot does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// Computed with a method whose texts differ from these.
    OtherMethodology,
    /// The counters do not give the scores.
    ScoresDiffer,
}

impl Snapshot {
    pub fn compute(
        methodology: &Methodology,
        observations: Observations,
        day: String,
        taken_at: Timestamp,
    ) -> Snapshot {
        let live = score::live(methodology, &observations, taken_at);
        Snapshot { day, taken_at, methodology: methodology.digest.clone(), observations, live }
    }

    /// Computes the scores again from the raw counters.
    pub fn recompute(&self, methodology: &Methodology) -> Result<(), Doubt> {
        if self.methodology != methodology.digest {
            return Err(Doubt::OtherMethodology);
        }
        let again = score::live(methodology, &self.observations, self.taken_at);
        if again == self.live { Ok(()) } else { Err(Doubt::ScoresDiffer) }
    }
}
