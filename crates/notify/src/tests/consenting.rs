//! Acts of consent: a switch is one act with a leaf, anything else is none.

use super::{AYTEN, World, refused, worlds};
use crate::{Consent, MAIL_NOTICES, Refusal};
use base::{Clock, Lang};

async fn acts(world: &World) -> Vec<Consent> {
    world.notify.consents(AYTEN).await.expect("read")
}

#[tokio::test]
async fn switching_mail_off_and_on_is_seen_newest_first() {
    for world in worlds().await {
        world.know(None, Some("a@mail.example"), Lang::Az).await.expect("known");
        assert_eq!(acts(&world).await, [], "what the register brings is nobody's act");
        world.notify.set_choice(AYTEN, Lang::Az, false).await.expect("off");
        let off = Consent { purpose: MAIL_NOTICES.into(), given: false, at: world.clock.now() };
        world.clock.advance_s(60);
        world.notify.set_choice(AYTEN, Lang::Az, true).await.expect("on");
        let on = Consent { given: true, at: world.clock.now(), ..off.clone() };
        assert_eq!(acts(&world).await, [on, off]);
        let sql = "SELECT a.action, a.leaf FROM notify_consent c JOIN host_audit_entry a ON a.leaf_index = c.leaf_index
                   AND a.subject = c.id ORDER BY c.at";
        let leaves = world.store.query(sql, &host::args![]).await.expect("read");
        let actions: Vec<_> = leaves.iter().map(|row| row.text("action")).collect();
        assert_eq!(actions, ["notify.consent_withdrawn", "notify.consent_given"]);
        assert!(leaves.iter().all(|row| row.text("leaf").contains("PIN:AYTEN01")), "the act is the person's own");
        assert_eq!(world.notify.consents("TURAL06").await.expect("read"), [], "nobody else's");
    }
}

#[tokio::test]
async fn the_same_choice_again_and_a_refused_one_are_no_acts() {
    for world in worlds().await {
        assert_eq!(refused(world.notify.set_choice(AYTEN, Lang::Az, true).await), Refusal::AddressMissing);
        world.notify.set_choice(AYTEN, Lang::Az, false).await.expect("mail was never on");
        world.know(None, Some("a@mail.example"), Lang::Az).await.expect("known");
        world.notify.set_choice(AYTEN, Lang::Ru, true).await.expect("on");
        world.notify.set_choice(AYTEN, Lang::En, true).await.expect("the language alone");
        assert_eq!(acts(&world).await.len(), 1);
    }
}
