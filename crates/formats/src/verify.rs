//! Digests and the checking of signatures with public keys, over `aws-lc-rs`. Every format comes here to verify, so that
//! the list of accepted algorithms stands once. SHA-1 is a name for OCSP's certificate ids; as a signature's digest it
//! counts for old evidence alone, and only where a caller says until when.

use crate::asn1::{Cursor, Malformed, ecdsa, oid};
use aws_lc_rs::{digest, signature};
use base::{Algorithm, Timestamp};

/// Message digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), message).as_ref().to_vec()
    }

    /// Length of the value in bytes.
    pub fn size_bytes(self) -> usize {
        match self {
            Digest::Sha1 => 20,
            Digest::Sha256 => 32,
            Digest::Sha384 => 48,
            Digest::Sha512 => 64,
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Digest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &digest::SHA256,
            Digest::Sha384 => &digest::SHA384,
            Digest::Sha512 => &digest::SHA512,
        }
    }
}

/// SHA-256 of a message, the digest of everything that we write ourselves.
pub fn sha256(message: &[u8]) -> [u8; 32] {
    let mut value = [0; 32];
    value.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
    value
}

/// How the signature value is made and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// r‖s (XML-DSig, JWS).
    EcdsaFixed,
    /// DER (X.509, CMS, OCSP).
    EcdsaDer,
    RsaPkcs1,
    RsaPss,
}

/// A signature algorithm with its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scheme {
    pub family: Family,
    pub digest: Digest,
}

impl Scheme {
    /// How a `Signer` of this algorithm encodes its values.
    pub fn of_signer(algorithm: Algorithm) -> Scheme {
        match algorithm {
            Algorithm::EcdsaP256Sha256 => Scheme { family: Family::EcdsaFixed, digest: Digest::Sha256 },
            Algorithm::RsaPkcs1Sha256 => Scheme { family: Family::RsaPkcs1, digest: Digest::Sha256 },
            Algorithm::RsaPkcs1Sha512 => Scheme { family: Family::RsaPkcs1, digest: Digest::Sha512 },
        }
    }
}

/// Which algorithms prove something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strength {
    /// What is accepted today.
    #[default]
    Current,
    /// Also what was accepted in its time: RSA over SHA-1, and RSA keys from 1024 bits.
    Past,
}

/// Until when the weak algorithms of the past were acceptable: evidence is judged by what held when it was made (ETSI TS
/// 119 312 §4). Without an instant they never were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlgorithmPolicy {
    pub weak_until: Option<Timestamp>,
}

impl AlgorithmPolicy {
    pub fn at(self, at: Timestamp) -> Strength {
        if self.weak_until.is_some_and(|until| at < until) { Strength::Past } else { Strength::Current }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

/// A public key that signatures can be checked with. Its numbers are judged at the first verification, not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    spki: Vec<u8>,
    /// The point or the RSAPublicKey: the content of the bit string.
    raw: Vec<u8>,
}

impl PublicKey {
    /// From SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). Curves other than P-256 and P-384 are malformed here.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Malformed> {
        let mut inside = Cursor::sequence_of(spki, "public key")?;
        let mut algorithm = inside.sequence()?;
        let kind = match algorithm.oid()? {
            oid::RSA_ENCRYPTION => Kind::Rsa,
            oid::EC_PUBLIC_KEY => match algorithm.oid()? {
                oid::P256 => Kind::P256,
                oid::P384 => Kind::P384,
                _ => return Err(inside.malformed()),
            },
            _ => return Err(inside.malformed()),
        };
        let raw = inside.bit_string()?.to_vec();
        inside.end()?;
        Ok(PublicKey { kind, spki: spki.to_vec(), raw })
    }

    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The uncompressed point of a P-256 key: 4, x, y.
    pub fn p256_point(&self) -> Option<&[u8]> {
        (self.kind == Kind::P256 && self.raw.len() == 65 && self.raw[0] == 4).then_some(&self.raw)
    }

    /// Whether the key is one that a certificate may be issued for: a point on its curve, or RSA of 2048 to 8192 bits.
    pub fn is_acceptable(&self) -> bool {
        let digest = Digest::Sha256;
        let family = if self.kind == Kind::Rsa { Family::RsaPkcs1 } else { Family::EcdsaDer };
        let Some(algorithm) = self.algorithm(Scheme { family, digest }) else { return false };
        let well_formed = signature::UnparsedPublicKey::new(algorithm, &self.raw).parse().is_ok();
        well_formed && (self.kind != Kind::Rsa || self.modulus_bits().is_some_and(|bits| (2048..=8192).contains(&bits)))
    }

    fn modulus_bits(&self) -> Option<usize> {
        let mut numbers = Cursor::sequence_of(&self.raw, "RSA key").ok()?;
        let modulus = numbers.integer().ok()?;
        let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
        let unused = digits.first()?.leading_zeros();
        (digits.len() * 8).checked_sub(usize::try_from(unused).ok()?)
    }

