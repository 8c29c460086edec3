//! AlgorithmIdentifier (RFC 5280 §4.1.1.2) for digests and signatures, with the parameters that their standards demand.

use super::{Cursor, Malformed, oid, write};
use crate::verify::{Digest, Family, Scheme};
use base::Algorithm;

/// The identifier of a digest as CMS and OCSP write it. Parameters are absent for SHA-2 (RFC 5754 §2), NULL for SHA-1,
/// as every OCSP client writes it.
pub fn write_digest(digest: Digest) -> Vec<u8> {
    match digest {
        Digest::Sha1 => write::sequence(&[&write::oid(oid::SHA1), &write::null()]),
        Digest::Sha256 => write::sequence(&[&write::oid(oid::SHA256)]),
        Digest::Sha384 => write::sequence(&[&write::oid(oid::SHA384)]),
        Digest::Sha512 => write::sequence(&[&write::oid(oid::SHA512)]),
    }
}

/// Reads the next element as a digest's identifier; `Ok(None)` is a digest that is not known here.
pub fn read_digest(cursor: &mut Cursor<'_>) -> Result<Option<Digest>, Malformed> {
    let mut inside = cursor.sequence()?;
    let known = match inside.oid()? {
        oid::SHA1 => Some(Digest::Sha1),
        oid::SHA256 => Some(Digest::Sha256),
        oid::SHA384 => Some(Digest::Sha384),
        oid::SHA512 => Some(Digest::Sha512),
        _ => None,
    };
    parameters(inside)?;
    Ok(known)
}

/// The signature algorithm of a key of ours: absent parameters for ECDSA (RFC 5758 §3.2), NULL for RSA (RFC 4055 §5).
pub fn write_signature(algorithm: Algorithm) -> Vec<u8> {
    match algorithm {
        Algorithm::EcdsaP256Sha256 => write::sequence(&[&write::oid(oid::ECDSA_WITH_SHA256)]),
        Algorithm::RsaPkcs1Sha256 => write::sequence(&[&write::oid(oid::SHA256_WITH_RSA), &write::null()]),
        Algorithm::RsaPkcs1Sha512 => write::sequence(&[&write::oid(oid::SHA512_WITH_RSA), &write::null()]),
    }
}

/// Reads the next element as a signature algorithm; `Ok(None)` is one that is not accepted here.
/// CMS also allows the bare key algorithm (RFC 3370 §3.2): then `digest` says which digest goes with it.
pub fn read_signature(cursor: &mut Cursor<'_>, digest: Option<Digest>) -> Result<Option<Scheme>, Malformed> {
    let mut inside = cursor.sequence()?;
    let scheme = |family, digest| Some(Scheme { family, digest });
    let known = match inside.oid()? {
        oid::ECDSA_WITH_SHA256 => scheme(Family::EcdsaDer, Digest::Sha256),
        oid::ECDSA_WITH_SHA384 => scheme(Family::EcdsaDer, Digest::Sha384),
        oid::ECDSA_WITH_SHA512 => scheme(Family::EcdsaDer, Digest::Sha512),
        oid::SHA1_WITH_RSA => scheme(Family::RsaPkcs1, Digest::Sha1),
        oid::SHA256_WITH_RSA => scheme(Family::RsaPkcs1, Digest::Sha256),
        oid::SHA384_WITH_RSA => scheme(Family::RsaPkcs1, Digest::Sha384),
        oid::SHA512_WITH_RSA => scheme(Family::RsaPkcs1, Digest::Sha512),
        oid::RSA_ENCRYPTION => digest.map(|digest| Scheme { family: Family::RsaPkcs1, digest }),
        _ => None,
    };
    if known.is_some() {
        parameters(inside)?;
    }
    Ok(known)
}

/// Absent or NULL; anything else is not one of the algorithms above.
fn parameters(mut inside: Cursor<'_>) -> Result<(), Malformed> {
    if !inside.is_empty() {
        let element = inside.expect(super::tag::NULL)?;
        if !element.content.is_empty() {
            return Err(inside.malformed());
        }
    }
    inside.end()
}
