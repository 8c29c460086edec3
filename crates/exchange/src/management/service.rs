//! The management services: a request comes in by one of two doors, is verified, decided and written in one transaction
//! with its audit entry, and what it changes is published at once.

use super::{
    decide::{Decision, Origin, Policy, decide},
    envelope::Envelope,
    ledger::{self, RequestView, Status},
    refusal::{ManagementFault, ManagementRefusal},
    request::{Asked, ManagementRequest},
    verify::{Judgement, verify},
};
use crate::central::{Central, Change, Facts};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use base::{Chance, Clock, Failure, Fault};
use formats::soap::{self, Message, Parsed};
use host::{
    http::PeerCertificates,
    store::{Store, Tx},
};
use std::sync::Arc;

/// How large a request may be, as the field has it.
const REQUEST_BYTES_MAX: usize = 100_000;
/// Where the server of the services' provider hands requests over.
pub const EXCHANGE_PATH: &str = "/managementservice/manage";

/// By which way a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Straight from a server that cannot use the exchange yet: `authCertReg` alone, over TLS.
    Registration,
    /// Through the exchange, from the security server of the services' provider: everything else. Reachable for that
    /// server alone, because the exchange has checked who the sender is.
    Exchange,
}

pub struct ManagementParts {
    pub central: Arc<Central>,
    /// The central server's store.
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub policy: Policy,
    /// The certificates that the security servers of the services' provider show to information systems, DER.
    pub handed_over_by: Vec<Vec<u8>>,
}

pub struct ManagementService {
    central: Arc<Central>,
    store: Store,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    policy: Policy,
    handed_over_by: Vec<Vec<u8>>,
}

type Refused = Failure<ManagementFault>;

impl From<ManagementFault> for Refused {
    fn from(fault: ManagementFault) -> Self {
        Failure::Refused(fault)
    }
}

impl ManagementService {
    pub fn new(parts: ManagementParts) -> Arc<ManagementService> {
        Arc::new(ManagementService {
            central: parts.central,
            store: parts.store,
            clock: parts.clock,
            chance: parts.chance,
            policy: parts.policy,
            handed_over_by: parts.handed_over_by,
        })
    }

    /// A request of a security server. Returns the answer's bytes.
    pub async fn accept(&self, door: Door, content_type: &str, body: &[u8]) -> Result<Vec<u8>, Refused> {
        let envelope = Envelope::read(content_type, body)?;
        let message = match soap::read(envelope.soap.clone()) {
            Ok(Parsed::Message(message)) => message,
            Ok(Parsed::Fault(_)) => return Err(ManagementFault::invalid("a request must not be a fault").into()),
            Err(error) => return Err(ManagementFault::invalid(error).into()),
        };
        let request = ManagementRequest::read(&message)?;
        if (door == Door::Registration) != matches!(request.asked, Asked::AuthCertReg { .. }) {
            let text = format!("{} is not taken here", request.asked.service_code());
            return Err(ManagementFault::invalid(text).into());
        }
        self.check(&message, &request, &envelope)?;
        let digest = formats::verify::sha256(&envelope.soap);
        let actor = message.headers.client.to_string();
        let number = self.enter(&request, Origin::SecurityServer, &actor, Some(&digest)).await?;
        Ok(soap::respond_with(&message, &request.answer_element(number)))
    }

    fn check(
        &self,
        message: &Message,
        request: &ManagementRequest,
        envelope: &Envelope,
    ) -> Result<(), ManagementFault> {
        let configuration = self.central.configuration();
        let at = self.clock.now();
        if at >= configuration.expires {
            let text = "the global configuration has expired";
            return Err(ManagementFault::new(ManagementRefusal::GlobalConfOutdated, text));
        }
        let judgement = Judgement { instance: &configuration, provider: &self.policy.provider, at };
        verify(message, request, envelope, &judgement)
    }

    /// A request that the operator of the central server makes: one side of a registration, or a change at once.
    pub async fn request(&self, request: &ManagementRequest, operator: &str) -> Result<i64, Refused> {
        self.enter(request, Origin::Center, operator, None).await
    }

