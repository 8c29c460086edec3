//! Asking the bank what became of a payment when its report did not come, and comparing its statement with the ledger. No
//! payment stays in doubt: the job asks until the bank has given a final answer.

use crate::gateway::{About, MESSAGE_AGE_MAX_S, QUESTION, Question, STATEMENT, Statement, sealed};
use crate::reconciliation::{Difference, LedgerRow, compare};
use crate::refusal::{Failure, Refusal, refuse};
use crate::report::Effect;
use crate::state::PaymentState;
use crate::{Payments, later};
use base::{Fault, Id, Timestamp};
use host::args;
use host::jobs::{Claimed, Done, Worker};

/// Kind of the job that asks about one payment.
pub(crate) const JOB: &str = "payments.ask";

impl Payments {
    /// Registers the job that asks the bank. The handler of `payments.paid` belongs to whoever makes debts.
    pub fn register(&self, worker: Worker) -> Worker {
        let payments = self.clone();
        worker.on(JOB, move |job| {
            let payments = payments.clone();
            async move { payments.ask_job(job).await }
        })
    }

    async fn ask_job(&self, job: Claimed) -> Result<Done, Fault> {
        let payment = job.payload["payment"].as_str().and_then(Id::parse);
        let payment = payment.expect("the job was enqueued with the payment's id");
        match self.ask_bank(&payment).await {
            Ok(_) => {}
            Err(base::Failure::Failed(fault)) => return Err(fault),
            // The bank's answer was not acceptable; that is for the operator to see, and asking goes on.
            Err(base::Failure::Refused(refusal)) => {
                return Err(Fault::passing("ask the bank", base::Refusal::code(&refusal)));
            }
        }
        let still_pending = match self.payment(&payment).await {
            Ok(payment) => payment.state == PaymentState::Pending,
            Err(base::Failure::Failed(fault)) => return Err(fault),
            Err(base::Failure::Refused(_)) => false,
        };
        Ok(if still_pending { Done::Again(later(self.now(), self.tariff().ask_every_s)) } else { Done::Finished })
    }

    /// Asks the bank about the payment and lets its answer take effect. Also for the page that the browser comes back to
    /// when the report has not arrived yet. Asks nobody when the payment has ended.
    pub async fn ask_bank(&self, payment: &Id) -> Result<Effect, Failure> {
        let found = self.payment(payment).await?;
        if found.state != PaymentState::Pending {
            return Ok(Effect::Nothing);
        }
        let question = self.question(About::Order(payment.to_string()));
        let sealed = sealed::seal(QUESTION, &question, self.gateway().key.as_ref())?;
        let answer = self.gateway().line.ask("/status", sealed).await?;
        self.take_report(&answer).await
    }

    /// Compares what the bank says it took in a time with what the ledger has. Empty means that both agree.
    pub async fn reconcile(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Difference>, Failure> {
        let question = self.question(About::Time { from, to });
        let sealed = sealed::seal(QUESTION, &question, self.gateway().key.as_ref())?;
        let answer = self.gateway().line.ask("/statement", sealed).await?;
        let statement: Statement = sealed::unseal(STATEMENT, &answer, &self.gateway().bank_key).map_err(|broken| {
            base::Failure::Refused(match broken {
                sealed::Broken::Forged => Refusal::ReportForged,
                sealed::Broken::Malformed => Refusal::ReportMalformed,
            })
        })?;
        let ours = statement.bank == self.gateway().bank && statement.merchant == self.gateway().merchant;
        if !ours || statement.from != from || statement.to != to {
            return refuse(Refusal::ReportForged);
        }
        let age_s = (self.now().as_microsecond() - statement.sent_at.as_microsecond()) / 1_000_000;
        if age_s.abs() > MESSAGE_AGE_MAX_S {
            return refuse(Refusal::ReportStale);
        }
        let ledger = self.bank_money(&statement).await?;
        Ok(compare(&statement.rows, &ledger))
    }

    fn question(&self, about: About) -> Question {
        let gateway = self.gateway();
        Question { merchant: gateway.merchant.clone(), bank: gateway.bank.clone(), about, sent_at: self.now() }
    }

    /// Money that came in through the bank in that time, and money of the statement's own rows that we booked at another
    /// time: clocks differ, and a report may be hours late.
    async fn bank_money(&self, statement: &Statement) -> Result<Vec<LedgerRow>, Fault> {
        let rows = self
            .store()
            .query(
                "SELECT payment_id, amount, at FROM payments_transfer
                 WHERE reason IN ('paid', 'late') AND at >= $1 AND at < $2 ORDER BY at, id",
                &args![statement.from, statement.to],
            )
            .await?;
        let read = |row: &host::store::Row| LedgerRow {
            order: row.text("payment_id").to_owned(),
            amount: row.money("amount"),
        };
        let mut ledger: Vec<LedgerRow> = rows.iter().map(read).collect();
        for told in &statement.rows {
            if ledger.iter().any(|row| row.order == told.order) {
                continue;
            }
            let elsewhere = self
                .store()
                .query_opt(
                    "SELECT payment_id, amount, at FROM payments_transfer
                     WHERE payment_id = $1 AND reason IN ('paid', 'late')",
                    &args![&told.order],
                )
                .await?;
            ledger.extend(elsewhere.iter().map(read));
        }
        Ok(ledger)
    }
}
