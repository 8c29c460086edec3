//! The power is cut at every point of a payment: the future is dropped after each number of steps, then the world goes on
//! from what is on disk. Nothing may be half done, and the next attempt completes it once.

use super::{World, worlds};
use crate::gateway::Outcome;
use crate::{Debt, DebtState, ledger};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs the future for at most so many polls and then drops it.
struct Cut<F> {
    future: Pin<Box<F>>,
    polls_left: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls_left == 0 {
            return Poll::Ready(None);
        }
        self.polls_left -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// More than any use case here needs; reaching it means that the loop below does not end.
const POLLS_MAX: usize = 400;

async fn cut_at_every_point<T, F: Future<Output = T>>(mut start: impl FnMut() -> F, mut check: impl AsyncFnMut()) {
    for polls_left in 0..POLLS_MAX {
        let whole = Cut { future: Box::pin(start()), polls_left }.await.is_some();
        check().await;
        if whole {
            return;
        }
    }
    panic!("the use case does not end");
}

/// Waits for what was under way when it was cut: a commit that had begun may still reach the disk.
async fn settled(world: &World) {
    let mut tx = world.store.begin().await.expect("begun");
    tx.execute("UPDATE payments_debt SET state = state", &host::args![]).await.expect("waited for its rows");
    tx.rollback().await;
}

async fn consistent(world: &World, debt: &Debt) {
    settled(world).await;
    let money = world.money().await;
    match world.debt_state(debt).await {
        DebtState::Paid => {
            assert_eq!(money, "bank/test-bank 110000, payee/urban -110000");
            assert_eq!(world.payments.receipts_of_debt(&debt.id).await.expect("read").len(), 1);
            assert_eq!(world.rows("SELECT id FROM host_job WHERE kind = 'payments.paid'").await, 1);
            assert_eq!(world.rows("SELECT id FROM host_job WHERE kind = 'payments.receipt'").await, 1);
            assert_eq!(world.rows("SELECT notice_key FROM host_outbox").await, 1);
        }
        DebtState::Open | DebtState::InPayment => {
            assert_eq!(money, "");
            assert_eq!(world.rows("SELECT number FROM payments_receipt").await, 0);
            assert_eq!(world.rows("SELECT id FROM host_job WHERE kind = 'payments.receipt'").await, 0);
            assert_eq!(world.rows("SELECT notice_key FROM host_outbox").await, 0);
        }
        DebtState::Cancelled => panic!("nobody cancelled it"),
    }
}

#[tokio::test]
async fn a_cut_anywhere_in_a_report_leaves_all_or_nothing() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let sealed = world.sealed(&world.report(&payment, Outcome::Paid));
        cut_at_every_point(
            || {
                let (payments, sealed) = (world.payments.clone(), sealed.clone());
                async move { payments.take_report(&sealed).await }
            },
            async || consistent(&world, &debt).await,
        )
        .await;
        assert_eq!(world.debt_state(&debt).await, DebtState::Paid);
        assert_eq!(ledger::transfers_of(&world.store, &payment).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn a_cut_anywhere_in_a_beginning_leaves_at_most_one_payment() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        cut_at_every_point(
            || {
                let (payments, begin) = (world.payments.clone(), World::begin_of(&debt));
                async move { payments.begin_payment(&begin).await }
            },
            async || {
                settled(&world).await;
                let attempts = world.payments.payments_of_debt(&debt.id).await.expect("read").len();
                let expected = usize::from(world.debt_state(&debt).await == DebtState::InPayment);
                assert_eq!(attempts, expected);
            },
        )
        .await;
        assert_eq!(world.debt_state(&debt).await, DebtState::InPayment);
    }
}
