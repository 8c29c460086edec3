//! Receipts: one for each paid payment, with a number that is unique for the whole portal, numbered without gaps and closed
//! by check digits, so that a mistyped number is caught before anything is looked up.

use crate::Payments;
use crate::debt::Debt;
use crate::payment::Payment;
use crate::refusal::{Failure, Refusal, refuse};
use crate::state::PaymentState;
use crate::subscriber_code::with_check_digits;
use base::{Fault, Id, Localized, Money, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Row, Tx};
use serde_json::json;

/// Under this name the papers of receipts are kept elsewhere, by the receipt's number.
pub const ORIGIN: &str = "payments";

/// Everything that a receipt must say; enough to draw a document from it and sign that.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// `000000000142` with two check digits at its end (ISO 7064 MOD 97-10).
    pub number: String,
    pub payment: Id,
    pub debt: Id,
    pub issued_at: Timestamp,
    /// The operator of the portal.
    pub operator: Localized,
    /// Who owed, `PIN:…` or `TIN:…`, and who paid.
    pub payer: String,
    pub paid_by: String,
    pub payee: Localized,
    pub payee_account: String,
    pub budget_code: String,
    pub purpose: Localized,
    pub code: String,
    pub case_reference: Option<String>,
    pub amount: Money,
    pub bank: String,
    pub bank_reference: String,
    /// Leaf of the audit log that proves when it was issued.
    pub leaf_index: i64,
    /// The payment was reversed after the receipt was issued.
    pub reversed: bool,
}

/// Issues the receipt in the transaction that books the money; its number.
pub(crate) async fn issue(
    tx: &mut Tx,
    payment: &Payment,
    debt: &Debt,
    now: Timestamp,
    actor: &str,
) -> Result<String, Fault> {
    let counted = tx
        .query_opt(
            "INSERT INTO payments_counter (name, value) VALUES ('receipt', 1)
             ON CONFLICT (name) DO UPDATE SET value = payments_counter.value + 1 RETURNING value",
            &args![],
        )
        .await?
        .expect("an upsert returns its row");
    let number = with_check_digits(&format!("{:010}", counted.int("value")));
    let leaf_index = tx
        .audit(&Entry {
            at: now,
            actor: actor.to_owned(),
            action: "payments.receipt_issued",
            subject: payment.id.to_string(),
            detail: json!({ "number": number, "debt": debt.id, "qepik": payment.amount.qepik() }),
        })
        .await?;
    tx.execute(
        "INSERT INTO payments_receipt (number, payment_id, debt_id, issued_at, leaf_index) VALUES ($1, $2, $3, $4, $5)",
        &args![&number, &payment.id, &debt.id, now, leaf_index],
    )
    .await?;
    Ok(number)
}

macro_rules! select_receipt {
    ($rest:literal) => {
        concat!(
            "SELECT r.number AS number, r.payment_id AS payment_id, r.debt_id AS debt_id, r.issued_at AS issued_at, ",
            "r.leaf_index AS leaf_index, p.actor AS actor, p.amount AS amount, p.state AS state, ",
            "p.bank_reference AS bank_reference, d.payer AS payer, d.payee AS payee, d.purpose AS purpose, ",
            "d.code AS code, d.case_reference AS case_reference ",
            "FROM payments_receipt r JOIN payments_payment p ON p.id = r.payment_id ",
            "JOIN payments_debt d ON d.id = r.debt_id ",
            $rest
        )
    };
}

impl Payments {
    pub async fn receipt(&self, number: &str) -> Result<Receipt, Failure> {
        let row = self.store().query_opt(select_receipt!("WHERE r.number = $1"), &args![number]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::ReceiptUnknown), |row| Ok(self.read_receipt(row)))
    }

    /// The receipts of a debt, newest first; more than one only if a payment was reversed and made again.
    pub async fn receipts_of_debt(&self, debt: &Id) -> Result<Vec<Receipt>, Fault> {
        let rows =
            self.store().query(select_receipt!("WHERE r.debt_id = $1 ORDER BY r.number DESC"), &args![debt]).await?;
        Ok(rows.iter().map(|row| self.read_receipt(row)).collect())
    }

    /// The receipts of everything that this payer owed, newest first: a page's worth in one look.
    pub async fn receipts_of_payer(&self, payer: &str) -> Result<Vec<Receipt>, Fault> {
        let sql = select_receipt!("WHERE d.payer = $1 ORDER BY r.number DESC LIMIT $2");
        let rows = self.store().query(sql, &args![payer, crate::DEBTS_MAX]).await?;
        Ok(rows.iter().map(|row| self.read_receipt(row)).collect())
    }

    fn read_receipt(&self, row: &Row) -> Receipt {
        let payee = self.tariff().payee(row.text("payee")).expect("payees with debts stay in the tariff");
        Receipt {
            number: row.text("number").to_owned(),
            payment: row.id("payment_id"),
            debt: row.id("debt_id"),
            issued_at: row.time("issued_at"),
            operator: self.tariff().operator.clone(),
            payer: row.text("payer").to_owned(),
            paid_by: row.text("actor").to_owned(),
            payee: payee.name.clone(),
            payee_account: payee.account.clone(),
            budget_code: payee.budget_code.clone(),
            purpose: serde_json::from_str(row.text("purpose")).expect("written as texts"),
            code: row.text("code").to_owned(),
            case_reference: row.opt_text("case_reference").map(str::to_owned),
            amount: row.money("amount"),
            bank: self.gateway().bank.clone(),
            bank_reference: row.opt_text("bank_reference").unwrap_or_default().to_owned(),
            leaf_index: row.int("leaf_index"),
            reversed: PaymentState::stored(row.text("state")) == PaymentState::Reversed,
        }
    }
}
