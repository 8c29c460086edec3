//! The double-entry ledger, in qəpik. A transfer takes an amount from one account to another, so it balances by its shape;
//! transfers are appended and never edited, and a mistake is corrected by a transfer that reverses it. Each is a leaf of the
//! audit log. A balance is debits minus credits: money that we hold is positive, money that we owe is negative.

use crate::refusal::{Failure, Refusal, refuse};
use base::{Chance, Fault, Id, Money, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Row, Store, Tx};
use serde_json::json;

/// An account of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// What the bank holds for us until it settles.
    Bank(String),
    /// What we owe the institution.
    Payee(String),
    /// Money that came when nothing was owed any more; owed to somebody, it is not yet decided to whom.
    Suspense,
    /// What we owe back to payers.
    Returns,
}

impl Account {
    fn id(&self) -> String {
        match self {
            Account::Bank(gateway) => format!("bank/{gateway}"),
            Account::Payee(payee) => format!("payee/{payee}"),
            Account::Suspense => "suspense".into(),
            Account::Returns => "returns".into(),
        }
    }

    /// We cannot owe less than nothing: such an account is never overdrawn.
    fn owing_only(&self) -> bool {
        !matches!(self, Account::Bank(_))
    }
}

/// A movement of money to be recorded.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Idempotency: the same key is the same transfer, recorded once.
    pub key: String,
    pub debit: Account,
    pub credit: Account,
    pub amount: Money,
    /// Stable word: `paid`, `late`, `applied`, `returned`, `reversed`.
    pub reason: &'static str,
    pub payment: Id,
    pub at: Timestamp,
}

/// Records the transfer in the caller's transaction. False when it was recorded before.
pub async fn post(tx: &mut Tx, transfer: &Transfer, actor: &str, chance: &dyn Chance) -> Result<bool, Failure> {
    let ids = [transfer.debit.id(), transfer.credit.id()];
    for (account, id) in [&transfer.debit, &transfer.credit].into_iter().zip(&ids) {
        tx.execute(
            "INSERT INTO payments_account (id, balance, owing_only) VALUES ($1, 0, $2) ON CONFLICT (id) DO NOTHING",
            &args![id, account.owing_only()],
        )
        .await?;
    }
    record(tx, transfer, &ids, None, actor, chance).await
}

/// Records the opposite of an earlier transfer, once. The earlier one stays as it is.
pub async fn reverse(
    tx: &mut Tx,
    earlier_key: &str,
    reversing: Id,
    at: Timestamp,
    actor: &str,
    chance: &dyn Chance,
) -> Result<bool, Failure> {
    let Some(earlier) = tx
        .query_opt(
            "SELECT debit, credit, amount, id FROM payments_transfer WHERE transfer_key = $1",
            &args![earlier_key],
        )
        .await?
    else {
        return refuse(Refusal::StepNotAllowed);
    };
    let (debit, credit) = (account(earlier.text("credit")), account(earlier.text("debit")));
    let ids = [debit.id(), credit.id()];
    let transfer = Transfer {
        key: format!("{earlier_key}/reversed"),
        debit,
        credit,
        amount: earlier.money("amount"),
        reason: "reversed",
        payment: reversing,
        at,
    };
    record(tx, &transfer, &ids, Some(earlier.text("id").to_owned()), actor, chance).await
}

