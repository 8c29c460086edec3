//! The parts of a management request as HTTP carries them: the SOAP message alone, or in `multipart/related` with the
//! signatures over its bytes, the certificates, and the OCSP response (management protocol §2.1, §2.3).

use super::refusal::ManagementFault;
use base::{Algorithm, Fault, Signer};
use formats::{
    asn1::ecdsa,
    mime::{ContentType, read_all, write_end, write_part},
    verify::{Digest, Family, Scheme},
};

const BINARY: &str = "application/octet-stream";
const ALGORITHM: &str = "signature-algorithm-id";

/// A signature over the bytes of the SOAP part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodySignature {
    pub scheme: Scheme,
    pub value: Vec<u8>,
}

/// A request taken apart; nothing in it is believed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The SOAP message, byte by byte as it came.
    pub soap: Vec<u8>,
    /// The parts behind it, in their order, with the algorithm where one is named.
    parts: Vec<(Option<Scheme>, Vec<u8>)>,
}

/// How the field names signature algorithms, with ours.
fn scheme(name: &str) -> Option<Scheme> {
    let (digest, family) = name.trim().split_once("with")?;
    let digest = match digest {
        "SHA256" => Digest::Sha256,
        "SHA384" => Digest::Sha384,
        "SHA512" => Digest::Sha512,
        _ => return None,
    };
    let family = match family {
        "RSA" => Family::RsaPkcs1,
        "RSAandMGF1" => Family::RsaPss,
        "ECDSA" => Family::EcdsaDer,
        _ => return None,
    };
    Some(Scheme { family, digest })
}

fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => "SHA256withECDSA",
        Algorithm::RsaPkcs1Sha256 => "SHA256withRSA",
        Algorithm::RsaPkcs1Sha512 => "SHA512withRSA",
    }
}

impl Envelope {
    pub fn read(content_type: &str, body: &[u8]) -> Result<Envelope, ManagementFault> {
        let invalid = |why: &dyn std::fmt::Display| ManagementFault::invalid(why);
        let kind = ContentType::parse(content_type).ok_or_else(|| invalid(&"no content type"))?;
        if kind.essence == "text/xml" {
            return Ok(Envelope { soap: body.to_vec(), parts: Vec::new() });
        }
        if kind.essence != "multipart/related" {
            return Err(invalid(&"the request must be text/xml or multipart/related"));
        }
        let boundary = kind.boundary().ok_or_else(|| invalid(&"no boundary"))?;
        let mut read = read_all(body, 0..body.len(), boundary).map_err(|error| invalid(&error))?.into_iter();
        let first = read.next().ok_or_else(|| invalid(&"Request contains no SOAP message"))?;
        let is_soap = first.header("content-type").and_then(ContentType::parse);
        if is_soap.is_none_or(|kind| kind.essence != "text/xml") {
            return Err(invalid(&"Request contains no SOAP message"));
        }
        let parts = read.map(|part| {
            let named = part.header(ALGORITHM).map(|name| {
                scheme(name).ok_or_else(|| invalid(&format_args!("signature algorithm {name} is not known")))
            });
            Ok((named.transpose()?, body[part.body.clone()].to_vec()))
        });
        let parts = parts.collect::<Result<Vec<_>, ManagementFault>>()?;
        Ok(Envelope { soap: body[first.body].to_vec(), parts })
    }

    fn part(&self, place: usize, missing: &str) -> Result<&[u8], ManagementFault> {
        let part = self.parts.get(place).filter(|(_, bytes)| !bytes.is_empty());
        part.map(|(_, bytes)| bytes.as_slice()).ok_or_else(|| ManagementFault::invalid(missing))
    }

    fn signature(&self, place: usize, missing: &str) -> Result<BodySignature, ManagementFault> {
        let value = self.part(place, missing)?.to_vec();
        let scheme =
            self.parts[place].0.ok_or_else(|| ManagementFault::invalid("signature algorithm id is missing"))?;
        Ok(BodySignature { scheme, value })
    }

