//! Money that came late, the two decisions about it, and payments that are undone.

use super::{World, refused, worlds};
use crate::gateway::Outcome;
use crate::ledger::{self, Account, Transfer};
use crate::{Debt, DebtState, Effect, LateMoney, PaymentState, Refusal};
use base::{Clock, Id, Money, SystemChance};

/// A debt with a payment that expired, and then money for it.
async fn late_money(world: &World) -> (Debt, Id) {
    let debt = world.debt("1").await;
    let payment = world.begun(&debt).await;
    world.clock.advance_s(world.payments.tariff().order_valid_s);
    assert_eq!(world.take(&payment, Outcome::Void).await.expect("taken"), Effect::Ended);
    assert_eq!(world.take(&payment, Outcome::Paid).await.expect("taken"), Effect::Suspense);
    assert_eq!(world.take(&payment, Outcome::Paid).await.expect("taken"), Effect::Nothing);
    (debt, payment)
}

async fn settle(world: &World, payment: &Id, how: LateMoney) -> Result<(), crate::Failure> {
    let mut tx = world.store.begin().await.expect("begun");
    world.payments.settle_late(&mut tx, payment, how, "PIN:NARMN05").await?;
    tx.commit().await.expect("committed");
    Ok(())
}

async fn reverse(world: &World, payment: &Id) -> Result<(), crate::Failure> {
    let mut tx = world.store.begin().await.expect("begun");
    world.payments.reverse_payment(&mut tx, payment, "charged back", "PIN:NARMN05").await?;
    tx.commit().await.expect("committed");
    Ok(())
}

#[tokio::test]
async fn late_money_is_kept_and_flagged() {
    for world in worlds().await {
        let (debt, payment) = late_money(&world).await;
        assert_eq!(world.debt_state(&debt).await, DebtState::Open);
        assert_eq!(world.money().await, "bank/test-bank 110000, suspense -110000");
        let flagged = world.payments.flagged().await.expect("read");
        assert_eq!(flagged.iter().map(|payment| &payment.id).collect::<Vec<_>>(), [&payment]);
        assert!(world.payments.receipts_of_debt(&debt.id).await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn money_for_a_cancelled_debt_is_kept_too() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let mut tx = world.store.begin().await.expect("begun");
        world.payments.cancel_debt(&mut tx, &debt.id, "PIN:RASHAD2").await.expect("cancelled");
        tx.commit().await.expect("committed");
        assert_eq!(world.take(&payment, Outcome::Paid).await.expect("taken"), Effect::Suspense);
        assert_eq!(refused(settle(&world, &payment, LateMoney::Apply).await), Refusal::StepNotAllowed);
        assert_eq!(world.money().await, "bank/test-bank 110000, suspense -110000", "the refusal undid everything");
    }
}

#[tokio::test]
async fn late_money_may_pay_the_debt_after_all() {
    for world in worlds().await {
        let (debt, payment) = late_money(&world).await;
        settle(&world, &payment, LateMoney::Apply).await.expect("applied");
        assert_eq!(world.debt_state(&debt).await, DebtState::Paid);
        assert_eq!(world.money().await, "bank/test-bank 110000, payee/urban -110000");
        assert!(world.payments.flagged().await.expect("read").is_empty());
        assert_eq!(world.payments.receipts_of_debt(&debt.id).await.expect("read").len(), 1);
        assert_eq!(refused(settle(&world, &payment, LateMoney::Apply).await), Refusal::StepNotAllowed);
        // And be undone, step by step back to before the money came.
        reverse(&world, &payment).await.expect("reversed");
        assert_eq!(world.money().await, "");
    }
}

#[tokio::test]
async fn late_money_does_not_pay_while_another_payment_is_under_way() {
    for world in worlds().await {
        let (debt, payment) = late_money(&world).await;
        let second = world.begun(&debt).await;
        assert_eq!(refused(settle(&world, &payment, LateMoney::Apply).await), Refusal::DebtInPayment);
        world.take(&second, Outcome::Paid).await.expect("paid");
        assert_eq!(refused(settle(&world, &payment, LateMoney::Apply).await), Refusal::StepNotAllowed);
        settle(&world, &payment, LateMoney::Return).await.expect("returned");
        assert_eq!(world.payment(&payment).await.state, PaymentState::Returned);
        assert_eq!(world.money().await, "bank/test-bank 220000, payee/urban -110000, returns -110000");
    }
}

#[tokio::test]
async fn a_reversed_payment_opens_the_debt_and_keeps_its_history() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        assert_eq!(refused(reverse(&world, &payment).await), Refusal::StepNotAllowed);
        world.take(&payment, Outcome::Paid).await.expect("paid");
        reverse(&world, &payment).await.expect("reversed");
        assert_eq!(refused(reverse(&world, &payment).await), Refusal::StepNotAllowed);
        assert_eq!(world.money().await, "");
        assert_eq!(world.debt_state(&debt).await, DebtState::Open);
        let history = ledger::transfers_of(&world.store, &payment).await.expect("read");
        assert_eq!(history.iter().map(|line| line.reason.as_str()).collect::<Vec<_>>(), ["paid", "reversed"]);
        assert!(world.payments.receipts_of_debt(&debt.id).await.expect("read")[0].reversed);
        // The bank telling the old news again does not bring the money back; a new payment does.
        assert_eq!(world.take(&payment, Outcome::Paid).await.expect("taken"), Effect::Nothing);
        let again = world.begun(&debt).await;
        world.take(&again, Outcome::Paid).await.expect("paid");
        assert_eq!(world.money().await, "bank/test-bank 110000, payee/urban -110000");
    }
}

#[tokio::test]
async fn steps_about_nothing_are_refused() {
    for world in worlds().await {
        let nobody = Id::new(world.clock.now(), &SystemChance);
        assert_eq!(refused(settle(&world, &nobody, LateMoney::Apply).await), Refusal::PaymentUnknown);
        assert_eq!(refused(reverse(&world, &nobody).await), Refusal::PaymentUnknown);
    }
}

#[tokio::test]
async fn what_is_not_owed_cannot_be_given_away() {
    for world in worlds().await {
        let transfer = Transfer {
            key: "wrong".into(),
            debit: Account::Suspense,
            credit: Account::Returns,
            amount: Money::from_qepik(1),
            reason: "returned",
            payment: Id::new(world.clock.now(), &SystemChance),
            at: world.clock.now(),
        };
        let mut tx = world.store.begin().await.expect("begun");
        let posted = ledger::post(&mut tx, &transfer, "system", &SystemChance).await;
        assert_eq!(refused(posted), Refusal::AccountOverdrawn);
        drop(tx);
        assert_eq!(world.money().await, "");
    }
}

/// The check must see what an administrator of the database could do.
#[tokio::test]
async fn the_check_of_the_ledger_sees_edited_rows() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        world.take(&payment, Outcome::Paid).await.expect("paid");
        let edits = [
            ("UPDATE payments_transfer SET amount = amount - 1", "add up to"),
            ("UPDATE payments_account SET balance = balance + 1 WHERE id = 'bank/test-bank'", "and not 0"),
            ("UPDATE payments_account SET balance = 5 WHERE id = 'payee/urban'", "overdrawn"),
            ("DELETE FROM payments_transfer", "add up to"),
        ];
        for (edit, expected) in edits {
            let mut tx = world.store.begin().await.expect("begun");
            tx.execute(edit, &host::args![]).await.expect("edited");
            tx.commit().await.expect("committed");
            let broken = ledger::conservation(&world.store).await.expect("checked");
            assert!(broken.iter().any(|line| line.contains(expected)), "{edit}: {broken:?}");
        }
    }
}
