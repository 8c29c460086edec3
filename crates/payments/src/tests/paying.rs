//! From the wish to pay to the receipt, and every word of the bank that changes nothing.

use super::{BANK, FEE, World, key, refused, worlds};
use crate::gateway::{self, Outcome, Report, sealed};
use crate::{Begin, DebtState, Effect, PAID_JOB, PaymentState, Refusal, ledger};
use base::{Clock, Id, Money, SystemChance, clock};

#[tokio::test]
async fn a_payment_goes_from_order_to_receipt() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let redirect = world.payments.begin_payment(&World::begin_of(&debt)).await.expect("begun");
        let order = world.order(&redirect.address);
        assert_eq!((order.amount, order.order.as_str()), (FEE, redirect.payment.as_str()));
        assert_eq!(order.return_to, "http://127.0.0.1:8800/payments/back");
        assert_eq!(order.callback, "http://127.0.0.1:8800/callbacks/payments");
        assert_eq!(order.code, debt.code.grouped());
        let seconds = (order.expires_at.as_microsecond() - world.clock.now().as_microsecond()) / 1_000_000;
        assert_eq!(seconds, world.payments.tariff().order_valid_s);
        assert_eq!(world.debt_state(&debt).await, DebtState::InPayment);
        assert_eq!(world.money().await, "");

        assert_eq!(world.take(&redirect.payment, Outcome::Paid).await.expect("taken"), Effect::Paid);
        assert_eq!(world.debt_state(&debt).await, DebtState::Paid);
        assert_eq!(world.money().await, "bank/test-bank 110000, payee/urban -110000");
        let receipts = world.payments.receipts_of_debt(&debt.id).await.expect("read");
        let [receipt] = receipts.as_slice() else { panic!("one receipt: {receipts:?}") };
        assert_eq!(receipt.number.len(), 12);
        assert!(crate::subscriber_code::has_right_check_digits(&receipt.number));
        assert_eq!((receipt.amount, receipt.bank.as_str(), receipt.reversed), (FEE, BANK, false));
        assert_eq!(world.payments.receipt(&receipt.number).await.expect("found"), *receipt);
        assert_eq!(refused(world.payments.receipt("000000000000").await), Refusal::ReceiptUnknown);
    }
}

#[tokio::test]
async fn who_made_the_debt_and_who_paid_it_are_told_once() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        for _ in 0..3 {
            world.take(&payment, Outcome::Paid).await.expect("taken");
        }
        let jobs = world.store.query("SELECT payload FROM host_job WHERE kind = $1", &host::args![PAID_JOB]).await;
        let jobs = jobs.expect("read");
        assert_eq!(jobs.len(), 1);
        let told: crate::DebtPaid = serde_json::from_value(jobs[0].json("payload")).expect("of its shape");
        assert_eq!((told.origin.as_str(), told.key.as_str(), told.qepik), ("services", "1", 110_000));
        assert!(!jobs[0].text("payload").contains("RASHAD2"), "no personal data in jobs");
        let mut tx = world.store.begin().await.expect("begun");
        let notices = tx.take_notices(10).await.expect("taken");
        assert_eq!(notices.len(), 1);
        assert_eq!((notices[0].person.as_str(), notices[0].template.as_str()), ("RASHAD2", "payment-received"));
    }
}

#[tokio::test]
async fn wishing_again_gives_the_same_order() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let one = world.payments.begin_payment(&World::begin_of(&debt)).await.expect("begun");
        let two = world.payments.begin_payment(&World::begin_of(&debt)).await.expect("begun");
        assert_eq!(one.payment, two.payment);
        assert_eq!(world.order(&one.address), world.order(&two.address));
        assert_eq!(world.payments.payments_of_debt(&debt.id).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let begin = World::begin_of(&debt);
        let elsewhere = Begin { return_path: "https://elsewhere.az/".into(), ..begin.clone() };
        assert_eq!(refused(world.payments.begin_payment(&elsewhere).await), Refusal::ReturnAddress);
        let nobody = Id::new(clock::from_micros(1), &SystemChance);
        let unknown = Begin { debt: nobody.clone(), ..begin.clone() };
        assert_eq!(refused(world.payments.begin_payment(&unknown).await), Refusal::DebtUnknown);
        assert_eq!(refused(world.payments.payment(&nobody).await), Refusal::PaymentUnknown);
        let payment = world.begun(&debt).await;
        world.take(&payment, Outcome::Paid).await.expect("paid");
        assert_eq!(refused(world.payments.begin_payment(&begin).await), Refusal::DebtAlreadyPaid);
    }
}

#[tokio::test]
async fn a_declined_payment_opens_the_debt_for_another() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let first = world.begun(&debt).await;
        assert_eq!(world.take(&first, Outcome::Declined).await.expect("taken"), Effect::Ended);
        assert_eq!(world.take(&first, Outcome::Declined).await.expect("taken"), Effect::Nothing);
        assert_eq!(world.debt_state(&debt).await, DebtState::Open);
        let second = world.begun(&debt).await;
        assert_ne!(first, second);
        assert_eq!(world.take(&second, Outcome::Paid).await.expect("taken"), Effect::Paid);
        assert_eq!(world.money().await, "bank/test-bank 110000, payee/urban -110000");
    }
}

