//! The operator's side of the registrations that wait, at the desk of the central server.

use super::{
    decide::{Origin, approve},
    ledger::{self, RequestView, Status},
    refusal::{ManagementFault, ManagementRefusal},
};
use crate::central::{Change, Desk, Facts};
use base::{Failure, Fault};
use host::store::Tx;

impl Desk {
    /// Requests, the newest first; older ones by the last number seen.
    pub async fn requests(&self, status: Option<Status>, before: Option<i64>) -> Result<Vec<RequestView>, Fault> {
        ledger::page(&self.store, status, before.unwrap_or(i64::MAX)).await
    }

    /// The operator's yes to a registration that waits. Returns what it changes in the register.
    pub async fn approve(&self, number: i64, operator: &str) -> Result<Vec<Change>, Failure<ManagementFault>> {
        let mut tx = self.store.begin().await?;
        let view = waiting(&mut tx, number).await?;
        let changes = approve(&view.request, &Facts::load(&mut tx).await?)?;
        let now = self.clock.now();
        for change in &changes {
            change.write(&mut tx, now).await?;
        }
        ledger::settle(&mut tx, number, Status::Approved, None, operator, now).await?;
        let view = RequestView { status: Status::Approved, ..view };
        self.note_request(&mut tx, "exchange.management_request_approved", &view, operator).await?;
        tx.commit().await?;
        Ok(changes)
    }

    /// The operator's no; a request of the central server itself is taken back instead.
    pub async fn decline(&self, number: i64, operator: &str) -> Result<(), Failure<ManagementFault>> {
        let mut tx = self.store.begin().await?;
        let view = waiting(&mut tx, number).await?;
        let status = if view.origin == Origin::Center { Status::Revoked } else { Status::Declined };
        ledger::settle(&mut tx, number, status, None, operator, self.clock.now()).await?;
        let view = RequestView { status, ..view };
        self.note_request(&mut tx, "exchange.management_request_declined", &view, operator).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn note_request(
        &self,
        tx: &mut Tx,
        action: &'static str,
        view: &RequestView,
        actor: &str,
    ) -> Result<(), Fault> {
        let detail = serde_json::json!({
            "number": view.number,
            "kind": view.request.asked.service_code(),
            "origin": view.origin.name(),
            "client": view.request.asked.client().map(ToString::to_string),
            "status": view.status.name(),
        });
        self.note(tx, actor, action, &view.request.server.to_string(), detail).await
    }
}

async fn waiting(tx: &mut Tx, number: i64) -> Result<RequestView, Failure<ManagementFault>> {
    // Whoever decides is alone, as whoever asks.
    ledger::lock(tx).await?;
    match ledger::one(tx, number).await? {
        Some(view) if view.status == Status::Waiting => Ok(view),
        Some(view) => {
            let text = format!("request {number} is {}", view.status.name());
            Err(ManagementFault::new(ManagementRefusal::InvalidState, text).into())
        }
        None => {
            let text = format!("there is no request {number}");
            Err(ManagementFault::new(ManagementRefusal::NotFound, text).into())
        }
    }
}
