//! Downloading and verifying what an instance publishes (configuration download protocol, reference §2.7): versions are
//! probed downwards, sources are tried one after the other, and nothing is believed that the anchor does not lead to.

use super::{Configuration, Instance};
use base::{Fault, Timestamp};
use bytes::Bytes;
use formats::{
    globalconf::{
        Anchor, Directory, DirectoryError, DirectoryPart, MONITORING, MonitoringParameters, PRIVATE_PARAMETERS,
        PrivateParameters, SHARED_PARAMETERS, SharedParameters, Source, VERSION, VERSION_MIN, read_signed,
    },
    x509::Certificate,
};
use host::http::Client;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// How large one document may be.
pub const CONFIGURATION_BYTES_MAX: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a server gets its configuration, whom it believes, and where it keeps the last good one.
#[derive(Debug, Clone)]
pub struct ConfigurationSource {
    pub anchor: Anchor,
    /// The folder `globalconf`; without one a restart needs the central server.
    pub folder: Option<PathBuf>,
}

/// Which of an instance's two configurations is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// For members: private and optional parts too.
    Internal,
    /// For federated instances: the shared parameters alone.
    External,
}

impl Scope {
    fn path(self) -> &'static str {
        match self {
            Scope::Internal => "internalconf",
            Scope::External => "externalconf",
        }
    }

    fn takes(self, identifier: &str) -> bool {
        match identifier {
            SHARED_PARAMETERS => true,
            PRIVATE_PARAMETERS | MONITORING => self == Scope::Internal,
            _ => false,
        }
    }
}

/// One part of what was published, as it came.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub part: DirectoryPart,
    pub bytes: Bytes,
}

/// What is known of one instance, and how.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub instance: Arc<Instance>,
    pub private: Option<PrivateParameters>,
    pub monitoring: Option<MonitoringParameters>,
    pub expires: Timestamp,
    pub version: u32,
    pub documents: Vec<Document>,
    /// The source that gave it; empty when it was read from the disk.
    pub url: String,
}

fn refused(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("take over the global configuration", cause)
}

/// The sources to try, the one that worked last first. The shared parameters at hand name the sources that count now, with
/// the keys that count now; the anchor's own count while there are none, or for addresses that they do not name.
fn sources(anchor: &Anchor, scope: Scope, held: Option<&Held>, now: Timestamp) -> Vec<Source> {
    let mut list: Vec<Source> = Vec::new();
    if let Some(held) = held {
        for source in &held.instance.shared.sources {
            let certificates = match scope {
                Scope::Internal => &source.internal_certificates,
                Scope::External => &source.external_certificates,
            };
            let url = format!("http://{}/{}", source.address, scope.path());
            list.push(Source { url, certificates: certificates.clone() });
        }
    }
    // A key that was retired is in the anchor still. It must not come back while the members know better.
    let current = held.is_some_and(|held| now < held.expires);
    for source in &anchor.sources {
        if !current || !list.iter().any(|known| known.url == source.url) {
            list.push(source.clone());
        }
    }
    let last = held.map_or("", |held| held.url.as_str());
    list.sort_by_key(|source| source.url != last);
    list
}

/// Downloads what the instance of `anchor` publishes now. `number` gives a new content its generation.
pub(super) async fn download(
    client: &Client,
    anchor: &Anchor,
    scope: Scope,
    held: Option<&Held>,
    now: Timestamp,
    number: &(dyn Fn() -> u64 + Sync),
) -> Result<Held, Fault> {
    let mut last = refused("the anchor has no source");
    for source in sources(anchor, scope, held, now) {
        match from_source(client, &source, &anchor.instance, scope, held, now, number).await {
            Ok(fresh) => return Ok(fresh),
            Err(fault) => {
                tracing::debug!(%fault, url = source.url, "a source of the global configuration");
                last = fault;
            }
        }
    }
    Err(last)
}

async fn from_source(
    client: &Client,
    source: &Source,
    instance: &str,
    scope: Scope,
    held: Option<&Held>,
    now: Timestamp,
    number: &(dyn Fn() -> u64 + Sync),
) -> Result<Held, Fault> {
    let published = probe(client, &source.url).await?;
    let directory = verify_directory(&published, &source.certificates).map_err(refused)?;
    check_directory(&directory, instance, now)?;
    let mut documents = Vec::new();
    for part in directory.parts.iter().filter(|part| scope.takes(&part.identifier)) {
        let known = held.and_then(|held| {
            let same = |known: &&Document| {
                known.part.identifier == part.identifier
                    && known.part.algorithm == part.algorithm
                    && known.part.digest == part.digest
            };
            held.documents.iter().find(same)
        });
        let bytes = match known {
            Some(known) => known.bytes.clone(),
            None => get(client, &beside(&source.url, &part.location)?).await?,
        };
        documents.push(Document { part: part.clone(), bytes });
    }
    assemble(&directory, documents, instance, scope, held, number).map(|held| Held { url: source.url.clone(), ..held })
}

