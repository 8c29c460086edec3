//! What the bank's word does: load, decide, apply, in one transaction. Repeated, late, forged, wrong and unknown reports are
//! told apart here and nowhere else; callback and status answer take the same way.

use crate::debt::{debt_in, move_debt};
use crate::gateway::{MESSAGE_AGE_MAX_S, Outcome, REPORT, Report, sealed};
use crate::ledger::{self, Account, Transfer};
use crate::payment::{Payment, move_payment, payment_in};
use crate::refusal::{Failure, Refusal, refuse};
use crate::state::{DebtEvent, PaymentEvent, PaymentState};
use crate::{Payments, paid, receipt};
use base::{Id, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::Tx;
use serde_json::json;

/// What a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The debt is paid.
    Paid,
    /// The attempt ended without money; the debt is open again.
    Ended,
    /// Money came late and is kept in suspense, flagged.
    Suspense,
    /// Known already, or no news: nothing changed.
    Nothing,
}

impl Effect {
    pub fn name(self) -> &'static str {
        match self {
            Effect::Paid => "paid",
            Effect::Ended => "ended",
            Effect::Suspense => "suspense",
            Effect::Nothing => "nothing",
        }
    }
}

/// Attempts when another transaction was faster each time.
const ATTEMPTS_MAX: usize = 5;

/// Reads and checks a report's envelope. Only what passes here is the bank's word, and about us, and fresh.
fn open(payments: &Payments, sealed_report: &str, now: Timestamp) -> Result<Report, Refusal> {
    let gateway = payments.gateway();
    let report: Report = sealed::unseal(REPORT, sealed_report, &gateway.bank_key).map_err(|broken| match broken {
        sealed::Broken::Forged => Refusal::ReportForged,
        sealed::Broken::Malformed => Refusal::ReportMalformed,
    })?;
    if report.bank != gateway.bank || report.merchant != gateway.merchant {
        return Err(Refusal::ReportForged);
    }
    let age_s = (now.as_microsecond() - report.sent_at.as_microsecond()) / 1_000_000;
    if age_s.abs() > MESSAGE_AGE_MAX_S {
        return Err(Refusal::ReportStale);
    }
    Ok(report)
}

/// What the report means for the payment as it stands. Guards in the order in which they are answered.
fn decide(payment: &Payment, currency: &str, report: &Report, now: Timestamp) -> Result<Option<PaymentEvent>, Refusal> {
    // An order that the bank has never seen has no amount there; every other word is about this amount or wrong.
    let exact = report.amount == payment.amount && report.currency == currency;
    if report.outcome != Outcome::Void && !exact {
        return Err(Refusal::WrongAmount);
    }
    match report.outcome {
        Outcome::Paid if report.bank_reference.is_none() => Err(Refusal::ReportMalformed),
        Outcome::Paid if payment.state.has_money() => {
            // The same money told again. Another number of the bank would be other money for the same order.
            let same = payment.bank_reference == report.bank_reference;
            if same { Ok(None) } else { Err(Refusal::ReportContradicts) }
        }
        Outcome::Paid => Ok(Some(PaymentEvent::BankPaid)),
        Outcome::Declined | Outcome::Void if payment.state.has_money() => Err(Refusal::ReportContradicts),
        Outcome::Declined if payment.state == PaymentState::Pending => Ok(Some(PaymentEvent::BankDeclined)),
        // Before its time is over an order that the bank has not seen may still arrive there.
        Outcome::Void if payment.state == PaymentState::Pending && now >= payment.expires_at => {
            Ok(Some(PaymentEvent::Lapsed))
        }
        Outcome::Declined | Outcome::Void | Outcome::Open => Ok(None),
    }
}

