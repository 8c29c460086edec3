//! Debts: what somebody owes an institution, made by another part of the portal in its own transaction and paid once.

use crate::refusal::{Failure, Refusal, refuse};
use crate::state::{DebtEvent, DebtState, PaymentEvent, PaymentState};
use crate::subscriber_code::SubscriberCode;
use crate::{Payments, payment};
use base::{Fault, Id, Localized, Money, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Row, Tx};
use serde_json::json;

/// What a debt is made of. `(origin, key)` is its identity: the same again is the same debt.
#[derive(Debug, Clone)]
pub struct NewDebt {
    /// The part that makes it: `services`.
    pub origin: &'static str,
    /// What it is for, unique within the origin: a case's reference with the fee's place in it.
    pub key: String,
    /// Who owes: `PIN:…` or `TIN:…`.
    pub payer: String,
    /// The fee's id in the country's tariff; amount, payee and purpose come from there.
    pub fee: String,
    pub case_reference: Option<String>,
    /// Who makes it, for the audit log.
    pub actor: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    pub id: Id,
    pub code: SubscriberCode,
    pub origin: String,
    pub key: String,
    pub payer: String,
    /// Id of the payee in the tariff.
    pub payee: String,
    pub fee: String,
    pub purpose: Localized,
    pub amount: Money,
    pub state: DebtState,
    pub case_reference: Option<String>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
}

/// A list shows at most so many; older ones are found by their code.
pub const DEBTS_MAX: i64 = 200;

/// Draws of a code before chance itself is suspected: with 10^8 numbers a payee, even a million debts collide once in a
/// hundred draws.
const DRAWS_MAX: usize = 16;

macro_rules! select_debt {
    ($rest:literal) => {
        concat!(
            "SELECT id, code, origin, origin_key, payer, payee, fee, purpose, amount, state, case_reference, ",
            "created_at, paid_at FROM payments_debt ",
            $rest
        )
    };
}

impl Payments {
    /// Makes the debt in the caller's transaction, or returns the one that this origin and key already made.
    pub async fn create_debt(&self, tx: &mut Tx, new: &NewDebt) -> Result<Debt, Failure> {
        let Some(fee) = self.tariff().fee(&new.fee) else { return refuse(Refusal::FeeUnknown) };
        let payee = self.tariff().payee(&fee.payee).expect("the tariff checks that fees have payees");
        if let Some(known) = find(tx, new).await? {
            return same_or_refused(known, new);
        }
        let now = self.now();
        let id = Id::new(now, self.chance());
        let code = self.free_code(tx, &payee.number).await?;
        let purpose = serde_json::to_string(&fee.purpose).expect("texts are JSON");
        let inserted = tx
            .execute(
                "INSERT INTO payments_debt
                 (id, code, origin, origin_key, payer, payee, fee, purpose, amount, state, case_reference, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, $11)
                 ON CONFLICT (origin, origin_key) DO NOTHING",
                &args![
                    &id,
                    code.as_str(),
                    new.origin,
                    &new.key,
                    &new.payer,
                    &fee.payee,
                    &fee.id,
                    purpose,
                    fee.amount(),
                    new.case_reference.clone(),
                    now
                ],
            )
            .await?;
        if inserted == 1 {
            let detail = json!({ "code": code, "fee": fee.id, "qepik": fee.qepik, "case": new.case_reference });
            tx.audit(&Entry {
                at: now,
                actor: new.actor.clone(),
                action: "payments.debt_created",
                subject: id.to_string(),
                detail,
            })
            .await?;
        }
        let made = find(tx, new).await?.expect("inserted above, or by whoever was faster");
        same_or_refused(made, new)
    }

    async fn free_code(&self, tx: &mut Tx, payee_number: &str) -> Result<SubscriberCode, Fault> {
        for _ in 0..DRAWS_MAX {
            let code = SubscriberCode::draw(payee_number, self.chance());
            let taken = tx.query_opt("SELECT id FROM payments_debt WHERE code = $1", &args![code.as_str()]).await?;
            if taken.is_none() {
                return Ok(code);
            }
        }
        Err(Fault::new("draw a subscriber code", "no free code in many draws"))
    }

