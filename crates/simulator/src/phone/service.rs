//! The mobile signature service as relying parties see it (Mobile-ID REST): certificate, authentication, signature and their
//! sessions, with the service's own results and errors.

use super::{Pushed, WAITING};
use crate::{
    devices::Devices,
    people::{Device, Person, Purpose},
};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use base::{Fault, clock::from_micros};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use host::args;
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How long a request waits on a phone.
const REQUEST_LIFE_S: i64 = 120;
/// More open requests than this on one phone are somebody's attempt to tire its owner.
const OPEN_MAX: usize = 3;
const POLL_DEFAULT_MS: u64 = 10_000;
const POLL_MAX_MS: u64 = 60_000;
const DISPLAY_GSM7_MAX: usize = 100;
const DISPLAY_UCS2_MAX: usize = 50;

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(rename = "relyingPartyUUID")]
    relying_party_uuid: String,
    relying_party_name: String,
    phone_number: String,
    national_identity_number: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    hash_type: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    display_text: String,
    #[serde(default)]
    display_text_format: String,
}

/// Why the service does not take a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// 400, with the parameter's name.
    Parameter(&'static str),
    /// 401: not a registered relying party.
    Unauthorised,
    /// 404: no such session.
    NoSession,
}

enum Ended {
    Refused(Refusal),
    Failed(Fault),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Ended::Failed(fault)
    }
}

pub async fn certificate(State(devices): State<Arc<Devices>>, body: Bytes) -> Response {
    devices.told(devices.certificate_of(&body).await)
}

pub async fn authentication(State(devices): State<Arc<Devices>>, body: Bytes) -> Response {
    devices.told(devices.push(&body, Purpose::Authentication).await)
}

