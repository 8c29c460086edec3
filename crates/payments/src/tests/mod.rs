//! The store's tests, on both databases: a world with a clock that stands still and a bank that says what it is told to.

mod callback;
mod crash;
mod debts;
mod late;
mod paying;
mod random;
mod reconciling;

use crate::gateway::{self, Line, Order, Outcome, Report, sealed};
use crate::{Begin, Debt, DebtState, Failure, Gateway, NewDebt, Payment, Payments, Refusal, Setup, Tariff, ledger};
use base::{Algorithm, Clock, Fault, Id, Lang, ManualClock, Money, SystemChance, clock};
use host::keys::SoftKey;
use host::store::Store;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

const TARIFF: &str = include_str!("../../../../countries/az/payments.toml");
const BANK: &str = "test-bank";
const MERCHANT: &str = "portal";
const FEE: Money = Money::from_qepik(110_000);

/// What the bank answers to the next questions; `None` is no answer.
type Answers = Arc<Mutex<Option<String>>>;

struct BankLine(Answers);

impl Line for BankLine {
    fn ask<'a>(
        &'a self,
        _: &'static str,
        _: String,
    ) -> Pin<Box<dyn Future<Output = Result<String, Fault>> + Send + 'a>> {
        let answer = self.0.lock().expect("no test panics with the lock").clone();
        Box::pin(async move { answer.ok_or_else(|| Fault::passing("ask the bank", "no answer")) })
    }
}

struct World {
    payments: Payments,
    store: Store,
    clock: Arc<ManualClock>,
    bank_key: SoftKey,
    merchant_key: Vec<u8>,
    answers: Answers,
}

/// A world on SQLite and one on PostgreSQL.
async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for store in host::testing::stores(&[crate::MIGRATIONS]).await {
        let clock = Arc::new(ManualClock::at(clock::from_micros(1_795_000_000_000_000)));
        let bank_key = key();
        let merchant = Arc::new(key());
        let answers = Answers::default();
        let merchant_key = base::Signer::public_key_der(merchant.as_ref()).to_vec();
        let gateway = Gateway {
            merchant: MERCHANT.into(),
            bank: BANK.into(),
            key: merchant,
            bank_key: base::Signer::public_key_der(&bank_key).to_vec(),
            bank_origin: "http://127.0.0.1:8804".into(),
            portal_origin: "http://127.0.0.1:8800".into(),
            line: Arc::new(BankLine(answers.clone())),
        };
        let payments = Payments::new(Setup {
            store: store.clone(),
            tariff: Tariff::parse(TARIFF).expect("the country's tariff is valid"),
            gateway,
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            wake: None,
        });
        worlds.push(World { payments, store, clock, bank_key, merchant_key, answers });
    }
    worlds
}

fn key() -> SoftKey {
    SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key")
}

fn new_debt(key: &str) -> NewDebt {
    NewDebt {
        origin: "services",
        key: key.into(),
        payer: "TIN:1400123451".into(),
        fee: "construction-permit".into(),
        case_reference: Some(format!("15.1-{key}")),
        actor: "PIN:RASHAD2".into(),
    }
}

impl World {
    async fn debt(&self, key: &str) -> Debt {
        let mut tx = self.store.begin().await.expect("begun");
        let debt = self.payments.create_debt(&mut tx, &new_debt(key)).await.expect("made");
        tx.commit().await.expect("committed");
        debt
    }

    fn begin_of(debt: &Debt) -> Begin {
        Begin {
            debt: debt.id.clone(),
            actor: "PIN:RASHAD2".into(),
            return_path: "/payments/back".into(),
            lang: Lang::Az,
        }
    }

    async fn begun(&self, debt: &Debt) -> Id {
        self.payments.begin_payment(&World::begin_of(debt)).await.expect("begun").payment
    }

    async fn payment(&self, payment: &Id) -> Payment {
        self.payments.payment(payment).await.expect("there")
    }

    async fn debt_state(&self, debt: &Debt) -> DebtState {
        self.payments.debt(&debt.id).await.expect("there").state
    }

    fn order(&self, address: &str) -> Order {
        let sealed = address.strip_prefix("http://127.0.0.1:8804/pay?order=").expect("the bank's address");
        sealed::unseal(gateway::ORDER, sealed, &self.merchant_key).expect("sealed by the merchant")
    }

    fn report(&self, payment: &Id, outcome: Outcome) -> Report {
        Report {
            bank: BANK.into(),
            merchant: MERCHANT.into(),
            report_id: format!("{payment}-{outcome:?}"),
            order: payment.to_string(),
            outcome,
            amount: FEE,
            currency: "AZN".into(),
            bank_reference: (outcome == Outcome::Paid).then(|| format!("B-{payment}")),
            sent_at: self.clock.now(),
        }
    }

    fn sealed(&self, report: &Report) -> String {
        sealed::seal(gateway::REPORT, report, &self.bank_key).expect("sealed")
    }

    async fn take(&self, payment: &Id, outcome: Outcome) -> Result<crate::Effect, Failure> {
        self.payments.take_report(&self.sealed(&self.report(payment, outcome))).await
    }

    fn bank_answers(&self, payment: &Id, outcome: Outcome) {
        let sealed = self.sealed(&self.report(payment, outcome));
        *self.answers.lock().expect("no test panics with the lock") = Some(sealed);
    }

    /// Balances as text, zero ones left out; and that the ledger conserves.
    async fn money(&self) -> String {
        assert_eq!(ledger::conservation(&self.store).await.expect("checked"), Vec::<String>::new());
        let balances = ledger::balances(&self.store).await.expect("read");
        let lines = balances.iter().filter(|balance| balance.balance != Money::ZERO);
        lines.map(|line| format!("{} {}", line.account, line.balance.qepik())).collect::<Vec<_>>().join(", ")
    }

    async fn rows(&self, sql: &'static str) -> usize {
        self.store.query(sql, &host::args![]).await.expect("read").len()
    }
}

/// Whether the use case was refused, and so.
fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(base::Failure::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
