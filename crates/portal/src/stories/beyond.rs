//! Stand-ins for everything beyond the window: registers, signing, bank, mail, log-in and the operator's sources.

use crate::ports::{Answer, CertificateLine, Member, Operations, QueueHealth, Server, TrafficLine};
use base::{
    Failure, Fault, Localized, Timestamp, clock,
    dataservice::{Answer as Answered, AskError, DataServices, Question},
};
use bytes::Bytes;
use host::store::Tx;
use identity::Transport;
use serde_json::json;
use services::ports as needs;
use std::{future::ready, time::Duration};

pub fn words(text: &str) -> Localized {
    Localized { az: text.into(), en: text.into(), ru: text.into() }
}

/// Registers that know Aytən and answer the questions of her application; `silent` names one that does not.
pub struct Registers;

impl DataServices for Registers {
    fn ask<'a>(&'a self, question: Question) -> Answer<'a, Result<Answered, AskError>> {
        let code = question.service.rsplit('/').nth(1).unwrap_or_default().to_owned();
        let pin = question.body["pin"].as_str().unwrap_or_default().to_owned();
        let body = match code.as_str() {
            "personByPin" => {
                json!({ "pin": pin, "surname": "Məmmədova", "givenName": "Aytən", "patronymic": "Elçin qızı",
                "birthDate": "1990-05-04", "sex": "F", "citizenship": "AZ", "address": "Bakı", "documentNumber": "AA1234567",
                "documentValidUntil": "2030-01-01" })
            }
            "contactByPin" => json!({ "phone": "+994501234567", "email": "ayten@example.test" }),
            "recordOf" => {
                json!({ "pin": pin, "rows": [{ "field": "person.surname", "type": "text", "value": "Məmmədova",
                "since": "1990-05-04T00:00:00Z", "correctable": true, "disputed": false, "labelAz": "Soyad",
                "labelEn": "Surname", "labelRu": "Фамилия" }] })
            }
            "accessLog" => {
                json!({ "rows": [{ "id": "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5b", "at": "2026-11-20T10:00:00Z",
                "readerMember": "10002", "readerSubsystem": "employment", "readerUser": "PIN:LEYLA03",
                "caseReference": "E-1", "purposeAz": "İşsizlik müavinəti", "purposeEn": "Unemployment allowance",
                "purposeRu": "Пособие", "fieldsAz": "Soyad", "fieldsEn": "Surname", "fieldsRu": "Фамилия", "logIndex": 4 }] })
            }
            "accessProof" => json!({ "leaf": "aa", "proof": [], "treeHead": {} }),
            "requestCorrection" => json!({ "reference": "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5c" }),
            "openCorrections" => {
                json!({ "rows": [{ "reference": super::desk::OPEN, "pin": "AYTEN01", "field": "person.phone",
                "oldValue": "+994501234567", "claimedValue": "+994505559901", "reason": "yeni nömrə", "state": "open",
                "requestedAt": "2026-11-23T08:00:00Z" }] })
            }
            "decideCorrection" if question.body["reference"] == super::desk::OPEN => {
                let state = if question.body["accept"] == true { "accepted" } else { "refused" };
                let body = json!({ "reference": super::desk::OPEN, "state": state, "pin": "AYTEN01" });
                return Box::pin(async move {
                    // It takes its time, so that a cut may fall while it is asked.
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    Ok(Answered { body, message_id: question.message_id, at: clock::from_micros(0) })
                });
            }
            "decideCorrection" if question.body["reference"] == super::desk::SILENT => {
                return Box::pin(ready(Err(AskError::Unreachable(Fault::passing("ask a register", "silent")))));
            }
            "decideCorrection" => {
                let (code, text) = ("registers.unknown_correction".to_owned(), String::new());
                return Box::pin(ready(Err(AskError::Refused { code, text })));
            }
            _ => return Box::pin(ready(Err(AskError::Unreachable(Fault::passing("ask a register", "silent"))))),
        };
        Box::pin(ready(Ok(Answered { body, message_id: question.message_id, at: clock::from_micros(0) })))
    }
}

/// A signature is good when it is the digest turned round.
pub struct Signing;

fn digest(files: &[needs::FileToSign]) -> [u8; 32] {
    formats::verify::sha256(&files.iter().flat_map(|file| file.bytes.clone()).collect::<Vec<_>>())
}

