//! `POST /soap`: document/literal SOAP 1.1; the body element names the data service, the header says who asks.

use super::{body, log_fault};
use crate::{Question, Reader, Refusal, Register};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Failure, Refusal as _};
use formats::identifier::ClientId;
use formats::soap::{self, Fault, Message, Parsed};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::Value as Json;
use std::sync::Arc;

pub(super) async fn answer(State(register): State<Arc<Register>>, given: Body) -> Response {
    let envelope = match ask(&register, given).await {
        Ok((request, answer)) => soap::respond(&request, &answer),
        Err(Failure::Refused(refusal)) => fault("Client", refusal.code(), refusal.english(), refusal.field()),
        Err(Failure::Failed(cause)) => {
            let number = log_fault(&register, &cause);
            fault("Server", "registers.failed", "the register cannot answer now", Some(&number))
        }
    };
    // Faults go out with 200 as well: the exchange's own servers send them so, and pass them on as they are.
    (StatusCode::OK, [(CONTENT_TYPE, "text/xml; charset=UTF-8")], envelope).into_response()
}

/// `faultcode` says whose fault it is, as SOAP 1.1 §4.4.1 wants: `Client.registers.bad_pin`.
fn fault(blame: &str, code: &str, text: &str, detail: Option<&str>) -> Vec<u8> {
    let code = format!("{blame}.{code}");
    Fault { code, string: text.to_owned(), actor: None, detail: detail.map(str::to_owned), received: None }.to_bytes()
}

async fn ask(register: &Register, given: Body) -> Result<(Message, Json), Failure<Refusal>> {
    let given = body(given).await.map_err(Failure::Refused)?;
    let message = match soap::read(given.to_vec()) {
        Ok(Parsed::Message(message)) => *message,
        Ok(Parsed::Fault(_)) | Err(_) => return Err(Failure::Refused(Refusal::MalformedBody)),
    };
    let headers = &message.headers;
    // The service code of the header begins the body element's name; a question is the code itself.
    if message.body.name != headers.service.code {
        return Err(Failure::Refused(Refusal::MalformedBody));
    }
    let reader = Reader {
        client: client(&headers.client),
        user: headers.user_id.clone(),
        case_reference: headers.issue.clone(),
        purpose: headers.purpose.clone(),
        message_id: headers.id.clone(),
    };
    let question = Question { service: headers.service.code.clone(), input: message.fields(), reader };
    let answer = register.ask(&question).await?;
    Ok((message, answer))
}

fn client(id: &ClientId) -> String {
    let ClientId { instance, class, member, subsystem } = id;
    let subsystem = subsystem.as_deref().map_or(String::new(), |subsystem| format!("/{subsystem}"));
    format!("{instance}/{class}/{member}{subsystem}")
}