    /// Ends a debt that is no longer owed. A payment of it that is under way ends too; money that comes for it all the same
    /// goes to suspense. Cancelling twice is once.
    pub async fn cancel_debt(&self, tx: &mut Tx, debt: &Id, actor: &str) -> Result<(), Failure> {
        let Some(found) = debt_in(tx, debt).await? else { return refuse(Refusal::DebtUnknown) };
        if found.state == DebtState::Cancelled {
            return Ok(());
        }
        let Some(next) = found.state.after(DebtEvent::Cancelled) else { return refuse(Refusal::DebtAlreadyPaid) };
        let now = self.now();
        move_debt(tx, debt, found.state, next, None).await?;
        if let Some(live) = payment::live_in(tx, debt).await? {
            let to = live.state.after(PaymentEvent::Cancelled).expect("a live payment may be cancelled");
            assert!(to == PaymentState::Cancelled, "the table says where a cancelled payment goes");
            payment::move_payment(tx, &live.id, live.state, to, Some(now)).await?;
        }
        tx.audit(&Entry {
            at: now,
            actor: actor.to_owned(),
            action: "payments.debt_cancelled",
            subject: debt.to_string(),
            detail: json!({ "from": found.state }),
        })
        .await?;
        Ok(())
    }

    pub async fn debt(&self, debt: &Id) -> Result<Debt, Failure> {
        let row = self.store().query_opt(select_debt!("WHERE id = $1"), &args![debt]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::DebtUnknown), |row| Ok(read(row)))
    }

    /// What a payer typed. The caller limits how often strangers may try.
    pub async fn debt_by_code(&self, typed: &str) -> Result<Debt, Failure> {
        let code = SubscriberCode::parse(typed).map_err(base::Failure::Refused)?;
        let row = self.store().query_opt(select_debt!("WHERE code = $1"), &args![code.as_str()]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::DebtUnknown), |row| Ok(read(row)))
    }

    /// The payer's debts in every state, newest first, at most [`DEBTS_MAX`].
    pub async fn debts_of(&self, payer: &str) -> Result<Vec<Debt>, Fault> {
        let sql = select_debt!("WHERE payer = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
        Ok(self.store().query(sql, &args![payer, DEBTS_MAX]).await?.iter().map(read).collect())
    }

    /// The debt of an origin and key, if it was made.
    pub async fn debt_of_origin(&self, origin: &str, key: &str) -> Result<Option<Debt>, Fault> {
        let sql = select_debt!("WHERE origin = $1 AND origin_key = $2");
        Ok(self.store().query_opt(sql, &args![origin, key]).await?.as_ref().map(read))
    }
}

async fn find(tx: &mut Tx, new: &NewDebt) -> Result<Option<Debt>, Fault> {
    let sql = select_debt!("WHERE origin = $1 AND origin_key = $2");
    Ok(tx.query_opt(sql, &args![new.origin, &new.key]).await?.as_ref().map(read))
}

fn same_or_refused(known: Debt, new: &NewDebt) -> Result<Debt, Failure> {
    let same = known.payer == new.payer && known.fee == new.fee && known.case_reference == new.case_reference;
    if same { Ok(known) } else { refuse(Refusal::KeyReused) }
}

pub(crate) async fn debt_in(tx: &mut Tx, debt: &Id) -> Result<Option<Debt>, Fault> {
    Ok(tx.query_opt(select_debt!("WHERE id = $1"), &args![debt]).await?.as_ref().map(read))
}

/// Moves the debt if it still stands where it was read; otherwise somebody was faster, and trying again helps.
pub(crate) async fn move_debt(
    tx: &mut Tx,
    debt: &Id,
    from: DebtState,
    to: DebtState,
    paid_at: Option<Timestamp>,
) -> Result<(), Fault> {
    let moved = tx
        .execute(
            "UPDATE payments_debt SET state = $1, paid_at = $2 WHERE id = $3 AND state = $4",
            &args![to.name(), paid_at, debt, from.name()],
        )
        .await?;
    if moved == 1 { Ok(()) } else { Err(payment::overtaken()) }
}

fn read(row: &Row) -> Debt {
    Debt {
        id: row.id("id"),
        code: SubscriberCode::parse(row.text("code")).expect("only right codes are stored"),
        origin: row.text("origin").to_owned(),
        key: row.text("origin_key").to_owned(),
        payer: row.text("payer").to_owned(),
        payee: row.text("payee").to_owned(),
        fee: row.text("fee").to_owned(),
        purpose: serde_json::from_str(row.text("purpose")).expect("written as texts"),
        amount: row.money("amount"),
        state: DebtState::stored(row.text("state")),
        case_reference: row.opt_text("case_reference").map(str::to_owned),
        created_at: row.time("created_at"),
        paid_at: row.opt_time("paid_at"),
    }
}
