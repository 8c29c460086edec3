//! The bank's side of the merchant protocol between servers: reports sent until they are heard, questions answered.

use super::Bank;
use super::orders::Known;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base::{Fault, Money};
use host::jobs::{Claimed, Done, Worker};
use http::{StatusCode, header};
use payments::gateway::{
    About, CONTENT_TYPE, MESSAGE_AGE_MAX_S, Outcome, QUESTION, Question, REPORT, Report, STATEMENT, Statement,
    StatementRow, sealed,
};
use std::time::Duration;

/// Kind of the job that reports one order.
pub(super) const REPORT_JOB: &str = "simulator.bank_report";

const ANSWER_BYTES_MAX: usize = 16 * 1024;
const ANSWER_WAIT: Duration = Duration::from_secs(10);

impl Bank {
    /// Registers the job that reports; the worker runs on the bank's own store.
    pub fn register(&self, worker: Worker) -> Worker {
        let bank = self.clone();
        worker.on(REPORT_JOB, move |job| {
            let bank = bank.clone();
            async move { bank.report_job(job).await }
        })
    }

    /// Tells the merchant once. 2xx: heard; 4xx: refused for good, which stays visible; anything else: again later.
    async fn report_job(&self, job: Claimed) -> Result<Done, Fault> {
        let id = job.payload["order"].as_str().expect("enqueued with the order's name");
        let known = self.find(id).await?.expect("reported orders are known");
        let report = sealed::seal(REPORT, &self.report(id, Some(&known)), self.setup().key.as_ref())?;
        let request = http::Request::post(&known.order.callback)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .body(Bytes::from(report))
            .map_err(|cause| Fault::new("report to the merchant", cause))?;
        let answer = self.setup().client.send(request, ANSWER_BYTES_MAX, ANSWER_WAIT).await?;
        let status = answer.status();
        if status.is_success() {
            self.set_told(id, "heard").await?;
        } else if status.is_client_error() {
            tracing::warn!(%status, "the merchant refused a report");
            self.set_told(id, "refused").await?;
        } else {
            return Err(Fault::passing("report to the merchant", format!("status {status}")));
        }
        Ok(Done::Finished)
    }

    /// The bank's word about an order, known or not. The same word has the same id.
    fn report(&self, id: &str, known: Option<&Known>) -> Report {
        let outcome = known.map_or(Outcome::Void, |known| known.outcome(self.now()));
        let name = match outcome {
            Outcome::Paid => "paid",
            Outcome::Declined => "declined",
            Outcome::Open => "open",
            Outcome::Void => "void",
        };
        Report {
            bank: self.setup().bank.clone(),
            merchant: self.setup().merchant.clone(),
            report_id: format!("{id}/{name}"),
            order: id.to_owned(),
            outcome,
            amount: known.map_or(Money::ZERO, |known| known.order.amount),
            currency: known.map_or_else(String::new, |known| known.order.currency.clone()),
            bank_reference: known.and_then(|known| known.bank_reference.clone()),
            sent_at: self.now(),
        }
    }

    /// The question, if it is the merchant's, to us, and fresh.
    fn question(&self, body: &[u8]) -> Option<Question> {
        let sealed_question = std::str::from_utf8(body).ok()?;
        let question: Question = sealed::unseal(QUESTION, sealed_question, &self.setup().merchant_key).ok()?;
        let age_s = (self.now().as_microsecond() - question.sent_at.as_microsecond()) / 1_000_000;
        let ours = question.bank == self.setup().bank && question.merchant == self.setup().merchant;
        (ours && age_s.abs() <= MESSAGE_AGE_MAX_S).then_some(question)
    }

    fn sealed_answer<T: serde::Serialize>(&self, kind: &str, message: &T) -> Response {
        match sealed::seal(kind, message, self.setup().key.as_ref()) {
            Ok(sealed) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], sealed).into_response(),
            Err(fault) => failed(&fault),
        }
    }
}

fn failed(fault: &Fault) -> Response {
    tracing::error!(%fault, "answering the merchant");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

pub(super) async fn status(State(bank): State<Bank>, body: Bytes) -> Response {
    let Some(Question { about: About::Order(order), .. }) = bank.question(&body) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match bank.find(&order).await {
        Ok(known) => bank.sealed_answer(REPORT, &bank.report(&order, known.as_ref())),
        Err(fault) => failed(&fault),
    }
}

pub(super) async fn statement(State(bank): State<Bank>, body: Bytes) -> Response {
    let Some(Question { about: About::Time { from, to }, .. }) = bank.question(&body) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let paid = match bank.paid_between(from, to).await {
        Ok(paid) => paid,
        Err(fault) => return failed(&fault),
    };
    let row = |(known, paid_at): (Known, base::Timestamp)| StatementRow {
        order: known.order.order,
        amount: known.order.amount,
        bank_reference: known.bank_reference.expect("what is paid has a number"),
        paid_at,
    };
    let statement = Statement {
        bank: bank.setup().bank.clone(),
        merchant: bank.setup().merchant.clone(),
        from,
        to,
        rows: paid.into_iter().map(row).collect(),
        sent_at: bank.now(),
    };
    bank.sealed_answer(STATEMENT, &statement)
}