/// The directory of the newest version that is there; the oldest is asked for without asking whether it is.
async fn probe(client: &Client, url: &str) -> Result<Bytes, Fault> {
    if url.split(['?', '&']).any(|part| part.starts_with("version=")) {
        return get(client, url).await;
    }
    let sign = if url.contains('?') { '&' } else { '?' };
    for version in (VERSION_MIN..=VERSION).rev() {
        let answer = request(client, &format!("{url}{sign}version={version}")).await?;
        if answer.status() != http::StatusCode::NOT_FOUND || version == VERSION_MIN {
            return body(url, answer);
        }
    }
    unreachable!("the oldest version ends the loop")
}

async fn request(client: &Client, url: &str) -> Result<http::Response<Bytes>, Fault> {
    let request = http::Request::get(url).body(Bytes::new()).map_err(refused)?;
    client.send(request, CONFIGURATION_BYTES_MAX, TIMEOUT).await
}

async fn get(client: &Client, url: &str) -> Result<Bytes, Fault> {
    body(url, request(client, url).await?)
}

fn body(url: &str, answer: http::Response<Bytes>) -> Result<Bytes, Fault> {
    match answer.status() {
        http::StatusCode::OK => Ok(answer.into_body()),
        status => Err(refused(format_args!("{url} answered {status}"))),
    }
}

/// The address of a document on the server that gave the directory.
fn beside(url: &str, location: &str) -> Result<String, Fault> {
    let base = http::Uri::try_from(url).map_err(refused)?;
    let (Some(scheme), Some(authority)) = (base.scheme_str(), base.authority()) else {
        return Err(refused(format_args!("{url} is no address")));
    };
    match location.strip_prefix('/') {
        Some(path) => Ok(format!("{scheme}://{authority}/{path}")),
        None => Err(refused("a document lies outside of the source")),
    }
}

fn verify_directory(published: &[u8], certificates: &[Vec<u8>]) -> Result<Directory, DirectoryError> {
    let signed = read_signed(published)?;
    let certificate = signed.signed_by(certificates)?;
    let certificate = Certificate::from_der(certificate).map_err(|_| DirectoryError::UnknownCertificate)?;
    signed.check(certificate.key()).cloned()
}

fn check_directory(directory: &Directory, instance: &str, now: Timestamp) -> Result<(), Fault> {
    if now >= directory.expires {
        return Err(refused("what is published has expired"));
    }
    let version = directory.version.unwrap_or(VERSION_MIN);
    if !(VERSION_MIN..=VERSION).contains(&version) {
        return Err(refused(format_args!("version {version} is not known")));
    }
    let others = |part: &&DirectoryPart| part.instance.as_deref().is_some_and(|named| named != instance);
    match directory.parts.iter().find(others) {
        Some(part) => Err(refused(format_args!("{} is another instance's", part.location))),
        None => Ok(()),
    }
}

/// Verifies a published directory with its documents by location, for judging without a network.
pub fn verify_documents(
    published: &[u8],
    documents: &BTreeMap<String, Vec<u8>>,
    anchor: &Anchor,
    now: Timestamp,
) -> Result<Configuration, Fault> {
    let certificates: Vec<Vec<u8>> = anchor.sources.iter().flat_map(|source| source.certificates.clone()).collect();
    let directory = verify_directory(published, &certificates).map_err(refused)?;
    check_directory(&directory, &anchor.instance, now)?;
    let taken = directory.parts.iter().filter(|part| Scope::Internal.takes(&part.identifier)).map(|part| {
        let bytes = documents.get(&part.location).ok_or_else(|| refused("a document is missing"))?;
        Ok(Document { part: part.clone(), bytes: Bytes::copy_from_slice(bytes) })
    });
    let taken = taken.collect::<Result<_, Fault>>()?;
    let held = assemble(&directory, taken, &anchor.instance, Scope::Internal, None, &|| 0)?;
    held.into_configuration()
}

