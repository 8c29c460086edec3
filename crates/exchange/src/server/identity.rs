//! The keys and certificates with which a server signs for its members and authenticates itself.

use base::Signer;
use formats::{identifier::ClientId, x509::Certificate};
use std::sync::Arc;

/// Signs the messages of one member.
#[derive(Clone)]
pub struct SigningIdentity {
    pub member: ClientId,
    pub certificate: Certificate,
    pub signer: Arc<dyn Signer>,
}

/// The server's own certificate for mutual TLS.
#[derive(Clone)]
pub struct AuthenticationIdentity {
    pub certificate: Certificate,
    /// PKCS#8, DER.
    pub key_pkcs8: Vec<u8>,
}
