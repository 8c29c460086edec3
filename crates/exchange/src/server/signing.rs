//! Signing what leaves for a member, and judging what arrives: signature, certificate, member, OCSP response.

use super::SecurityServer;
use crate::{
    certificates::{is_signing, member_of},
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
    messagelog::Attachment,
};
use formats::{
    hashchain::{Chain, Digest, DigestAlgorithm, data_chain},
    identifier::ClientId,
    message::{self, CHAIN_NAME, Covered, MESSAGE_NAME, SigningCertificate, attachment_name, sign},
};

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

impl SecurityServer {
    /// Signs for `member`: the message alone, or with its attachments by a hash chain (reference §2.8).
    pub(super) async fn sign(
        &self,
        configuration: &Configuration,
        place: Place,
        member: &ClientId,
        message: &[u8],
        attachments: &[Attachment],
    ) -> Result<Signed, ExchangeFault> {
        let identity = self.signing.get(&member.member_id()).ok_or_else(|| {
            ExchangeFault::new(place, Cause::CannotCreateSignature, "no signing certificate for the member")
        })?;
        let ocsp = self.own_status(configuration, place, identity.certificate.der()).await?;
        let certificate = SigningCertificate {
            der: identity.certificate.der().to_vec(),
            issuer: identity.certificate.issuer().rfc4514(),
            serial: identity.certificate.serial_decimal(),
            intermediates: Vec::new(),
            ocsp: vec![ocsp],
        };
        let chain = (!attachments.is_empty())
            .then(|| data_chain(CHAIN_NAME, &digests(Digest::sha512(message), attachments, DigestAlgorithm::Sha512)));
        let covered = chain.as_ref().map_or(Covered::Message(message), |chain| Covered::ChainResult(&chain.result));
        let signature = sign(covered, &certificate, &*identity.signer, self.clock.now())
            .map_err(|fault| ExchangeFault::failed(place, Cause::CannotCreateSignature, &fault))?;
        Ok(Signed { signature, chain })
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
        let read = message::read(&signed.signature).map_err(refuse)?;
        let now = self.clock.now();
        let instance = configuration.current_instance(place, &signer.instance, now)?;
        let trusted = self.judge.path(instance, place, &read.certificate, &read.intermediates, now)?;
        let incorrect = |why: &str| ExchangeFault::new(place, Cause::IncorrectCertificate, why);
        if !is_signing(&trusted.certificate) {
            return Err(incorrect("the certificate is not for signing"));
        }
        if member_of(&trusted.certificate).as_ref() != Some(&signer.member_id()) {
            return Err(incorrect("the certificate is another member's"));
        }
        let digest = Digest { algorithm, value: algorithm.digest(message) };
        let parts = digests(digest, attachments, algorithm);
        read.check_digests(trusted.certificate.key(), message, &parts, signed.chain.as_ref()).map_err(refuse)?;
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
