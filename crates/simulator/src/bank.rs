//! The demo's test bank: the other side of the merchant protocol (`payments::gateway`), with a page on which a payer decides.
//! No money exists here. It keeps its orders in a store of its own, so that what was paid stays paid after a crash, and it
//! reports until it is heard.

mod orders;
mod pages;
mod protocol;
#[cfg(test)]
mod tests;

pub use orders::MIGRATIONS;

use crate::phrases::Phrases;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use base::{Chance, Clock, Signer, Timestamp};
use host::store::Store;
use payments::gateway::sealed::SEALED_BYTES_MAX;
use std::sync::Arc;
use tokio::sync::Notify;

static WORDS: Phrases = Phrases::new(include_str!("../texts/bank.toml"));

/// Everything that the test bank needs of the world.
pub struct Setup {
    /// A store of its own, opened with [`MIGRATIONS`].
    pub store: Store,
    /// The bank's name and its one merchant's, as in the contract (`payments::Gateway`).
    pub bank: String,
    pub merchant: String,
    /// The bank's key (P-256).
    pub key: Arc<dyn Signer>,
    /// SubjectPublicKeyInfo of the merchant's key, DER.
    pub merchant_key: Vec<u8>,
    pub client: host::http::Client,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Woken when a report is to be sent (`Worker::waker`).
    pub wake: Option<Arc<Notify>>,
}

/// The test bank; cloning shares it.
#[derive(Clone)]
pub struct Bank {
    setup: Arc<Setup>,
}

impl Bank {
    pub fn new(setup: Setup) -> Bank {
        Bank { setup: Arc::new(setup) }
    }

    /// Pages for browsers (`/pay`, `/orders/{order}`) and the merchant's questions (`/status`, `/statement`).
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(pages::front))
            .route("/bank.css", get(pages::style))
            .route("/pay", get(pages::arrive))
            .route("/orders/{order}", get(pages::show).post(pages::choose))
            .route("/status", post(protocol::status))
            .route("/statement", post(protocol::statement))
            .fallback(pages::nothing_here)
            .layer(DefaultBodyLimit::max(SEALED_BYTES_MAX))
            .with_state(self.clone())
    }

    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }
}
