//! What each kind of certificate contains beside its names: extensions by purpose (RFC 5280, EN 319 412-2, -3 and -5).

use super::{Issuer, KeyUsage, Template, issue::key_identifier};
use crate::asn1::{Malformed, oid, tag, write};
use der::asn1::ObjectIdentifier;
use std::net::IpAddr;

/// The kinds of certificates that the trust services issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    RootAuthority,
    /// May issue end certificates only (path length 0).
    IssuingAuthority,
    /// Log-in of a natural person, also as an official or for a company.
    PersonAuthentication,
    /// Qualified signature of a natural person.
    PersonSigning,
    /// Qualified seal of an organisation.
    Seal,
    /// Messages of an exchange member. nonRepudiation only: with digitalSignature a peer of the exchange would take it
    /// for an authentication certificate.
    MemberSigning,
    /// Mutual TLS between security servers.
    MemberAuthentication,
    TlsServer,
    OcspResponder,
    TimeStamping,
}

/// Who a certificate is about, as the registers of the trust services sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    Authority,
    Person,
    Organisation,
    Service,
}

impl Profile {
    pub const ALL: [Profile; 10] = [
        Profile::RootAuthority,
        Profile::IssuingAuthority,
        Profile::PersonAuthentication,
        Profile::PersonSigning,
        Profile::Seal,
        Profile::MemberSigning,
        Profile::MemberAuthentication,
        Profile::TlsServer,
        Profile::OcspResponder,
        Profile::TimeStamping,
    ];

    /// The name in stores and pages; the same word as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Profile::RootAuthority => "root-authority",
            Profile::IssuingAuthority => "issuing-authority",
            Profile::PersonAuthentication => "person-authentication",
            Profile::PersonSigning => "person-signing",
            Profile::Seal => "seal",
            Profile::MemberSigning => "member-signing",
            Profile::MemberAuthentication => "member-authentication",
            Profile::TlsServer => "tls-server",
            Profile::OcspResponder => "ocsp-responder",
            Profile::TimeStamping => "time-stamping",
        }
    }

    pub fn parse(name: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub fn subject_kind(self) -> SubjectKind {
        match self {
            Profile::RootAuthority | Profile::IssuingAuthority => SubjectKind::Authority,
            Profile::PersonAuthentication | Profile::PersonSigning => SubjectKind::Person,
            Profile::Seal | Profile::MemberSigning => SubjectKind::Organisation,
            _ => SubjectKind::Service,
        }
    }

    fn usages(self) -> &'static [KeyUsage] {
        match self {
            Profile::RootAuthority | Profile::IssuingAuthority => &[KeyUsage::KeyCertSign, KeyUsage::CrlSign],
            // signxml and other readers want digitalSignature beside nonRepudiation (reference: trials of verifiers).
            Profile::PersonSigning | Profile::Seal => &[KeyUsage::DigitalSignature, KeyUsage::NonRepudiation],
            Profile::MemberSigning => &[KeyUsage::NonRepudiation],
            Profile::MemberAuthentication | Profile::TlsServer => {
                &[KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment]
            }
            Profile::PersonAuthentication | Profile::OcspResponder | Profile::TimeStamping => {
                &[KeyUsage::DigitalSignature]
            }
        }
    }

    fn purposes(self) -> &'static [ObjectIdentifier] {
        match self {
            Profile::PersonAuthentication => &[oid::CLIENT_AUTH],
            Profile::MemberAuthentication => &[oid::SERVER_AUTH, oid::CLIENT_AUTH],
            Profile::TlsServer => &[oid::SERVER_AUTH],
            Profile::OcspResponder => &[oid::OCSP_SIGNING],
            Profile::TimeStamping => &[oid::TIME_STAMPING],
            _ => &[],
        }
    }

    fn policies(self) -> &'static [ObjectIdentifier] {
        match self {
            Profile::IssuingAuthority => &[ANY_POLICY],
            Profile::PersonSigning => &[oid::QCP_NATURAL_QSCD],
            Profile::Seal => &[oid::QCP_LEGAL_QSCD],
            _ => &[],
        }
    }

    /// The encoded extensions of a certificate of this kind.
    pub(super) fn extensions(self, template: &Template, issuer: &Issuer) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut list = vec![
            extension(oid::SUBJECT_KEY_IDENTIFIER, false, &write::octets(&key_identifier(&template.public_key_der)?)),
            key_usage(self.usages()),
        ];
        match self {
            Profile::RootAuthority => {
                list.push(extension(oid::BASIC_CONSTRAINTS, true, &write::sequence(&[&write::boolean(true)])));
                return Ok(list);
            }
            Profile::IssuingAuthority => {
                let content = write::sequence(&[&write::boolean(true), &write::number(0)]);
                list.push(extension(oid::BASIC_CONSTRAINTS, true, &content));
            }
            Profile::PersonSigning => list.push(qualified(oid::QC_TYPE_ESIGN)),
            Profile::Seal => list.push(qualified(oid::QC_TYPE_ESEAL)),
            // RFC 6960 §4.2.2.2.1: nobody asks for the status of the one who tells the status.
            Profile::OcspResponder => list.push(extension(oid::OCSP_NOCHECK, false, &write::null())),
            _ => {}
        }
        let named = [self.policies(), &template.policies].concat();
        if !named.is_empty() {
            list.push(policies(&named));
        }
        let authority = write::sequence(&[&write::element(tag::context(0), &key_identifier(&issuer.public_key_der)?)]);
        list.push(extension(oid::AUTHORITY_KEY_IDENTIFIER, false, &authority));
        if !self.purposes().is_empty() {
            let purposes: Vec<Vec<u8>> = self.purposes().iter().map(|purpose| write::oid(*purpose)).collect();
            list.push(extension(oid::EXTENDED_KEY_USAGE, self == Profile::TimeStamping, &sequence_of(&purposes)));
        }
        let published = !issuer.ocsp_url.is_empty() || !issuer.certificate_url.is_empty();
        if self != Profile::OcspResponder && published {
            list.push(information_access(issuer));
        }
        if !template.host_names.is_empty() {
            let names: Vec<Vec<u8>> = template.host_names.iter().map(|name| general_name(name)).collect();
            list.push(extension(oid::SUBJECT_ALT_NAME, false, &sequence_of(&names)));
        }
        Ok(list)
    }
}

