//! Evidence: what is asked of which register, how an answer becomes facts, how long a silence is waited for.

mod answer;
mod asking;
mod plan;
mod row;

pub use answer::{facts, month, read, read_rows};
pub(crate) use asking::{JOB, after};
pub use plan::{Ask, Column, Fact, FactKind, OriginalRules, Patience, Plan, Question};
pub(crate) use row::{Evidence, consequence, needs_original, view};