/// Digests first, then content; parameters that did not change are not read again.
pub(super) fn assemble(
    directory: &Directory,
    documents: Vec<Document>,
    instance: &str,
    scope: Scope,
    held: Option<&Held>,
    number: &(dyn Fn() -> u64 + Sync),
) -> Result<Held, Fault> {
    for document in &documents {
        if !document.part.matches(&document.bytes) {
            return Err(refused(format_args!("{} has another digest", document.part.location)));
        }
    }
    let find = |identifier: &str| documents.iter().find(|document| document.part.identifier == identifier);
    let shared = find(SHARED_PARAMETERS).ok_or_else(|| refused("the shared parameters are missing"))?;
    let known = held.filter(|held| {
        held.documents.iter().any(|known| known.part.identifier == SHARED_PARAMETERS && known.bytes == shared.bytes)
    });
    let read = match known {
        Some(known) => known.instance.clone(),
        None => {
            let shared = SharedParameters::read(&shared.bytes).map_err(refused)?;
            Arc::new(Instance::new(shared, number()))
        }
    };
    let private = find(PRIVATE_PARAMETERS).map(|document| PrivateParameters::read(&document.bytes)).transpose();
    let private = private.map_err(refused)?;
    let monitoring = find(MONITORING).map(|document| MonitoringParameters::read(&document.bytes)).transpose();
    if scope == Scope::Internal && private.is_none() {
        return Err(refused("the private parameters are missing"));
    }
    if read.name() != instance || private.as_ref().is_some_and(|private| private.instance != instance) {
        return Err(refused("the parameters are another instance's"));
    }
    Ok(Held {
        instance: read,
        private,
        monitoring: monitoring.map_err(refused)?,
        expires: directory.expires,
        version: directory.version.unwrap_or(VERSION_MIN),
        documents,
        url: String::new(),
    })
}

impl Held {
    /// As the own instance's configuration.
    pub(super) fn into_configuration(self) -> Result<Configuration, Fault> {
        let private = self.private.ok_or_else(|| refused("the private parameters are missing"))?;
        let monitoring = self.monitoring.and_then(|monitoring| monitoring.client);
        Ok(Configuration::of(self.instance, private, self.expires).with_monitoring_client(monitoring))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::globalconf::ConfigurationSource as SharedSource;

    fn source(url: &str, certificate: &[u8]) -> Source {
        Source { url: url.to_owned(), certificates: vec![certificate.to_vec()] }
    }

    fn held(expires: i64, url: &str) -> Held {
        let named = |address: &str, internal: &[u8], external: &[u8]| SharedSource {
            address: address.to_owned(),
            internal_certificates: vec![internal.to_vec()],
            external_certificates: vec![external.to_vec()],
        };
        let shared = SharedParameters {
            instance: "AZ".into(),
            sources: vec![named("one", b"new", b"outer"), named("two", b"two", b"outer")],
            ..SharedParameters::default()
        };
        Held {
            instance: Arc::new(Instance::new(shared, 1)),
            private: None,
            monitoring: None,
            expires: base::clock::from_micros(expires * 1_000_000),
            version: 6,
            documents: Vec::new(),
            url: url.to_owned(),
        }
    }

    fn check(held: Option<&Held>, scope: Scope, expected: &[(&str, &[u8])]) {
        let path = scope.path();
        let anchor = Anchor {
            generated_at: None,
            instance: "AZ".into(),
            sources: vec![source(&format!("http://one/{path}"), b"old"), source("http://far/conf", b"far")],
        };
        let found = sources(&anchor, scope, held, base::clock::from_micros(5_000_000));
        let found: Vec<(&str, &[u8])> =
            found.iter().map(|source| (source.url.as_str(), source.certificates[0].as_slice())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn sources_at_hand_come_before_the_anchor_s_and_replace_their_keys() {
        let anchors: [(&str, &[u8]); 2] = [("http://one/internalconf", b"old"), ("http://far/conf", b"far")];
        check(None, Scope::Internal, &anchors);
        check(
            Some(&held(9, "http://two/internalconf")),
            Scope::Internal,
            &[("http://two/internalconf", b"two"), ("http://one/internalconf", b"new"), ("http://far/conf", b"far")],
        );
        check(
            Some(&held(9, "")),
            Scope::External,
            &[
                ("http://one/externalconf", b"outer"),
                ("http://two/externalconf", b"outer"),
                ("http://far/conf", b"far"),
            ],
        );
    }

    #[test]
    fn the_anchor_counts_again_when_what_was_at_hand_expired() {
        check(
            Some(&held(4, "")),
            Scope::Internal,
            &[
                ("http://one/internalconf", b"new"),
                ("http://two/internalconf", b"two"),
                ("http://one/internalconf", b"old"),
                ("http://far/conf", b"far"),
            ],
        );
    }

    #[test]
    fn documents_lie_on_the_source_itself() {
        let found = beside("http://central:80/internalconf", "/V6/AZ/shared-params.xml").expect("an address");
        assert_eq!(found, "http://central:80/V6/AZ/shared-params.xml");
        assert!(beside("http://central/internalconf", "http://elsewhere/shared-params.xml").is_err());
        assert!(beside("internalconf", "/V6").is_err());
    }
}
