//! Downloading and verifying the configuration (download protocol, reference §2.7).

use super::Configuration;
use base::{Fault, Timestamp};
use bytes::Bytes;
use formats::{
    globalconf::{
        Anchor, Directory, DirectoryError, PRIVATE_PARAMETERS, PrivateParameters, SHARED_PARAMETERS, SharedParameters,
        VERSION, read_signed,
    },
    x509::Certificate,
};
use host::http::Client;
use std::{collections::BTreeMap, time::Duration};

/// How large one document may be.
pub const CONFIGURATION_BYTES_MAX: usize = 16 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a server gets its configuration, and whom it believes.
#[derive(Debug, Clone)]
pub struct ConfigurationSource {
    pub anchor: Anchor,
}

fn refused(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("take over the global configuration", cause)
}

impl ConfigurationSource {
    /// Tries the anchor's sources one after the other.
    pub async fn download(&self, client: &Client, now: Timestamp, generation: u64) -> Result<Configuration, Fault> {
        let mut last = refused("the anchor has no source");
        for source in &self.anchor.sources {
            match download(client, &source.url, &source.certificates, &self.anchor.instance, now, generation).await {
                Ok(configuration) => return Ok(configuration),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }
}

async fn fetch(client: &Client, url: &str) -> Result<Bytes, Fault> {
    let request = http::Request::get(url).body(Bytes::new()).map_err(refused)?;
    let response = client.send(request, CONFIGURATION_BYTES_MAX, TIMEOUT).await?;
    if response.status() == http::StatusCode::OK {
        Ok(response.into_body())
    } else {
        Err(refused(format_args!("{url} answered {}", response.status())))
    }
}

async fn download(
    client: &Client,
    url: &str,
    certificates: &[Vec<u8>],
    instance: &str,
    now: Timestamp,
    generation: u64,
) -> Result<Configuration, Fault> {
    let published = fetch(client, &format!("{url}?version={VERSION}")).await?;
    let directory = verify_directory(&published, certificates).map_err(refused)?;
    let base = http::Uri::try_from(url).map_err(refused)?;
    let authority = base.authority().map(ToString::to_string).unwrap_or_default();
    let mut documents = BTreeMap::new();
    for part in &directory.parts {
        let document = fetch(client, &format!("http://{authority}{}", part.location)).await?;
        documents.insert(part.location.clone(), document.to_vec());
    }
    assemble(&directory, &documents, instance, now, generation)
}

fn verify_directory(published: &[u8], certificates: &[Vec<u8>]) -> Result<Directory, DirectoryError> {
    let signed = read_signed(published)?;
    let certificate = signed.signed_by(certificates)?;
    let certificate = Certificate::from_der(certificate).map_err(|_| DirectoryError::UnknownCertificate)?;
    signed.check(certificate.key()).cloned()
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
    assemble(&directory, documents, &anchor.instance, now, 0)
}

fn assemble(
    directory: &Directory,
    documents: &BTreeMap<String, Vec<u8>>,
    instance: &str,
    now: Timestamp,
    generation: u64,
) -> Result<Configuration, Fault> {
    if now >= directory.expires {
        return Err(refused("what is published has expired"));
    }
    let (mut shared, mut private) = (None, None);
    for part in &directory.parts {
        let document = documents.get(&part.location).ok_or_else(|| refused("a document is missing"))?;
        if !part.matches(document) {
            return Err(refused(format_args!("{} has another digest", part.location)));
        }
        match part.identifier.as_str() {
            SHARED_PARAMETERS => shared = Some(SharedParameters::read(document).map_err(refused)?),
            PRIVATE_PARAMETERS => private = Some(PrivateParameters::read(document).map_err(refused)?),
            _ => {}
        }
    }
    let (Some(shared), Some(private)) = (shared, private) else {
        return Err(refused("shared or private parameters are missing"));
    };
    if shared.instance != instance || private.instance != instance {
        return Err(refused("the parameters are another instance's"));
    }
    Ok(Configuration::new(shared, private, directory.expires, generation))
}
