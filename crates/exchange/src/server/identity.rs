//! The keys and certificates with which a server signs for its members and authenticates itself.

use base::{Fault, Signer, Timestamp, clock};
use formats::{
    identifier::ClientId,
    x509::{Certificate, Issuer, Name, Profile, Template, sign_tbs},
};
use host::keys::SoftKey;
use std::sync::Arc;

/// Signs the messages of one member.
#[derive(Clone)]
pub struct SigningIdentity {
    pub member: ClientId,
    pub certificate: Certificate,
    pub signer: Arc<dyn Signer>,
}

/// A certificate for TLS: the server's own towards other servers, or what others see.
#[derive(Clone)]
pub struct AuthenticationIdentity {
    pub certificate: Certificate,
    /// A P-256 key: RSA keys of ours sign as TLS 1.3 does not.
    pub signer: Arc<dyn Signer>,
}

/// A certificate that its own key signs, for parties that know it by its digest or by heart.
pub fn self_signed(
    key: &SoftKey,
    name: Name,
    host_names: Vec<String>,
    now: Timestamp,
    validity_s: i64,
) -> Result<Certificate, Fault> {
    let failed = |cause: &dyn std::fmt::Display| Fault::new("make a certificate of one's own", cause);
    let profile = if host_names.is_empty() { Profile::MemberSigning } else { Profile::MemberAuthentication };
    let template = Template {
        serial: vec![1],
        subject: name.clone(),
        public_key_der: key.public_key_der().to_vec(),
        not_before: now,
        not_after: clock::from_micros((now.as_second() + validity_s) * 1_000_000),
        profile,
        host_names,
        policies: Vec::new(),
    };
    let itself = Issuer {
        name,
        public_key_der: key.public_key_der().to_vec(),
        algorithm: key.algorithm(),
        ocsp_url: String::new(),
        certificate_url: String::new(),
    };
    sign_tbs(&template.tbs(&itself).map_err(|error| failed(&error))?, key)
}
