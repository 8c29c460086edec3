//! portal: every page that people see, for the citizen, the official, the operator and the public. It owns no rule: it reads
//! a request, calls the part whose matter it is, and places the answer. Works without JavaScript; sends nothing elsewhere.

mod app;
mod assets;
pub mod citizen;
mod evidence;
pub mod kept;
mod login;
pub mod office;
pub mod pages;
pub mod parts;
pub mod ports;
mod posted;
mod schema;
mod security;
mod session;
pub mod shell;
mod signing;
pub mod texts;
mod trouble;
mod visit;

pub use app::{App, Origins, Setup};
pub use assets::STYLESHEET;
pub use schema::MIGRATIONS;
pub use session::CONTACT_JOB;
pub use trouble::Refusal;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod stories;
