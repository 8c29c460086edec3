//! The states of a debt and of a payment, each as a table of what leads where. Nothing changes state except through them.
//!
//! A payment that ended without money stays open to one thing: money that the bank says it took all the same. That money is
//! never lost; it goes to the account of unexplained money, and the payment is flagged.

use std::fmt;

/// What may be done about a debt now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DebtState {
    Open,
    /// A payment of it is under way; nobody else can start another.
    InPayment,
    Paid,
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebtEvent {
    PaymentBegun,
    PaymentSucceeded,
    PaymentEnded,
    PaymentReversed,
    Cancelled,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentState {
    /// The order is at the bank, or on the way there.
    Pending,
    Paid,
    Declined,
    /// Its time ran out and the bank confirmed that nothing was paid.
    Expired,
    /// The debt was cancelled while it was under way.
    Cancelled,
    /// Money came after the end; it is kept until somebody decides.
    InSuspense,
    /// The money in suspense is owed back to the payer.
    Returned,
    /// Paid and then undone by a reversing transfer.
    Reversed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEvent {
    BankPaid,
    BankDeclined,
    Lapsed,
    Cancelled,
    Applied,
    Returned,
    Reversed,
}

const DEBT: &[(DebtState, DebtEvent, DebtState)] = &[
    (DebtState::Open, DebtEvent::PaymentBegun, DebtState::InPayment),
    (DebtState::InPayment, DebtEvent::PaymentSucceeded, DebtState::Paid),
    (DebtState::InPayment, DebtEvent::PaymentEnded, DebtState::Open),
    (DebtState::Open, DebtEvent::Cancelled, DebtState::Cancelled),
    (DebtState::InPayment, DebtEvent::Cancelled, DebtState::Cancelled),
    // Money out of suspense pays a debt that nobody has paid meanwhile.
    (DebtState::Open, DebtEvent::PaymentSucceeded, DebtState::Paid),
    (DebtState::Paid, DebtEvent::PaymentReversed, DebtState::Open),
];

const PAYMENT: &[(PaymentState, PaymentEvent, PaymentState)] = &[
    (PaymentState::Pending, PaymentEvent::BankPaid, PaymentState::Paid),
    (PaymentState::Pending, PaymentEvent::BankDeclined, PaymentState::Declined),
    (PaymentState::Pending, PaymentEvent::Lapsed, PaymentState::Expired),
    (PaymentState::Pending, PaymentEvent::Cancelled, PaymentState::Cancelled),
    (PaymentState::Declined, PaymentEvent::BankPaid, PaymentState::InSuspense),
    (PaymentState::Expired, PaymentEvent::BankPaid, PaymentState::InSuspense),
    (PaymentState::Cancelled, PaymentEvent::BankPaid, PaymentState::InSuspense),
    (PaymentState::InSuspense, PaymentEvent::Applied, PaymentState::Paid),
    (PaymentState::InSuspense, PaymentEvent::Returned, PaymentState::Returned),
    (PaymentState::Paid, PaymentEvent::Reversed, PaymentState::Reversed),
];

impl DebtState {
    pub const ALL: [DebtState; 4] = [DebtState::Open, DebtState::InPayment, DebtState::Paid, DebtState::Cancelled];

    /// Where the event leads, or `None` where it is not allowed.
    pub fn after(self, event: DebtEvent) -> Option<DebtState> {
        DEBT.iter().find(|(from, by, _)| *from == self && *by == event).map(|(_, _, to)| *to)
    }

    pub fn name(self) -> &'static str {
        match self {
            DebtState::Open => "open",
            DebtState::InPayment => "in-payment",
            DebtState::Paid => "paid",
            DebtState::Cancelled => "cancelled",
        }
    }

    pub(crate) fn stored(name: &str) -> DebtState {
        DebtState::ALL.into_iter().find(|state| state.name() == name).expect("only names of states are stored")
    }
}

impl PaymentState {
    pub const ALL: [PaymentState; 8] = [
        PaymentState::Pending,
        PaymentState::Paid,
        PaymentState::Declined,
        PaymentState::Expired,
        PaymentState::Cancelled,
        PaymentState::InSuspense,
        PaymentState::Returned,
        PaymentState::Reversed,
    ];

    /// Where the event leads, or `None` where it is not allowed.
    pub fn after(self, event: PaymentEvent) -> Option<PaymentState> {
        PAYMENT.iter().find(|(from, by, _)| *from == self && *by == event).map(|(_, _, to)| *to)
    }

    /// Whether the bank's money for this payment is already in the ledger.
    pub fn has_money(self) -> bool {
        match self {
            PaymentState::Paid | PaymentState::InSuspense | PaymentState::Returned | PaymentState::Reversed => true,
            PaymentState::Pending | PaymentState::Declined | PaymentState::Expired | PaymentState::Cancelled => false,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            PaymentState::Pending => "pending",
            PaymentState::Paid => "paid",
            PaymentState::Declined => "declined",
            PaymentState::Expired => "expired",
            PaymentState::Cancelled => "cancelled",
            PaymentState::InSuspense => "in-suspense",
            PaymentState::Returned => "returned",
            PaymentState::Reversed => "reversed",
        }
    }

    pub(crate) fn stored(name: &str) -> PaymentState {
        PaymentState::ALL.into_iter().find(|state| state.name() == name).expect("only names of states are stored")
    }
}

impl fmt::Display for DebtState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for PaymentState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBT_EVENTS: [DebtEvent; 5] = [
        DebtEvent::PaymentBegun,
        DebtEvent::PaymentSucceeded,
        DebtEvent::PaymentEnded,
        DebtEvent::PaymentReversed,
        DebtEvent::Cancelled,
    ];
    const PAYMENT_EVENTS: [PaymentEvent; 7] = [
        PaymentEvent::BankPaid,
        PaymentEvent::BankDeclined,
        PaymentEvent::Lapsed,
        PaymentEvent::Cancelled,
        PaymentEvent::Applied,
        PaymentEvent::Returned,
        PaymentEvent::Reversed,
    ];

    /// The whole table as text: any change of it shows here. Rows are states, columns events in the order above.
    #[test]
    fn the_table_of_debts_is_this_one() {
        let table: Vec<String> = DebtState::ALL
            .into_iter()
            .map(|state| {
                let cells = DEBT_EVENTS.map(|event| state.after(event).map_or("-", DebtState::name));
                format!("{state}: {}", cells.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "open: in-payment paid - - cancelled",
                "in-payment: - paid open - cancelled",
                "paid: - - - open -",
                "cancelled: - - - - -",
            ]
        );
    }

    #[test]
    fn the_table_of_payments_is_this_one() {
        let table: Vec<String> = PaymentState::ALL
            .into_iter()
            .map(|state| {
                let cells = PAYMENT_EVENTS.map(|event| state.after(event).map_or("-", PaymentState::name));
                format!("{state}: {}", cells.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "pending: paid declined expired cancelled - - -",
                "paid: - - - - - - reversed",
                "declined: in-suspense - - - - - -",
                "expired: in-suspense - - - - - -",
                "cancelled: in-suspense - - - - - -",
                "in-suspense: - - - - paid returned -",
                "returned: - - - - - - -",
                "reversed: - - - - - - -",
            ]
        );
    }

    /// Walks every path from the start: money enters a payment's life exactly once and never without the bank saying so.
    #[test]
    fn on_every_path_money_comes_at_most_once_and_only_from_the_bank() {
        let mut paths = vec![(PaymentState::Pending, 0)];
        let mut seen = Vec::new();
        while let Some((state, times_paid)) = paths.pop() {
            assert_eq!(state.has_money(), times_paid == 1, "{state}");
            seen.push(state);
            for event in PAYMENT_EVENTS {
                if let Some(to) = state.after(event) {
                    paths.push((to, times_paid + i32::from(event == PaymentEvent::BankPaid)));
                }
            }
        }
        assert!(PaymentState::ALL.into_iter().all(|state| seen.contains(&state)), "every state can be reached");
    }

    #[test]
    fn names_are_stored_and_read_back() {
        for state in DebtState::ALL {
            assert_eq!(DebtState::stored(state.name()), state);
        }
        for state in PaymentState::ALL {
            assert_eq!(PaymentState::stored(state.name()), state);
        }
    }
}
