//! Signatures of the exchange, judged in every form that occurs in the field (signature profile; reference §2.8): by a
//! direct reference to the message or over a hash chain, of today and of the years before. The steps stand in the order in
//! which an error is told. Writing our own form is `message::sign`.

mod certificate;
mod document;
mod integrity;
mod parts;
mod schema;

pub use document::{Conformance, SignatureDocument};
pub use parts::{Parts, SignedReference};

use crate::{
    flaw::{Flaw, FlawKind},
    globalconf::Trust,
    hashchain::{self, Input},
    identifier::ClientId,
    x509::Certificate,
};
use base::Timestamp;

/// The message itself, the result document of its chain, the chain.
pub const MESSAGE: &str = crate::message::MESSAGE_NAME;
pub const CHAIN_RESULT: &str = crate::message::CHAIN_RESULT_NAME;
pub const CHAIN: &str = crate::message::CHAIN_NAME;

/// What the signature is judged over and by.
pub struct Question<'a> {
    /// Data that the signature must cover, each of them, by name.
    pub inputs: &'a [(String, Input)],
    /// Data that it may refer to beside them: the chain's documents. `None`: there is none of the name.
    pub documents: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// What becomes of names in the chain that neither inputs nor documents have.
    pub missing: Missing,
    /// `None`: only what the data alone decide, without identity, path and OCSP.
    pub identity: Option<Identity<'a>>,
}

/// Data that a hash chain refers to and that is not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// An error.
    Refused,
    /// The digest in the chain is believed, and the name is reported: containers may leave attachments out.
    Reported,
}

/// Who must have signed, by whose word, and when.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The member that claims to have signed; its subsystem plays no part.
    pub signer: &'a ClientId,
    pub trust: &'a Trust,
    pub at: Timestamp,
}

/// What a signature proves.
#[derive(Debug, Clone)]
pub struct Proof {
    pub certificate: Certificate,
    /// Whether the signature covers a hash chain's result and not the message itself.
    pub by_chain: bool,
    /// Names whose data were not at hand.
    pub unverified: Vec<String>,
}

impl SignatureDocument<'_> {
    /// Steps 3 to 9: embedded material, hash chain, certificate, identity, integrity, manifests, path and status.
    pub fn judge(&self, question: &Question<'_>) -> Result<Proof, Flaw> {
        let material = self.material()?;
        let by_chain = self.refers_to(CHAIN_RESULT);
        let mut unverified = if by_chain { judge_chain(question)? } else { Vec::new() };
        let certificate = self.certificate()?;
        if let Some(identity) = question.identity {
            certificate::check_member(&certificate, &material, identity)?;
        }
        unverified.extend(integrity::check(self, &certificate, question)?);
        if !by_chain && let Some((name, _)) = question.inputs.iter().find(|(name, _)| !self.refers_to(name)) {
            return Err(document::malformed(format_args!("the signature does not cover {name}")));
        }
        integrity::check_manifests(self)?;
        if let Some(identity) = question.identity {
            certificate::check_path(&certificate, &material, identity)?;
        }
        Ok(Proof { certificate, by_chain, unverified })
    }
}

fn judge_chain(question: &Question<'_>) -> Result<Vec<String>, Flaw> {
    let missing = || Flaw::new(FlawKind::InvalidChainReference, format_args!("{CHAIN_RESULT} is not there"));
    let result = (question.documents)(CHAIN_RESULT).ok_or_else(missing)?;
    let resolve = |name: &str| {
        let found = question.inputs.iter().find(|(known, _)| known == name).map(|(_, input)| input.clone());
        let document = || (question.documents)(name).map(Input::Data);
        let absent = || (question.missing == Missing::Reported).then_some(Input::Absent);
        found.or_else(document).or_else(absent)
    };
    let required: Vec<String> = question.inputs.iter().map(|(name, _)| name.clone()).collect();
    Ok(hashchain::follow(&result, question.documents, &required, &resolve, &crate::xades::transform)?)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wrapping;
