//! Evidence: what is asked of which register, how an answer becomes facts, how long a silence is waited for.

mod answer;
mod plan;

pub use answer::{facts, read, read_rows};
pub use plan::{Ask, Column, Fact, FactKind, OriginalRules, Patience, Plan, Question};
