//! Tokens as this provider and its clients write and believe them: `formats::jose` (ES256 only) with an explicit `typ`
//! (RFC 8725 §3.11) and `kid` = thumbprint of the key (RFC 7638).

use base::{Fault, Signer};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use formats::{
    jose::{self, Jwk, Jwks},
    verify::sha256,
};
use serde_json::{Map, Value};

/// The unpadded base64url of a SHA-256: PKCE challenges, `at_hash` inputs, names of secrets in the store.
pub fn sha256_base64url(bytes: &[u8]) -> String {
    BASE64URL.encode(sha256(bytes))
}

/// The public half of a token key, as a key set publishes it.
pub fn public_jwk(signer: &dyn Signer) -> Result<Jwk, Fault> {
    Jwk::from_spki(signer.public_key_der()).map_err(|error| Fault::new("publish a token key", error))
}

/// Signs `claims` as a compact token of the given `typ`.
pub fn sign(signer: &dyn Signer, typ: &str, claims: &Value) -> Result<String, Fault> {
    let mut header = Map::new();
    header.insert("typ".into(), typ.into());
    header.insert("kid".into(), public_jwk(signer)?.thumbprint().into());
    jose::sign(header, claims.to_string().as_bytes(), signer)
}

/// The `kid` in a token's header, not yet believed: only for choosing the key to verify with.
pub fn kid_of(token: &str) -> Option<String> {
    Some(jose::read(token).ok()?.kid()?.to_owned())
}

/// The claims of a token that one of these keys signed and whose header names exactly this type; `None` for anything else.
pub fn verify(token: &str, typ: &str, keys: &Jwks) -> Option<Value> {
    let read = jose::read(token).ok()?;
    let given = read.header().get("typ").and_then(Value::as_str)?.to_owned();
    let verified = read.verify_with(keys).ok()?;
    if !given.eq_ignore_ascii_case(typ) {
        return None;
    }
    verified.claims().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Algorithm;
    use host::keys::SoftKey;
    use serde_json::json;

    #[test]
    fn only_our_own_kind_of_token_is_believed() {
        let key = || SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let (ours, foreign) = (key(), key());
        let keys = Jwks { keys: vec![public_jwk(&ours).expect("public")] };
        let token = sign(&ours, "JWT", &json!({ "sub": "x" })).expect("a token");
        assert_eq!(verify(&token, "JWT", &keys), Some(json!({ "sub": "x" })));
        assert_eq!(kid_of(&token), keys.keys[0].kid);
        assert_eq!(verify(&token, "logout+jwt", &keys), None, "another type");
        let stranger = sign(&foreign, "JWT", &json!({ "sub": "x" })).expect("a token");
        assert_eq!(verify(&stranger, "JWT", &keys), None, "another key");
        assert_eq!(verify("a.b.c", "JWT", &keys), None, "junk");
    }
}
