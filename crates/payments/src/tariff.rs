//! Who is paid, for what and how much: the country's file `payments.toml`, read once and checked. No fee, ministry or account
//! stands in the code.

use crate::subscriber_code::has_right_check_digits;
use base::{Localized, Money};
use std::collections::BTreeSet;

/// The country's payees and fees.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tariff {
    /// The operator of the portal, named on every receipt.
    pub operator: Localized,
    /// ISO 4217 letters; amounts everywhere are in its hundredths.
    pub currency: String,
    /// How long an order may be paid at the bank.
    pub order_valid_s: i64,
    /// How long after the start of a payment the bank is asked, and again, if it has said nothing.
    pub ask_every_s: i64,
    pub payee: Vec<Payee>,
    pub fee: Vec<Fee>,
    pub receipt: ReceiptWords,
}

/// What stands on the paper of a receipt besides the facts.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptWords {
    pub title: Localized,
    pub lead: Localized,
    pub number: Localized,
    pub paid_at: Localized,
    pub payment: Localized,
    pub purpose: Localized,
    pub amount: Localized,
    /// Who owed: `person` or `company` with the number follows.
    pub payer: Localized,
    pub paid_by: Localized,
    pub person: Localized,
    pub company: Localized,
    pub payee: Localized,
    pub account: Localized,
    pub budget_code: Localized,
    pub code: Localized,
    pub case: Localized,
    pub bank: Localized,
    pub bank_reference: Localized,
    pub remark: Localized,
    pub note: Localized,
}

impl ReceiptWords {
    fn all(&self) -> [&Localized; 20] {
        [
            &self.title,
            &self.lead,
            &self.number,
            &self.paid_at,
            &self.payment,
            &self.purpose,
            &self.amount,
            &self.payer,
            &self.paid_by,
            &self.person,
            &self.company,
            &self.payee,
            &self.account,
            &self.budget_code,
            &self.code,
            &self.case,
            &self.bank,
            &self.bank_reference,
            &self.remark,
            &self.note,
        ]
    }
}

/// An institution that is paid.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    pub id: String,
    /// The first four digits of its subscriber codes.
    pub number: String,
    pub name: Localized,
    /// Account at the treasury (IBAN, ISO 13616).
    pub account: String,
    /// Classification code of the budget's income that the fees go to.
    pub budget_code: String,
}

/// A fee as the law sets it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    pub id: String,
    pub payee: String,
    pub qepik: i64,
    /// What is paid for, as on the bank's page and the receipt.
    pub purpose: Localized,
    /// Where the amount comes from.
    pub basis: Localized,
}

impl Fee {
    pub fn amount(&self) -> Money {
        Money::from_qepik(self.qepik)
    }
}

impl Tariff {
    /// Reads and checks the file; the text of the error is for the person who edits it.
    pub fn parse(text: &str) -> Result<Tariff, String> {
        let tariff: Tariff = toml::from_str(text).map_err(|error| error.to_string())?;
        tariff.check()?;
        Ok(tariff)
    }

    pub fn payee(&self, id: &str) -> Option<&Payee> {
        self.payee.iter().find(|payee| payee.id == id)
    }

    pub fn fee(&self, id: &str) -> Option<&Fee> {
        self.fee.iter().find(|fee| fee.id == id)
    }

    fn check(&self) -> Result<(), String> {
        let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for payee in &self.payee {
            if !ids.insert(&payee.id) || !numbers.insert(&payee.number) {
                return Err(format!("payee {}: its id or number stands twice", payee.id));
            }
            if payee.number.len() != 4 || !payee.number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("payee {}: number must be four digits", payee.id));
            }
            if !is_iban(&payee.account) {
                return Err(format!("payee {}: account is not an IBAN (ISO 13616)", payee.id));
            }
            if !payee.name.is_complete() {
                return Err(format!("payee {}: a language is missing", payee.id));
            }
        }
        let mut fees = BTreeSet::new();
        for fee in &self.fee {
            if !fees.insert(&fee.id) {
                return Err(format!("fee {}: stands twice", fee.id));
            }
            if self.payee(&fee.payee).is_none() {
                return Err(format!("fee {}: no payee {}", fee.id, fee.payee));
            }
            if fee.qepik <= 0 {
                return Err(format!("fee {}: the amount must be positive", fee.id));
            }
            if !fee.purpose.is_complete() || !fee.basis.is_complete() {
                return Err(format!("fee {}: a language is missing", fee.id));
            }
        }
        if !self.receipt.all().into_iter().all(Localized::is_complete) {
            return Err("receipt: a language is missing".into());
        }
        if self.currency.len() != 3 || self.order_valid_s <= 0 || self.ask_every_s <= 0 || !self.operator.is_complete()
        {
            return Err("operator, currency, order_valid_s or ask_every_s is missing or not positive".into());
        }
        Ok(())
    }
}

/// ISO 13616-1: letters become numbers (A = 10), the first four characters go to the end, the whole is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !plain || !(15..=34).contains(&text.len()) {
        return false;
    }
    let (head, rest) = text.split_at(4);
    let digits: String = rest.chars().chain(head.chars()).filter_map(|letter| letter.to_digit(36)).fold(
        String::new(),
        |mut digits, value| {
            digits.push_str(&value.to_string());
            digits
        },
    );
    has_right_check_digits(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The country's own file is the data of the test; the path is the repository's.
    const COUNTRY: &str = include_str!("../../../countries/az/payments.toml");

    #[test]
    fn the_countrys_file_is_right() {
        let tariff = Tariff::parse(COUNTRY).expect("the country's tariff is valid");
        let fee = tariff.fee("construction-permit").expect("the construction permit has a fee");
        assert_eq!(fee.amount(), Money::from_qepik(110_000), "exactly 1 100 AZN (R259)");
        assert_eq!(tariff.currency, "AZN");
    }

    #[test]
    fn ibans_are_checked() {
        assert!(is_iban("AZ21NABZ00000000137010001944"), "the example of the IBAN registry");
        for wrong in ["AZ22NABZ00000000137010001944", "AZ21", "", "az21nabz00000000137010001944"] {
            assert!(!is_iban(wrong), "{wrong}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, reason) in [
            ("qepik = 110000", "qepik = 0", "positive"),
            ("payee = \"urban\"", "payee = \"nobody\"", "no payee nobody"),
            ("number = \"0015\"", "number = \"15\"", "four digits"),
            ("currency = \"AZN\"", "currency = \"\"", "currency"),
            ("ru = \"Квитанция об оплате\"", "ru = \"\"", "receipt: a language"),
            ("currency = \"AZN\"", "currency = \"AZN\"\ncolour = \"blue\"", "unknown field"),
        ] {
            let changed = COUNTRY.replacen(from, to, 1);
            assert_ne!(changed, COUNTRY, "{from}");
            let error = Tariff::parse(&changed).expect_err(reason);
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}
