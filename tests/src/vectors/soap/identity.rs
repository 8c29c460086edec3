//! The TLS identities of the servers of the pair, and of the information systems that are played.

use super::setup::Shows;
use base::{Algorithm, Timestamp};
use exchange::server::self_signed;
use formats::{
    asn1::oid,
    x509::{Certificate, NameBuilder, to_pem},
};
use host::{
    http::Client,
    keys::{KeyDir, SoftKey},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use std::{path::Path, sync::Arc};

const HOUR_S: i64 = 3600;
const HOST: &str = "127.0.0.1";

/// A certificate and its key.
#[derive(Clone)]
pub struct Identity {
    pub certificate: Certificate,
    key_pkcs8: Vec<u8>,
}

impl Identity {
    /// What a server keeps in its folder for authentication.
    pub fn of_server(directory: &Path, server: &str) -> Self {
        let folder = directory.join(format!("ss-{server}"));
        let certificate = std::fs::read(folder.join("auth.der")).expect("a certificate");
        let keys = KeyDir::open(&folder.join("keys")).expect("a folder");
        let key = keys.load_or_create("auth", Algorithm::EcdsaP256Sha256).expect("a key");
        Identity {
            certificate: Certificate::from_der(&certificate).expect("a certificate"),
            key_pkcs8: key.pkcs8_der().to_vec(),
        }
    }

    /// One that nobody else vouches for, for an hour.
    pub fn own(name: &str, from: Timestamp) -> Self {
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let name = NameBuilder::new().with(oid::COMMON_NAME, name).build();
        let certificate = self_signed(&key, name, vec![HOST.to_owned()], from, HOUR_S).expect("a certificate");
        Identity { certificate, key_pkcs8: key.pkcs8_der().to_vec() }
    }

    pub fn pem(&self) -> String {
        to_pem(std::slice::from_ref(&self.certificate))
    }

    fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.key_pkcs8.clone());
        (vec![CertificateDer::from(self.certificate.der().to_vec())], PrivateKeyDer::Pkcs8(key))
    }

    pub fn server_config(&self) -> ServerConfig {
        let (chain, key) = self.parts();
        ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("an identity")
    }
}

/// The certificates of the information systems, by what is to be shown.
pub struct SystemIdentities {
    pub registered: Identity,
    pub expired: Identity,
    pub other: Identity,
}

impl SystemIdentities {
    pub fn new(now: Timestamp) -> Self {
        let before = base::clock::from_micros((now.as_second() - 2 * HOUR_S) * 1_000_000);
        SystemIdentities {
            registered: Identity::own("system", now),
            expired: Identity::own("system", before),
            other: Identity::own("system", now),
        }
    }

    /// The client of an information system that shows this; `None` when it asks without TLS.
    pub fn client(&self, shows: Shows) -> Option<Client> {
        match shows {
            Shows::Http => None,
            Shows::Nothing => Some(client(None)),
            Shows::Registered => Some(client(Some(&self.registered))),
            Shows::Other => Some(client(Some(&self.other))),
            Shows::Expired => Some(client(Some(&self.expired))),
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A TLS client, with an identity or without one.
pub fn client(identity: Option<&Identity>) -> Client {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider())));
    Client::tls(match identity.map(Identity::parts) {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).expect("an identity"),
        None => config.with_no_client_auth(),
    })
}

/// The caller is the one under no test: whom it talks to is known by the port.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
