//! Joins monitoring's port to the parts' records: counts over the portal operator's store, facts of the catalogue, traffic and
//! registers. Only counts leave here. A fact that nobody keeps records of stays unanswered, which is "no data".

mod catalogue;
mod counts;
mod exchange;
mod window;

#[cfg(test)]
mod tests;

pub use catalogue::{CatalogueFacts, register_of_services};
pub use exchange::{RegisterRecords, Traffic};
pub use window::WindowRecords;