async fn record(
    tx: &mut Tx,
    transfer: &Transfer,
    ids: &[String; 2],
    reverses: Option<String>,
    actor: &str,
    chance: &dyn Chance,
) -> Result<bool, Failure> {
    assert!(transfer.amount > Money::ZERO, "a transfer moves a positive amount");
    assert!(ids[0] != ids[1], "a transfer has two accounts");
    let [debit, credit] = ids;
    let known = tx.query_opt("SELECT id FROM payments_transfer WHERE transfer_key = $1", &args![&transfer.key]).await?;
    if known.is_some() {
        return Ok(false);
    }
    let id = Id::new(transfer.at, chance);
    let leaf_index = tx
        .audit(&Entry {
            at: transfer.at,
            actor: actor.to_owned(),
            action: "payments.transferred",
            subject: transfer.payment.to_string(),
            detail: json!({
                "transfer": id, "debit": debit, "credit": credit, "qepik": transfer.amount.qepik(),
                "reason": transfer.reason, "reverses": reverses,
            }),
        })
        .await?;
    tx.execute(
        "INSERT INTO payments_transfer
         (id, transfer_key, debit, credit, amount, reason, payment_id, reverses, at, leaf_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &args![
            &id,
            &transfer.key,
            debit,
            credit,
            transfer.amount,
            transfer.reason,
            &transfer.payment,
            reverses,
            transfer.at,
            leaf_index
        ],
    )
    .await?;
    let mut legs = [(debit, transfer.amount.qepik()), (credit, -transfer.amount.qepik())];
    // One order for everybody, or two transfers in opposite directions wait for each other for ever.
    legs.sort();
    for (account, change) in legs {
        let moved = tx
            .execute(
                "UPDATE payments_account SET balance = balance + $1
                 WHERE id = $2 AND (owing_only = 0 OR balance + $1 <= 0)",
                &args![change, account],
            )
            .await?;
        if moved == 0 {
            return refuse(Refusal::AccountOverdrawn);
        }
    }
    Ok(true)
}

fn account(id: &str) -> Account {
    match id.split_once('/') {
        Some(("bank", gateway)) => Account::Bank(gateway.to_owned()),
        Some(("payee", payee)) => Account::Payee(payee.to_owned()),
        None if id == "suspense" => Account::Suspense,
        None if id == "returns" => Account::Returns,
        _ => panic!("only ids of accounts are stored"),
    }
}

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub account: String,
    pub balance: Money,
}

/// A recorded transfer, as a list of them shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub id: Id,
    pub debit: String,
    pub credit: String,
    pub amount: Money,
    pub reason: String,
    pub at: Timestamp,
    pub leaf_index: i64,
}

pub async fn balances(store: &Store) -> Result<Vec<Balance>, Fault> {
    let rows = store.query("SELECT id, balance FROM payments_account ORDER BY id", &args![]).await?;
    Ok(rows.iter().map(|row| Balance { account: row.text("id").to_owned(), balance: row.money("balance") }).collect())
}

/// The transfers of one payment, oldest first.
pub async fn transfers_of(store: &Store, payment: &Id) -> Result<Vec<Posted>, Fault> {
    let rows = store
        .query(
            "SELECT id, debit, credit, amount, reason, at, leaf_index FROM payments_transfer
             WHERE payment_id = $1 ORDER BY leaf_index",
            &args![payment],
        )
        .await?;
    Ok(rows.iter().map(posted).collect())
}

fn posted(row: &Row) -> Posted {
    Posted {
        id: row.id("id"),
        debit: row.text("debit").to_owned(),
        credit: row.text("credit").to_owned(),
        amount: row.money("amount"),
        reason: row.text("reason").to_owned(),
        at: row.time("at"),
        leaf_index: row.int("leaf_index"),
    }
}

/// Whether no qəpik was made or lost. Empty means conserved; otherwise each line says what does not hold.
pub async fn conservation(store: &Store) -> Result<Vec<String>, Fault> {
    let mut broken = Vec::new();
    // One statement, so that both sides are of one moment while others go on writing.
    let rows = store
        .query(
            "SELECT a.id AS id, a.balance AS balance, a.owing_only AS owing_only,
                CAST(COALESCE((SELECT SUM(t.amount) FROM payments_transfer t WHERE t.debit = a.id), 0) AS BIGINT)
                    AS debits,
                CAST(COALESCE((SELECT SUM(t.amount) FROM payments_transfer t WHERE t.credit = a.id), 0) AS BIGINT)
                    AS credits
             FROM payments_account a ORDER BY a.id",
            &args![],
        )
        .await?;
    let mut sum = 0_i64;
    for row in &rows {
        let (id, balance) = (row.text("id"), row.int("balance"));
        sum += balance;
        if balance != row.int("debits") - row.int("credits") {
            broken.push(format!("{id}: the balance {balance} is not what its transfers add up to"));
        }
        if row.bool("owing_only") && balance > 0 {
            broken.push(format!("{id}: overdrawn by {balance}"));
        }
    }
    if sum != 0 {
        broken.push(format!("all balances together are {sum} and not 0"));
    }
    Ok(broken)
}
