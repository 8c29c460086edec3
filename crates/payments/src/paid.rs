//! What happens besides the ledger when a debt is paid: the part that made the debt is told by a job in the same transaction,
//! the payer by a notice, and another job makes the receipt's paper. And the two decisions about money that came late, and the undoing of a payment.

use crate::Payments;
use crate::debt::{Debt, debt_in, move_debt};
use crate::ledger::{self, Account, Transfer};
use crate::payment::{Payment, move_payment, payment_in};
use crate::receipt;
use crate::refusal::{Failure, Refusal, refuse};
use crate::state::{DebtEvent, PaymentEvent};
use base::{Fault, Id, Timestamp};
use host::audit::Entry;
use host::jobs::Job;
use host::outbox::Notice;
use host::store::Tx;
use serde_json::json;
use std::collections::BTreeMap;

/// Kind of the job that tells a part that its debt is paid. Its payload is [`DebtPaid`]; the part registers the handler.
pub const PAID_JOB: &str = "payments.paid";

/// Kind of the job that makes the paper of a receipt. Its payload is [`ReceiptIssued`]; whoever can set and seal documents
/// registers the handler.
pub const RECEIPT_JOB: &str = "payments.receipt";

/// Payload of [`RECEIPT_JOB`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReceiptIssued {
    pub receipt: String,
}

/// Payload of [`PAID_JOB`]: no personal data, the part finds its case by `key`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DebtPaid {
    pub origin: String,
    pub key: String,
    pub debt: Id,
    pub payment: Id,
    pub receipt: String,
    pub qepik: i64,
    pub paid_at: Timestamp,
    pub case_reference: Option<String>,
}

pub(crate) fn transfer_key(payment: &Id) -> String {
    format!("payment/{payment}")
}

pub(crate) async fn tell(
    tx: &mut Tx,
    payment: &Payment,
    debt: &Debt,
    receipt: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let told = DebtPaid {
        origin: debt.origin.clone(),
        key: debt.key.clone(),
        debt: debt.id.clone(),
        payment: payment.id.clone(),
        receipt: receipt.to_owned(),
        qepik: payment.amount.qepik(),
        paid_at: now,
        case_reference: debt.case_reference.clone(),
    };
    let payload = serde_json::to_value(&told).expect("a plain struct is JSON");
    tx.enqueue(&Job { kind: PAID_JOB, key: Some(payment.id.to_string()), payload, run_at: now }).await?;
    let issued = ReceiptIssued { receipt: receipt.to_owned() };
    let payload = serde_json::to_value(&issued).expect("a plain struct is JSON");
    tx.enqueue(&Job { kind: RECEIPT_JOB, key: Some(issued.receipt), payload, run_at: now }).await?;
    // A company's payment is told to the person who made it.
    let Some(person) = payment.actor.strip_prefix("PIN:") else { return Ok(()) };
    let purpose = &debt.purpose;
    let values = BTreeMap::from([
        ("amount".to_owned(), payment.amount.qepik().to_string()),
        ("receipt".to_owned(), receipt.to_owned()),
        ("purpose.az".to_owned(), purpose.az.clone()),
        ("purpose.en".to_owned(), purpose.en.clone()),
        ("purpose.ru".to_owned(), purpose.ru.clone()),
    ]);
    tx.notice(&Notice {
        key: format!("payments.paid/{}", payment.id),
        person: person.to_owned(),
        template: "payment-received".into(),
        values,
        link: Some(format!("/payments/{}", debt.id)),
        at: now,
    })
    .await?;
    Ok(())
}

/// What is done with money that came late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateMoney {
    /// It pays the debt after all, if the debt is still open.
    Apply,
    /// It is owed back to the payer.
    Return,
}

impl Payments {
    /// Decides about money in suspense, in the caller's transaction.
    pub async fn settle_late(&self, tx: &mut Tx, payment: &Id, how: LateMoney, actor: &str) -> Result<(), Failure> {
        let now = self.now();
        let Some(payment) = payment_in(tx, payment).await? else { return refuse(Refusal::PaymentUnknown) };
        let debt = debt_in(tx, &payment.debt).await?.expect("payments are made of debts");
        let (event, credit, reason) = match how {
            LateMoney::Apply => (PaymentEvent::Applied, Account::Payee(debt.payee.clone()), "applied"),
            LateMoney::Return => (PaymentEvent::Returned, Account::Returns, "returned"),
        };
        let Some(to) = payment.state.after(event) else { return refuse(Refusal::StepNotAllowed) };
        move_payment(tx, &payment.id, payment.state, to, Some(now)).await?;
        let transfer = Transfer {
            key: format!("{}/{reason}", transfer_key(&payment.id)),
            debit: Account::Suspense,
            credit,
            amount: payment.amount,
            reason,
            payment: payment.id.clone(),
            at: now,
        };
        ledger::post(tx, &transfer, actor, self.chance()).await?;
        if how == LateMoney::Apply {
            let Some(next) = debt.state.after(DebtEvent::PaymentSucceeded) else {
                return refuse(Refusal::StepNotAllowed);
            };
            // With another payment of it under way, the debt could be paid twice.
            if crate::payment::live_in(tx, &debt.id).await?.is_some() {
                return refuse(Refusal::DebtInPayment);
            }
            move_debt(tx, &debt.id, debt.state, next, Some(now)).await?;
            let receipt = receipt::issue(tx, &payment, &debt, now, actor).await?;
            tell(tx, &payment, &debt, &receipt, now).await?;
        }
        self.audit_step(tx, &payment, "payments.late_settled", reason, actor, now).await
    }

    /// Undoes a payment by a reversing transfer; the debt is open again. For corrections and for a bank that takes money back.
    pub async fn reverse_payment(&self, tx: &mut Tx, payment: &Id, reason: &str, actor: &str) -> Result<(), Failure> {
        let now = self.now();
        let Some(payment) = payment_in(tx, payment).await? else { return refuse(Refusal::PaymentUnknown) };
        let Some(to) = payment.state.after(PaymentEvent::Reversed) else { return refuse(Refusal::StepNotAllowed) };
        let debt = debt_in(tx, &payment.debt).await?.expect("payments are made of debts");
        let next = debt.state.after(DebtEvent::PaymentReversed).expect("a debt with a paid payment is paid");
        move_payment(tx, &payment.id, payment.state, to, Some(now)).await?;
        move_debt(tx, &debt.id, debt.state, next, None).await?;
        let key = transfer_key(&payment.id);
        // Money that was applied out of suspense is undone step by step: the last step first.
        let applied = format!("{key}/applied");
        if self.has_transfer(tx, &applied).await? {
            ledger::reverse(tx, &applied, payment.id.clone(), now, actor, self.chance()).await?;
        }
        ledger::reverse(tx, &key, payment.id.clone(), now, actor, self.chance()).await?;
        self.audit_step(tx, &payment, "payments.reversed", reason, actor, now).await
    }

    async fn has_transfer(&self, tx: &mut Tx, key: &str) -> Result<bool, Fault> {
        let row = tx.query_opt("SELECT id FROM payments_transfer WHERE transfer_key = $1", &host::args![key]).await?;
        Ok(row.is_some())
    }

    async fn audit_step(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        action: &'static str,
        reason: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        tx.audit(&Entry {
            at: now,
            actor: actor.to_owned(),
            action,
            subject: payment.id.to_string(),
            detail: json!({ "reason": reason, "qepik": payment.amount.qepik() }),
        })
        .await?;
        Ok(())
    }
}
