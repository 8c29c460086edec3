//! Signing what leaves for a member, and judging what arrives: signature, certificate, member, OCSP response.

use super::{
    SecurityServer,
    batch::{MemberSigner, ToSign},
};
use crate::{
    certificates::is_signing,
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    known::Known,
    messagelog::Attachment,
};
use bytes::Bytes;
use formats::{
    hashchain::{Chain, Digest, DigestAlgorithm},
    identifier::ClientId,
    message::{self, MESSAGE_NAME, ReadSignature, attachment_name},
};

use std::sync::{Arc, Mutex};

/// A signature with the chain that it covers, if the message has more than one part.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub signature: Vec<u8>,
    pub chain: Option<Chain>,
}

/// A message as it arrived, whose parts were hashed with `algorithm`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived<'a> {
    pub message: &'a [u8],
    pub attachments: &'a [Attachment],
    pub algorithm: DigestAlgorithm,
    pub signed: &'a Signed,
}

/// Signature documents that were found to be signed by their own certificate's key, because the messages of a batch come
/// with the same one. Whose certificate it is and whether it still counts is judged each time.
#[derive(Default)]
pub(super) struct Verified {
    known: Mutex<Known<Arc<ReadSignature>>>,
}

/// How many are remembered before all are forgotten.
const VERIFIED_MAX: usize = 256;

impl Verified {
    fn find(&self, signature: &[u8]) -> Option<Arc<ReadSignature>> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(signature).cloned()
    }

    /// Only what covers more than one message comes again.
    fn remember(&self, signature: &[u8], read: &Arc<ReadSignature>) {
        if !read.is_by_chain() {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if known.len() >= VERIFIED_MAX {
            known.clear();
        }
        known.insert(signature.into(), read.clone());
    }
}

impl SecurityServer {
    pub(super) fn signer_of(&self, place: Place, member: &ClientId) -> Result<&MemberSigner, ExchangeFault> {
        self.signing.get(&member.member_id()).ok_or_else(|| {
            ExchangeFault::new(place, Cause::CannotCreateSignature, "no signing certificate for the member")
        })
    }

    /// Signs for `member`: the message alone, or with its attachments by a hash chain (reference §2.8).
    pub(super) async fn sign(
        &self,
        configuration: &Configuration,
        place: Place,
        member: &ClientId,
        message: &Bytes,
        attachments: &[Attachment],
    ) -> Result<Signed, ExchangeFault> {
        let signer = self.signer_of(place, member)?;
        let ocsp = self.own_status(configuration, place, signer.identity().certificate.der()).await?;
        let wanted = ToSign {
            message: message.clone(),
            parts: digests(Digest::sha512(message), attachments, DigestAlgorithm::Sha512),
            ocsp,
            at: self.clock.now(),
        };
        let signed = signer.sign(wanted).await;
        signed.map_err(|fault| ExchangeFault::failed(place, Cause::CannotCreateSignature, &fault))
    }

    /// Whether `signer` signed exactly these parts with a certificate that is good now.
    pub(super) fn check_signature(
        &self,
        configuration: &Configuration,
        place: Place,
        signer: &ClientId,
        arrived: &Arrived<'_>,
    ) -> Result<(), ExchangeFault> {
        let Arrived { message, attachments, algorithm, signed } = *arrived;
        let refuse = |error: message::SignatureError| ExchangeFault::coded(place, &error.code(), error);
        let known = self.verified.find(&signed.signature);
        let read = match &known {
            Some(known) => known.clone(),
            None => Arc::new(message::read(&signed.signature).map_err(refuse)?),
        };
        let now = self.clock.now();
        let instance = configuration.current_instance(place, &signer.instance, now)?;
        let trusted = self.judge.path(instance, place, &read.certificate, &read.intermediates, now)?;
        let incorrect = |why: &str| ExchangeFault::new(place, Cause::IncorrectCertificate, why);
        if !is_signing(&trusted.certificate) {
            return Err(incorrect("the certificate is not for signing"));
        }
        if trusted.member.as_ref() != Some(&signer.member_id()) {
            return Err(incorrect("the certificate is another member's"));
        }
        let digest = Digest { algorithm, value: algorithm.digest(message) };
        let parts = digests(digest, attachments, algorithm);
        read.check_covers(message, &parts, signed.chain.as_ref()).map_err(refuse)?;
        if known.is_none() {
            read.check_signed_by(trusted.certificate.key()).map_err(refuse)?;
            self.verified.remember(&signed.signature, &read);
        }
        self.judge.check_any_good(instance, place, &trusted, &read.ocsp, now)
    }
}

/// The parts of a message by their names in signature and chain. A body that was not hashed with the sender's algorithm has
/// another's digest here, and then the chain does not fit.
fn digests(message: Digest, attachments: &[Attachment], algorithm: DigestAlgorithm) -> Vec<(String, Digest)> {
    let bodies = attachments.iter().map(|attachment| &attachment.body);
    let bodies = bodies.map(|body| body.digest(algorithm).unwrap_or_else(|| body.sha512()).clone());
    let named = (1..).zip(bodies).map(|(number, digest)| (attachment_name(number), digest));
    std::iter::once((MESSAGE_NAME.to_owned(), message)).chain(named).collect()
}