    /// Signature, certificate and OCSP response of the one member that signs.
    pub(super) fn member(&self) -> Result<SignedByMember<'_>, ManagementFault> {
        self.end(3)?;
        Ok(SignedByMember {
            signature: self.signature(0, "Client signature is missing")?,
            certificate: self.part(1, "Client certificate is missing")?,
            ocsp: self.part(2, "Client certificate OCSP is missing")?,
        })
    }

    /// The parts of `authCertReg`: the proof that the server has the key, and the owner's signature.
    pub(super) fn registration(&self) -> Result<SignedRegistration<'_>, ManagementFault> {
        self.end(5)?;
        Ok(SignedRegistration {
            proof: self.signature(0, "Auth signature is missing")?,
            authentication: self.part(2, "Auth certificate is missing")?,
            owner: SignedByMember {
                signature: self.signature(1, "Owner signature is missing")?,
                certificate: self.part(3, "Owner certificate is missing")?,
                ocsp: self.part(4, "Owner certificate OCSP is missing")?,
            },
        })
    }

    /// What nobody signed is not there.
    pub(super) fn end(&self, most: usize) -> Result<(), ManagementFault> {
        if self.parts.len() > most {
            return Err(ManagementFault::invalid("there are more parts than the request has"));
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct SignedByMember<'a> {
    pub signature: BodySignature,
    pub certificate: &'a [u8],
    pub ocsp: &'a [u8],
}

#[derive(Debug)]
pub(super) struct SignedRegistration<'a> {
    pub proof: BodySignature,
    pub authentication: &'a [u8],
    pub owner: SignedByMember<'a>,
}

/// A part to be written: with the algorithm, if it is a signature.
pub enum Piece<'a> {
    Signature(Algorithm, Vec<u8>),
    Bytes(&'a [u8]),
}

/// A signature as the protocol carries it: over the whole message, ECDSA in DER.
pub fn sign(signer: &dyn Signer, soap: &[u8]) -> Result<Piece<'static>, Fault> {
    let value = signer.sign(soap)?;
    let value = match signer.algorithm() {
        Algorithm::EcdsaP256Sha256 => {
            ecdsa::to_der(&value).map_err(|_| Fault::new("sign a management request", "not r‖s"))?
        }
        Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 => value,
    };
    Ok(Piece::Signature(signer.algorithm(), value))
}

/// Content type and body.
pub fn write(soap: &[u8], pieces: &[Piece<'_>], boundary: &str) -> (String, Vec<u8>) {
    let mut out = Vec::new();
    write_part(&mut out, boundary, &[("Content-Type", "text/xml; charset=UTF-8")], soap);
    for piece in pieces {
        match piece {
            Piece::Signature(algorithm, value) => {
                let headers = [("Content-Type", BINARY), (ALGORITHM, algorithm_name(*algorithm))];
                write_part(&mut out, boundary, &headers, value);
            }
            Piece::Bytes(bytes) => write_part(&mut out, boundary, &[("Content-Type", BINARY)], bytes),
        }
    }
    write_end(&mut out, boundary);
    (format!("multipart/related; charset=UTF-8; boundary={boundary}"), out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_in_their_order() {
        let pieces = [
            Piece::Signature(Algorithm::EcdsaP256Sha256, b"sig".to_vec()),
            Piece::Bytes(b"certificate"),
            Piece::Bytes(b"ocsp"),
        ];
        let (kind, body) = write(b"<soap/>", &pieces, "xyz");
        let envelope = Envelope::read(&kind, &body).expect("readable");
        assert_eq!(envelope.soap, b"<soap/>");
        let member = envelope.member().expect("complete");
        assert_eq!((member.signature.scheme.family, member.certificate), (Family::EcdsaDer, &b"certificate"[..]));
        assert_eq!((member.signature.value, member.ocsp), (b"sig".to_vec(), &b"ocsp"[..]));
        assert!(envelope.registration().is_err() && envelope.end(2).is_err());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let check = |pieces: &[Piece<'_>], expected: &str| {
            let (kind, body) = write(b"<soap/>", pieces, "xyz");
            let fault = Envelope::read(&kind, &body).and_then(|envelope| envelope.member().map(|_| ()));
            assert_eq!(fault.expect_err("refused").text, expected);
        };
        check(&[], "Client signature is missing");
        check(&[Piece::Bytes(b"sig")], "signature algorithm id is missing");
        check(&[Piece::Signature(Algorithm::RsaPkcs1Sha256, b"sig".to_vec())], "Client certificate is missing");
        assert!(Envelope::read("text/plain", b"").is_err());
        assert!(Envelope::read("multipart/related; boundary=x", b"--x--").is_err());
        assert!(
            Envelope::read("multipart/related; boundary=x", b"--x\r\nContent-Type: image/png\r\n\r\n\r\n--x--")
                .is_err()
        );
    }

    #[test]
    fn algorithms_have_the_field_s_names() {
        for name in ["SHA512withRSA", "SHA256withRSAandMGF1", "SHA384withECDSA"] {
            assert!(scheme(name).is_some(), "{name}");
        }
        for name in ["SHA1withRSA", "SHA256withDSA", "RSA", ""] {
            assert!(scheme(name).is_none(), "{name}");
        }
    }
}