#[tokio::test]
async fn a_payment_that_ran_out_is_cleared_up_before_another_begins() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let first = world.begun(&debt).await;
        world.clock.advance_s(world.payments.tariff().order_valid_s + 1);
        let begin = World::begin_of(&debt);
        // The bank does not answer: nobody may pay a second time.
        assert_eq!(refused(world.payments.begin_payment(&begin).await), Refusal::AwaitingBank);
        world.bank_answers(&first, Outcome::Void);
        let second = world.payments.begin_payment(&begin).await.expect("begun").payment;
        assert_ne!(first, second);
        assert_eq!(world.payment(&first).await.state, PaymentState::Expired);
        // Had the bank taken the money of the first after all, the wish to pay again would be refused.
        world.clock.advance_s(world.payments.tariff().order_valid_s + 1);
        world.bank_answers(&second, Outcome::Paid);
        assert_eq!(refused(world.payments.begin_payment(&begin).await), Refusal::DebtAlreadyPaid);
    }
}

/// Each of these must leave debt, payment and ledger as they were.
#[tokio::test]
async fn reports_that_are_wrong_change_nothing_and_say_so() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let right = world.report(&payment, Outcome::Paid);
        let minute_ago = |minutes: i64| clock::from_micros(world.clock.now().as_microsecond() - minutes * 60_000_000);
        let nobody = Id::new(clock::from_micros(1), &SystemChance).to_string();
        let cases = [
            (Report { amount: Money::from_qepik(1), ..right.clone() }, Refusal::WrongAmount),
            (Report { amount: Money::from_qepik(110_001), ..right.clone() }, Refusal::WrongAmount),
            (Report { currency: "USD".into(), ..right.clone() }, Refusal::WrongAmount),
            (Report { order: nobody, ..right.clone() }, Refusal::OrderUnknown),
            (Report { order: "x' OR '1'='1".into(), ..right.clone() }, Refusal::OrderUnknown),
            (Report { merchant: "another".into(), ..right.clone() }, Refusal::ReportForged),
            (Report { bank: "another".into(), ..right.clone() }, Refusal::ReportForged),
            (Report { sent_at: minute_ago(6), ..right.clone() }, Refusal::ReportStale),
            (Report { sent_at: minute_ago(-6), ..right.clone() }, Refusal::ReportStale),
            (Report { bank_reference: None, ..right.clone() }, Refusal::ReportMalformed),
        ];
        for (report, refusal) in cases {
            let taken = world.payments.take_report(&world.sealed(&report)).await;
            assert_eq!(refused(taken), refusal, "{report:?}");
        }
        let forged = sealed::seal(gateway::REPORT, &right, &key()).expect("sealed");
        assert_eq!(refused(world.payments.take_report(&forged).await), Refusal::ReportForged);
        let other_kind = sealed::seal(gateway::STATEMENT, &right, &world.bank_key).expect("sealed");
        assert_eq!(refused(world.payments.take_report(&other_kind).await), Refusal::ReportForged);
        let shapeless = sealed::seal(gateway::REPORT, &"paid", &world.bank_key).expect("sealed");
        assert_eq!(refused(world.payments.take_report(&shapeless).await), Refusal::ReportMalformed);
        assert_eq!(refused(world.payments.take_report("").await), Refusal::ReportForged);
        assert_eq!(world.debt_state(&debt).await, DebtState::InPayment);
        assert_eq!(world.money().await, "");
        assert_eq!(world.rows("SELECT report_id FROM payments_report").await, 0);
        assert_eq!(world.take(&payment, Outcome::Paid).await.expect("the right one still counts"), Effect::Paid);
    }
}

#[tokio::test]
async fn repeated_and_contradicting_words_change_nothing() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let sealed = world.sealed(&world.report(&payment, Outcome::Paid));
        assert_eq!(world.payments.take_report(&sealed).await.expect("taken"), Effect::Paid);
        for _ in 0..3 {
            assert_eq!(world.payments.take_report(&sealed).await.expect("taken"), Effect::Nothing);
        }
        assert_eq!(world.take(&payment, Outcome::Open).await.expect("taken"), Effect::Nothing);
        for outcome in [Outcome::Declined, Outcome::Void] {
            assert_eq!(refused(world.take(&payment, outcome).await), Refusal::ReportContradicts);
        }
        let other_money = Report { bank_reference: Some("B-2".into()), ..world.report(&payment, Outcome::Paid) };
        let taken = world.payments.take_report(&world.sealed(&other_money)).await;
        assert_eq!(refused(taken), Refusal::ReportContradicts);
        assert_eq!(world.debt_state(&debt).await, DebtState::Paid);
        assert_eq!(world.money().await, "bank/test-bank 110000, payee/urban -110000");
        assert_eq!(ledger::transfers_of(&world.store, &payment).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn an_order_the_bank_has_not_seen_may_still_arrive_there() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        assert_eq!(world.take(&payment, Outcome::Void).await.expect("taken"), Effect::Nothing);
        assert_eq!(world.debt_state(&debt).await, DebtState::InPayment);
        world.clock.advance_s(world.payments.tariff().order_valid_s);
        assert_eq!(world.take(&payment, Outcome::Void).await.expect("taken"), Effect::Ended);
        assert_eq!(world.debt_state(&debt).await, DebtState::Open);
    }
}
