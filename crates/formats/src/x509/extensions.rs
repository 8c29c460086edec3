//! The extensions that decide what a certificate is for (RFC 5280 §4.2). Unknown critical ones are remembered, so that a
//! path through them is refused (§4.2, first paragraph).

use crate::asn1::{Cursor, Malformed, oid, tag};
use der::asn1::ObjectIdentifier;

/// Bits of the keyUsage extension (RFC 5280 §4.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum KeyUsage {
    DigitalSignature = 0,
    NonRepudiation = 1,
    KeyEncipherment = 2,
    DataEncipherment = 3,
    KeyAgreement = 4,
    KeyCertSign = 5,
    CrlSign = 6,
}

/// What the extensions say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    is_ca: bool,
    path_length: Option<u64>,
    key_usage: Option<Vec<u8>>,
    purposes: Option<Vec<ObjectIdentifier>>,
    purposes_critical: bool,
    policies: Vec<ObjectIdentifier>,
    qc_statements: Vec<ObjectIdentifier>,
    qc_types: Vec<ObjectIdentifier>,
    ocsp_urls: Vec<String>,
    dns_names: Vec<String>,
    ip_addresses: Vec<Vec<u8>>,
    subject_key_identifier: Option<Vec<u8>>,
    ocsp_nocheck: bool,
    unknown_critical: bool,
}

impl Extensions {
    /// Reads the sequence's elements; an extension that stands twice is malformed (RFC 5280 §4.2).
    pub(super) fn read(mut list: Cursor<'_>) -> Result<Self, Malformed> {
        let mut read = Extensions::default();
        let mut seen = Vec::new();
        while !list.is_empty() {
            let mut extension = list.sequence()?;
            let kind = extension.oid()?;
            let critical = if extension.next_is(tag::BOOLEAN) { extension.boolean()? } else { false };
            let value = extension.octets()?;
            extension.end()?;
            if seen.contains(&kind) {
                return Err(extension.malformed());
            }
            seen.push(kind);
            read.take(kind, critical, value)?;
        }
        Ok(read)
    }

    fn take(&mut self, kind: ObjectIdentifier, critical: bool, value: &[u8]) -> Result<(), Malformed> {
        const WHAT: &str = "certificate extension";
        let list = || Cursor::sequence_of(value, WHAT);
        match kind {
            oid::BASIC_CONSTRAINTS => self.basic_constraints(list()?)?,
            oid::KEY_USAGE => self.key_usage = Some(bits(Cursor::new(value, WHAT))?),
            oid::EXTENDED_KEY_USAGE => {
                self.purposes = Some(identifiers(list()?)?);
                self.purposes_critical = critical;
            }
            oid::CERTIFICATE_POLICIES => self.policies = first_identifiers(list()?)?,
            oid::QC_STATEMENTS => self.qc(list()?)?,
            oid::AUTHORITY_INFO_ACCESS => self.access(list()?)?,
            oid::SUBJECT_ALT_NAME => self.alternative_names(list()?)?,
            oid::SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_identifier = Some(Cursor::new(value, WHAT).octets()?.to_vec());
            }
            oid::OCSP_NOCHECK => self.ocsp_nocheck = true,
            oid::AUTHORITY_KEY_IDENTIFIER => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }

    fn basic_constraints(&mut self, mut list: Cursor<'_>) -> Result<(), Malformed> {
        self.is_ca = if list.next_is(tag::BOOLEAN) { list.boolean()? } else { false };
        self.path_length = if list.is_empty() { None } else { Some(list.small_integer()?) };
        list.end()
    }

    fn qc(&mut self, mut list: Cursor<'_>) -> Result<(), Malformed> {
        while !list.is_empty() {
            let mut statement = list.sequence()?;
            let kind = statement.oid()?;
            if kind == oid::QC_TYPE {
                self.qc_types = identifiers(statement.sequence()?)?;
            }
            self.qc_statements.push(kind);
        }
        Ok(())
    }

