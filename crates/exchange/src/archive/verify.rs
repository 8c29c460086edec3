//! Judging containers and whole archives of them by a global configuration, this instance's or another's: what the steps
//! are stands in `formats::asice::exchange`, here is whom to trust and what to say.

use crate::configuration::Configuration;
use base::Timestamp;
use formats::{
    asice::exchange::{Archive, ArchiveFacts, MessageContainer, Previous, Scope},
    flaw::Flaw,
    globalconf::{LocalConfiguration, ParameterError, PrivateParameters, SharedParameters, Trust},
    identifier::ClientId,
    verify::AlgorithmPolicy,
};
use std::collections::BTreeMap;

/// What a container proves, and why not.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Empty when everything holds.
    pub reasons: Vec<String>,
    /// The member or subsystem that signed.
    pub signer: Option<ClientId>,
    /// The proven time.
    pub at: Option<Timestamp>,
    pub message_id: Option<String>,
    /// Signed parts that are not in the container: nothing is said of them.
    pub unverified: Vec<String>,
}

impl Verdict {
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What an archive of containers proves.
#[derive(Debug, Clone, Default)]
pub struct ArchiveVerdict {
    /// What is wrong with the archive itself.
    pub reasons: Vec<String>,
    /// What its chain of digests proves; absent when the chain is broken.
    pub chain: Option<ArchiveFacts>,
    /// The verdict on each container, in the order of the chain.
    pub containers: Vec<(String, Verdict)>,
}

impl ArchiveVerdict {
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty() && self.containers.iter().all(|(_, verdict)| verdict.is_valid())
    }
}

/// A configuration out of shared parameters alone, to judge by without a network.
pub fn offline_configuration(shared: &[u8]) -> Result<Configuration, ParameterError> {
    let shared = SharedParameters::read(shared)?;
    let private = PrivateParameters { instance: shared.instance.clone(), ..PrivateParameters::default() };
    Ok(Configuration::new(shared, private, Timestamp::MAX, 0))
}

/// Whom `configuration` trusts. Its own expiry plays no part: what counts is the time in a container's time-stamp.
pub fn trust_of(configuration: &Configuration) -> Trust {
    let partners = configuration.partners().map(|partner| &partner.instance.shared);
    Trust::from_parameters(configuration.own().name(), std::iter::once(&configuration.shared).chain(partners))
}

/// Whom a configuration trusts that lies in a folder as servers keep it and hand it out for verification; `files` by their
/// paths in the folder.
pub fn trust_of_folder(files: &BTreeMap<String, Vec<u8>>) -> Result<Trust, ParameterError> {
    Ok(LocalConfiguration::read(files)?.trust(AlgorithmPolicy::default()))
}

/// Judges `container` by the authorities of `configuration`.
pub fn verify(container: &[u8], configuration: &Configuration) -> Verdict {
    judge(container, &trust_of(configuration))
}

/// Judges `container` by whom the caller trusts.
pub fn judge(container: &[u8], trust: &Trust) -> Verdict {
    let refused = |flaw: Flaw| Verdict { reasons: vec![flaw.to_string()], ..Verdict::default() };
    let container = match MessageContainer::open(container) {
        Ok(container) => container,
        Err(flaw) => return refused(flaw),
    };
    match container.judge(Scope::Full(trust)) {
        Ok(facts) => Verdict {
            reasons: Vec::new(),
            signer: Some(facts.signer),
            at: Some(facts.time_stamp),
            message_id: Some(facts.message_id),
            unverified: facts.unverified,
        },
        // Whose message it claims to be helps the one who has to find out what happened.
        Err(flaw) => {
            let claimed = container.sender().ok();
            let message_id = claimed.as_ref().map(|sender| sender.message_id.clone());
            Verdict { signer: claimed.map(|sender| sender.id), message_id, ..refused(flaw) }
        }
    }
}

/// Whether a file is an archive of containers and not one of them.
pub fn is_archive(bytes: &[u8]) -> bool {
    Archive::is_archive(bytes)
}

/// Judges an archive: its chain, after `previous`, and every container in it.
pub fn judge_archive(bytes: &[u8], trust: &Trust, previous: &Previous) -> ArchiveVerdict {
    let archive = match Archive::open(bytes) {
        Ok(archive) => archive,
        Err(flaw) => return ArchiveVerdict { reasons: vec![flaw.to_string()], ..ArchiveVerdict::default() },
    };
    let containers = archive.containers().map(|(name, container)| (name.to_owned(), judge(container, trust))).collect();
    match archive.judge(previous) {
        Ok(chain) => ArchiveVerdict { reasons: Vec::new(), chain: Some(chain), containers },
        Err(flaw) => ArchiveVerdict { reasons: vec![flaw.to_string()], chain: None, containers },
    }
}
