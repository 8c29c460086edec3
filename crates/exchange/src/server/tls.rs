//! Mutual TLS between security servers. The handshake proves possession of the key; whether the certificate counts is
//! judged by the global configuration, on both sides, and again for every message with an OCSP response.

use super::{AuthenticationIdentity, SecurityServer};
use crate::{
    certificates::{CertificateJudge, is_authentication},
    configuration::{ConfigurationSlot, Instance},
    fault::Place,
};
use base::{Algorithm, Clock, Fault};
use formats::asn1::ecdsa;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureAlgorithm, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey},
};
use std::{fmt, sync::Arc};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::new("set up mutual TLS", cause)
}

/// The certificate with the key that proves it, wherever the key is.
fn certified(identity: &AuthenticationIdentity) -> Result<Arc<SingleCertAndKey>, Fault> {
    if identity.signer.algorithm() != Algorithm::EcdsaP256Sha256 {
        return Err(failed("the authentication key is no P-256 key"));
    }
    if identity.signer.public_key_der() != identity.certificate.key().spki() {
        return Err(failed("the certificate is another key's"));
    }
    let chain = vec![CertificateDer::from(identity.certificate.der().to_vec())];
    let key = Arc::new(TlsKey(identity.signer.clone()));
    Ok(Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key))))
}

/// A signing key as TLS uses it. A handshake waits for it.
#[derive(Clone)]
struct TlsKey(Arc<dyn base::Signer>);

const TLS_SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

impl fmt::Debug for TlsKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TlsKey")
    }
}

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&TLS_SCHEME).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for TlsKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let value = self.0.sign(message).map_err(|fault| {
            tracing::warn!(%fault, "a TLS handshake was not signed");
            Error::General(fault.attempt.to_owned())
        })?;
        ecdsa::to_der(&value).map_err(|_| Error::General("the signature value is not r‖s".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        TLS_SCHEME
    }
}

/// For the message port: TLS 1.3, and 1.2 for older peers; a client certificate is demanded.
pub fn server_config(server: &SecurityServer) -> Result<Arc<ServerConfig>, Fault> {
    let provider = provider();
    let verifier = Arc::new(ClientVerifier {
        algorithms: provider.signature_verification_algorithms,
        judge: server.judge.clone(),
        configuration: server.configuration.clone(),
        clock: server.clock.clone(),
    });
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certified(&server.authentication)?);
    Ok(Arc::new(config))
}

/// For the port of information systems: whoever shows a certificate proves that the key is its own; whose certificate it
/// is, and whether it counts, is decided for each message.
pub fn system_config(identity: &AuthenticationIdentity) -> Result<Arc<ServerConfig>, Fault> {
    let provider = provider();
    let verifier = Arc::new(AnyClient { algorithms: provider.signature_verification_algorithms });
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(certified(identity)?);
    Ok(Arc::new(config))
}

/// For connections to one other server or information system, whose certificate `judgement` decides about.
pub(super) fn toward(identity: &AuthenticationIdentity, judgement: Arc<dyn JudgePeer>) -> Result<ClientConfig, Fault> {
    let provider = provider();
    let verifier = PeerVerifier { algorithms: provider.signature_verification_algorithms, judgement };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(certified(identity)?))
}

/// Decides during the handshake whether the other side's certificate is the one of the server that was meant.
pub(super) trait JudgePeer: Send + Sync {
    fn judge(&self, certificate: &[u8]) -> Result<(), String>;
}

struct ClientVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    judge: Arc<CertificateJudge>,
    configuration: Arc<ConfigurationSlot>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientVerifier")
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// A foreign certificate ends the handshake; for which client it may speak is judged with the message.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let refuse = |why: String| Error::General(why);
        let configuration = self.configuration.at_hand().ok_or_else(|| refuse("no global configuration".to_owned()))?;
        let between: Vec<Vec<u8>> = intermediates.iter().map(|der| der.to_vec()).collect();
        let now = self.clock.now();
        let path = |instance: &Instance| self.judge.path(instance, Place::ServerProxy, end_entity, &between, now);
        // Of which instance the peer is, its message will say; here any that this one knows will do, and whether what is
        // known of it is current is said with the message.
        let partners = configuration.partners();
        let own = path(&configuration);
        let trusted = partners.fold(own, |found, partner| found.or_else(|_| path(&partner.instance)));
        let trusted = trusted.map_err(|fault| refuse(fault.to_string()))?;
        if is_authentication(&trusted.certificate) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(refuse("not an authentication certificate".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for AnyClient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AnyClient")
    }
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

struct PeerVerifier {
    algorithms: WebPkiSupportedAlgorithms,
    judgement: Arc<dyn JudgePeer>,
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PeerVerifier")
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judgement.judge(end_entity).map(|()| ServerCertVerified::assertion()).map_err(Error::General)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
