//! Whether a request is signed by those who must sign it: the member whose client or server it is about, and for a new
//! authentication certificate the key of that certificate too. Checked in the order that gives the field's codes.

use super::{
    envelope::{BodySignature, Envelope, SignedByMember},
    refusal::{ManagementFault, ManagementRefusal},
    request::{Asked, ManagementRequest},
};
use crate::{
    certificates::{CertificateJudge, is_authentication, is_signing},
    configuration::Instance,
    fault::{Cause, ExchangeFault, Place},
};
use base::Timestamp;
use formats::{
    identifier::{ClientId, ServerId},
    soap::Message,
    x509::Certificate,
};
use std::net::IpAddr;

/// The field's word for a sender that may not speak for the server.
const NOT_THE_OWNER: &str = "Sender does not match server owner.";

/// By what a request is judged.
pub(super) struct Judgement<'a> {
    pub instance: &'a Instance,
    /// Who provides the management services; a registration must be meant for it.
    pub provider: &'a ClientId,
    pub at: Timestamp,
}

/// Every signature, certificate and identifier of a request.
pub(super) fn verify(
    message: &Message,
    request: &ManagementRequest,
    envelope: &Envelope,
    judgement: &Judgement<'_>,
) -> Result<(), ManagementFault> {
    match &request.asked {
        Asked::AuthCertReg { address, certificate } => {
            verify_registration(message, &request.server, address, certificate, envelope, judgement)
        }
        asked if asked.is_signed() => {
            let signer = judgement.member(&envelope.member()?, &envelope.soap, "Client")?;
            check_sender(message, &request.server)?;
            let meant = asked.client().map_or_else(|| request.server.owner(), ClientId::member_id);
            check_signer(&signer, &meant)?;
            check_content(asked)
        }
        _ => {
            envelope.end(0)?;
            check_sender(message, &request.server)
        }
    }
}

fn verify_registration(
    message: &Message,
    server: &ServerId,
    address: &str,
    certificate: &[u8],
    envelope: &Envelope,
    judgement: &Judgement<'_>,
) -> Result<(), ManagementFault> {
    let signed = envelope.registration()?;
    let authentication = judgement.authentication(signed.authentication)?;
    check_value(&authentication, &signed.proof, &envelope.soap, "Auth")?;
    let signer = judgement.member(&signed.owner, &envelope.soap, "Owner")?;
    let headers = &message.headers;
    if headers.service.provider != *judgement.provider || headers.client.instance != judgement.instance.name() {
        return Err(ManagementFault::invalid("the management services have another provider"));
    }
    check_sender(message, server)?;
    if signed.authentication != certificate {
        let text = "Authentication certificates do not match.";
        return Err(ManagementFault::new(ManagementRefusal::CertValidation, text));
    }
    check_signer(&signer, &server.owner())?;
    check_address(address)
}

/// The one who sends is the owner of the server that it speaks of.
fn check_sender(message: &Message, server: &ServerId) -> Result<(), ManagementFault> {
    if message.headers.client == server.owner() { Ok(()) } else { Err(ManagementFault::invalid(NOT_THE_OWNER)) }
}

fn check_signer(signer: &ClientId, meant: &ClientId) -> Result<(), ManagementFault> {
    if signer == meant {
        return Ok(());
    }
    Err(ManagementFault::invalid(format_args!("the certificate is {signer}'s, and the request is {meant}'s to make")))
}

fn check_content(asked: &Asked) -> Result<(), ManagementFault> {
    match asked {
        Asked::ClientReg { client, name: Some(_) } if client.subsystem.is_none() => {
            Err(ManagementFault::invalid("Only name of subsystem can be changed"))
        }
        Asked::ClientRename { client, .. } if client.subsystem.is_none() => {
            Err(ManagementFault::invalid("Only name of subsystem can be changed"))
        }
        Asked::ClientRename { name, .. } if name.trim().is_empty() => {
            Err(ManagementFault::invalid("Invalid subsystem name"))
        }
        Asked::AddressChange { address } => check_address(address),
        _ => Ok(()),
    }
}

