//! The applicant's use cases: fill in, sign and submit, follow the case, say what one thinks.

mod fill;
mod follow;
mod opinion;
mod show;
mod sign;
mod start;

pub(crate) use follow::{NewDocument, StoredDocument, checked_text};
pub(crate) use show::money_words;