    async fn enter(
        &self,
        request: &ManagementRequest,
        origin: Origin,
        actor: &str,
        digest: Option<&[u8]>,
    ) -> Result<i64, Refused> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let number = ledger::next_number(&mut tx).await?;
        if let Some(digest) = digest
            && ledger::is_known(&mut tx, digest).await?
        {
            let text = "the same request was received before";
            return Err(ManagementFault::new(ManagementRefusal::Exists, text).into());
        }
        let facts = Facts::load(&mut tx).await?;
        let waiting = ledger::waiting(&mut tx, request).await?;
        let decision = decide(request, origin, &facts, &waiting, &self.policy)?;
        let waits = decision.status == Status::Waiting;
        let view = RequestView {
            number,
            origin,
            request: request.clone(),
            status: decision.status,
            complementary: decision.completes,
            at: now,
            decided_at: (!waits).then_some(now),
            decided_by: (!waits).then(|| actor.to_owned()),
        };
        ledger::insert(&mut tx, &view, digest).await?;
        self.carry_out(&mut tx, &view, &decision, actor).await?;
        tx.commit().await?;
        self.publish(&decision.changes).await;
        Ok(number)
    }

    async fn carry_out(&self, tx: &mut Tx, view: &RequestView, decision: &Decision, actor: &str) -> Result<(), Fault> {
        let now = self.clock.now();
        for change in &decision.changes {
            change.write(tx, now).await?;
        }
        if let Some(other) = decision.completes {
            ledger::settle(tx, other, Status::Approved, Some(view.number), actor, now).await?;
        }
        if let Some(other) = decision.revokes {
            ledger::settle(tx, other, Status::Revoked, None, actor, now).await?;
        }
        self.central.desk().note_request(tx, "exchange.management_request", view, actor).await
    }

    /// What is committed is true, published or not; the next publication comes by itself.
    async fn publish(&self, changes: &[Change]) {
        if !changes.is_empty()
            && let Err(fault) = self.central.publish().await
        {
            tracing::error!(%fault, "a change of the register is not published yet");
        }
    }

    /// The operator's yes to a registration that waits, published at once.
    pub async fn approve(&self, number: i64, operator: &str) -> Result<(), Refused> {
        let changes = self.central.desk().approve(number, operator).await?;
        self.publish(&changes).await;
        Ok(())
    }

    /// Both doors, over TLS that asks for a certificate and leaves it to us what it opens.
    pub fn router(self: &Arc<Self>) -> Router {
        let registration =
            post(async |State(service): Here, request| answer(&service, Door::Registration, request).await);
        let exchange = post(async |State(service): Here, request| answer(&service, Door::Exchange, request).await);
        Router::new()
            .route("/managementservice", registration.clone())
            .route("/managementservice/", registration)
            .route(EXCHANGE_PATH, exchange.clone())
            .route("/managementservice/manage/", exchange)
            .with_state(self.clone())
    }

    /// The sender of a request that comes through the exchange was checked by the server that hands it over; that must be
    /// a server of the services' provider.
    fn check_door(&self, door: Door, request: &Request<Body>) -> Result<(), ManagementFault> {
        if door == Door::Registration {
            return Ok(());
        }
        let chain = request.extensions().get::<PeerCertificates>();
        if chain.and_then(|chain| chain.0.first()).is_some_and(|leaf| self.handed_over_by.contains(leaf)) {
            return Ok(());
        }
        let text = "only the server of the management services hands over requests here";
        Err(ManagementFault::new(ManagementRefusal::SslAuthenticationFailed, text))
    }
}

type Here = State<Arc<ManagementService>>;

async fn answer(service: &ManagementService, door: Door, request: Request<Body>) -> Response {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let outcome = match service.check_door(door, &request) {
        Err(fault) => Err(fault.into()),
        Ok(()) => match to_bytes(request.into_body(), REQUEST_BYTES_MAX).await {
            Ok(body) => service.accept(door, &kind, &body).await,
            Err(_) => Err(ManagementFault::invalid("the request is too large").into()),
        },
    };
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, soap_fault(service, &failure)),
    };
    (status, [("content-type", "text/xml; charset=UTF-8"), ("cache-control", "no-store")], body).into_response()
}

/// A fault with the code alone: no server of the exchange stands before it.
fn soap_fault(service: &ManagementService, failure: &Refused) -> Vec<u8> {
    let detail = service.chance.hex(16);
    let (code, string) = match failure {
        Failure::Refused(fault) => {
            tracing::info!(%fault, detail, "management request refused");
            (fault.refusal.wire(), fault.text.clone())
        }
        Failure::Failed(fault) => {
            tracing::error!(%fault, detail, "management request failed");
            ("internal_error", "the central server could not do it now".to_owned())
        }
    };
    soap::Fault { code: code.to_owned(), string, actor: None, detail: Some(detail), received: None }.to_bytes()
}
