//! The mobile signature's protocol (Mobile-ID REST): requests out, answers in, and the code that the person compares. Plain
//! functions of bytes.

use crate::registry::PhoneMethod;
use base::{Fault, Lang, Pin};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use formats::verify::{Digest, Family, PublicKey, Scheme, sha256};
use serde_json::{Value, json};
use std::time::Duration;

pub const ANSWER_SIZE_BYTES_MAX: usize = 64 * 1024;
/// The service holds a status request open for this long; the page asks again by itself.
pub const POLL_MS: u32 = 1000;
pub const TIMEOUT: Duration = Duration::from_secs(8);
/// UCS-2 texts on a phone's screen.
const DISPLAY_LETTERS_MAX: usize = 50;

/// A phone number in E.164, Azerbaijani or foreign: `+994501234567`. Spaces, hyphens and brackets are forgiven.
pub fn number(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|letter| !" -()\u{a0}".contains(*letter)).collect();
    let international = match kept.strip_prefix('0') {
        Some(national) if national.len() == 9 => format!("+994{national}"),
        _ => kept,
    };
    let digits = international.strip_prefix('+')?;
    let right = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    right.then_some(international)
}

/// Six first and seven last bits of the digest, as four digits.
pub fn verification_code(digest: &[u8; 32]) -> String {
    let value = (u32::from(digest[0] & 0xfc) << 5) | u32::from(digest[31] & 0x7f);
    format!("{value:04}")
}

/// A push for an authentication: who asks, whom, and the digest to be signed.
pub fn authentication(
    method: &PhoneMethod,
    number: &str,
    pin: &Pin,
    message: &[u8],
    lang: Lang,
    display: &str,
) -> Result<http::Request<Bytes>, Fault> {
    let language = match lang {
        Lang::Az => "AZE",
        Lang::En => "ENG",
        Lang::Ru => "RUS",
    };
    let display: String = display.chars().take(DISPLAY_LETTERS_MAX).collect();
    let body = json!({
        "relyingPartyUUID": method.relying_party_uuid,
        "relyingPartyName": method.relying_party_name,
        "phoneNumber": number,
        "nationalIdentityNumber": pin.as_str(),
        "hash": BASE64.encode(sha256(message)),
        "hashType": "SHA256",
        "language": language,
        "displayText": display,
        "displayTextFormat": "UCS-2",
    });
    http::Request::post(format!("{}/authentication", method.service))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Bytes::from(body.to_string()))
        .map_err(|error| Fault::new("ask the mobile signature service", error))
}

/// The session that the service opened; a session name goes into a path, so only plain letters are taken.
pub fn session_opened(answer: &http::Response<Bytes>) -> Result<String, Fault> {
    let attempt = "ask the mobile signature service";
    if answer.status() != http::StatusCode::OK {
        return Err(Fault::passing(attempt, answer.status()));
    }
    let body: Value = serde_json::from_slice(answer.body()).map_err(|error| Fault::new(attempt, error))?;
    let session = body["sessionID"].as_str().unwrap_or_default();
    let plain =
        (1..=64).contains(&session.len()) && session.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain { Ok(session.to_owned()) } else { Err(Fault::new(attempt, "no session in the answer")) }
}

pub fn status(method: &PhoneMethod, session: &str) -> Result<http::Request<Bytes>, Fault> {
    http::Request::get(format!("{}/authentication/session/{session}?timeoutMs={POLL_MS}", method.service))
        .body(Bytes::new())
        .map_err(|error| Fault::new("ask the mobile signature service", error))
}

/// What the service says about a push.
#[derive(Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    Signed(Signed),
    /// The holder said no: the page may say so at once, since only the holder can have caused it.
    Cancelled,
    /// Any other end. The page goes on waiting as if the phone had not answered, so that it tells nobody which numbers exist.
    Ended(String),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Signed {
    pub certificate: Vec<u8>,
    pub algorithm: String,
    pub signature: Vec<u8>,
}

