//! Signing what leaves for a member, and judging what arrives: signature, certificate, member, OCSP response.

use super::SecurityServer;
use crate::{
    certificates::{is_signing, member_of},
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
};
use formats::{
    hashchain::{Chain, Digest, data_chain},
    identifier::ClientId,
    message::{self, CHAIN_NAME, Covered, MESSAGE_NAME, Part, SigningCertificate, attachment_name, sign},
};

/// A signature with the chain that it covers, if the message has more than one part.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub signature: Vec<u8>,
    pub chain: Option<Chain>,
}

impl SecurityServer {
    /// Signs for `member`: the message alone, or with a body by a hash chain (reference §2.8).
    pub(super) async fn sign(
        &self,
        configuration: &Configuration,
        place: Place,
        member: &ClientId,
        message: &[u8],
        body: Option<&[u8]>,
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
        let chain = body.map(|body| {
            let parts =
                [(MESSAGE_NAME.to_owned(), Digest::sha512(message)), (attachment_name(1), Digest::sha512(body))];
            data_chain(CHAIN_NAME, &parts)
        });
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
        message: &[u8],
        body: Option<&[u8]>,
        signed: &Signed,
    ) -> Result<(), ExchangeFault> {
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
        let name = attachment_name(1);
        let mut parts = vec![Part { name: MESSAGE_NAME, data: Some(message) }];
        parts.extend(body.map(|body| Part { name: &name, data: Some(body) }));
        read.check(trusted.certificate.key(), &parts, signed.chain.as_ref()).map_err(refuse)?;
        self.judge.check_any_good(instance, place, &trusted, &read.ocsp, now)
    }
}
