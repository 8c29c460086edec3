//! One edition of the global configuration: the content in every version, rendered when it is first asked for, in
//! directories that are signed for a time. Documents lie under their digest, so that an edition never mixes with the next.

use super::keys::Purpose;
use base::{Fault, Signer, Timestamp};
use bytes::Bytes;
use formats::{
    globalconf::{
        Directory, DirectoryPart, MONITORING, MonitoringParameters, PRIVATE_PARAMETERS, PrivateParameters,
        SHARED_PARAMETERS, SharedParameters, VERSION, VERSION_MIN, write_signed,
    },
    hashchain::DigestAlgorithm,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

const VERSIONS: usize = (VERSION - VERSION_MIN + 1) as usize;
/// Version 2 names certificates by SHA-1 (reference §2.7).
const SHA1_VERSION: u32 = 2;
const DIGEST: DigestAlgorithm = DigestAlgorithm::Sha512;

/// What is published, whenever it is signed.
#[derive(Debug)]
pub(super) struct Content {
    pub shared: SharedParameters,
    /// The same with the digests of version 2.
    pub shared_sha1: SharedParameters,
    pub private: PrivateParameters,
    pub monitoring: Option<MonitoringParameters>,
    documents: [OnceLock<Documents>; VERSIONS],
}

#[derive(Debug)]
struct Documents {
    parts: Vec<DirectoryPart>,
    by_location: BTreeMap<String, Bytes>,
}

/// A version's place, if it is one that is written.
fn place(version: u32) -> Option<usize> {
    (VERSION_MIN..=VERSION).contains(&version).then(|| (version - VERSION_MIN) as usize)
}

impl Content {
    pub(super) fn new(
        shared: SharedParameters,
        shared_sha1: SharedParameters,
        private: PrivateParameters,
        monitoring: Option<MonitoringParameters>,
    ) -> Content {
        Content { shared, shared_sha1, private, monitoring, documents: [const { OnceLock::new() }; VERSIONS] }
    }

    pub(super) fn is_same(&self, other: &Content) -> bool {
        self.shared == other.shared
            && self.shared_sha1 == other.shared_sha1
            && self.private == other.private
            && self.monitoring == other.monitoring
    }

    fn documents(&self, version: u32) -> Option<&Documents> {
        Some(self.documents[place(version)?].get_or_init(|| self.render(version)))
    }

    fn render(&self, version: u32) -> Documents {
        let shared = if version == SHA1_VERSION { &self.shared_sha1 } else { &self.shared };
        let mut documents = Documents { parts: Vec::new(), by_location: BTreeMap::new() };
        let mut add = |identifier: &str, name: &str, file_name: Option<&str>, bytes: Vec<u8>| {
            let digest = DIGEST.digest(&bytes);
            let location = format!("/V{version}/{}/{name}", base::hex(&digest[..16]));
            documents.parts.push(DirectoryPart {
                identifier: identifier.to_owned(),
                instance: Some(shared.instance.clone()),
                location: location.clone(),
                file_name: file_name.map(str::to_owned),
                algorithm: DIGEST,
                digest,
            });
            documents.by_location.insert(location, Bytes::from(bytes));
        };
        add(PRIVATE_PARAMETERS, "private-params.xml", None, self.private.to_xml());
        add(SHARED_PARAMETERS, "shared-params.xml", None, shared.to_xml_of(version));
        if let Some(monitoring) = &self.monitoring {
            add(MONITORING, "monitoring-params.xml", Some("monitoring-params.xml"), monitoring.to_xml());
        }
        documents
    }
}

/// With what a directory is signed.
pub(super) struct Seal {
    pub signer: Arc<dyn Signer>,
    /// The certificate by which servers know the signature, DER.
    pub certificate: Vec<u8>,
}

pub(super) struct Edition {
    pub content: Arc<Content>,
    pub expires: Timestamp,
    internal: Seal,
    external: Seal,
    signed: [[OnceLock<Bytes>; 2]; VERSIONS],
}

impl Edition {
    pub(super) fn new(content: Arc<Content>, expires: Timestamp, internal: Seal, external: Seal) -> Edition {
        let signed = [const { [const { OnceLock::new() }; 2] }; VERSIONS];
        Edition { content, expires, internal, external, signed }
    }

    /// The signed directory; `None` for a version that is not written.
    pub(super) fn directory(&self, purpose: Purpose, version: u32) -> Result<Option<Bytes>, Fault> {
        let (Some(place), Some(documents)) = (place(version), self.content.documents(version)) else {
            return Ok(None);
        };
        let signed = &self.signed[place][purpose as usize];
        if let Some(known) = signed.get() {
            return Ok(Some(known.clone()));
        }
        let for_all = |part: &&DirectoryPart| purpose == Purpose::Internal || part.identifier == SHARED_PARAMETERS;
        let parts = documents.parts.iter().filter(for_all).cloned().collect();
        let directory = Directory { expires: self.expires, version: Some(version), parts };
        let seal = match purpose {
            Purpose::Internal => &self.internal,
            Purpose::External => &self.external,
        };
        let bytes = Bytes::from(write_signed(&directory, &*seal.signer, &seal.certificate)?);
        // Two who ask at once get the same bytes.
        Ok(Some(signed.get_or_init(|| bytes).clone()))
    }

    pub(super) fn document(&self, version: u32, location: &str) -> Option<Bytes> {
        self.content.documents(version)?.by_location.get(location).cloned()
    }
}
