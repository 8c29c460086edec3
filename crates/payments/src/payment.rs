//! Payments of debts: begun by a person, ended by the bank's word. At most one payment of a debt can still succeed at any
//! time, so a debt cannot be paid twice through us.

use crate::debt::{Debt, debt_in, move_debt};
use crate::gateway::{self, Order, sealed};
use crate::refusal::{Failure, Refusal, refuse};
use crate::state::{DebtEvent, DebtState, PaymentState};
use crate::{Payments, asking};
use base::{Fault, Id, Lang, Money, Timestamp};
use host::args;
use host::audit::Entry;
use host::jobs::Job;
use host::store::{Row, Tx};
use serde_json::json;

/// A wish to pay.
#[derive(Debug, Clone)]
pub struct Begin {
    pub debt: Id,
    /// Who pays, `PIN:…`: not always who owes.
    pub actor: String,
    /// Where the browser comes back to: a path of the portal, without personal data.
    pub return_path: String,
    /// The language in which the bank should speak.
    pub lang: Lang,
}

/// Where to send the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    pub payment: Id,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: Id,
    pub debt: Id,
    pub amount: Money,
    pub state: PaymentState,
    pub actor: String,
    pub return_path: String,
    pub lang: Lang,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub bank_reference: Option<String>,
    /// Somebody must look at it: money came late.
    pub flagged: bool,
}

const RETURN_PATH_BYTES_MAX: usize = 300;

macro_rules! select_payment {
    ($rest:literal) => {
        concat!(
            "SELECT id, debt_id, amount, state, actor, return_path, lang, created_at, expires_at, ended_at, ",
            "bank_reference, flagged FROM payments_payment ",
            $rest
        )
    };
}

/// What is to be done when somebody wants to pay a debt that stands so.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    New,
    /// The payment under way is the same wish; its order is given again.
    Again,
    /// The payment under way has run out: the bank must say what became of it before another may start.
    AskFirst,
}

fn decide(debt: DebtState, live: Option<&Payment>, now: Timestamp) -> Result<Start, Refusal> {
    match (debt, live) {
        (DebtState::Paid, _) => Err(Refusal::DebtAlreadyPaid),
        (DebtState::Cancelled, _) => Err(Refusal::DebtCancelled),
        (DebtState::Open, None) => Ok(Start::New),
        (DebtState::InPayment, Some(payment)) if now < payment.expires_at => Ok(Start::Again),
        (DebtState::InPayment, Some(_)) => Ok(Start::AskFirst),
        (DebtState::Open, Some(_)) | (DebtState::InPayment, None) => {
            panic!("a debt is in payment exactly while a payment of it may succeed")
        }
    }
}

impl Payments {
    /// Starts a payment, or gives the one under way again. A payment that ran out is first cleared up with the bank.
    pub async fn begin_payment(&self, begin: &Begin) -> Result<Redirect, Failure> {
        if !is_path(&begin.return_path) {
            return refuse(Refusal::ReturnAddress);
        }
        if let Some(redirect) = self.try_begin(begin).await? {
            return Ok(redirect);
        }
        if let Some(run_out) = self.live_payment(&begin.debt).await? {
            // No answer leaves the person where the refusal below says; the job goes on asking.
            let _asked = self.ask_bank(&run_out.id).await;
        }
        match self.try_begin(begin).await? {
            Some(redirect) => Ok(redirect),
            None => refuse(Refusal::AwaitingBank),
        }
    }

    /// `None` when the bank must be asked first.
    async fn try_begin(&self, begin: &Begin) -> Result<Option<Redirect>, Failure> {
        let now = self.now();
        let mut tx = self.store().begin().await?;
        let Some(debt) = debt_in(&mut tx, &begin.debt).await? else { return refuse(Refusal::DebtUnknown) };
        let live = live_in(&mut tx, &debt.id).await?;
        let payment = match decide(debt.state, live.as_ref(), now).map_err(base::Failure::Refused)? {
            Start::AskFirst => return Ok(None),
            Start::Again => live.expect("decided on it"),
            Start::New => {
                let payment = self.new_payment(&debt, begin, now);
                self.record_begin(&mut tx, &debt, &payment).await?;
                tx.commit().await?;
                payment
            }
        };
        Ok(Some(Redirect { address: self.order_address(&debt, &payment)?, payment: payment.id }))
    }

    fn new_payment(&self, debt: &Debt, begin: &Begin, now: Timestamp) -> Payment {
        Payment {
            id: Id::new(now, self.chance()),
            debt: debt.id.clone(),
            amount: debt.amount,
            state: PaymentState::Pending,
            actor: begin.actor.clone(),
            return_path: begin.return_path.clone(),
            lang: begin.lang,
            created_at: now,
            expires_at: crate::later(now, self.tariff().order_valid_s),
            ended_at: None,
            bank_reference: None,
            flagged: false,
        }
    }

    async fn record_begin(&self, tx: &mut Tx, debt: &Debt, payment: &Payment) -> Result<(), Fault> {
        let to = debt.state.after(DebtEvent::PaymentBegun).expect("decided that a payment may begin");
        move_debt(tx, &debt.id, debt.state, to, None).await?;
        tx.execute(
            "INSERT INTO payments_payment
             (id, debt_id, amount, state, actor, return_path, lang, created_at, expires_at, flagged)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
            &args![
                &payment.id,
                &debt.id,
                payment.amount,
                payment.state.name(),
                &payment.actor,
                &payment.return_path,
                payment.lang,
                payment.created_at,
                payment.expires_at
            ],
        )
        .await?;
        tx.enqueue(&Job {
            kind: asking::JOB,
            key: Some(payment.id.to_string()),
            payload: json!({ "payment": payment.id }),
            run_at: crate::later(payment.created_at, self.tariff().ask_every_s),
        })
        .await?;
        tx.audit(&Entry {
            at: payment.created_at,
            actor: payment.actor.clone(),
            action: "payments.begun",
            subject: payment.id.to_string(),
            detail: json!({ "debt": debt.id, "qepik": payment.amount.qepik(), "expiresAt": payment.expires_at }),
        })
        .await?;
        Ok(())
    }