pub async fn signature(State(devices): State<Arc<Devices>>, body: Bytes) -> Response {
    devices.told(devices.push(&body, Purpose::Signature).await)
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Patience {
    timeout_ms: Option<u64>,
}

pub async fn authentication_status(
    State(devices): State<Arc<Devices>>,
    Path(id): Path<String>,
    Query(patience): Query<Patience>,
) -> Response {
    devices.told(devices.status(&id, Purpose::Authentication, patience.timeout_ms).await)
}

pub async fn signature_status(
    State(devices): State<Arc<Devices>>,
    Path(id): Path<String>,
    Query(patience): Query<Patience>,
) -> Response {
    devices.told(devices.status(&id, Purpose::Signature, patience.timeout_ms).await)
}

/// The digest to be signed and what the phone shows; only SHA-256 keys live in these phones.
fn content(asked: &Asked) -> Result<([u8; 32], String), Refusal> {
    if asked.hash_type != "SHA256" {
        return Err(Refusal::Parameter("hashType"));
    }
    let digest = BASE64.decode(&asked.hash).ok().and_then(|bytes| bytes.try_into().ok());
    let digest = digest.ok_or(Refusal::Parameter("hash"))?;
    if !["AZE", "ENG", "RUS"].contains(&asked.language.as_str()) {
        return Err(Refusal::Parameter("language"));
    }
    let most = match asked.display_text_format.as_str() {
        "" | "GSM-7" => DISPLAY_GSM7_MAX,
        "UCS-2" => DISPLAY_UCS2_MAX,
        _ => return Err(Refusal::Parameter("displayTextFormat")),
    };
    if asked.display_text.chars().count() > most {
        return Err(Refusal::Parameter("displayText"));
    }
    Ok((digest, asked.display_text.clone()))
}

impl Devices {
    fn asked(&self, body: &[u8]) -> Result<Asked, Refusal> {
        let asked: Asked = serde_json::from_slice(body).map_err(|_| Refusal::Parameter("body"))?;
        let mut registered = self.settings.relying_parties.iter();
        let known =
            registered.any(|party| party.uuid == asked.relying_party_uuid && party.name == asked.relying_party_name);
        if !known {
            return Err(Refusal::Unauthorised);
        }
        if !asked.phone_number.starts_with('+') {
            return Err(Refusal::Parameter("phoneNumber"));
        }
        if base::Pin::parse(&asked.national_identity_number).is_none() {
            return Err(Refusal::Parameter("nationalIdentityNumber"));
        }
        Ok(asked)
    }

    fn holder(&self, asked: &Asked) -> Option<&Person> {
        self.people.by_phone(&asked.phone_number, &asked.national_identity_number)
    }

    async fn certificate_of(&self, body: &[u8]) -> Result<Value, Ended> {
        let asked = self.asked(body).map_err(Ended::Refused)?;
        let chip = self.holder(&asked).map(|person| self.people.chip(person, Device::Phone, Purpose::Signature));
        Ok(match chip {
            Some(chip) => json!({ "result": "OK", "cert": BASE64.encode(&chip.certificate) }),
            None => json!({ "result": "NOT_FOUND" }),
        })
    }

    async fn push(&self, body: &[u8], purpose: Purpose) -> Result<Value, Ended> {
        let asked = self.asked(body).map_err(Ended::Refused)?;
        let (digest, display) = content(&asked).map_err(Ended::Refused)?;
        let (person, result) = match self.holder(&asked) {
            None => ("", "NOT_MID_CLIENT"),
            Some(person) if self.waiting_for(person).await?.len() >= OPEN_MAX => {
                (person.pin.as_str(), "DELIVERY_ERROR")
            }
            Some(person) => (person.pin.as_str(), WAITING),
        };
        let (id, now) = (self.id(), self.now());
        let expires_at = from_micros(now.as_microsecond() + REQUEST_LIFE_S * 1_000_000);
        let mut tx = self.store.begin().await?;
        tx.execute(
            "INSERT INTO simulator_phone_request
             (id, person, purpose, who, display, digest, result, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &args![&id, person, purpose.word(), asked.relying_party_name, display, digest, result, now, expires_at],
        )
        .await?;
        tx.commit().await?;
        Ok(json!({ "sessionID": id.as_str() }))
    }

    /// Answers when the phone has, or when the asker's patience ends.
    async fn status(&self, id: &str, purpose: Purpose, timeout_ms: Option<u64>) -> Result<Value, Ended> {
        // Whatever the patience, the asker learns what is known now.
        if let Some(pushed) = self.settled(id, purpose).await? {
            return Ok(self.complete(&pushed));
        }
        let patience = Duration::from_millis(timeout_ms.unwrap_or(POLL_DEFAULT_MS).min(POLL_MAX_MS));
        match tokio::time::timeout(patience, self.until_settled(id, purpose)).await {
            Ok(settled) => Ok(self.complete(&settled?)),
            Err(_) => Ok(json!({ "state": "RUNNING" })),
        }
    }

    async fn until_settled(&self, id: &str, purpose: Purpose) -> Result<Pushed, Ended> {
        loop {
            // Registered before the row is read, so that no answer falls between the two.
            let notified = self.answered.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if let Some(pushed) = self.settled(id, purpose).await? {
                return Ok(pushed);
            }
            notified.await;
        }
    }

    /// The request, once it has a result.
    async fn settled(&self, id: &str, purpose: Purpose) -> Result<Option<Pushed>, Ended> {
        let pushed = self.pushed(id).await?.filter(|pushed| pushed.purpose == purpose);
        let mut pushed = pushed.ok_or(Ended::Refused(Refusal::NoSession))?;
        if pushed.result == WAITING && pushed.expires_at <= self.now() {
            self.settle(&pushed.id, "TIMEOUT", None).await?;
            pushed.result = "TIMEOUT".to_owned();
        }
        Ok((pushed.result != WAITING).then_some(pushed))
    }

    fn complete(&self, pushed: &Pushed) -> Value {
        let mut answer = json!({ "state": "COMPLETE", "result": pushed.result });
        let holder = self.people.by_pin(&pushed.person).zip(pushed.signature.as_ref());
        if let Some((person, value)) = holder {
            answer["signature"] = json!({ "value": BASE64.encode(value), "algorithm": "SHA256WithECEncryption" });
            if pushed.purpose == Purpose::Authentication {
                let chip = self.people.chip(person, Device::Phone, Purpose::Authentication);
                answer["cert"] = json!(BASE64.encode(&chip.certificate));
            }
        }
        answer
    }

    fn told(&self, result: Result<Value, Ended>) -> Response {
        let trace = self.chance.hex(8);
        let (status, mut body) = match result {
            Ok(body) => (StatusCode::OK, body),
            Err(Ended::Refused(Refusal::Parameter(name))) => {
                (StatusCode::BAD_REQUEST, json!({ "error": format!("{name} is missing or wrong") }))
            }
            Err(Ended::Refused(Refusal::Unauthorised)) => {
                (StatusCode::UNAUTHORIZED, json!({ "error": "relying party is not registered" }))
            }
            Err(Ended::Refused(Refusal::NoSession)) => (StatusCode::NOT_FOUND, json!({ "error": "no such session" })),
            Err(Ended::Failed(fault)) => {
                tracing::error!(%fault, trace, "the mobile signature service failed");
                (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "internal error" }))
            }
        };
        body["time"] = json!(self.now().to_string());
        body["traceId"] = json!(trace);
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}
