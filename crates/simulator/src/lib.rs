//! What stands in for the outside world in the demo country, each on pages of its own that say so: the person's smart
//! card, the person's phone with its Mobile-ID service, the bank and the mailbox. Never part of a real deployment.

pub mod bank;
pub mod mailbox;
mod phrases;
