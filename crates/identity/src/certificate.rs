//! The judgement on log-in certificates over the trust services, in the order of the Web eID rules: dates, purpose, policy,
//! chain to a configured issuing authority, revocation, subject.

use crate::ports::{Answer, Carrier, CertificateRefusal, Certificates, CertifiedPerson};
use base::{Failure, Pin, Timestamp};
use der::asn1::ObjectIdentifier;
use formats::{
    asn1::oid,
    ocsp::CertStatus,
    x509::{Certificate, KeyUsage},
};
use std::sync::Arc;
use trust::client::OcspClient;

/// Certificates that the country's trust services have issued to people, and have not revoked.
pub struct TrustedCertificates {
    issuing: Vec<Certificate>,
    ocsp: Arc<OcspClient>,
    card_policy: ObjectIdentifier,
    phone_policy: ObjectIdentifier,
}

impl TrustedCertificates {
    /// `issuing`: the authorities that certify people and officials. Their own good standing is the wiring's knowledge: no
    /// other authority, and no root, is accepted above a log-in certificate.
    pub fn new(issuing: Vec<Certificate>, ocsp: Arc<OcspClient>, settings: &trust::Settings) -> Arc<Self> {
        let (card_policy, phone_policy) = (settings.card_policy, settings.phone_policy);
        Arc::new(TrustedCertificates { issuing, ocsp, card_policy, phone_policy })
    }

    /// Everything that the certificate itself shows; who issued it.
    fn judge_content(
        &self,
        certificate: &Certificate,
        carrier: Carrier,
        at: Timestamp,
    ) -> Result<&Certificate, CertificateRefusal> {
        if !certificate.is_valid_at(at) {
            return Err(CertificateRefusal::OutOfDate);
        }
        let extensions = certificate.extensions();
        let authenticates =
            extensions.has_usage(KeyUsage::DigitalSignature) && extensions.has_purpose(oid::CLIENT_AUTH);
        if !authenticates || extensions.is_ca() || extensions.has_unknown_critical() {
            return Err(CertificateRefusal::WrongPurpose);
        }
        let policy = match carrier {
            Carrier::Card => self.card_policy,
            Carrier::Phone => self.phone_policy,
        };
        if !extensions.has_policy(policy) {
            return Err(CertificateRefusal::WrongPolicy);
        }
        let mut issuing = self.issuing.iter().filter(|authority| authority.is_valid_at(at));
        issuing.find(|authority| certificate.is_issued_by(authority)).ok_or(CertificateRefusal::Untrusted)
    }

    async fn judged(
        &self,
        certificate_der: &[u8],
        carrier: Carrier,
        at: Timestamp,
    ) -> Result<CertifiedPerson, Failure<CertificateRefusal>> {
        let certificate =
            Certificate::from_der(certificate_der).map_err(|_| Failure::Refused(CertificateRefusal::Unreadable))?;
        let issuer = self.judge_content(&certificate, carrier, at).map_err(Failure::Refused)?;
        match self.ocsp.status(&certificate, issuer).await? {
            CertStatus::Good => {}
            CertStatus::Revoked { .. } | CertStatus::Unknown => {
                return Err(Failure::Refused(CertificateRefusal::Revoked));
            }
        }
        let subject = certificate.subject();
        let pin = subject.person_identifier().and_then(Pin::parse);
        let name = subject.attribute(oid::GIVEN_NAME).zip(subject.attribute(oid::SURNAME));
        let (pin, (given_name, surname)) =
            pin.zip(name).ok_or(Failure::Refused(CertificateRefusal::NoPersonInSubject))?;
        Ok(CertifiedPerson {
            pin,
            given_name: given_name.to_owned(),
            surname: surname.to_owned(),
            public_key_der: certificate.key().spki().to_vec(),
        })
    }
}

impl Certificates for TrustedCertificates {
    fn judge<'a>(
        &'a self,
        certificate_der: &'a [u8],
        carrier: Carrier,
        at: Timestamp,
    ) -> Answer<'a, Result<CertifiedPerson, Failure<CertificateRefusal>>> {
        Box::pin(self.judged(certificate_der, carrier, at))
    }
}
