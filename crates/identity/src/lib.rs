//! Who a person is: one log-in for every window of the state, with the smart card or the phone, and one log-out that reaches
//! them all. An OpenID Connect provider (code flow with PKCE, nothing else), and the small relying-party library its clients use.

pub mod backchannel;
pub mod client;
pub mod form;
mod jwt;
pub mod ports;
pub mod token;

pub use ports::{
    Carrier, CertificateRefusal, Certificates, CertifiedPerson, Mandates, Office, Offices, Representee, Transport,
};
