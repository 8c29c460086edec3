//! The merchant protocol between the portal and a bank that takes payments for it. The whole protocol:
//!
//! 1. The portal sends the browser to `{bank}/pay?order=…`; `order` is an [`Order`] sealed by the merchant. It names the
//!    amount and until when it may be paid, and holds no personal data. The same order again is the same order.
//! 2. The bank shows it and lets the payer decide. An order past its time is not payable, ever.
//! 3. The bank posts a [`Report`] sealed by the bank to the order's callback, again and again (each time sealed anew with a
//!    fresh `sent_at`, same `report_id`) until it is answered with 2xx (recorded, or known already) or 4xx (refused for good).
//! 4. The bank sends the browser to the order's `return_to`. That tells the portal nothing; only reports do.
//! 5. The merchant may ask: a sealed [`Question`] posted to `{bank}/status` is answered by a sealed [`Report`]; one posted to
//!    `{bank}/statement` by a sealed [`Statement`] of everything paid in a time.
//!
//! Every message is a compact JWS (`sealed`), content type `application/jose`. Keys are exchanged when the contract is made.

pub mod sealed;

use base::{Fault, Localized, Money, Timestamp};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The `typ` of each message.
pub const ORDER: &str = "pencere-order";
pub const REPORT: &str = "pencere-report";
pub const QUESTION: &str = "pencere-question";
pub const STATEMENT: &str = "pencere-statement";

/// Content type of every message between servers (RFC 7515 §9.2.1).
pub const CONTENT_TYPE: &str = "application/jose";

/// How old a message may be when it arrives, and how far its sender's clock may be ahead.
pub const MESSAGE_AGE_MAX_S: i64 = 300;

/// What the merchant asks the bank to take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub merchant: String,
    pub bank: String,
    /// Unique at the merchant; the payment's id.
    pub order: String,
    /// `1100.00`
    #[serde(with = "decimal")]
    pub amount: Money,
    pub currency: String,
    pub payee: Localized,
    pub purpose: Localized,
    /// The subscriber code, for the payer's eyes.
    pub code: String,
    /// Tag of the language that the payer reads.
    pub lang: base::Lang,
    /// Where the browser goes afterwards.
    pub return_to: String,
    /// Where reports go.
    pub callback: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What became of an order at the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Paid,
    Declined,
    /// Shown, not decided; payable until its time runs out.
    Open,
    /// The bank has never seen it, or its time ran out undecided: it will never be paid.
    Void,
}

/// The bank's word about one order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub bank: String,
    pub merchant: String,
    /// The same word about the same order has the same id, however often it is sent.
    pub report_id: String,
    pub order: String,
    pub outcome: Outcome,
    /// The order's amount; zero when the bank has never seen the order.
    #[serde(with = "decimal")]
    pub amount: Money,
    pub currency: String,
    /// The bank's own number of the payment; absent when nothing was paid.
    pub bank_reference: Option<String>,
    pub sent_at: Timestamp,
}

/// The merchant's question: about one order, or about a time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub merchant: String,
    pub bank: String,
    pub about: About,
    pub sent_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum About {
    Order(String),
    /// From inclusive, to exclusive.
    Time {
        from: Timestamp,
        to: Timestamp,
    },
}

/// Everything that the bank took for the merchant in a time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub bank: String,
    pub merchant: String,
    pub from: Timestamp,
    pub to: Timestamp,
    pub rows: Vec<StatementRow>,
    pub sent_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementRow {
    pub order: String,
    #[serde(with = "decimal")]
    pub amount: Money,
    pub bank_reference: String,
    pub paid_at: Timestamp,
}

/// The way to the bank's server; a port, so that tests need no network.
pub trait Line: Send + Sync {
    /// Posts a sealed question to `path` and returns the sealed answer.
    fn ask<'a>(
        &'a self,
        path: &'static str,
        sealed: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, Fault>> + Send + 'a>>;
}

/// The line over HTTP.
pub struct HttpLine {
    client: host::http::Client,
    address: String,
}

const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const ANSWER_WAIT: Duration = Duration::from_secs(10);

impl HttpLine {
    /// `address` is the bank's origin, without a slash at its end.
    pub fn new(client: host::http::Client, address: String) -> HttpLine {
        HttpLine { client, address }
    }
}

impl Line for HttpLine {
    fn ask<'a>(
        &'a self,
        path: &'static str,
        sealed: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, Fault>> + Send + 'a>> {
        Box::pin(async move {
            let request = http::Request::post(format!("{}{path}", self.address))
                .header(http::header::CONTENT_TYPE, CONTENT_TYPE)
                .body(Bytes::from(sealed))
                .map_err(|cause| Fault::new("ask the bank", cause))?;
            let answer = self.client.send(request, ANSWER_BYTES_MAX, ANSWER_WAIT).await?;
            if answer.status() != http::StatusCode::OK {
                return Err(Fault::passing("ask the bank", format!("status {}", answer.status())));
            }
            String::from_utf8(answer.into_body().to_vec()).map_err(|cause| Fault::new("ask the bank", cause))
        })
    }
}

/// Amounts travel as decimals of the currency: what people see is what is signed.
mod decimal {
    use base::Money;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(amount: &Money, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&amount.decimal())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Money, D::Error> {
        let text = String::deserialize(from)?;
        Money::parse_decimal(&text).ok_or_else(|| D::Error::custom("not an amount"))
    }
}
