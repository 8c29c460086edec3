//! A small authority and the peers' commands for the tests of this crate.

use crate::{
    asn1::oid,
    testkey::TestKey,
    x509::{Certificate, Issuer, Name, NameBuilder, Profile, Template, sign_tbs, to_pem},
};
use base::{Signer, Timestamp};
use std::{
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

static COUNT: AtomicU64 = AtomicU64::new(1);

/// Root, one issuing authority, and whatever a test asks them for; valid through 2026 and 2027.
pub struct TestPki {
    pub root_key: TestKey,
    pub root: Certificate,
    pub issuing_key: TestKey,
    pub issuing: Certificate,
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// The instant at which everything of the tests happens.
pub fn noon() -> Timestamp {
    instant("2026-11-23T12:00:00Z")
}

pub fn common_name(name: &str) -> Name {
    NameBuilder::new().with(oid::COUNTRY, "AZ").with(oid::COMMON_NAME, name).build()
}

pub fn issuer_of(certificate: &Certificate) -> Issuer {
    Issuer {
        name: certificate.subject().clone(),
        public_key_der: certificate.key().spki().to_vec(),
        algorithm: base::Algorithm::EcdsaP256Sha256,
        ocsp_url: "http://127.0.0.1:8805/ocsp".into(),
        certificate_url: "http://127.0.0.1:8805/certificates/issuer.der".into(),
    }
}

pub fn template(profile: Profile, subject: Name, key: &dyn Signer) -> Template {
    Template {
        serial: vec![0x11, 0xf0, u8::try_from(COUNT.fetch_add(1, Ordering::SeqCst) % 256).expect("below 256")],
        subject,
        public_key_der: key.public_key_der().to_vec(),
        not_before: instant("2026-01-01T00:00:00Z"),
        not_after: instant("2027-12-31T23:59:59Z"),
        profile,
        host_names: Vec::new(),
        policies: Vec::new(),
    }
}

impl TestPki {
    pub fn new() -> Self {
        let (root_key, issuing_key) = (TestKey::generate(), TestKey::generate());
        let own = template(Profile::RootAuthority, common_name("Test kök mərkəzi"), &root_key);
        let itself = Issuer {
            name: own.subject.clone(),
            public_key_der: own.public_key_der.clone(),
            algorithm: root_key.algorithm(),
            ocsp_url: String::new(),
            certificate_url: String::new(),
        };
        let root = sign_tbs(&own.tbs(&itself).expect("content"), &root_key).expect("signed");
        let below = template(Profile::IssuingAuthority, common_name("Test fiziki şəxslər"), &issuing_key);
        let issuing = sign_tbs(&below.tbs(&issuer_of(&root)).expect("content"), &root_key).expect("signed");
        TestPki { root_key, root, issuing_key, issuing }
    }

    pub fn sign(&self, template: &Template) -> Certificate {
        let tbs = template.tbs(&issuer_of(&self.issuing)).expect("content");
        sign_tbs(&tbs, &self.issuing_key).expect("signed")
    }

    pub fn issue(&self, profile: Profile, name: &str, key: &dyn Signer) -> Certificate {
        self.sign(&template(profile, common_name(name), key))
    }

    /// By the root itself: the time-stamping unit.
    pub fn issue_by_root(&self, profile: Profile, name: &str, key: &dyn Signer) -> Certificate {
        let tbs = template(profile, common_name(name), key).tbs(&issuer_of(&self.root)).expect("content");
        sign_tbs(&tbs, &self.root_key).expect("signed")
    }
}

/// A directory of its own for the files that a peer reads.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("formats-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Folder(path)
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("a path of letters").to_owned()
    }

    pub fn put_pem(&self, name: &str, certificates: &[Certificate]) -> String {
        self.put(name, to_pem(certificates).as_bytes())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path of letters").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A directory that stays behind in the temporary folder harms no test.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Runs a peer; a missing peer fails the test. Returns whether it succeeded and everything it printed.
pub fn peer(command: &str, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(command).args(arguments).output().unwrap_or_else(|error| panic!("{command}: {error}"));
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}
