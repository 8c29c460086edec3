//! The comparison of a bank's statement with the ledger, line by line: a plain function.

use crate::gateway::StatementRow;
use base::Money;
use std::collections::{BTreeMap, BTreeSet};

/// Money of one payment in our ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The payment's id, which is the order's at the bank.
    pub order: String,
    pub amount: Money,
}

/// Where bank and ledger disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The bank took money that the ledger does not have.
    NotInLedger {
        order: String,
        amount: Money,
    },
    /// The ledger has money that the bank does not speak of.
    NotAtBank {
        order: String,
        amount: Money,
    },
    Amount {
        order: String,
        bank: Money,
        ledger: Money,
    },
    /// The bank lists one order more than once.
    Twice {
        order: String,
    },
}

/// Every difference, in the order of the orders. Empty means that both say the same.
pub fn compare(bank: &[StatementRow], ledger: &[LedgerRow]) -> Vec<Difference> {
    let ours: BTreeMap<&str, Money> = ledger.iter().map(|row| (row.order.as_str(), row.amount)).collect();
    let mut theirs: BTreeMap<&str, Money> = BTreeMap::new();
    let mut differences = Vec::new();
    for row in bank {
        if theirs.insert(&row.order, row.amount).is_some() {
            differences.push(Difference::Twice { order: row.order.clone() });
        }
    }
    let orders: BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    for order in orders {
        let name = || order.to_owned();
        match (theirs.get(order), ours.get(order)) {
            (Some(bank), Some(ledger)) if bank == ledger => {}
            (Some(bank), Some(ledger)) => {
                differences.push(Difference::Amount { order: name(), bank: *bank, ledger: *ledger });
            }
            (Some(bank), None) => differences.push(Difference::NotInLedger { order: name(), amount: *bank }),
            (None, Some(ledger)) => differences.push(Difference::NotAtBank { order: name(), amount: *ledger }),
            (None, None) => unreachable!("the orders are those of both"),
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::clock;

    fn check(bank: &[(&str, i64)], ledger: &[(&str, i64)], expected: &[Difference]) {
        let bank: Vec<StatementRow> = bank
            .iter()
            .map(|(order, qepik)| StatementRow {
                order: (*order).into(),
                amount: Money::from_qepik(*qepik),
                bank_reference: "B".into(),
                paid_at: clock::from_micros(0),
            })
            .collect();
        let ledger: Vec<LedgerRow> = ledger
            .iter()
            .map(|(order, qepik)| LedgerRow { order: (*order).into(), amount: Money::from_qepik(*qepik) })
            .collect();
        assert_eq!(compare(&bank, &ledger), expected);
    }

    #[test]
    fn agreement_is_empty_and_every_kind_of_difference_is_named() {
        let (one, two) = (Money::from_qepik(1), Money::from_qepik(2));
        check(&[], &[], &[]);
        check(&[("a", 1), ("b", 2)], &[("b", 2), ("a", 1)], &[]);
        check(&[("a", 1)], &[], &[Difference::NotInLedger { order: "a".into(), amount: one }]);
        check(&[], &[("a", 2)], &[Difference::NotAtBank { order: "a".into(), amount: two }]);
        check(&[("a", 1)], &[("a", 2)], &[Difference::Amount { order: "a".into(), bank: one, ledger: two }]);
        check(&[("a", 1), ("a", 1)], &[("a", 1)], &[Difference::Twice { order: "a".into() }]);
    }
}
