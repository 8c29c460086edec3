//! Mail about messages: what it says, and that it is sent once as far as one side alone can know.

use super::{AYTEN, Says, granted, worlds};
use base::Lang;

const NAME: Option<&str> = Some("Aytən Məmmədova");
const EMAIL: Option<&str> = Some("ayten@mail.example");

#[tokio::test]
async fn a_mail_says_that_there_is_news_and_nothing_more() {
    for world in worlds().await {
        world.know(NAME, EMAIL, Lang::En).await.expect("known");
        world.leave(&granted("case/decided")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        assert_eq!(world.worker.run_due().await.expect("ran"), 1);
        let mails = world.mails();
        let [mail] = mails.as_slice() else { panic!("one mail: {mails:?}") };
        assert_eq!(mail.subject, "Your application was granted");
        assert!(mail.text.starts_with("Dear Aytən Məmmədova,\n\n"));
        assert!(mail.text.contains("http://127.0.0.1:8800"));
        for personal in [AYTEN, "1.1-000001", "Unemployment", "/cases/", "token"] {
            assert!(!mail.text.contains(personal) && !mail.message_id.contains(personal), "{personal}");
        }
        assert!(mail.message_id.ends_with("@pencere.example"), "{}", mail.message_id);
        assert_eq!(world.mail_state().await, "sent");
    }
}

#[tokio::test]
async fn a_mail_is_in_the_persons_language() {
    for (lang, subject) in
        [(Lang::Az, "Müraciətiniz üzrə müsbət qərar verildi"), (Lang::Ru, "По обращению принято положительное решение")]
    {
        for world in worlds().await {
            world.know(None, EMAIL, lang).await.expect("known");
            world.leave(&granted("1")).await;
            world.notify.deliver_waiting().await.expect("delivered");
            world.worker.run_due().await.expect("ran");
            assert_eq!(world.mails()[0].subject, subject);
        }
    }
}

#[tokio::test]
async fn a_broken_connection_repeats_the_mail_under_the_same_name() {
    for world in worlds().await {
        world.know(NAME, EMAIL, Lang::Az).await.expect("known");
        world.leave(&granted("1")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        world.server_says(Says::Broken);
        world.worker.run_due().await.expect("ran");
        assert_eq!(world.mail_state().await, "queued");
        world.server_says(Says::Accepted);
        world.clock.advance_s(60);
        world.worker.run_due().await.expect("ran");
        let mails = world.mails();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0], mails[1], "the receiver can fold them");
        world.clock.advance_s(3600);
        assert_eq!(world.worker.run_due().await.expect("ran"), 0);
    }
}

#[tokio::test]
async fn different_notices_have_different_names() {
    for world in worlds().await {
        world.know(NAME, EMAIL, Lang::Az).await.expect("known");
        for key in ["1", "2"] {
            world.leave(&granted(key)).await;
        }
        world.notify.deliver_waiting().await.expect("delivered");
        world.worker.run_due().await.expect("ran");
        let mails = world.mails();
        assert_eq!(mails.len(), 2);
        assert_ne!(mails[0].message_id, mails[1].message_id);
    }
}

#[tokio::test]
async fn a_mail_refused_for_good_is_not_tried_again() {
    for world in worlds().await {
        world.know(NAME, EMAIL, Lang::Az).await.expect("known");
        world.leave(&granted("1")).await;
        world.notify.deliver_waiting().await.expect("delivered");
        world.server_says(Says::Refused);
        world.worker.run_due().await.expect("ran");
        assert_eq!(world.mail_state().await, "refused");
        world.clock.advance_s(3600);
        assert_eq!(world.worker.run_due().await.expect("ran"), 0);
        assert_eq!(world.notify.inbox(AYTEN, None, 1).await.expect("read").len(), 1, "the inbox has it");
    }
}
