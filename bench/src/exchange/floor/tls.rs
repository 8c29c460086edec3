//! Mutual TLS of the floor: each side knows the other's one certificate.

use super::Mode;
use base::{Algorithm, Signer};
use formats::{
    asn1::oid,
    x509::{Issuer, NameBuilder, Profile, Template, sign_tbs},
};
use host::keys::SoftKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::path::Path;
use std::sync::Arc;

/// One side's certificate and key.
pub struct Side {
    pub role: &'static str,
    certificate: Vec<u8>,
    pkcs8: Vec<u8>,
}

pub struct Keys {
    pub a: Side,
    pub b: Side,
}

const ROLES: [&str; 2] = ["a", "b"];

/// Keys for TLS and for signatures of both sides, made new.
pub fn make_keys(mode: Mode, directory: &Path) {
    let write = |name: String, bytes: &[u8]| std::fs::write(directory.join(name), bytes).expect("a folder");
    for role in ROLES {
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        write(format!("tls-{role}.p8"), key.pkcs8_der());
        write(format!("tls-{role}.der"), &certificate(&key, role));
        let signing = SoftKey::generate(mode.algorithm()).expect("a key");
        write(format!("sign-{role}.p8"), signing.pkcs8_der());
    }
}

fn certificate(key: &SoftKey, role: &str) -> Vec<u8> {
    let name = NameBuilder::new().with(oid::COMMON_NAME, role).build();
    let template = Template {
        serial: vec![1],
        subject: name.clone(),
        public_key_der: key.public_key_der().to_vec(),
        not_before: base::clock::from_micros(0),
        not_after: base::clock::from_micros(4_000_000_000_000_000),
        profile: Profile::MemberAuthentication,
        host_names: vec!["floor".to_owned()],
        policies: Vec::new(),
    };
    let itself = Issuer {
        name,
        public_key_der: key.public_key_der().to_vec(),
        algorithm: key.algorithm(),
        ocsp_url: String::new(),
        certificate_url: String::new(),
    };
    sign_tbs(&template.tbs(&itself).expect("content"), key).expect("signed").der().to_vec()
}

impl Keys {
    pub fn load(directory: &Path) -> Keys {
        let read = |name: String| std::fs::read(directory.join(name)).expect("made before");
        let side = |role: &'static str| Side {
            role,
            certificate: read(format!("tls-{role}.der")),
            pkcs8: read(format!("tls-{role}.p8")),
        };
        Keys { a: side(ROLES[0]), b: side(ROLES[1]) }
    }
}

impl Side {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pkcs8.clone()))
    }
}

pub fn server(own: &Side, other: &Side) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_client_cert_verifier(Arc::new(Known { certificate: other.certificate.clone(), provider }))
        .with_single_cert(own.chain(), own.key());
    Arc::new(config.expect("our own key"))
}

pub fn client(own: &Side, other: &Side) -> Arc<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Known { certificate: other.certificate.clone(), provider }))
        .with_client_auth_cert(own.chain(), own.key());
    Arc::new(config.expect("our own key"))
}

/// Accepts one certificate, by its bytes.
#[derive(Debug)]
struct Known {
    certificate: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl Known {
    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        let same = certificate.as_ref() == self.certificate;
        if same { Ok(()) } else { Err(Error::General("another certificate".to_owned())) }
    }

    fn tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Known {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
