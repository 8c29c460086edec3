//! Payments: debts with subscriber codes, their payment through a bank, the double-entry ledger, receipts. Knows no fee and no
//! institution of a country (those are `payments.toml`), no page (that is the portal) and no case (that is `services`, which
//! makes debts in its own transaction and is told by a job when they are paid).

mod asking;
pub mod callback;
mod debt;
pub mod gateway;
pub mod ledger;
mod paid;
mod payment;
mod receipt;
pub mod reconciliation;
mod refusal;
mod report;
mod schema;
mod state;
mod subscriber_code;
pub mod tariff;

pub use debt::{DEBTS_MAX, Debt, NewDebt};
pub use paid::{DebtPaid, LateMoney, PAID_JOB, RECEIPT_JOB, ReceiptIssued};
pub use payment::{Begin, Payment, Redirect};
pub use receipt::{ORIGIN, Receipt};
pub use refusal::{Failure, Refusal};
pub use report::Effect;
pub use schema::MIGRATIONS;
pub use state::{DebtState, PaymentState};
pub use subscriber_code::SubscriberCode;
pub use tariff::Tariff;

use base::{Chance, Clock, Signer, Timestamp, clock};
use host::store::Store;
use std::sync::Arc;
use tokio::sync::Notify;

/// The contract with the bank that takes payments.
pub struct Gateway {
    /// Our name at the bank, and the bank's name.
    pub merchant: String,
    pub bank: String,
    /// The key that seals our orders and questions (P-256).
    pub key: Arc<dyn Signer>,
    /// SubjectPublicKeyInfo of the bank's key, DER.
    pub bank_key: Vec<u8>,
    /// Where browsers reach the bank: `http://127.0.0.1:8804`.
    pub bank_origin: String,
    /// Where browsers and the bank reach us: `http://127.0.0.1:8800`.
    pub portal_origin: String,
    /// How our server reaches the bank's.
    pub line: Arc<dyn gateway::Line>,
}

/// Everything that payments need of the world.
pub struct Setup {
    pub store: Store,
    pub tariff: Tariff,
    pub gateway: Gateway,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Woken after a commit that enqueued a job (`Worker::waker`).
    pub wake: Option<Arc<Notify>>,
}

/// The use cases of payments; cloning shares them.
#[derive(Clone)]
pub struct Payments {
    setup: Arc<Setup>,
}

impl Payments {
    pub fn new(setup: Setup) -> Payments {
        Payments { setup: Arc::new(setup) }
    }

    /// The country's payees and fees.
    pub fn tariff(&self) -> &Tariff {
        &self.setup.tariff
    }

    /// The store that holds the ledger; the functions of [`ledger`] take it.
    pub fn store(&self) -> &Store {
        &self.setup.store
    }

    fn gateway(&self) -> &Gateway {
        &self.setup.gateway
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    fn chance(&self) -> &dyn Chance {
        self.setup.chance.as_ref()
    }

    fn wake(&self) {
        if let Some(wake) = &self.setup.wake {
            wake.notify_one();
        }
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    clock::from_micros(at.as_microsecond() + seconds * 1_000_000)
}

#[cfg(test)]
mod tests;
