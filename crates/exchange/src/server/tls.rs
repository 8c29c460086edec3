//! Mutual TLS between security servers. The handshake proves possession of the key; whether the certificate counts is
//! judged by the global configuration, on both sides, and again for every message with an OCSP response.

use super::{AuthenticationIdentity, SecurityServer};
use crate::{
    certificates::{CertificateJudge, is_authentication},
    configuration::{ConfigurationSlot, Instance},
    fault::Place,
};
use base::{Clock, Fault};
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use std::{fmt, sync::Arc};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn failed(cause: impl fmt::Display) -> Fault {
    Fault::new("set up mutual TLS", cause)
}

fn own_certificate(server: &SecurityServer) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let chain = vec![CertificateDer::from(server.authentication.certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.authentication.key_pkcs8.clone()));
    (chain, key)
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
    let (chain, key) = own_certificate(server);
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(failed)?;
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
        .with_single_cert(
            vec![CertificateDer::from(identity.certificate.der().to_vec())],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key_pkcs8.clone())),
        )
        .map_err(failed)?;
    Ok(Arc::new(config))
}

/// For connections to one information system, whose certificate `judgement` decides about.
pub(super) fn toward_system(
    identity: &AuthenticationIdentity,
    judgement: Arc<dyn JudgePeer>,
) -> Result<ClientConfig, Fault> {
    let provider = provider();
    let verifier = PeerVerifier { algorithms: provider.signature_verification_algorithms, judgement };
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(
            vec![CertificateDer::from(identity.certificate.der().to_vec())],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key_pkcs8.clone())),
        )
        .map_err(failed)
}

/// For connections to one other server, whose certificate `judgement` decides about.
pub(super) fn client_config(server: &SecurityServer, judgement: Arc<dyn JudgePeer>) -> Result<ClientConfig, Fault> {
    let provider = provider();
    let verifier = PeerVerifier { algorithms: provider.signature_verification_algorithms, judgement };
    let (chain, key) = own_certificate(server);
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(chain, key)
        .map_err(failed)
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