    /// The order's address at the bank. Made anew each time from what is stored: the order is the same, the signature's
    /// bytes need not be.
    fn order_address(&self, debt: &Debt, payment: &Payment) -> Result<String, Fault> {
        let gateway = self.gateway();
        let payee = self.tariff().payee(&debt.payee).expect("debts are made for payees of the tariff");
        let order = Order {
            merchant: gateway.merchant.clone(),
            bank: gateway.bank.clone(),
            order: payment.id.to_string(),
            amount: payment.amount,
            currency: self.tariff().currency.clone(),
            payee: payee.name.clone(),
            purpose: debt.purpose.clone(),
            code: debt.code.grouped(),
            lang: payment.lang,
            return_to: format!("{}{}", gateway.portal_origin, payment.return_path),
            callback: format!("{}{}", gateway.portal_origin, crate::callback::PATH),
            issued_at: payment.created_at,
            expires_at: payment.expires_at,
        };
        let sealed = sealed::seal(gateway::ORDER, &order, gateway.key.as_ref())?;
        Ok(format!("{}/pay?order={sealed}", gateway.bank_origin))
    }

    pub async fn payment(&self, payment: &Id) -> Result<Payment, Failure> {
        let row = self.store().query_opt(select_payment!("WHERE id = $1"), &args![payment]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::PaymentUnknown), |row| Ok(read(row)))
    }

    /// Every attempt to pay the debt, oldest first.
    pub async fn payments_of_debt(&self, debt: &Id) -> Result<Vec<Payment>, Fault> {
        let sql = select_payment!("WHERE debt_id = $1 ORDER BY created_at, id");
        Ok(self.store().query(sql, &args![debt]).await?.iter().map(read).collect())
    }

    /// Payments that somebody must look at: money in suspense, oldest first.
    pub async fn flagged(&self) -> Result<Vec<Payment>, Fault> {
        let sql = select_payment!("WHERE flagged = 1 ORDER BY created_at, id LIMIT 500");
        Ok(self.store().query(sql, &args![]).await?.iter().map(read).collect())
    }

    pub(crate) async fn live_payment(&self, debt: &Id) -> Result<Option<Payment>, Fault> {
        let sql = select_payment!("WHERE debt_id = $1 AND state = 'pending'");
        Ok(self.store().query_opt(sql, &args![debt]).await?.as_ref().map(read))
    }
}

pub(crate) async fn live_in(tx: &mut Tx, debt: &Id) -> Result<Option<Payment>, Fault> {
    let sql = select_payment!("WHERE debt_id = $1 AND state = 'pending'");
    Ok(tx.query_opt(sql, &args![debt]).await?.as_ref().map(read))
}

pub(crate) async fn payment_in(tx: &mut Tx, payment: &Id) -> Result<Option<Payment>, Fault> {
    Ok(tx.query_opt(select_payment!("WHERE id = $1"), &args![payment]).await?.as_ref().map(read))
}

/// Moves the payment if it still stands where it was read. `flagged` follows from the state.
pub(crate) async fn move_payment(
    tx: &mut Tx,
    payment: &Id,
    from: PaymentState,
    to: PaymentState,
    ended_at: Option<Timestamp>,
) -> Result<(), Fault> {
    let moved = tx
        .execute(
            "UPDATE payments_payment SET state = $1, ended_at = $2, flagged = $3 WHERE id = $4 AND state = $5",
            &args![to.name(), ended_at, to == PaymentState::InSuspense, payment, from.name()],
        )
        .await?;
    if moved == 1 { Ok(()) } else { Err(overtaken()) }
}

/// Another transaction changed the row between our reading and our writing.
pub(crate) fn overtaken() -> Fault {
    Fault::passing("change a payment", "it was changed by somebody else at the same time")
}

/// A path of our own and nothing that a browser would take for another host (`//host`, `/\host`).
fn is_path(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && text.starts_with('/') && !text.starts_with("//") && text.len() <= RETURN_PATH_BYTES_MAX
}

fn read(row: &Row) -> Payment {
    Payment {
        id: row.id("id"),
        debt: row.id("debt_id"),
        amount: row.money("amount"),
        state: PaymentState::stored(row.text("state")),
        actor: row.text("actor").to_owned(),
        return_path: row.text("return_path").to_owned(),
        lang: Lang::parse(row.text("lang")).expect("only tags of languages are stored"),
        created_at: row.time("created_at"),
        expires_at: row.time("expires_at"),
        ended_at: row.opt_time("ended_at"),
        bank_reference: row.opt_text("bank_reference").map(str::to_owned),
        flagged: row.bool("flagged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_returned_to() {
        for path in ["/", "/payments/0190/back?lang=az"] {
            assert!(is_path(path), "{path}");
        }
        let long = format!("/{}", "x".repeat(RETURN_PATH_BYTES_MAX));
        for other in
            ["", "https://elsewhere.az/", "//elsewhere.az", "/\\elsewhere.az", "x", "/a b", "/ə", "/a\r\nb", &long]
        {
            assert!(!is_path(other), "{other}");
        }
    }
}
