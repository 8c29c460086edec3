//! What stands in for the outside world in the demo country, each on pages of its own that say so: the person's smart
//! card, the person's phone with its Mobile-ID service, the bank and the mailbox. Never part of a real deployment.

pub mod bank;
mod card;
mod code;
mod devices;
#[cfg(test)]
mod devices_tests;
pub mod mailbox;
mod pages;
mod people;
mod phone;
mod phrases;
mod refusal;
mod schema;
mod texts;

pub use code::{PIN1, PIN2};
pub use devices::{Devices, RelyingParty, Settings};
pub use people::{Device, People, Person, Purpose, Wanted};
pub use refusal::Refusal;
pub use schema::MIGRATIONS;
