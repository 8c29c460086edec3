//! Asking the bank: the job that leaves no payment in doubt, and the comparison of its statement with the ledger.

use super::{BANK, FEE, MERCHANT, World, key, refused, worlds};
use crate::gateway::{self, Outcome, Statement, StatementRow, sealed};
use crate::reconciliation::Difference;
use crate::{DebtState, PaymentState, Refusal};
use base::{Clock, Id, Timestamp, clock};
use host::jobs::Worker;

fn worker(world: &World) -> Worker {
    world.payments.register(Worker::new(world.store.clone(), world.clock.clone()))
}

#[tokio::test]
async fn the_job_asks_until_the_bank_has_answered_for_good() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let worker = worker(&world);
        let every_s = world.payments.tariff().ask_every_s;
        assert_eq!(worker.run_due().await.expect("ran"), 0, "not at once");
        world.clock.advance_s(every_s);
        assert_eq!(worker.run_due().await.expect("ran"), 1, "no answer is a failure and tried again");
        for outcome in [Outcome::Open, Outcome::Void] {
            world.clock.advance_s(every_s);
            world.bank_answers(&payment, outcome);
            assert_eq!(worker.run_due().await.expect("ran"), 1);
            assert_eq!(world.payment(&payment).await.state, PaymentState::Pending, "{outcome:?} is not final yet");
        }
        world.clock.advance_s(every_s);
        world.bank_answers(&payment, Outcome::Paid);
        assert_eq!(worker.run_due().await.expect("ran"), 1);
        assert_eq!(world.debt_state(&debt).await, DebtState::Paid);
        world.clock.advance_s(10 * every_s);
        assert_eq!(worker.run_due().await.expect("ran"), 0, "nothing is left to ask");
    }
}

#[tokio::test]
async fn an_abandoned_payment_ends_by_itself() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        world.clock.advance_s(world.payments.tariff().order_valid_s + 1);
        world.bank_answers(&payment, Outcome::Void);
        assert_eq!(worker(&world).run_due().await.expect("ran"), 1);
        assert_eq!(world.payment(&payment).await.state, PaymentState::Expired);
        assert_eq!(world.debt_state(&debt).await, DebtState::Open);
    }
}

#[tokio::test]
async fn a_forged_answer_is_no_answer() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let forged = sealed::seal(gateway::REPORT, &world.report(&payment, Outcome::Paid), &key()).expect("sealed");
        *world.answers.lock().expect("unlocked") = Some(forged);
        assert_eq!(refused(world.payments.ask_bank(&payment).await), Refusal::ReportForged);
        assert_eq!(world.debt_state(&debt).await, DebtState::InPayment);
    }
}

fn statement(world: &World, from: Timestamp, to: Timestamp, orders: &[&Id]) -> Statement {
    let row = |order: &&Id| StatementRow {
        order: order.to_string(),
        amount: FEE,
        bank_reference: format!("B-{order}"),
        paid_at: world.clock.now(),
    };
    Statement {
        bank: BANK.into(),
        merchant: MERCHANT.into(),
        from,
        to,
        rows: orders.iter().map(row).collect(),
        sent_at: world.clock.now(),
    }
}

#[tokio::test]
async fn the_statement_and_the_ledger_are_compared_line_by_line() {
    for world in worlds().await {
        let (one, two) = (world.debt("1").await, world.debt("2").await);
        let (paid, lost) = (world.begun(&one).await, world.begun(&two).await);
        let from = world.clock.now();
        world.take(&paid, Outcome::Paid).await.expect("paid");
        world.clock.advance_s(60);
        let to = world.clock.now();
        let answer = |statement: &Statement| {
            let sealed = sealed::seal(gateway::STATEMENT, statement, &world.bank_key).expect("sealed");
            *world.answers.lock().expect("unlocked") = Some(sealed);
        };
        answer(&statement(&world, from, to, &[&paid]));
        assert_eq!(world.payments.reconcile(from, to).await.expect("compared"), []);
        answer(&statement(&world, from, to, &[&paid, &lost]));
        let differences = world.payments.reconcile(from, to).await.expect("compared");
        assert_eq!(differences, [Difference::NotInLedger { order: lost.to_string(), amount: FEE }]);
        answer(&statement(&world, from, to, &[]));
        let differences = world.payments.reconcile(from, to).await.expect("compared");
        assert_eq!(differences, [Difference::NotAtBank { order: paid.to_string(), amount: FEE }]);
        // Booked by us at another time than the bank's: found by its order.
        let late = clock::from_micros(to.as_microsecond() + 60_000_000);
        answer(&statement(&world, to, late, &[&paid]));
        assert_eq!(world.payments.reconcile(to, late).await.expect("compared"), []);
        // A statement about another time, or an old one, is none.
        answer(&statement(&world, from, late, &[&paid]));
        assert_eq!(refused(world.payments.reconcile(from, to).await), Refusal::ReportForged);
        answer(&statement(&world, from, to, &[&paid]));
        world.clock.advance_s(3600);
        assert_eq!(refused(world.payments.reconcile(from, to).await), Refusal::ReportStale);
    }
}