    fn access(&mut self, mut list: Cursor<'_>) -> Result<(), Malformed> {
        while !list.is_empty() {
            let mut description = list.sequence()?;
            let method = description.oid()?;
            let location = description.any()?;
            if method == oid::AD_OCSP && location.tag == tag::context(6) {
                self.ocsp_urls.push(String::from_utf8_lossy(location.content).into_owned());
            }
        }
        Ok(())
    }

    fn alternative_names(&mut self, mut list: Cursor<'_>) -> Result<(), Malformed> {
        while !list.is_empty() {
            let name = list.any()?;
            match name.tag {
                0x82 => self.dns_names.push(String::from_utf8_lossy(name.content).into_owned()),
                0x87 => self.ip_addresses.push(name.content.to_vec()),
                _ => {}
            }
        }
        Ok(())
    }

    pub fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// Whether it is an authority's and the usage, where it is stated, allows to issue (RFC 5280 §6.1.4 (k), (n)).
    pub fn may_issue(&self) -> bool {
        self.is_ca && self.key_usage.as_ref().is_none_or(|bits| bits.contains(&(KeyUsage::KeyCertSign as u8)))
    }

    /// How many further authorities may follow (RFC 5280 §4.2.1.9).
    pub fn path_length(&self) -> Option<u64> {
        self.path_length
    }

    /// Whether the bit is set; without the extension no usage is claimed and none is granted here.
    pub fn has_usage(&self, usage: KeyUsage) -> bool {
        self.key_usage.as_ref().is_some_and(|bits| bits.contains(&(usage as u8)))
    }

    /// Whether the extended purpose is listed.
    pub fn has_purpose(&self, purpose: ObjectIdentifier) -> bool {
        self.purposes.as_ref().is_some_and(|list| list.contains(&purpose))
    }

    /// RFC 3161 §2.3: a time-stamping certificate has this one purpose, critical.
    pub fn is_for_time_stamping_only(&self) -> bool {
        self.purposes_critical && self.purposes.as_deref() == Some(&[oid::TIME_STAMPING])
    }

    pub fn has_policy(&self, policy: ObjectIdentifier) -> bool {
        self.policies.contains(&policy)
    }

    /// Whether the certificate claims to be qualified with its key in a secure device (EN 319 412-5).
    pub fn is_qualified_with_device(&self) -> bool {
        self.qc_statements.contains(&oid::QC_COMPLIANCE) && self.qc_statements.contains(&oid::QC_SSCD)
    }

    pub fn is_for_seals(&self) -> bool {
        self.qc_types.contains(&oid::QC_TYPE_ESEAL)
    }

    pub fn ocsp_url(&self) -> Option<&str> {
        self.ocsp_urls.first().map(String::as_str)
    }

    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }

    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.subject_key_identifier.as_deref()
    }

    pub fn has_ocsp_nocheck(&self) -> bool {
        self.ocsp_nocheck
    }

    pub fn has_unknown_critical(&self) -> bool {
        self.unknown_critical
    }
}

fn identifiers(mut list: Cursor<'_>) -> Result<Vec<ObjectIdentifier>, Malformed> {
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.oid()?);
    }
    Ok(found)
}

fn first_identifiers(mut list: Cursor<'_>) -> Result<Vec<ObjectIdentifier>, Malformed> {
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.sequence()?.oid()?);
    }
    Ok(found)
}

/// The numbers of the bits that are set.
fn bits(mut cursor: Cursor<'_>) -> Result<Vec<u8>, Malformed> {
    let content = cursor.expect(tag::BIT_STRING)?.content;
    let (unused, bytes) = content.split_first().ok_or(cursor.malformed())?;
    if *unused > 7 || bytes.len() > 2 {
        return Err(cursor.malformed());
    }
    let all = (0u8..).take(bytes.len() * 8);
    Ok(all.filter(|bit| bytes[usize::from(bit / 8)] & (0x80 >> (bit % 8)) != 0).collect())
}