/// A host name or an address; a port may follow, where several servers share a machine.
fn check_address(address: &str) -> Result<(), ManagementFault> {
    let host = match address.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && address.parse::<IpAddr>().is_err() => host,
        _ => address,
    };
    let host = host.trim_matches(['[', ']']);
    let label = |label: &str| {
        let plain = label.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
        !label.is_empty() && label.len() <= 63 && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.parse::<IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label)) {
        return Ok(());
    }
    Err(ManagementFault::invalid("Invalid server address"))
}

fn check_value(
    certificate: &Certificate,
    signature: &BodySignature,
    soap: &[u8],
    whose: &str,
) -> Result<(), ManagementFault> {
    if certificate.key().verifies(signature.scheme, soap, &signature.value) {
        return Ok(());
    }
    let text = format!("{whose} signature verification failed");
    Err(ManagementFault::new(ManagementRefusal::InvalidSignatureValue, text))
}

fn read(der: &[u8]) -> Result<Certificate, ManagementFault> {
    Certificate::from_der(der).map_err(|error| ManagementFault::new(ManagementRefusal::IncorrectCertificate, error))
}

/// The field tells a certificate that is not good from an OCSP response that proves nothing.
fn refused(fault: &ExchangeFault) -> ManagementFault {
    let refusal = match Cause::from_code(&fault.code) {
        Some(Cause::IncorrectValidationInfo) => ManagementRefusal::IncorrectValidationInfo,
        _ => ManagementRefusal::CertValidation,
    };
    ManagementFault::new(refusal, &fault.text)
}

impl Judgement<'_> {
    const PLACE: Place = Place::ServerProxy;

    /// The member that signed the SOAP part, with a certificate that is good now.
    fn member(&self, signed: &SignedByMember<'_>, soap: &[u8], whose: &str) -> Result<ClientId, ManagementFault> {
        let certificate = read(signed.certificate)?;
        check_value(&certificate, &signed.signature, soap, whose)?;
        // A judge of its own: what one request brings is not remembered for the next.
        let judge = CertificateJudge::default();
        let trusted = judge
            .path(self.instance, Self::PLACE, signed.certificate, &[], self.at)
            .map_err(|fault| refused(&fault))?;
        let not_for_signing =
            || ManagementFault::new(ManagementRefusal::CertValidation, "the certificate is not for signing");
        if !is_signing(&trusted.certificate) {
            return Err(not_for_signing());
        }
        judge
            .check_good(self.instance, Self::PLACE, &trusted, signed.ocsp, self.at)
            .map_err(|fault| refused(&fault))?;
        trusted.member.clone().ok_or_else(not_for_signing)
    }

    /// An authentication certificate of an approved authority, valid now. It is not active yet, so nobody asks for its
    /// OCSP response.
    fn authentication(&self, der: &[u8]) -> Result<Certificate, ManagementFault> {
        let certificate = read(der)?;
        let trusted = CertificateJudge::default()
            .path(self.instance, Self::PLACE, der, &[], self.at)
            .map_err(|fault| refused(&fault))?;
        if is_authentication(&trusted.certificate) {
            return Ok(certificate);
        }
        let text = "Authentication certificate is not valid";
        Err(ManagementFault::new(ManagementRefusal::CertValidation, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_or_without_a_port() {
        for good in ["one.az", "10.0.0.1", "127.0.0.1:8810", "::1", "[::1]:5500", "bələdiyyə.az", "localhost"] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "http://one.az", "one..az", "-one.az", "one.az/x", "one.az:99999", "a b"] {
            let fault = check_address(bad).expect_err(bad);
            assert_eq!(
                (fault.refusal, fault.text.as_str()),
                (ManagementRefusal::InvalidRequest, "Invalid server address")
            );
        }
    }
}
