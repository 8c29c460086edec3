//! The smart card's answer (Web eID authentication token, format 1): reading it and checking its signature. What it says
//! about the person is not read; the certificate alone speaks.

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use formats::verify::{Digest, Family, PublicKey, Scheme};

const TOKEN_SIZE_BYTES_MAX: usize = 16 * 1024;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    unverified_certificate: String,
    algorithm: String,
    signature: String,
    format: String,
}

/// A token whose form was read. Unknown members were ignored.
#[derive(Debug, PartialEq, Eq)]
pub struct Token {
    pub certificate: Vec<u8>,
    algorithm: Algorithm,
    signature: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Algorithm {
    scheme_family: Family,
    digest: Digest,
}

/// Why an answer is not accepted before anybody looks at its certificate; for the audit entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    Form,
    Format,
    Algorithm,
}

pub fn read(text: &str) -> Result<Token, Unreadable> {
    if text.len() > TOKEN_SIZE_BYTES_MAX {
        return Err(Unreadable::Form);
    }
    let wire: Wire = serde_json::from_str(text).map_err(|_| Unreadable::Form)?;
    // Major version 1 in any minor version: `web-eid:1`, `web-eid:1.0`, `web-eid:1.1`.
    let major = wire.format.strip_prefix("web-eid:").map(|version| version.split('.').next().unwrap_or_default());
    if major != Some("1") {
        return Err(Unreadable::Format);
    }
    let algorithm = algorithm(&wire.algorithm).ok_or(Unreadable::Algorithm)?;
    let decode = |text: &str| BASE64.decode(text).map_err(|_| Unreadable::Form);
    Ok(Token { certificate: decode(&wire.unverified_certificate)?, algorithm, signature: decode(&wire.signature)? })
}

fn algorithm(name: &str) -> Option<Algorithm> {
    let (family, size) = name.split_at_checked(2)?;
    let scheme_family = match family {
        "ES" => Family::EcdsaFixed,
        "RS" => Family::RsaPkcs1,
        "PS" => Family::RsaPss,
        _ => return None,
    };
    let digest = match size {
        "256" => Digest::Sha256,
        "384" => Digest::Sha384,
        "512" => Digest::Sha512,
        _ => return None,
    };
    Some(Algorithm { scheme_family, digest })
}

/// What the card signs: the hashes of the origin and of the challenge's base64 text, one after the other.
pub fn signed_value(digest: Digest, origin: &str, nonce: &str) -> Vec<u8> {
    [digest.of(origin.as_bytes()), digest.of(nonce.as_bytes())].concat()
}

impl Token {
    /// Whether the certificate's key signed this challenge for this origin.
    pub fn is_signed_by(&self, public_key_der: &[u8], origin: &str, nonce: &str) -> bool {
        let Algorithm { scheme_family: family, digest } = self.algorithm;
        let Ok(key) = PublicKey::from_spki(public_key_der) else { return false };
        key.verifies(Scheme { family, digest }, &signed_value(digest, origin, nonce), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Algorithm as KeyAlgorithm, Signer};
    use host::keys::SoftKey;
    use serde_json::{Value, json};

    const ORIGIN: &str = "https://giris.example";
    const NONCE: &str = "Hy0TYDn7qJw0Oa2kLmyDeIL0pCwTI1Hs0rNCqVwSRr9Q";

    fn token(signer: &dyn Signer) -> Value {
        let value = signed_value(Digest::Sha256, ORIGIN, NONCE);
        json!({ "unverifiedCertificate": BASE64.encode(b"certificate"), "algorithm": "ES256",
            "signature": BASE64.encode(signer.sign(&value).expect("signed")), "format": "web-eid:1.0",
            "appVersion": "https://web-eid.eu/web-eid-app/releases/v2.0.0" })
    }

    #[test]
    fn only_this_challenge_for_this_origin_by_this_key() {
        let signer = SoftKey::generate(KeyAlgorithm::EcdsaP256Sha256).expect("a key");
        let other = SoftKey::generate(KeyAlgorithm::EcdsaP256Sha256).expect("a key");
        let token = read(&token(&signer).to_string()).expect("a token");
        assert_eq!(token.certificate, b"certificate");
        assert!(token.is_signed_by(signer.public_key_der(), ORIGIN, NONCE));
        assert!(!token.is_signed_by(signer.public_key_der(), "https://evil.example", NONCE), "another origin");
        assert!(!token.is_signed_by(signer.public_key_der(), ORIGIN, "another challenge"));
        assert!(!token.is_signed_by(other.public_key_der(), ORIGIN, NONCE), "another key");
        assert!(!token.is_signed_by(b"no key", ORIGIN, NONCE));
    }

    #[test]
    fn other_forms_are_refused() {
        let signer = SoftKey::generate(KeyAlgorithm::EcdsaP256Sha256).expect("a key");
        let good = token(&signer);
        let with = |name: &str, value: &str| {
            let mut changed = good.clone();
            changed[name] = value.into();
            changed.to_string()
        };
        for (text, expected) in [
            (String::new(), Unreadable::Form),
            ("[]".to_owned(), Unreadable::Form),
            (" ".repeat(TOKEN_SIZE_BYTES_MAX + 1), Unreadable::Form),
            (with("signature", "not base64"), Unreadable::Form),
            (with("format", "web-eid:2.0"), Unreadable::Format),
            (with("format", "web-eid:10"), Unreadable::Format),
            (with("format", "jwt"), Unreadable::Format),
            (with("algorithm", "none"), Unreadable::Algorithm),
            (with("algorithm", "ES1"), Unreadable::Algorithm),
            (with("algorithm", "HS256"), Unreadable::Algorithm),
        ] {
            assert_eq!(read(&text), Err(expected), "{text:.80}");
        }
        assert!(read(&with("format", "web-eid:1.7")).is_ok(), "minor versions are compatible");
    }
}
