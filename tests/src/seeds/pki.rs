//! An authority of the seeds' own, and what it says about one member's and one person's certificate.

use base::{Signer, Timestamp, clock::from_micros};
use formats::{
    asn1::oid,
    message::SigningCertificate,
    ocsp::{CertId, CertStatus, ResponseDraft, SingleStatus},
    tsp::{TimeStamp, TimeStampToken},
    verify::Digest,
    x509::{Certificate, Issuer, Name, NameBuilder, Profile, Template, sign_tbs},
};
use host::keys::SoftKey;

pub struct Pki {
    pub root_key: SoftKey,
    pub root: Certificate,
    pub member_key: SoftKey,
    pub member: Certificate,
    pub person_key: SoftKey,
    pub person: Certificate,
    pub stamping_key: SoftKey,
    pub stamping: Certificate,
}

pub fn noon() -> Timestamp {
    from_micros(1_795_435_200_000_000)
}

fn key() -> SoftKey {
    SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key")
}

fn name(common: &str) -> Name {
    NameBuilder::new().with(oid::COUNTRY, "AZ").with(oid::COMMON_NAME, common).build()
}

fn issue(issuer: &SoftKey, of: &Name, profile: Profile, subject: Name, key: &SoftKey, serial: u8) -> Certificate {
    let template = Template {
        serial: vec![0x11, serial],
        subject,
        public_key_der: key.public_key_der().to_vec(),
        not_before: from_micros(noon().as_microsecond() - 86_400_000_000),
        not_after: from_micros(noon().as_microsecond() + 86_400_000_000 * 300),
        profile,
        host_names: vec!["one.az".to_owned(), "127.0.0.1".to_owned()],
        policies: Vec::new(),
    };
    let issuer_facts = Issuer {
        name: of.clone(),
        public_key_der: issuer.public_key_der().to_vec(),
        algorithm: issuer.algorithm(),
        ocsp_url: "http://one.az/ocsp".to_owned(),
        certificate_url: String::new(),
    };
    sign_tbs(&template.tbs(&issuer_facts).expect("content"), issuer).expect("signed")
}

impl Pki {
    pub fn new() -> Pki {
        let (root_key, member_key, person_key, stamping_key) = (key(), key(), key(), key());
        let own = name("Kök mərkəz");
        let root = issue(&root_key, &own, Profile::RootAuthority, own.clone(), &root_key, 1);
        let member = NameBuilder::new().with(oid::SERIAL_NUMBER, "AZ/one/GOV").with(oid::COMMON_NAME, "1").build();
        let member = issue(&root_key, &own, Profile::MemberSigning, member, &member_key, 2);
        let person = issue(&root_key, &own, Profile::PersonSigning, name("Aytən"), &person_key, 3);
        let stamping = issue(&root_key, &own, Profile::TimeStamping, name("Vaxt"), &stamping_key, 4);
        Pki { root_key, root, member_key, member, person_key, person, stamping_key, stamping }
    }

    /// One certificate of each profile.
    pub fn every(&self) -> Vec<Certificate> {
        let numbered = Profile::ALL.iter().zip(10..);
        let of = |(profile, serial): (&Profile, u8)| {
            issue(&self.root_key, self.root.subject(), *profile, name(profile.name()), &self.member_key, serial)
        };
        numbered.map(of).collect()
    }

    pub fn status(&self, certificate: &Certificate, status: CertStatus) -> Vec<u8> {
        let certificate = CertId::of(certificate, &self.root, Digest::Sha1);
        let single = SingleStatus { certificate, status, this_update: noon(), next_update: Some(noon()) };
        let draft = ResponseDraft { produced_at: noon(), statuses: vec![single], nonce: Some(vec![7; 16]) };
        draft.sign(&self.root_key, &self.root).expect("signed")
    }

    pub fn token(&self, stamped: &[u8], digest: Digest) -> TimeStampToken {
        let stamp = TimeStamp {
            policy: oid::TST_INFO,
            digest,
            imprint: digest.of(stamped),
            serial: vec![1],
            at: noon(),
            nonce: Some(vec![0x41; 16]),
        };
        stamp.sign(&self.stamping_key, &self.stamping, true).expect("stamped")
    }

    pub fn for_signing(&self, certificate: &Certificate) -> SigningCertificate {
        SigningCertificate {
            der: certificate.der().to_vec(),
            issuer: certificate.issuer().rfc4514(),
            serial: certificate.serial_decimal(),
            intermediates: vec![self.root.der().to_vec()],
            ocsp: vec![self.status(certificate, CertStatus::Good)],
        }
    }
}

impl Default for Pki {
    fn default() -> Self {
        Pki::new()
    }
}