pub fn read_status(answer: &http::Response<Bytes>) -> Result<Status, Fault> {
    let attempt = "ask the mobile signature service";
    if answer.status() != http::StatusCode::OK {
        return Err(Fault::passing(attempt, answer.status()));
    }
    let body: Value = serde_json::from_slice(answer.body()).map_err(|error| Fault::new(attempt, error))?;
    match (body["state"].as_str(), body["result"].as_str()) {
        (Some("RUNNING"), _) => Ok(Status::Running),
        (Some("COMPLETE"), Some("OK")) => {
            let decode = |value: &Value| BASE64.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
            Ok(Status::Signed(Signed {
                certificate: decode(&body["cert"]),
                algorithm: body["signature"]["algorithm"].as_str().unwrap_or_default().to_owned(),
                signature: decode(&body["signature"]["value"]),
            }))
        }
        (Some("COMPLETE"), Some("USER_CANCELLED")) => Ok(Status::Cancelled),
        (Some("COMPLETE"), Some(result)) => Ok(Status::Ended(result.chars().take(40).collect())),
        _ => Err(Fault::new(attempt, "no state in the answer")),
    }
}

impl Signed {
    /// Whether the certificate's key signed our message.
    pub fn is_signed_by(&self, public_key_der: &[u8], message: &[u8]) -> bool {
        let family = match self.algorithm.as_str() {
            "SHA256WithECEncryption" => Family::EcdsaFixed,
            "SHA256WithRSAEncryption" => Family::RsaPkcs1,
            _ => return false,
        };
        let Ok(key) = PublicKey::from_spki(public_key_der) else { return false };
        key.verifies(Scheme { family, digest: Digest::Sha256 }, message, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Algorithm, Signer};
    use host::keys::SoftKey;

    #[test]
    fn the_code_of_the_published_example() {
        let mut digest = [0; 32];
        (digest[0], digest[31]) = (0x2f, 0xb6);
        assert_eq!(verification_code(&digest), "1462");
        assert_eq!(verification_code(&[0; 32]), "0000");
        assert_eq!(verification_code(&[0xff; 32]), "8191");
    }

    #[test]
    fn numbers_as_people_write_them() {
        for (typed, read) in [
            ("+994 50 123-45-67", Some("+994501234567")),
            ("050 123 45 67", Some("+994501234567")),
            ("(050) 1234567", Some("+994501234567")),
            ("+37200000766", Some("+37200000766")),
            ("123", None),
            ("+99450123456x", None),
            ("+1234567890123456", None),
            ("", None),
        ] {
            assert_eq!(number(typed).as_deref(), read, "{typed}");
        }
    }

    #[test]
    fn answers_are_read_and_unknown_ends_look_alike() {
        let answer = |status: u16, body: &str| {
            http::Response::builder().status(status).body(Bytes::from(body.to_owned())).expect("an answer")
        };
        let read = |body: &str| read_status(&answer(200, body));
        assert_eq!(read(r#"{"state":"RUNNING"}"#).expect("read"), Status::Running);
        assert_eq!(read(r#"{"state":"COMPLETE","result":"USER_CANCELLED"}"#).expect("read"), Status::Cancelled);
        for result in ["NOT_MID_CLIENT", "TIMEOUT", "PHONE_ABSENT", "SIM_ERROR"] {
            let body = format!(r#"{{"state":"COMPLETE","result":"{result}"}}"#);
            assert_eq!(read(&body).expect("read"), Status::Ended(result.to_owned()));
        }
        assert!(read("{}").is_err());
        assert!(read_status(&answer(500, "")).expect_err("a fault").retry_helps);
        assert_eq!(session_opened(&answer(200, r#"{"sessionID":"0d9-a"}"#)).expect("opened"), "0d9-a");
        assert!(session_opened(&answer(200, r#"{"sessionID":"../x"}"#)).is_err());
        assert!(session_opened(&answer(400, "{}")).is_err());
    }

    #[test]
    fn only_the_message_that_was_sent() {
        let signer = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let signature = signer.sign_digest(&sha256(b"message")).expect("signed");
        let signed =
            |algorithm: &str| Signed { certificate: vec![], algorithm: algorithm.into(), signature: signature.clone() };
        assert!(signed("SHA256WithECEncryption").is_signed_by(signer.public_key_der(), b"message"));
        assert!(!signed("SHA256WithECEncryption").is_signed_by(signer.public_key_der(), b"another"));
        assert!(!signed("SHA256WithRSAEncryption").is_signed_by(signer.public_key_der(), b"message"));
        assert!(!signed("none").is_signed_by(signer.public_key_der(), b"message"));
    }
}
