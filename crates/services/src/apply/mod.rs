//! The applicant's use cases: fill in, sign and submit, follow the case, say what one thinks.

mod fill;
mod follow;
mod opinion;
mod papers;
mod show;
mod sign;
mod start;

pub(crate) use follow::checked_text;
pub(crate) use papers::{NewDocument, StoredDocument};
pub(crate) use show::money_words;
