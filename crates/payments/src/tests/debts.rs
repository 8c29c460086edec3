//! Debts: made once, found by code, cancelled.

use super::{FEE, World, new_debt, refused, worlds};
use crate::gateway::Outcome;
use crate::{DebtState, NewDebt, PaymentState, Refusal};
use base::{Id, SystemChance};

#[tokio::test]
async fn a_debt_is_made_once_for_its_origin_and_key() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        assert_eq!(debt.amount, FEE, "exactly 1 100 AZN (R259)");
        assert_eq!(debt.state, DebtState::Open);
        assert!(debt.code.as_str().starts_with("0015"));
        assert_eq!(world.debt("1").await, debt, "the same again is the same");
        assert_ne!(world.debt("2").await.code, debt.code);
        assert_eq!(world.rows("SELECT id FROM payments_debt").await, 2);
        let sql = "SELECT leaf_index FROM host_audit_entry WHERE action = 'payments.debt_created'";
        assert_eq!(world.rows(sql).await, 2);
        let found = world.payments.debt_of_origin("services", "1").await.expect("read");
        assert_eq!(found, Some(debt));
        assert_eq!(world.payments.debts_of("TIN:1400123451").await.expect("read").len(), 2);
    }
}

#[tokio::test]
async fn another_debt_under_the_same_key_is_refused() {
    for world in worlds().await {
        world.debt("1").await;
        let other = NewDebt { payer: "PIN:TURAL06".into(), ..new_debt("1") };
        let mut tx = world.store.begin().await.expect("begun");
        assert_eq!(refused(world.payments.create_debt(&mut tx, &other).await), Refusal::KeyReused);
        let strange = NewDebt { fee: "no-such-fee".into(), ..new_debt("3") };
        assert_eq!(refused(world.payments.create_debt(&mut tx, &strange).await), Refusal::FeeUnknown);
    }
}

#[tokio::test]
async fn a_debt_that_was_not_committed_was_never_made() {
    for world in worlds().await {
        let mut tx = world.store.begin().await.expect("begun");
        let lost = world.payments.create_debt(&mut tx, &new_debt("1")).await.expect("made");
        drop(tx);
        assert_eq!(refused(world.payments.debt(&lost.id).await), Refusal::DebtUnknown);
        let debt = world.debt("1").await;
        assert_eq!(world.payments.debt(&debt.id).await.expect("there"), debt);
    }
}

#[tokio::test]
async fn a_debt_is_found_by_what_a_person_types() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let found = world.payments.debt_by_code(&debt.code.grouped()).await;
        assert_eq!(found.expect("there"), debt);
        assert_eq!(refused(world.payments.debt_by_code("0015 0000 0000 00").await), Refusal::CodeMistyped);
        let other = crate::SubscriberCode::draw("9999", &SystemChance);
        assert_eq!(refused(world.payments.debt_by_code(other.as_str()).await), Refusal::DebtUnknown);
    }
}

#[tokio::test]
async fn a_cancelled_debt_takes_its_payment_with_it() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        for _ in 0..2 {
            let mut tx = world.store.begin().await.expect("begun");
            world.payments.cancel_debt(&mut tx, &debt.id, "PIN:RASHAD2").await.expect("cancelled");
            tx.commit().await.expect("committed");
        }
        assert_eq!(world.debt_state(&debt).await, DebtState::Cancelled);
        assert_eq!(world.payment(&payment).await.state, PaymentState::Cancelled);
        let begin = World::begin_of(&debt);
        assert_eq!(refused(world.payments.begin_payment(&begin).await), Refusal::DebtCancelled);
    }
}

#[tokio::test]
async fn a_paid_or_unknown_debt_is_not_cancelled() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        world.take(&payment, Outcome::Paid).await.expect("paid");
        let mut tx = world.store.begin().await.expect("begun");
        let refusal = refused(world.payments.cancel_debt(&mut tx, &debt.id, "PIN:RASHAD2").await);
        assert_eq!(refusal, Refusal::DebtAlreadyPaid);
        let nobody = Id::new(base::clock::from_micros(1), &SystemChance);
        let refusal = refused(world.payments.cancel_debt(&mut tx, &nobody, "PIN:RASHAD2").await);
        assert_eq!(refusal, Refusal::DebtUnknown);
    }
}