const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

fn extension(kind: ObjectIdentifier, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = if critical { write::boolean(true) } else { Vec::new() };
    write::sequence(&[&write::oid(kind), &flag, &write::octets(value)])
}

fn key_usage(usages: &[KeyUsage]) -> Vec<u8> {
    let bits: Vec<u8> = usages.iter().map(|usage| *usage as u8).collect();
    extension(oid::KEY_USAGE, true, &write::named_bits(&bits))
}

fn sequence_of(parts: &[Vec<u8>]) -> Vec<u8> {
    write::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn policies(list: &[ObjectIdentifier]) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = list.iter().map(|policy| write::sequence(&[&write::oid(*policy)])).collect();
    extension(oid::CERTIFICATE_POLICIES, false, &sequence_of(&entries))
}

/// EN 319 412-5 §4.2: compliance, secure device, type.
fn qualified(kind: ObjectIdentifier) -> Vec<u8> {
    let statements = write::sequence(&[
        &write::sequence(&[&write::oid(oid::QC_COMPLIANCE)]),
        &write::sequence(&[&write::oid(oid::QC_SSCD)]),
        &write::sequence(&[&write::oid(oid::QC_TYPE), &write::sequence(&[&write::oid(kind)])]),
    ]);
    extension(oid::QC_STATEMENTS, false, &statements)
}

fn information_access(issuer: &Issuer) -> Vec<u8> {
    let url =
        |method, url: &str| write::sequence(&[&write::oid(method), &write::element(tag::context(6), url.as_bytes())]);
    let mut list = Vec::new();
    if !issuer.ocsp_url.is_empty() {
        list.push(url(oid::AD_OCSP, &issuer.ocsp_url));
    }
    if !issuer.certificate_url.is_empty() {
        list.push(url(oid::AD_CA_ISSUERS, &issuer.certificate_url));
    }
    extension(oid::AUTHORITY_INFO_ACCESS, false, &sequence_of(&list))
}

/// iPAddress for an address, dNSName for anything else (RFC 5280 §4.2.1.6).
fn general_name(name: &str) -> Vec<u8> {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => write::element(tag::context(7), &address.octets()),
        Ok(IpAddr::V6(address)) => write::element(tag::context(7), &address.octets()),
        Err(_) => write::element(tag::context(2), name.as_bytes()),
    }
}
