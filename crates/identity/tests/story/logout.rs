//! One log-out reaches every client, also when one of them is dead at that moment.

use super::world::{OFFICE, PORTAL, World, encode};
use http::StatusCode;
use identity::{
    DeliveryState, Outcome,
    client::{LoggedIn, RelyingParty, Wish},
};

/// Logged in at both clients in one session.
async fn at_both<'a>(world: &'a World, browser: &mut super::world::Browser<'a>) -> (LoggedIn, LoggedIn) {
    let portal = world.logged_in(browser, "LEYLA03").await;
    let started = world.office.start(&Wish::default()).await.expect("started");
    let back = browser.get(&started.url).await.location();
    (portal, world.finished(&world.office, &started.pending, &back).await)
}

fn notice_for(world: &World, origin: &str) -> Option<String> {
    let notices = world.outside.notices.lock().expect("a lock");
    notices.iter().find(|(to, _)| to == origin).map(|(_, token)| token.clone())
}

#[tokio::test]
async fn portal_and_back_office_end_together() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (portal, office) = at_both(&world, &mut browser).await;
        world.clock.advance_s(1);
        let url = world.portal.logout_url(&portal.id_token, "bye").await.expect("an address");
        let back = browser.get(&url).await.location();
        assert_eq!(back, format!("{PORTAL}/?state=bye"));
        for (party, origin, logged_in) in [(&world.portal, PORTAL, &portal), (&world.office, OFFICE, &office)] {
            let token = notice_for(&world, origin).expect("told");
            let notice = party.logout_notice(&token).await.expect("believed");
            assert_eq!(notice.sid.as_deref(), Some(logged_in.claims.sid.as_str()));
            assert_eq!(notice.sub.as_deref(), Some(logged_in.claims.sub.as_str()));
            assert!(party.userinfo(&logged_in.access_token).await.is_err());
        }
        let deliveries = world.provider.logout_deliveries(10).await.expect("deliveries");
        assert!(deliveries.len() == 2 && deliveries.iter().all(|one| one.state == DeliveryState::Delivered));
        let asked_again = browser.get(&world.portal.start(&Wish::default()).await.expect("started").url).await;
        assert!(asked_again.location().starts_with("/login/"), "the session is gone");
        let outcomes: Vec<Outcome> = world
            .provider
            .logins_of(&portal.claims.pin.expect("a PIN"), 10)
            .await
            .expect("history")
            .iter()
            .map(|event| event.outcome)
            .collect();
        assert_eq!(outcomes, [Outcome::LoggedOut, Outcome::LoggedIn]);
    }
}

#[tokio::test]
async fn a_dead_client_keeps_nobody_waiting_and_hears_of_it_later() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (portal, office) = at_both(&world, &mut browser).await;
        world.outside.dead.lock().expect("a lock").push(OFFICE.into());
        let url = world.portal.logout_url(&portal.id_token, "bye").await.expect("an address");
        assert_eq!(browser.get(&url).await.status, StatusCode::SEE_OTHER);
        assert!(notice_for(&world, PORTAL).is_some() && notice_for(&world, OFFICE).is_none());
        assert!(world.office.userinfo(&office.access_token).await.is_err(), "refused from the first moment");
        let waiting = world.provider.logout_deliveries(10).await.expect("deliveries").remove(0);
        assert_eq!(
            (waiting.client.as_str(), waiting.state, waiting.attempts),
            ("backoffice", DeliveryState::Waiting, 1)
        );
        assert_eq!(waiting.detail, "connection refused");

        world.clock.advance_s(6);
        world.run_jobs().await;
        let waiting = world.provider.logout_deliveries(10).await.expect("deliveries").remove(0);
        assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Waiting, 2));
        world.outside.dead.lock().expect("a lock").clear();
        world.clock.advance_s(11);
        world.run_jobs().await;
        let token = notice_for(&world, OFFICE).expect("told at last");
        assert!(world.office.logout_notice(&token).await.is_ok());
        let all = world.provider.logout_deliveries(10).await.expect("deliveries");
        assert!(all.iter().all(|one| one.state == DeliveryState::Delivered));
        let told = world.outside.notices.lock().expect("a lock").len();
        assert_eq!(told, 2, "nobody is told twice");
    }
}

#[tokio::test]
async fn without_a_hint_the_person_is_asked_first() {
    for world in World::all().await {
        let mut browser = world.browser();
        at_both(&world, &mut browser).await;
        let page = browser.get("/logout?ui_locales=en").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("portal en") && page.text.contains("backoffice en"));
        assert_eq!(browser.post("/logout/session", &[]).await.status, StatusCode::BAD_REQUEST, "missing form token");
        assert!(world.outside.notices.lock().expect("a lock").is_empty());
        let fields = [("token", page.field("token")), ("lang", "en".into())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let done = browser.post("/logout/session", &fields).await;
        let said = browser.follow(done).await.expect_err("a page of ours");
        assert!(said.text.contains("You are logged out"));
        assert_eq!(world.outside.notices.lock().expect("a lock").len(), 2);
        assert_eq!(browser.get("/logout").await.location(), "/logged-out?lang=az");
    }
}

#[tokio::test]
async fn a_hint_sends_only_to_registered_addresses_and_ends_only_its_own_session() {
    for world in World::all().await {
        let mut browser = world.browser();
        let first = world.logged_in(&mut browser, "AYTEN01").await;
        let evil = format!(
            "/logout?id_token_hint={}&post_logout_redirect_uri={}",
            first.id_token,
            encode("https://evil.example/")
        );
        // Another person's browser with this hint is asked, not logged out.
        let mut other = world.browser();
        let second = world.logged_in(&mut other, "TURAL06").await;
        assert_eq!(other.get(&evil).await.status, StatusCode::OK);
        assert!(world.portal.userinfo(&second.access_token).await.is_ok());
        assert_eq!(browser.get(&evil).await.location(), "/logged-out?lang=az", "the foreign address is left out");
        assert!(world.portal.userinfo(&first.access_token).await.is_err());
        let forged = format!("/logout?id_token_hint={}x", second.id_token);
        assert_eq!(other.get(&forged).await.status, StatusCode::OK, "a forged hint is no hint");
        assert!(world.portal.userinfo(&second.access_token).await.is_ok());
    }
}

#[tokio::test]
async fn a_session_that_expires_is_over_everywhere() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (portal, _) = at_both(&world, &mut browser).await;
        world.clock.advance_s(8 * 3600 + 1);
        assert!(world.portal.userinfo(&portal.access_token).await.is_err());
        world.run_jobs().await;
        assert_eq!(world.outside.notices.lock().expect("a lock").len(), 2);
        let history = world.provider.logins_of(&portal.claims.pin.expect("a PIN"), 1).await.expect("history");
        assert_eq!(history[0].outcome, Outcome::Expired);
    }
}

#[tokio::test]
async fn a_client_believes_only_its_own_logout_token() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (portal, _) = at_both(&world, &mut browser).await;
        let refused =
            async |party: &RelyingParty, token: &str| assert!(party.logout_notice(token).await.is_err(), "{token}");
        refused(&world.portal, "junk").await;
        refused(&world.portal, &portal.id_token).await;
        let url = world.portal.logout_url(&portal.id_token, "bye").await.expect("an address");
        browser.get(&url).await;
        let token = notice_for(&world, PORTAL).expect("told");
        refused(&world.office, &token).await;
        world.portal.logout_notice(&token).await.expect("its own");
        world.clock.advance_s(600);
        refused(&world.portal, &token).await;
    }
}
