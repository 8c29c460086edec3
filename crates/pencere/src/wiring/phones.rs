//! Signing of documents with a phone, for the portal: the Mobile-ID REST interface (reference: SK-EID/MID), server to server.

use base::{Fault, Lang, Pin};
use base64::Engine;
use bytes::Bytes;
use host::http::Client;
use portal::ports::{Answer, PhoneRefusal, PhoneSigning};
use serde_json::{Value as Json, json};
use std::time::Duration;

const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// A status request waits for the phone this long before it says "still running".
const POLL_MS: u64 = 1_000;
const TIMEOUT: Duration = Duration::from_secs(15);
const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

pub struct MobileSignature {
    /// `http://127.0.0.1:8803/mid-api`.
    pub service: String,
    pub relying_party_uuid: String,
    pub relying_party_name: String,
    pub client: Client,
}

impl MobileSignature {
    fn asked(&self, number: &str, person: &Pin) -> Json {
        json!({
            "relyingPartyUUID": self.relying_party_uuid,
            "relyingPartyName": self.relying_party_name,
            "phoneNumber": number,
            "nationalIdentityNumber": person.as_str(),
        })
    }

    async fn call(&self, method: http::Method, path: &str, body: &Json) -> Result<Json, Fault> {
        const ATTEMPT: &str = "ask the mobile signature service";
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.service))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(bytes)
            .map_err(|cause| Fault::new(ATTEMPT, cause))?;
        let response = self.client.send(request, ANSWER_BYTES_MAX, TIMEOUT).await?;
        if !response.status().is_success() {
            return Err(Fault::new(ATTEMPT, format!("it answered {}", response.status())));
        }
        serde_json::from_slice(response.body()).map_err(|cause| Fault::new(ATTEMPT, cause))
    }
}

fn refused(result: &str) -> PhoneRefusal {
    match result {
        "USER_CANCELLED" => PhoneRefusal::UserCancelled,
        "TIMEOUT" | "PHONE_ABSENT" | "DELIVERY_ERROR" | "SIM_ERROR" => PhoneRefusal::TimedOut,
        _ => PhoneRefusal::NotAClient,
    }
}

fn decoded(answer: &Json, field: &str) -> Result<Vec<u8>, Fault> {
    let text = answer[field].as_str().unwrap_or_default();
    BASE64.decode(text).map_err(|cause| Fault::new("read the mobile signature service's answer", cause))
}

impl PhoneSigning for MobileSignature {
    fn certificate<'a>(
        &'a self,
        number: &'a str,
        person: &'a Pin,
    ) -> Answer<'a, Result<Result<Vec<u8>, PhoneRefusal>, Fault>> {
        Box::pin(async move {
            let answer = self.call(http::Method::POST, "/certificate", &self.asked(number, person)).await?;
            match answer["result"].as_str() {
                Some("OK") => decoded(&answer, "cert").map(Ok),
                _ => Ok(Err(PhoneRefusal::NotAClient)),
            }
        })
    }

    fn begin<'a>(
        &'a self,
        number: &'a str,
        person: &'a Pin,
        digest: &'a [u8; 32],
        lang: Lang,
    ) -> Answer<'a, Result<Result<(String, String), PhoneRefusal>, Fault>> {
        Box::pin(async move {
            let mut asked = self.asked(number, person);
            asked["hash"] = BASE64.encode(digest).into();
            asked["hashType"] = "SHA256".into();
            asked["language"] = language(lang).into();
            let answer = self.call(http::Method::POST, "/signature", &asked).await?;
            match answer["sessionID"].as_str() {
                Some(session) => Ok(Ok((session.to_owned(), verification_code(digest)))),
                None => Ok(Err(PhoneRefusal::NotAClient)),
            }
        })
    }

    fn poll<'a>(&'a self, session: &'a str) -> Answer<'a, Result<Result<Option<Vec<u8>>, PhoneRefusal>, Fault>> {
        Box::pin(async move {
            let path = format!("/signature/session/{session}?timeoutMs={POLL_MS}");
            let answer = self.call(http::Method::GET, &path, &Json::Null).await?;
            if answer["state"] == "RUNNING" {
                return Ok(Ok(None));
            }
            match answer["result"].as_str() {
                Some("OK") => decoded(&answer["signature"], "value").map(|value| Ok(Some(value))),
                other => Ok(Err(refused(other.unwrap_or_default()))),
            }
        })
    }
}

fn language(lang: Lang) -> &'static str {
    match lang {
        Lang::Az => "AZE",
        Lang::En => "ENG",
        Lang::Ru => "RUS",
    }
}

/// Six bits from the digest's beginning and seven from its end, as a number of four digits (Mobile-ID: verification code).
fn verification_code(digest: &[u8; 32]) -> String {
    let number = u32::from(digest[0] & 0xfc) << 5 | u32::from(digest[31] & 0x7f);
    format!("{number:04}")
}

#[cfg(test)]
mod tests {
    use super::verification_code;

    /// The interface's own example: a digest from 2f… to …b6 shows 1462.
    #[test]
    fn the_code_takes_six_and_seven_bits() {
        let code = |first, last| {
            let mut digest = [0_u8; 32];
            (digest[0], digest[31]) = (first, last);
            verification_code(&digest)
        };
        assert_eq!(code(0x2f, 0xb6), "1462");
        assert_eq!(code(0, 0), "0000");
        assert_eq!(code(0xff, 0xff), "8191");
    }
}
