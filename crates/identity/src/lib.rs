//! Who a person is: one log-in for every window of the state, with the smart card or the phone, and one log-out that reaches
//! them all. An OpenID Connect provider (code flow with PKCE, nothing else), and the small relying-party library its clients use.

mod attempt;
mod browser;
mod certificate;
pub mod client;
mod form;
mod history;
mod jwt;
mod limits;
mod login;
mod logout;
mod oidc;
mod pages;
mod ports;
mod provider;
mod refusal;
mod registry;
mod schema;
mod session;
mod sweep;
mod texts;

#[cfg(test)]
mod testing;

pub use certificate::TrustedCertificates;
pub use history::{LoginEvent, Method, Outcome};
pub use oidc::backchannel::{Delivery, DeliveryState};
pub use ports::{
    Answer, Carrier, CertificateRefusal, Certificates, CertifiedPerson, Mandates, Office, Offices, Representee,
    Transport,
};
pub use provider::{Parts, Provider};
pub use refusal::Refusal;
pub use registry::{Audience, CardMethod, Client, Limits, PhoneMethod, Scope, Settings};
pub use schema::MIGRATIONS;
