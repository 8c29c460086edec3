//! The bank's words in random number and order, some at the same time, some cut off, while people wish, cancel and the clock
//! runs: every qəpik that the bank took is in the ledger once, and a debt is credited at most once. The seed is printed.

use super::{World, worlds};
use crate::gateway::Outcome;
use crate::{Debt, DebtState, LateMoney, ledger};
use base::{Chance, Id, Money, SeededChance, SystemChance};
use std::collections::{BTreeMap, BTreeSet};

const DEBTS: usize = 4;
const STEPS: u64 = 120;

/// What the bank really did with each order; it never changes its mind about money.
#[derive(Default)]
struct Bank {
    took: BTreeSet<String>,
}

struct Walk<'a> {
    world: &'a World,
    chance: SeededChance,
    debts: Vec<Debt>,
    payments: Vec<Id>,
    bank: Bank,
    /// The bank's words that were told to us at least once and answered.
    told: BTreeSet<String>,
}

impl Walk<'_> {
    async fn step(&mut self) {
        match self.chance.below(12) {
            0..3 => self.wish().await,
            3..6 => self.pay().await,
            6 => self.tell(Outcome::Declined, 1).await,
            7 => self.tell(Outcome::Void, 1).await,
            8 => self.tell(Outcome::Open, 2).await,
            9 => {
                let seconds = self.chance.below(700);
                self.world.clock.advance_s(i64::try_from(seconds).expect("small"));
            }
            10 => self.cancel().await,
            _ => self.settle().await,
        }
    }

    fn any_payment(&self) -> Option<Id> {
        let number = u64::try_from(self.payments.len()).expect("small");
        (number > 0).then(|| self.payments[usize::try_from(self.chance.below(number)).expect("small")].clone())
    }

    fn any_debt(&self) -> Debt {
        self.debts[usize::try_from(self.chance.below(DEBTS as u64)).expect("small")].clone()
    }

    async fn wish(&mut self) {
        let begun = self.world.payments.begin_payment(&World::begin_of(&self.any_debt())).await;
        if let Ok(redirect) = begun
            && !self.payments.contains(&redirect.payment)
        {
            self.payments.push(redirect.payment);
        }
    }

    /// The bank takes money for an order, in time or not, and says so once, twice at once, or later.
    async fn pay(&mut self) {
        let Some(payment) = self.any_payment() else { return };
        self.bank.took.insert(payment.to_string());
        let times = self.chance.below(4);
        self.say(&payment, Outcome::Paid, times).await;
    }

    async fn tell(&mut self, outcome: Outcome, times: u64) {
        let Some(payment) = self.any_payment() else { return };
        if !self.bank.took.contains(payment.as_str()) {
            self.say(&payment, outcome, times).await;
        }
    }

    async fn say(&mut self, payment: &Id, outcome: Outcome, times: u64) {
        let sealed = self.world.sealed(&self.world.report(payment, outcome));
        let mut saying = tokio::task::JoinSet::new();
        for _ in 0..times {
            let (payments, sealed) = (self.world.payments.clone(), sealed.clone());
            saying.spawn(async move { payments.take_report(&sealed).await });
        }
        while let Some(said) = saying.join_next().await {
            let answered = said.expect("no bug").is_ok();
            if answered && outcome == Outcome::Paid {
                self.told.insert(payment.to_string());
            }
        }
    }

    async fn cancel(&mut self) {
        if self.chance.below(4) > 0 {
            return;
        }
        let debt = self.any_debt();
        let mut tx = self.world.store.begin().await.expect("begun");
        if self.world.payments.cancel_debt(&mut tx, &debt.id, "PIN:RASHAD2").await.is_ok() {
            tx.commit().await.expect("committed");
        }
    }

    async fn settle(&mut self) {
        let flagged = self.world.payments.flagged().await.expect("read");
        let Some(payment) = flagged.first() else { return };
        let how = if self.chance.below(2) == 0 { LateMoney::Apply } else { LateMoney::Return };
        let mut tx = self.world.store.begin().await.expect("begun");
        let settled = self.world.payments.settle_late(&mut tx, &payment.id, how, "PIN:NARMN05").await;
        // Sometimes the power is cut before the commit.
        if settled.is_ok() && self.chance.below(3) > 0 {
            tx.commit().await.expect("committed");
        }
    }

    async fn check(&self) {
        assert_eq!(ledger::conservation(&self.world.store).await.expect("checked"), Vec::<String>::new());
        let balances: BTreeMap<String, Money> = ledger::balances(&self.world.store)
            .await
            .expect("read")
            .into_iter()
            .map(|line| (line.account, line.balance))
            .collect();
        let of = |account: &str| balances.get(account).map_or(0, |balance| balance.qepik());
        let (fee, told) = (super::FEE.qepik(), i64::try_from(self.told.len()).expect("small"));
        assert_eq!(of("bank/test-bank"), told * fee, "all that the bank told us of, and nothing else");
        let mut paid = 0;
        for debt in &self.debts {
            paid += i64::from(self.world.debt_state(debt).await == DebtState::Paid);
        }
        assert_eq!(-of("payee/urban"), paid * fee, "each paid debt is credited once");
    }
}

async fn walk(world: &World, seed: u64) {
    let mut debts = Vec::new();
    for number in 0..DEBTS {
        debts.push(world.debt(&format!("{seed}-{number}")).await);
    }
    let mut walk = Walk {
        world,
        chance: SeededChance::new(seed),
        debts,
        payments: Vec::new(),
        bank: Bank::default(),
        told: BTreeSet::new(),
    };
    for _ in 0..STEPS {
        walk.step().await;
        walk.check().await;
    }
    // In the end the bank's word gets through about everything it took.
    for order in walk.bank.took.clone() {
        walk.say(&Id::parse(&order).expect("an id"), Outcome::Paid, 2).await;
    }
    assert_eq!(walk.told, walk.bank.took);
    walk.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_of_the_banks_words_ends_in_the_same_money() {
    let seed = SystemChance.u64();
    for world in worlds().await {
        println!("seed {seed}: put it into `walk` to see this again");
        walk(&world, seed).await;
    }
}