impl Payments {
    /// Takes the bank's sealed word. The same word again, in any order and number, has the effect of one.
    pub async fn take_report(&self, sealed_report: &str) -> Result<Effect, Failure> {
        let report = open(self, sealed_report, self.now()).map_err(base::Failure::Refused)?;
        let Some(payment) = Id::parse(&report.order) else { return refuse(Refusal::OrderUnknown) };
        for attempt in 1.. {
            match self.try_take(&payment, &report, sealed_report).await {
                Err(base::Failure::Failed(fault)) if fault.retry_helps && attempt < ATTEMPTS_MAX => {}
                done => return done,
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn try_take(&self, payment: &Id, report: &Report, sealed_report: &str) -> Result<Effect, Failure> {
        let now = self.now();
        let mut tx = self.store().begin().await?;
        let Some(payment) = payment_in(&mut tx, payment).await? else { return refuse(Refusal::OrderUnknown) };
        let decided = decide(&payment, &self.tariff().currency, report, now).map_err(base::Failure::Refused)?;
        let Some(event) = decided else { return Ok(Effect::Nothing) };
        let to = payment.state.after(event).expect("decided by the same states");
        move_payment(&mut tx, &payment.id, payment.state, to, Some(now)).await?;
        let effect = match to {
            PaymentState::Paid => {
                self.set_reference(&mut tx, &payment.id, report).await?;
                self.credit(&mut tx, &payment, now).await?;
                Effect::Paid
            }
            PaymentState::InSuspense => {
                self.set_reference(&mut tx, &payment.id, report).await?;
                self.keep_in_suspense(&mut tx, &payment, now).await?;
                Effect::Suspense
            }
            PaymentState::Declined | PaymentState::Expired => {
                self.reopen(&mut tx, &payment).await?;
                Effect::Ended
            }
            PaymentState::Pending | PaymentState::Cancelled | PaymentState::Returned | PaymentState::Reversed => {
                panic!("no report leads to {to}")
            }
        };
        self.record_report(&mut tx, &payment, report, sealed_report, effect, now).await?;
        tx.commit().await?;
        self.wake();
        Ok(effect)
    }

    async fn credit(&self, tx: &mut Tx, payment: &Payment, now: Timestamp) -> Result<(), Failure> {
        let debt = debt_in(tx, &payment.debt).await?.expect("payments are made of debts");
        let to = debt.state.after(DebtEvent::PaymentSucceeded).expect("a debt with a live payment is in payment");
        move_debt(tx, &debt.id, debt.state, to, Some(now)).await?;
        let transfer = Transfer {
            key: paid::transfer_key(&payment.id),
            debit: Account::Bank(self.gateway().bank.clone()),
            credit: Account::Payee(debt.payee.clone()),
            amount: payment.amount,
            reason: "paid",
            payment: payment.id.clone(),
            at: now,
        };
        ledger::post(tx, &transfer, &self.bank_actor(), self.chance()).await?;
        let receipt = receipt::issue(tx, payment, &debt, now, &self.bank_actor()).await?;
        paid::tell(tx, payment, &debt, &receipt, now).await?;
        Ok(())
    }

    async fn keep_in_suspense(&self, tx: &mut Tx, payment: &Payment, now: Timestamp) -> Result<(), Failure> {
        let transfer = Transfer {
            key: paid::transfer_key(&payment.id),
            debit: Account::Bank(self.gateway().bank.clone()),
            credit: Account::Suspense,
            amount: payment.amount,
            reason: "late",
            payment: payment.id.clone(),
            at: now,
        };
        ledger::post(tx, &transfer, &self.bank_actor(), self.chance()).await?;
        Ok(())
    }

    async fn reopen(&self, tx: &mut Tx, payment: &Payment) -> Result<(), Failure> {
        let debt = debt_in(tx, &payment.debt).await?.expect("payments are made of debts");
        let to = debt.state.after(DebtEvent::PaymentEnded).expect("a debt with a live payment is in payment");
        move_debt(tx, &debt.id, debt.state, to, None).await?;
        Ok(())
    }

    async fn set_reference(&self, tx: &mut Tx, payment: &Id, report: &Report) -> Result<(), Failure> {
        tx.execute(
            "UPDATE payments_payment SET bank_reference = $1 WHERE id = $2",
            &args![report.bank_reference.clone(), payment],
        )
        .await?;
        Ok(())
    }

    /// Keeps the sealed report itself: it is the bank's signature under what the ledger says.
    async fn record_report(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        report: &Report,
        sealed_report: &str,
        effect: Effect,
        now: Timestamp,
    ) -> Result<(), Failure> {
        // A bank that uses one id for two words loses only the second copy of its own evidence.
        tx.execute(
            "INSERT INTO payments_report (report_id, payment_id, effect, sealed, received_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (report_id) DO NOTHING",
            &args![&report.report_id, &payment.id, effect.name(), sealed_report, now],
        )
        .await?;
        tx.audit(&Entry {
            at: now,
            actor: self.bank_actor(),
            action: "payments.reported",
            subject: payment.id.to_string(),
            detail: json!({
                "outcome": report.outcome, "effect": effect.name(), "report": report.report_id,
                "bankReference": report.bank_reference,
            }),
        })
        .await?;
        Ok(())
    }

    fn bank_actor(&self) -> String {
        format!("bank/{}", self.gateway().bank)
    }
}