    /// The content of the key's bit string, whose SHA-1 is the key identifier (RFC 5280 §4.2.1.2) and OCSP's key hash.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_as_of(Strength::Current, scheme, message, signature)
    }

    /// The same by the algorithms of another time.
    pub fn verifies_as_of(&self, strength: Strength, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let Some(value) = self.in_der(scheme, signature) else { return false };
        let past = || if strength == Strength::Past { self.past_algorithm(scheme) } else { None };
        let Some(algorithm) = past().or_else(|| self.algorithm(scheme)) else { return false };
        signature::UnparsedPublicKey::new(algorithm, &self.raw).verify(message, &value).is_ok()
    }

    /// The same when only the digest of the message is at hand, as with cards and phones.
    pub fn verifies_digest(&self, scheme: Scheme, digest_value: &[u8], signature: &[u8]) -> bool {
        let Some(value) = self.in_der(scheme, signature) else { return false };
        let Some(algorithm) = self.algorithm(scheme) else { return false };
        let Ok(digest) = digest::Digest::import_less_safe(digest_value, scheme.digest.algorithm()) else {
            return false;
        };
        signature::UnparsedPublicKey::new(algorithm, &self.raw).verify_digest(&digest, &value).is_ok()
    }

    fn in_der(&self, scheme: Scheme, signature: &[u8]) -> Option<Vec<u8>> {
        let size = match self.kind {
            Kind::P256 => 64,
            Kind::P384 => 96,
            Kind::Rsa => 0,
        };
        match scheme.family {
            Family::EcdsaFixed => ecdsa::to_der(signature).ok().filter(|_| signature.len() == size),
            _ => Some(signature.to_vec()),
        }
    }

    /// RSA as it was used until about 2015; elliptic curves never were weak here.
    fn past_algorithm(&self, scheme: Scheme) -> Option<&'static dyn signature::VerificationAlgorithm> {
        Some(match (self.kind, scheme.family, scheme.digest) {
            (Kind::Rsa, Family::RsaPkcs1, Digest::Sha1) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Kind::Rsa, Family::RsaPkcs1, Digest::Sha256) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (Kind::Rsa, Family::RsaPkcs1, Digest::Sha512) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            _ => return None,
        })
    }

    fn algorithm(&self, scheme: Scheme) -> Option<&'static dyn signature::VerificationAlgorithm> {
        use Digest::{Sha256, Sha384, Sha512};
        use Family::{EcdsaDer, EcdsaFixed, RsaPkcs1, RsaPss};
        Some(match (self.kind, scheme.family, scheme.digest) {
            (Kind::P256, EcdsaFixed | EcdsaDer, Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, EcdsaFixed | EcdsaDer, Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Kind::P256, EcdsaFixed | EcdsaDer, Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (Kind::P384, EcdsaFixed | EcdsaDer, Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, EcdsaFixed | EcdsaDer, Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Kind::P384, EcdsaFixed | EcdsaDer, Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Kind::Rsa, RsaPkcs1, Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, RsaPkcs1, Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, RsaPkcs1, Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Kind::Rsa, RsaPss, Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, RsaPss, Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, RsaPss, Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{asn1::write, testkey::TestKey};
    use base::Signer;

    #[test]
    fn a_signature_verifies_whole_by_digest_and_in_both_shapes() {
        let signer = TestKey::generate();
        let key = PublicKey::from_spki(signer.public_key_der()).expect("a key");
        let fixed = signer.sign(b"salam").expect("signed");
        let scheme = Scheme::of_signer(signer.algorithm());
        assert!(key.verifies(scheme, b"salam", &fixed));
        assert!(key.verifies_digest(scheme, &sha256(b"salam"), &fixed));
        let der = ecdsa::to_der(&fixed).expect("DER");
        assert!(key.verifies(Scheme { family: Family::EcdsaDer, ..scheme }, b"salam", &der));
        assert!(!key.verifies(scheme, b"salam", &der), "the wrong shape");
        assert!(!key.verifies(scheme, b"Salam", &fixed), "another message");
        assert!(!key.verifies(Scheme { family: Family::RsaPkcs1, ..scheme }, b"salam", &fixed), "another family");
        assert!(!key.verifies(Scheme { digest: Digest::Sha1, ..scheme }, b"salam", &fixed), "SHA-1 signs nothing");
    }

    #[test]
    fn keys_off_their_curve_or_too_short_are_not_acceptable() {
        let spki = TestKey::generate().public_key_der().to_vec();
        assert!(PublicKey::from_spki(&spki).expect("a key").is_acceptable());
        let mut off_curve = spki;
        *off_curve.last_mut().expect("a byte") ^= 1;
        assert!(!PublicKey::from_spki(&off_curve).expect("the form of a key").is_acceptable());
        let rsa = |bytes: usize| {
            let algorithm = write::sequence(&[&write::oid(oid::RSA_ENCRYPTION), &write::null()]);
            let numbers = write::sequence(&[&write::unsigned(&vec![0xff; bytes]), &write::number(65537)]);
            PublicKey::from_spki(&write::sequence(&[&algorithm, &write::bit_string(&numbers)]))
                .expect("the form of a key")
        };
        assert!(rsa(256).is_acceptable());
        assert!(!rsa(128).is_acceptable() && !rsa(2048).is_acceptable());
    }

    #[test]
    fn what_is_no_key_is_malformed() {
        for spki in [&[][..], &[0x30, 0x00], b"-----BEGIN PUBLIC KEY-----"] {
            assert!(PublicKey::from_spki(spki).is_err());
        }
    }
}
