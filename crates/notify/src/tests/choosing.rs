//! Contacts and choices: off means off.

use super::{AYTEN, granted, refused, worlds};
use crate::{Contact, Refusal};
use base::Lang;

#[tokio::test]
async fn somebody_never_seen_gets_the_inbox_only() {
    for world in worlds().await {
        let contact = world.notify.contact(AYTEN).await.expect("read");
        let unseen = Contact { person: AYTEN.into(), name: None, email: None, lang: Lang::Az, mail_on: false };
        assert_eq!(contact, unseen);
        world.leave(&granted("1")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        assert_eq!(world.worker.run_due().await.expect("ran"), 0);
        assert_eq!(world.mail_state().await, "");
        assert_eq!(world.notify.unread(AYTEN).await.expect("counted"), 1);
    }
}

#[tokio::test]
async fn off_means_off_also_for_a_mail_that_waits() {
    for world in worlds().await {
        world.know(None, Some("a@mail.example"), Lang::Az).await.expect("known");
        world.leave(&granted("1")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        world.notify.set_choice(AYTEN, Lang::Az, false).await.expect("off");
        world.worker.run_due().await.expect("ran");
        assert_eq!(world.mail_state().await, "unwanted");
        world.leave(&granted("2")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        assert_eq!(world.worker.run_due().await.expect("ran"), 0);
        assert!(world.mails().is_empty());
    }
}

#[tokio::test]
async fn the_register_brings_the_address_and_the_person_keeps_the_choice() {
    for world in worlds().await {
        world.know(Some("Aytən"), Some("old@mail.example"), Lang::Az).await.expect("known");
        world.notify.set_choice(AYTEN, Lang::Ru, false).await.expect("chosen");
        world.know(Some("Aytən Məmmədova"), Some("new@mail.example"), Lang::En).await.expect("known");
        let contact = world.notify.contact(AYTEN).await.expect("read");
        assert_eq!(contact.email.as_deref(), Some("new@mail.example"));
        assert_eq!((contact.lang, contact.mail_on), (Lang::Ru, false));
    }
}

#[tokio::test]
async fn wrong_addresses_and_mail_without_one_are_refused() {
    for world in worlds().await {
        for wrong in ["", "ayten", "a@", "a b@mail.example", "a@mail.example\r\nBcc: x@mail.example"] {
            assert_eq!(refused(world.know(None, Some(wrong), Lang::Az).await), Refusal::AddressMalformed, "{wrong}");
        }
        assert_eq!(refused(world.notify.set_choice(AYTEN, Lang::Az, true).await), Refusal::AddressMissing);
        world.notify.set_choice(AYTEN, Lang::Ru, false).await.expect("the language alone can be chosen");
        assert_eq!(world.notify.contact(AYTEN).await.expect("read").lang, Lang::Ru);
    }
}
