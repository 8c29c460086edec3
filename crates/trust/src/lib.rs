//! The trust services: a certificate centre that issues and revokes, an OCSP responder and a time-stamping authority over
//! HTTP, their clients, and the signing, sealing and validating of documents. Formats are in `formats`; this room decides.

pub mod centre;
pub mod client;
pub mod endpoints;
mod ocsp;
mod refusal;
mod schema;
mod settings;
pub mod signing;
mod time_stamping;
pub mod validation;

pub use centre::{Authority, Carrier, Centre, Change, Holder, Issued, Member, Order, Person, Post, State};
pub use client::{OcspClient, TsaClient};
pub use refusal::Refusal;
pub use schema::MIGRATIONS;
pub use settings::{Names, Settings};
pub use signing::{Session, SignedDocument, Signing};

/// What a use case of this room ends in when it does not succeed.
pub type Failure = base::Failure<Refusal>;

#[cfg(test)]
mod tests;
