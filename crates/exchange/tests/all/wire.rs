//! A peer made by hand: speaks mutual TLS with any certificate and sends any bytes.

use crate::world::World;
use base::{Algorithm, Fault, Signer};
use bytes::Bytes;
use exchange::{
    messagelog::{Direction, LogEntry, LogFilter},
    setup::CertificateOrder,
};
use formats::{
    hashchain::Chain,
    message::{Attachment, Encoded, Outgoing, Payload, SigningCertificate, encode},
    ocsp::{CertId, OcspRequest},
    soap,
    verify::Digest,
    x509::{Certificate, Name, NameBuilder, Profile},
};
use host::{
    http::Client,
    keys::{KeyDir, SoftKey},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use std::{sync::Arc, time::Duration};

/// A certificate with its key.
#[derive(Clone)]
pub struct Identity {
    pub certificate: Certificate,
    pub key: Arc<SoftKey>,
}

/// What a server keeps in its folder: `auth` or `sign-GOV-1`.
pub fn stolen(world: &World, code: &str, name: &str) -> Identity {
    let folder = world.directory.path().join(format!("ss-{code}"));
    let der = std::fs::read(folder.join(format!("{name}.der"))).expect("a certificate");
    let keys = KeyDir::open(&folder.join("keys")).expect("a folder");
    Identity {
        certificate: Certificate::from_der(&der).expect("a certificate"),
        key: keys.load_or_create(name, Algorithm::EcdsaP256Sha256).expect("a key"),
    }
}

pub fn issued(authority: &crate::world::Authority, profile: Profile, subject: Name) -> Identity {
    let key = Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
    let public_key_der = key.public_key_der().to_vec();
    let host_names = Vec::new();
    let certificate = authority.sign(&CertificateOrder { profile, subject, public_key_der, host_names });
    Identity { certificate, key }
}

pub fn named(common_name: &str, serial: &str) -> Name {
    use formats::asn1::oid;
    NameBuilder::new().with(oid::COMMON_NAME, common_name).with(oid::SERIAL_NUMBER, serial).build()
}

impl Identity {
    pub fn ocsp(&self, world: &World) -> Vec<u8> {
        let id = CertId::of(&self.certificate, &world.authority.certificate, Digest::Sha1);
        world.authority.status(&OcspRequest { certificates: vec![id], nonce: None })
    }

    pub fn for_signing(&self, world: &World) -> SigningCertificate {
        SigningCertificate {
            der: self.certificate.der().to_vec(),
            issuer: self.certificate.issuer().rfc4514(),
            serial: self.certificate.serial_decimal(),
            intermediates: Vec::new(),
            ocsp: vec![self.ocsp(world)],
        }
    }

    pub fn client(&self) -> Client {
        self.client_speaking(&[&rustls::version::TLS13])
    }

    pub fn client_speaking(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> Client {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from(self.certificate.der().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.pkcs8_der().to_vec()));
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .expect("known versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_client_auth_cert(chain, key)
            .expect("an identity");
        Client::tls(config)
    }
}

#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

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

/// A message that can be changed before it is sent.
#[derive(Clone)]
pub struct Forgery {
    pub ocsp: Vec<Vec<u8>>,
    pub payload: Payload,
    pub attachments: Vec<Attachment>,
    pub body: Option<Vec<u8>>,
    pub chain: Option<Chain>,
    pub signature: Vec<u8>,
    pub version: &'static str,
}

impl Forgery {
    /// What a server logged as its request, with its OCSP part.
    pub async fn of_logged(world: &World, code: &str, message_id: &str) -> Forgery {
        let entry = logged(world, code, message_id, Direction::Request).await;
        let payload = match entry.wording {
            "soap" => Payload::Soap { content_type: entry.content_type, bytes: entry.message.to_vec() },
            _ => Payload::RestRequest(entry.message.to_vec()),
        };
        let chain = entry.chain_result.zip(entry.chain).map(|(result, chain)| Chain { result, chain });
        let body = entry.attachments.first().and_then(|only| only.body.in_memory()).map(|body| body.to_vec());
        let (signature, attachments) = (entry.signature, Vec::new());
        let ocsp = vec![stolen(world, code, "auth").ocsp(world)];
        Forgery { ocsp, payload, attachments, body, chain, signature, version: "7.8.0" }
    }

    pub fn with_bytes(mut self, change: impl Fn(&str) -> String) -> Forgery {
        let text = String::from_utf8(self.payload.bytes().to_vec()).expect("text");
        let changed = change(&text).into_bytes();
        assert_ne!(changed, text.as_bytes(), "the change must change something");
        match &mut self.payload {
            Payload::Soap { bytes, .. } | Payload::RestRequest(bytes) | Payload::RestResponse(bytes) => {
                *bytes = changed
            }
        }
        self
    }

    pub fn encode(&self) -> Encoded {
        let outgoing = Outgoing {
            ocsp: &self.ocsp,
            payload: &self.payload,
            attachments: &self.attachments,
            rest_body: self.body.as_deref(),
            chain: self.chain.as_ref(),
            signature: &self.signature,
        };
        encode(&outgoing, "abcdefghijklmnopqrstuvwxyzabcd")
    }

    /// Sends it to `address` and returns the fault's code, or `ok`.
    pub async fn send(&self, who: &Identity, address: &str) -> Result<String, Fault> {
        let encoded = self.encode();
        let answer = post(who, address, &encoded.content_type, self.version, encoded.body).await?;
        Ok(code_of(&answer))
    }
}

pub async fn post(
    who: &Identity,
    address: &str,
    content_type: &str,
    version: &str,
    body: Vec<u8>,
) -> Result<http::Response<Bytes>, Fault> {
    let headers = [("content-type", content_type), ("x-proxy-version", version), ("x-hash-algorithm", "SHA-512")];
    post_with(who, address, &headers, body).await
}

pub async fn post_with(
    who: &Identity,
    address: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<http::Response<Bytes>, Fault> {
    let mut request = http::Request::post(format!("https://{address}/")).header("x-road-request-id", "forged");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Bytes::from(body)).expect("a request");
    who.client().send(request, 1_000_000, Duration::from_secs(10)).await
}

pub fn code_of(answer: &http::Response<Bytes>) -> String {
    match soap::read(answer.body().to_vec()) {
        Ok(soap::Parsed::Fault(fault)) => fault.code,
        _ => "ok".to_owned(),
    }
}

pub async fn logged(world: &World, code: &str, message_id: &str, direction: Direction) -> LogEntry {
    let log = world.exchange.server(code).expect("a server").log();
    let filter = LogFilter { message_id: Some(message_id.to_owned()), ..LogFilter::default() };
    let records = log.records(&filter).await.expect("read");
    let record = records.into_iter().find(|record| record.entry.direction == direction).expect("a record");
    record.into_entry().expect("small attachments")
}