impl needs::SignDocuments for Signing {
    fn prepare<'a>(
        &'a self,
        files: &'a [needs::FileToSign],
        _: &'a [u8],
        _: Timestamp,
    ) -> needs::PortFuture<'a, Result<needs::Prepared, Failure<needs::SignRefusal>>> {
        let digest = digest(files);
        Box::pin(ready(Ok(needs::Prepared { digest, kept: digest.to_vec() })))
    }

    fn complete<'a>(
        &'a self,
        _: &'a [needs::FileToSign],
        kept: &'a [u8],
        signature: &'a [u8],
    ) -> needs::PortFuture<'a, Result<needs::SignedContainer, Failure<needs::SignRefusal>>> {
        let turned: Vec<u8> = kept.iter().rev().copied().collect();
        let refused = needs::SignRefusal { code: "trust.signature_wrong", status: 422 };
        let signed = needs::SignedContainer {
            bytes: b"PK container".to_vec(),
            signer_name: "MƏMMƏDOVA,AYTƏN".into(),
            signer_pin: "AYTEN01".into(),
            signed_at: clock::from_micros(1_795_000_000_000_000),
        };
        Box::pin(ready(if signature == turned { Ok(signed) } else { Err(Failure::Refused(refused)) }))
    }
}

pub struct Beyond;

impl needs::Fees for Beyond {
    fn raise<'a>(&'a self, _: &'a mut Tx, _: needs::NewDebt) -> needs::PortFuture<'a, Result<String, Fault>> {
        Box::pin(ready(Ok("1234567890".into())))
    }

    fn paid<'a>(&'a self, _: &'a str) -> needs::PortFuture<'a, Result<Option<needs::Paid>, Fault>> {
        Box::pin(ready(Ok(None)))
    }

    fn cancel<'a>(&'a self, _: &'a mut Tx, _: &'a str, _: Timestamp) -> needs::PortFuture<'a, Result<(), Fault>> {
        Box::pin(ready(Ok(())))
    }
}

impl needs::Safe for Beyond {
    fn draw_code(&self) -> String {
        "ABCD2345WXYZ".into()
    }

    fn verification_address(&self, code: &str) -> String {
        format!("http://127.0.0.1:8800/v/{code}")
    }

    fn deposit(&self, _: needs::SafeDocument) -> needs::PortFuture<'_, Result<(), Fault>> {
        Box::pin(ready(Ok(())))
    }
}

impl safe::Judge for Beyond {
    fn judge<'a>(&'a self, _: &'a [u8]) -> Answer<'a, safe::Judgement> {
        let reasons = vec!["trust.not_a_container".to_owned()];
        Box::pin(ready(safe::Judgement { valid: false, signers: Vec::new(), signed_at: None, reasons }))
    }
}

impl notify::Post for Beyond {
    fn send<'a>(&'a self, _: &'a notify::Mail) -> Answer<'a, Result<notify::Posted, Fault>> {
        Box::pin(ready(Err(Fault::passing("send a mail", "no mail in this story"))))
    }
}

impl payments::gateway::Line for Beyond {
    fn ask<'a>(&'a self, _: &'static str, _: String) -> Answer<'a, Result<String, Fault>> {
        Box::pin(ready(Err(Fault::passing("ask the bank", "no bank in this story"))))
    }
}

impl Transport for Beyond {
    fn send<'a>(
        &'a self,
        request: http::Request<Bytes>,
        _: usize,
        _: Duration,
    ) -> Answer<'a, Result<http::Response<Bytes>, Fault>> {
        let issuer = "http://127.0.0.1:8802";
        let body = match request.uri().path() {
            "/.well-known/openid-configuration" => json!({ "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
                "userinfo_endpoint": format!("{issuer}/userinfo"), "end_session_endpoint": format!("{issuer}/logout"),
                "jwks_uri": format!("{issuer}/jwks") }),
            _ => json!({ "keys": [] }),
        };
        Box::pin(ready(Ok(http::Response::new(Bytes::from(body.to_string())))))
    }
}

impl Operations for Beyond {
    fn members(&self) -> Answer<'_, Result<Vec<Member>, Fault>> {
        let subsystems = vec![("portal".to_owned(), "portal".to_owned())];
        Box::pin(ready(Ok(vec![Member { id: "AZ/GOV/10001".into(), name: words("Operator"), subsystems }])))
    }

    fn servers(&self) -> Answer<'_, Result<Vec<Server>, Fault>> {
        let server = |code: &str, alive| Server {
            code: code.into(),
            owner: words("Owner"),
            address: "127.0.0.1:8810".into(),
            alive,
        };
        Box::pin(ready(Ok(vec![server("portal", true), server("taxes", false)])))
    }

    fn certificates(&self) -> Answer<'_, Result<Vec<CertificateLine>, Fault>> {
        Box::pin(ready(Err(Fault::passing("list certificates", "the centre is silent"))))
    }

    fn traffic(&self) -> Answer<'_, Result<Vec<TrafficLine>, Fault>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn queues(&self) -> Answer<'_, Result<Vec<QueueHealth>, Fault>> {
        Box::pin(ready(Ok(Vec::new())))
    }
}
