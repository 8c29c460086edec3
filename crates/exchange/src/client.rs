//! Asking a data service the way any agency does: as an information system of one's own security server. This is how every
//! part of the product reaches a register.

use crate::fault::ExchangeFault;
use base::{
    Clock, Fault,
    dataservice::{Answer, AskError, DataServices, Question, Wording},
};
use bytes::Bytes;
use formats::{
    identifier::{ClientId, ServiceId, encode_segment},
    soap::{self, Parsed, RequestHead},
};
use host::http::Client;
use serde_json::Value;
use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

const TIMEOUT: Duration = Duration::from_secs(60);
/// Room for headers and namespaces around an answer.
const ROOM_BYTES: usize = 256 * 1024;

/// Knows the information-system port of the server that hosts each subsystem.
#[derive(Clone)]
pub struct ExchangeClient {
    ports: Arc<HashMap<ClientId, String>>,
    http: Client,
    clock: Arc<dyn Clock>,
    answer_bytes_max: usize,
}

fn refused(code: &str, text: impl std::fmt::Display) -> AskError {
    AskError::Refused { code: code.to_owned(), text: text.to_string() }
}

fn from_fault(fault: &ExchangeFault) -> AskError {
    if fault.is_unreachable() {
        AskError::Unreachable(Fault::passing("ask a data service", fault))
    } else {
        refused(&fault.code, &fault.text)
    }
}

impl ExchangeClient {
    /// `ports`: subsystem to base address, such as `http://127.0.0.1:8811`.
    pub fn new(ports: HashMap<ClientId, String>, clock: Arc<dyn Clock>, answer_bytes_max: usize) -> Self {
        ExchangeClient { ports: Arc::new(ports), http: Client::plain(), clock, answer_bytes_max }
    }

    async fn ask_question(&self, question: Question) -> Result<Answer, AskError> {
        let client =
            ClientId::parse(&question.client).ok_or_else(|| refused("exchange.bad_client", "no identifier"))?;
        let service =
            ServiceId::parse(&question.service).ok_or_else(|| refused("exchange.bad_service", "no identifier"))?;
        let port = self.ports.get(&client);
        let port =
            port.ok_or_else(|| refused("exchange.unknown_client", format_args!("{client} has no server here")))?;
        let body = match question.wording {
            Wording::Soap => self.ask_soap(port, &client, &service, &question).await?,
            Wording::Rest => self.ask_rest(port, &client, &service, &question).await?,
        };
        Ok(Answer { body, message_id: question.message_id, at: self.clock.now() })
    }

    async fn send(
        &self,
        request: Result<http::Request<Bytes>, http::Error>,
    ) -> Result<http::Response<Bytes>, AskError> {
        let request = request.map_err(|error| refused("exchange.bad_question", error))?;
        let most = self.answer_bytes_max + ROOM_BYTES;
        self.http.send(request, most, TIMEOUT).await.map_err(AskError::Unreachable)
    }

    async fn ask_soap(
        &self,
        port: &str,
        client: &ClientId,
        service: &ServiceId,
        question: &Question,
    ) -> Result<Value, AskError> {
        let head = RequestHead {
            client,
            service,
            id: &question.message_id,
            user_id: question.user.as_deref(),
            issue: question.case_reference.as_deref(),
            purpose: Some(&question.purpose),
        };
        let request = http::Request::post(port)
            .header("content-type", "text/xml; charset=UTF-8")
            .header("soapaction", "\"\"")
            .body(Bytes::from(soap::request(&head, &question.body)));
        let answer = self.send(request).await?;
        match soap::read(answer.into_body().to_vec()) {
            Ok(Parsed::Message(message)) => Ok(message.fields()),
            Ok(Parsed::Fault(fault)) => Err(from_fault(&ExchangeFault::from_soap(fault))),
            Err(error) => Err(AskError::Unreachable(Fault::passing("read the answer of a data service", error))),
        }
    }

    async fn ask_rest(
        &self,
        port: &str,
        client: &ClientId,
        service: &ServiceId,
        question: &Question,
    ) -> Result<Value, AskError> {
        // A REST service has no version in its address (REST protocol §4.1).
        let path: Vec<String> =
            format!("{}/{}", service.provider, service.code).split('/').map(encode_segment).collect();
        let asker: Vec<String> = client.to_string().split('/').map(encode_segment).collect();
        let mut builder = http::Request::post(format!("{port}/r1/{}", path.join("/")))
            .header("content-type", "application/json")
            .header("x-road-client", asker.join("/"))
            .header("x-road-id", &question.message_id)
            .header("pencere-purpose", &question.purpose);
        for (name, value) in [("x-road-userid", &question.user), ("x-road-issue", &question.case_reference)] {
            if let Some(value) = value {
                builder = builder.header(name, value);
            }
        }
        let answer = self.send(builder.body(Bytes::from(question.body.to_string()))).await?;
        let status = answer.status();
        let told = answer.headers().get("x-road-error").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(code) = told {
            let fault =
                ExchangeFault { code, text: field("message").unwrap_or_default(), detail: field("detail"), own: None };
            return Err(from_fault(&fault));
        }
        if status.is_success() {
            return Ok(body);
        }
        // The service's own error.
        let code =
            field("code").or_else(|| field("type")).unwrap_or_else(|| format!("service.status_{}", status.as_u16()));
        let text = field("text").or_else(|| field("message")).unwrap_or_default();
        if status.is_server_error() {
            return Err(AskError::Unreachable(Fault::passing("ask a data service", format_args!("{code}: {text}"))));
        }
        Err(refused(&code, text))
    }
}

impl DataServices for ExchangeClient {
    fn ask<'a>(&'a self, question: Question) -> Pin<Box<dyn Future<Output = Result<Answer, AskError>> + Send + 'a>> {
        Box::pin(self.ask_question(question))
    }
}
