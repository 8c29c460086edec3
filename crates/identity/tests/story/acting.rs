//! Acting for a company: offered when the register says so, refused when it does not, and lost with the mandate.

use super::world::{Browser, Seen, World};
use base::{Failure, Lang};
use http::StatusCode;
use identity::{
    Representee,
    client::{Refusal, Started, Wish},
};

const TIN: &str = "1400123451";

fn company() -> Representee {
    Representee { tin: TIN.into(), name: "Xəzər Tikinti MMC".into(), basis: "director".into() }
}

fn register(world: &World, says: Option<Vec<Representee>>) {
    *world.outside.mandates.lock().expect("a lock") = says;
}

/// Logs in with a card and stays at the page that asks whom the person acts for.
async fn asked<'a>(world: &'a World, browser: &mut Browser<'a>) -> (Started, String, Seen) {
    let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
    let (page, seen) = browser.login_page(&started.url).await;
    let token = super::world::card_token(&world.chip("RASHAD2"), super::world::ISSUER, &seen.field("nonce"));
    let fields = [("state", seen.field("state")), ("auth_token", token)];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let choose = browser.post(&format!("{page}/card"), &fields).await.location();
    let seen = browser.get(&choose).await;
    assert_eq!(seen.status, StatusCode::OK);
    (started, choose, seen)
}

#[tokio::test]
async fn a_director_acts_for_the_company_and_can_choose_again() {
    for world in World::all().await {
        register(&world, Some(vec![company()]));
        let mut browser = world.browser();
        let (started, choose, seen) = asked(&world, &mut browser).await;
        assert!(seen.text.contains("Xəzər Tikinti MMC") && seen.text.contains(TIN) && seen.text.contains("director"));
        let missing = browser.post(&choose, &[("acting_for", TIN)]).await;
        assert_eq!(missing.status, StatusCode::BAD_REQUEST, "without the form's token");
        let token = seen.field("token");
        let back = browser.post(&choose, &[("token", &token), ("acting_for", TIN)]).await.location();
        let first = world.finished(&world.portal, &started.pending, &back).await;
        assert_eq!(first.claims.acting_for, Some(company()));
        assert!(
            world
                .audited()
                .await
                .iter()
                .any(|(action, leaf)| action == "identity.acting_for_chosen" && leaf.contains(TIN))
        );

        // A second visit asks nothing; choosing again asks without a new signature.
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = browser.get(&started.url).await.location();
        let second = world.finished(&world.portal, &started.pending, &back).await;
        assert_eq!(second.claims.acting_for, Some(company()));
        let started = world.portal.start(&Wish { choose_again: true, ..Wish::default() }).await.expect("started");
        let choose = browser.get(&started.url).await.location();
        let seen = browser.get(&choose).await;
        let fields = [("token", seen.field("token")), ("acting_for", "myself".into())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let back = browser.post(&choose, &fields).await.location();
        let third = world.finished(&world.portal, &started.pending, &back).await;
        assert_eq!(third.claims.acting_for, None);
    }
}

#[tokio::test]
async fn a_company_that_the_register_does_not_name_is_refused() {
    for world in World::all().await {
        register(&world, Some(vec![company()]));
        let mut browser = world.browser();
        let (_, choose, seen) = asked(&world, &mut browser).await;
        let token = seen.field("token");
        for (says, tin) in [(Some(vec![company()]), "9999999999"), (Some(vec![]), TIN), (None, TIN)] {
            register(&world, says);
            let seen = browser.post(&choose, &[("token", &token), ("acting_for", tin)]).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN, "{tin}");
        }
    }
}

#[tokio::test]
async fn a_silent_register_leaves_only_myself_and_says_so() {
    for world in World::all().await {
        register(&world, None);
        let mut browser = world.browser();
        let (started, choose, seen) = asked(&world, &mut browser).await;
        assert!(seen.text.contains("does not answer at the moment") && !seen.text.contains(TIN));
        let token = seen.field("token");
        let back = browser.post(&choose, &[("token", &token), ("acting_for", "myself")]).await.location();
        assert_eq!(world.finished(&world.portal, &started.pending, &back).await.claims.acting_for, None);
    }
}

#[tokio::test]
async fn who_loses_the_mandate_loses_the_session() {
    for world in World::all().await {
        register(&world, Some(vec![company()]));
        let mut browser = world.browser();
        let (started, choose, seen) = asked(&world, &mut browser).await;
        let token = seen.field("token");
        let back = browser.post(&choose, &[("token", &token), ("acting_for", TIN)]).await.location();
        let logged_in = world.finished(&world.portal, &started.pending, &back).await;
        register(&world, None);
        let claims = world.portal.userinfo(&logged_in.access_token).await.expect("silence takes nothing away");
        assert_eq!(claims.acting_for, Some(company()));
        register(&world, Some(vec![]));
        let ended = world.portal.userinfo(&logged_in.access_token).await;
        assert!(matches!(ended, Err(Failure::Refused(Refusal::SessionEnded))));
        assert_eq!(world.outside.notices.lock().expect("a lock").len(), 1, "the portal was told");
    }
}
