//! Containers and archives of the exchange's message log (reference §2.10), judged as the field's verifiers do: structure,
//! time-stamp, and at the proven time signature, certificate and status. The order of the steps is part of the result, since
//! the first one that fails gives the code.

mod archive;
mod entries;
mod sender;

pub use archive::{Archive, ArchiveFacts, Previous};
pub use entries::{CONTAINER_SIZE_BYTES_MAX, ENTRIES_MAX};
pub use sender::{Sender, sender};

use crate::{
    flaw::{Flaw, FlawKind},
    globalconf::Trust,
    hashchain::{self, Input},
    identifier::ClientId,
    tsp::TimeStampToken,
    verify::AlgorithmPolicy,
    x509::Certificate,
    xades::{
        exchange::{CHAIN_RESULT, Conformance, Identity, MESSAGE, Missing, Question, SignatureDocument},
        transform,
    },
};
use base::Timestamp;
use entries::Entries;

const SIGNATURES: &str = "META-INF/signatures.xml";
const TIME_STAMP: &str = "META-INF/timestamp.tst";
const STAMP_RESULT: &str = "ts-hashchainresult.xml";

/// A container whose structure is right.
#[derive(Debug, Clone)]
pub struct MessageContainer {
    entries: Entries,
}

/// How far a container is judged.
#[derive(Clone, Copy)]
pub enum Scope<'a> {
    /// What the data alone decide; the time-stamp counts by the certificate that came with it.
    Crypto(AlgorithmPolicy),
    /// Also identity, path, status and time-stamping authority.
    Full(&'a Trust),
}

/// What a container proves.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The member or subsystem that signed.
    pub signer: ClientId,
    pub message_id: String,
    /// The time that the time-stamp proves.
    pub time_stamp: Timestamp,
    /// Names of the attachments in the container.
    pub attachments: Vec<String>,
    /// One time-stamp over many signatures.
    pub batch_time_stamp: bool,
    /// The signature covers a hash chain and not the message itself.
    pub batch_signature: bool,
    /// Signed names whose data the container does not have.
    pub unverified: Vec<String>,
    pub certificate: Certificate,
}

impl MessageContainer {
    /// Step 1: the entries that must be there.
    pub fn open(container: &[u8]) -> Result<Self, Flaw> {
        Ok(MessageContainer { entries: Entries::read(container)? })
    }

    /// Names of the attachments, in their order.
    pub fn attachments(&self) -> Vec<String> {
        self.entries.attachments().map(str::to_owned).collect()
    }

    pub fn has_batch_time_stamp(&self) -> bool {
        self.entries.get(STAMP_RESULT).is_some()
    }

    pub fn message(&self) -> &[u8] {
        &self.entries.message
    }

    /// Who must have signed, by the message's own word.
    pub fn sender(&self) -> Result<Sender, Flaw> {
        sender(self.message())
    }

    /// Only that signature and time-stamp can be read.
    pub fn check_structure(&self) -> Result<(), Flaw> {
        let signature = SignatureDocument::read(&self.entries.signature, Conformance::Structure)?;
        self.token(&signature).map(drop)
    }

    /// Everything.
    pub fn judge(&self, scope: Scope<'_>) -> Result<Facts, Flaw> {
        let signature = SignatureDocument::read(&self.entries.signature, Conformance::Structure)?;
        if !signature.refers_to(MESSAGE) && !signature.refers_to(CHAIN_RESULT) {
            let why = format!("the signature covers neither {MESSAGE} nor {CHAIN_RESULT}");
            return Err(Flaw::new(FlawKind::MalformedSignature, why));
        }
        let time_stamp = self.proven_time(&signature, scope)?;
        let sender = self.sender()?;
        let identity = match scope {
            Scope::Crypto(_) => None,
            Scope::Full(trust) => Some(Identity { signer: &sender.id, trust, at: time_stamp }),
        };
        // What lies in the container as message and attachments must be covered, or it would seem signed.
        let mut inputs = vec![(MESSAGE.to_owned(), Input::Data(self.entries.message.clone()))];
        inputs.extend(self.entries.attachments().map(|name| {
            let data = self.entries.get(name).expect("an attachment is an entry").to_vec();
            (format!("/{name}"), Input::Data(data))
        }));
        if !signature.refers_to(CHAIN_RESULT)
            && let Some((name, _)) = inputs.iter().find(|(name, _)| !signature.refers_to(name))
        {
            return Err(Flaw::new(FlawKind::MalformedSignature, format_args!("the signature does not cover {name}")));
        }
        let documents = |name: &str| self.entries.get(name.strip_prefix('/')?).map(<[u8]>::to_vec);
        let question = Question { inputs: &inputs, documents: &documents, missing: Missing::Reported, identity };
        let proof = signature.judge(&question)?;
        Ok(Facts {
            signer: sender.id,
            message_id: sender.message_id,
            time_stamp,
            attachments: self.attachments(),
            batch_time_stamp: self.has_batch_time_stamp(),
            batch_signature: proof.by_chain,
            unverified: proof.unverified,
            certificate: proof.certificate,
        })
    }

    /// The token beside the signature, or the one inside it.
    fn token(&self, signature: &SignatureDocument<'_>) -> Result<TimeStampToken, Flaw> {
        let inside = || signature.time_stamp().transpose();
        let found = self.entries.get(TIME_STAMP).map(|token| Ok(token.to_vec())).or_else(inside);
        let missing = || Flaw::new(FlawKind::TimeStampNotFound, "the message has no time-stamp yet");
        Ok(TimeStampToken::from_ber(&found.ok_or_else(missing)??)?)
    }

    /// Step 4: the token is over the signature value, or over the result of a chain that covers the signature document.
    fn proven_time(&self, signature: &SignatureDocument<'_>, scope: Scope<'_>) -> Result<Timestamp, Flaw> {
        let token = self.token(signature)?;
        let stamped = match self.entries.get(STAMP_RESULT) {
            Some(result) => {
                self.check_stamp_chain(result)?;
                result
            }
            None => signature.value(),
        };
        let (authorities, algorithms) = match scope {
            Scope::Full(trust) => (trust.time_stamping.clone(), trust.algorithms),
            Scope::Crypto(algorithms) => (token.authority().cloned().into_iter().collect(), algorithms),
        };
        Ok(token.verify_named(stamped, &authorities, algorithms)?)
    }

    fn check_stamp_chain(&self, result: &[u8]) -> Result<(), Flaw> {
        let inputs = [(format!("/{SIGNATURES}"), Input::Data(self.entries.signature.clone()))];
        let documents = |name: &str| self.entries.get(name.strip_prefix('/')?).map(<[u8]>::to_vec);
        hashchain::verify(result, &documents, &inputs, &transform).map(drop).map_err(|error| {
            Flaw::new(FlawKind::MalformedSignature, format_args!("the time-stamp's hash chain: {error}"))
        })
    }
}

#[cfg(test)]
mod tests;
