//! From the outbox to the inbox.

use super::{AYTEN, granted, refused, worlds};
use crate::{PAGE_MAX, Refusal};
use base::{Id, SystemChance, clock};
use host::outbox::Notice;

#[tokio::test]
async fn a_notice_becomes_one_message_in_three_languages() {
    for world in worlds().await {
        world.leave(&granted("case/decided")).await;
        assert_eq!(world.notify.deliver_waiting().await.expect("delivered"), 1);
        assert_eq!(world.notify.deliver_waiting().await.expect("delivered"), 0);
        let inbox = world.notify.inbox(AYTEN, None, 10).await.expect("read");
        let [message] = inbox.as_slice() else { panic!("one message: {inbox:?}") };
        assert!(message.body.az.contains("«İşsizlik müavinəti»"));
        assert!(message.body.en.contains("“Unemployment allowance”"));
        assert!(message.body.ru.contains("«Пособие по безработице»"));
        assert_eq!(message.link.as_deref(), Some("/cases/1.1-000001"));
        assert_eq!(world.notify.unread(AYTEN).await.expect("counted"), 1);
    }
}

#[tokio::test]
async fn a_notice_that_was_rolled_back_or_left_again_adds_nothing() {
    for world in worlds().await {
        let mut tx = world.store.begin().await.expect("begun");
        tx.notice(&granted("lost")).await.expect("left");
        drop(tx);
        for _ in 0..3 {
            world.leave(&granted("kept")).await;
            world.notify.deliver_waiting().await.expect("delivered");
        }
        assert_eq!(world.notify.inbox(AYTEN, None, 10).await.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn two_deliverers_at_once_deliver_once() {
    for world in worlds().await {
        for number in 0..20 {
            world.leave(&granted(&format!("case-{number}"))).await;
        }
        let (one, two) = (world.notify.clone(), world.notify.clone());
        let both = tokio::join!(one.deliver_waiting(), two.deliver_waiting());
        let delivered = both.0.expect("delivered") + both.1.expect("delivered");
        assert_eq!(delivered, 20);
        assert_eq!(world.notify.inbox(AYTEN, None, 50).await.expect("read").len(), 20);
    }
}

#[tokio::test]
async fn a_text_that_does_not_exist_still_brings_news() {
    for world in worlds().await {
        world.leave(&Notice { template: "no-such-text".into(), ..granted("1") }).await;
        assert_eq!(world.notify.deliver_waiting().await.expect("delivered"), 1);
        assert_eq!(world.notify.inbox(AYTEN, None, 1).await.expect("read")[0].title.en, "A new message");
    }
}

#[tokio::test]
async fn reading_is_remembered_and_only_ones_own() {
    for world in worlds().await {
        world.leave(&granted("1")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        let message = world.notify.inbox(AYTEN, None, 1).await.expect("read").remove(0);
        assert_eq!(refused(world.notify.message("TURAL06", &message.id).await), Refusal::MessageUnknown);
        assert_eq!(refused(world.notify.mark_read("TURAL06", &message.id).await), Refusal::MessageUnknown);
        let nothing = Id::new(clock::from_micros(1), &SystemChance);
        assert_eq!(refused(world.notify.mark_read(AYTEN, &nothing).await), Refusal::MessageUnknown);
        world.notify.mark_read(AYTEN, &message.id).await.expect("read");
        let first = world.notify.message(AYTEN, &message.id).await.expect("there").read_at;
        world.clock.advance_s(60);
        world.notify.mark_read(AYTEN, &message.id).await.expect("read");
        assert_eq!(world.notify.message(AYTEN, &message.id).await.expect("there").read_at, first);
        assert_eq!(world.notify.unread(AYTEN).await.expect("counted"), 0);
    }
}

#[tokio::test]
async fn the_inbox_is_read_page_by_page() {
    for world in worlds().await {
        for number in 0..7 {
            // Two at the same time each: the order must not depend on it.
            let at = clock::from_micros(1_795_000_000_000_000 + number / 2);
            world.leave(&Notice { at, ..granted(&format!("{number}")) }).await;
        }
        world.notify.deliver_waiting().await.expect("delivered");
        let all = world.notify.inbox(AYTEN, None, PAGE_MAX + 1000).await.expect("read");
        assert_eq!(all.len(), 7);
        let (mut pages, mut last) = (Vec::new(), None);
        loop {
            let page = world.notify.inbox(AYTEN, last.as_ref(), 3).await.expect("read");
            let Some(end) = page.last().cloned() else { break };
            last = Some(end);
            pages.extend(page);
        }
        assert_eq!(pages, all);
    }
}
