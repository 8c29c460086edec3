//! Compact serialization (RFC 7515 §7.1) with ES256.

use super::{JoseError, Jwk, Jwks};
use crate::verify::{Digest, Family, Scheme};
use base::{Algorithm, Fault, Signer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

/// Longest token that is looked at.
pub const TOKEN_SIZE_BYTES_MAX: usize = 64 * 1024;

const ES256: Scheme = Scheme { family: Family::EcdsaFixed, digest: Digest::Sha256 };

/// Signs `payload` (JSON or not). The header is `alg` and what `header` adds (`typ`, `kid`, `nonce`…; it cannot change `alg`).
/// A signer that is not P-256 is a fault of the configuration.
pub fn sign(header: Map<String, Value>, payload: &[u8], signer: &dyn Signer) -> Result<String, Fault> {
    if signer.algorithm() != Algorithm::EcdsaP256Sha256 {
        return Err(Fault::new("sign a token", "the key is not on P-256"));
    }
    let mut whole = Map::new();
    whole.extend(header);
    whole.insert("alg".into(), json!("ES256"));
    let header = Value::Object(whole).to_string();
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let value = signer.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(value)))
}

/// A token whose form was read and whose signature was not yet checked: only its header may be looked at, to find the key.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    header: Map<String, Value>,
    input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// A token whose signature is the key's.
#[derive(Debug)]
pub struct VerifiedJws {
    pub header: Map<String, Value>,
    pub payload: Vec<u8>,
}

/// Reads the form of a compact token; `alg` must be ES256 and `crit` absent.
pub fn read(token: &str) -> Result<UnverifiedJws<'_>, JoseError> {
    if token.len() > TOKEN_SIZE_BYTES_MAX {
        return Err(JoseError::Malformed);
    }
    let (input, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
    let (header, payload) = input.split_once('.').ok_or(JoseError::Malformed)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JoseError::Malformed);
    let header: Map<String, Value> = serde_json::from_slice(&decode(header)?).map_err(|_| JoseError::Malformed)?;
    if header.get("alg") != Some(&json!("ES256")) || header.contains_key("crit") {
        return Err(JoseError::Algorithm);
    }
    Ok(UnverifiedJws { header, input, payload: decode(payload)?, signature: decode(signature)? })
}

impl UnverifiedJws<'_> {
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid")?.as_str()
    }

    pub fn verify(self, key: &Jwk) -> Result<VerifiedJws, JoseError> {
        if !key.public_key()?.verifies(ES256, self.input.as_bytes(), &self.signature) {
            return Err(JoseError::Signature);
        }
        Ok(VerifiedJws { header: self.header, payload: self.payload })
    }

    /// With the key of the set that `kid` names; a token without `kid` is of an unknown key.
    pub fn verify_with(self, keys: &Jwks) -> Result<VerifiedJws, JoseError> {
        let key = self.kid().and_then(|kid| keys.find(kid)).ok_or(JoseError::UnknownKey)?;
        self.verify(key)
    }
}

impl VerifiedJws {
    /// The payload as JSON of a known shape.
    pub fn claims<T: serde::de::DeserializeOwned>(&self) -> Result<T, JoseError> {
        serde_json::from_slice(&self.payload).map_err(|_| JoseError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkey::TestKey;

    fn token(signer: &TestKey) -> (String, Jwk) {
        let jwk = Jwk::from_spki(signer.public_key_der()).expect("a key");
        let mut header = Map::new();
        header.insert("kid".into(), json!(jwk.thumbprint()));
        header.insert("alg".into(), json!("none"));
        (sign(header, br#"{"sub":"x"}"#, signer).expect("signed"), jwk)
    }

    #[test]
    fn a_token_verifies_with_its_key_only() {
        let (token, jwk) = token(&TestKey::generate());
        let keys = Jwks { keys: vec![jwk] };
        let verified = read(&token).expect("a token").verify_with(&keys).expect("verified");
        assert_eq!(verified.claims::<Value>().expect("JSON"), json!({ "sub": "x" }));
        let other = Jwk::from_spki(TestKey::generate().public_key_der()).expect("a key");
        assert_eq!(read(&token).expect("a token").verify(&other).expect_err("refused"), JoseError::Signature);
        let empty = read(&token).expect("a token").verify_with(&Jwks::default());
        assert_eq!(empty.expect_err("refused"), JoseError::UnknownKey);
    }

    #[test]
    fn every_changed_part_is_refused() {
        let (token, jwk) = token(&TestKey::generate());
        for at in [3, token.find('.').expect("a dot") + 3, token.len() - 8] {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("text");
            assert!(read(&changed).and_then(|token| token.verify(&jwk)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn forms_that_are_no_token_are_refused() {
        let header = |json: &str| format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(json));
        for (token, error) in [
            (String::new(), JoseError::Malformed),
            ("a.b".into(), JoseError::Malformed),
            ("e30.e30.AA=".into(), JoseError::Algorithm),
            (header(r#"{"alg":"none"}"#), JoseError::Algorithm),
            (header(r#"{"alg":"HS256"}"#), JoseError::Algorithm),
            (header(r#"{"alg":"ES256","crit":["b64"],"b64":false}"#), JoseError::Algorithm),
            (header(r#"{"alg":"ES256"}"#) + "*", JoseError::Malformed),
            ("A".repeat(TOKEN_SIZE_BYTES_MAX + 1), JoseError::Malformed),
        ] {
            assert_eq!(read(&token).expect_err("refused"), error, "{token:.60}");
        }
    }
}
