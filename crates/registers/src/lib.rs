//! The register engine: a folder of declarative files becomes a register with history, purpose-bound data services, an
//! access log that nobody can edit unnoticed, and corrections that keep the old value. It knows no register by name.

pub mod access;
mod answer;
pub mod correction;
mod http;
pub mod people;
pub mod proof;
pub mod question;
pub mod record;
pub mod refusal;
mod register;
pub mod schema;

pub use question::{Question, Reader};
pub use refusal::Refusal;
pub use register::{MIGRATIONS, Register};
pub use schema::Schema;

#[cfg(test)]
mod tests;
