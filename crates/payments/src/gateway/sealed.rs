//! A message of the merchant protocol as a compact JWS: one algorithm, one key that both sides know beforehand, a type that
//! keeps one kind of message from being taken for another (RFC 8725 §3.11).

use base::{Fault, Signer};
use formats::jose;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Longest order, report or question that is looked at; a statement may be as long as any token.
pub const SEALED_BYTES_MAX: usize = 16 * 1024;

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Not signed by the key, of another type, or altered.
    Forged,
    /// Rightly signed, but not of the agreed shape.
    Malformed,
}

/// Signs the message; `kind` is the `typ` of the header. The key must be on P-256.
pub fn seal<T: Serialize>(kind: &str, message: &T, key: &dyn Signer) -> Result<String, Fault> {
    let message = serde_json::to_vec(message).expect("our own types have text keys and no failing parts");
    let header = Map::from_iter([("typ".to_owned(), Value::from(kind))]);
    jose::sign(header, &message, key)
}

/// Checks signature and type, then reads the message. Nothing of it is looked at before the signature holds.
pub fn unseal<T: DeserializeOwned>(kind: &str, sealed: &str, public_key_der: &[u8]) -> Result<T, Broken> {
    let key = jose::Jwk::from_spki(public_key_der).map_err(|_| Broken::Forged)?;
    let read = jose::read(sealed).map_err(|_| Broken::Forged)?;
    let verified = read.verify(&key).map_err(|_| Broken::Forged)?;
    if verified.header.get("typ").and_then(Value::as_str) != Some(kind) {
        return Err(Broken::Forged);
    }
    serde_json::from_slice(&verified.payload).map_err(|_| Broken::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Algorithm;
    use host::keys::SoftKey;
    use serde_json::json;

    fn key() -> SoftKey {
        SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key")
    }

    #[test]
    fn what_was_sealed_is_read_by_the_right_key_and_kind_only() {
        let (key, other) = (key(), key());
        let sealed = seal("order", &json!({"amount": "1100.00"}), &key).expect("sealed");
        let read = |kind, by: &SoftKey| unseal::<Value>(kind, &sealed, by.public_key_der());
        assert_eq!(read("order", &key), Ok(json!({"amount": "1100.00"})));
        assert_eq!(read("report", &key), Err(Broken::Forged));
        assert_eq!(read("order", &other), Err(Broken::Forged));
    }

    #[test]
    fn altered_messages_are_forged() {
        let key = key();
        let sealed = seal("report", &json!({"a": 1}), &key).expect("sealed");
        let other = seal("report", &json!({"a": 2}), &key).expect("sealed");
        let (parts, others): (Vec<&str>, Vec<&str>) = (sealed.split('.').collect(), other.split('.').collect());
        for altered in [
            String::new(),
            "..".into(),
            "a.b".into(),
            format!("{}.{}.{}", parts[0], others[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
        ] {
            let read = unseal::<Value>("report", &altered, key.public_key_der());
            assert_eq!(read, Err(Broken::Forged), "{altered}");
        }
    }

    #[test]
    fn a_right_signature_over_another_shape_is_malformed() {
        let key = key();
        let sealed = seal("report", &json!({"a": 1}), &key).expect("sealed");
        assert_eq!(unseal::<Vec<String>>("report", &sealed, key.public_key_der()), Err(Broken::Malformed));
    }
}
