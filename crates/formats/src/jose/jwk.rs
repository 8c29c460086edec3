//! Public keys as JSON (RFC 7517), P-256 only (RFC 7518 §6.2).

use super::JoseError;
use crate::{
    asn1::{oid, write},
    verify::{PublicKey, sha256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A public key. Members that are not listed (such as a private `d`) are never written and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub y: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

impl Jwk {
    /// The key of a SubjectPublicKeyInfo, with `kid` = its thumbprint, `use` = `sig`, `alg` = `ES256`.
    pub fn from_spki(spki: &[u8]) -> Result<Self, JoseError> {
        let key = PublicKey::from_spki(spki).map_err(|_| JoseError::Malformed)?;
        let point = key.p256_point().ok_or(JoseError::Algorithm)?;
        let mut jwk = Jwk {
            kty: "EC".into(),
            crv: "P-256".into(),
            x: URL_SAFE_NO_PAD.encode(&point[1..33]),
            y: URL_SAFE_NO_PAD.encode(&point[33..]),
            kid: None,
            usage: Some("sig".into()),
            alg: Some("ES256".into()),
        };
        jwk.kid = Some(jwk.thumbprint());
        Ok(jwk)
    }

    /// RFC 7638: base64url of SHA-256 over the required members in order, no spaces.
    pub fn thumbprint(&self) -> String {
        let members = serde_json::json!({ "crv": self.crv, "kty": self.kty, "x": self.x, "y": self.y });
        URL_SAFE_NO_PAD.encode(sha256(members.to_string().as_bytes()))
    }

    pub fn public_key(&self) -> Result<PublicKey, JoseError> {
        if self.kty != "EC" || self.crv != "P-256" || self.alg.as_deref().is_some_and(|alg| alg != "ES256") {
            return Err(JoseError::Algorithm);
        }
        let half = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 32);
        let (x, y) = half(&self.x).zip(half(&self.y)).ok_or(JoseError::Malformed)?;
        let algorithm = write::sequence(&[&write::oid(oid::EC_PUBLIC_KEY), &write::oid(oid::P256)]);
        let spki = write::sequence(&[&algorithm, &write::bit_string(&[&[4][..], &x, &y].concat())]);
        PublicKey::from_spki(&spki).map_err(|_| JoseError::Malformed)
    }
}

/// A set of keys, as served at `jwks_uri`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

impl Jwks {
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid.as_deref() == Some(kid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkey::TestKey;
    use base::Signer;

    #[test]
    fn a_key_round_trips_and_names_itself() {
        let signer = TestKey::generate();
        let jwk = Jwk::from_spki(signer.public_key_der()).expect("a key");
        assert_eq!(jwk.public_key().expect("a key").spki(), signer.public_key_der());
        let text = serde_json::to_string(&Jwks { keys: vec![jwk.clone()] }).expect("JSON");
        let read: Jwks = serde_json::from_str(&text).expect("a set");
        assert_eq!(read.find(&jwk.thumbprint()), Some(&jwk));
    }

    #[test]
    fn the_thumbprint_is_over_the_members_in_order() {
        let jwk: Jwk = serde_json::from_str(
            r#"{"kty":"EC","kid":"x","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}"#,
        )
        .expect("a key");
        let members = r#"{"crv":"P-256","kty":"EC","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
        assert_eq!(jwk.thumbprint(), URL_SAFE_NO_PAD.encode(sha256(members.as_bytes())));
    }

    #[test]
    fn other_kinds_of_key_are_refused() {
        let jwk = Jwk::from_spki(TestKey::generate().public_key_der()).expect("a key");
        assert_eq!(Jwk { kty: "RSA".into(), ..jwk.clone() }.public_key(), Err(JoseError::Algorithm));
        assert_eq!(Jwk { alg: Some("none".into()), ..jwk.clone() }.public_key(), Err(JoseError::Algorithm));
        assert_eq!(Jwk { x: "AAAA".into(), ..jwk }.public_key(), Err(JoseError::Malformed));
    }
}
