//! The mobile signature: confirmed, declined, silent, unknown, and misused.

use super::world::{Browser, PhoneSays, Seen, World};
use base::Lang;
use http::StatusCode;
use identity::{CertificateRefusal, client::Wish};

/// Opens the waiting page of a push.
async fn pushed<'a>(world: &'a World, browser: &mut Browser<'a>) -> (String, Seen, identity::client::Started) {
    let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
    let (page, seen) = browser.login_page(&started.url).await;
    let fields = [("token", seen.field("token")), ("phone", "050 123 45 67".into()), ("pin", "ayten01".into())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let waiting = browser.post(&format!("{page}/phone"), &fields).await.location();
    assert_eq!(waiting, format!("{page}/phone"));
    let seen = browser.get(&waiting).await;
    (waiting, seen, started)
}

fn says(world: &World, says: PhoneSays) {
    *world.outside.phone.lock().expect("a lock") = Some(says);
}

#[tokio::test]
async fn a_confirmed_push_logs_in() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (waiting, seen, started) = pushed(&world, &mut browser).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.text.contains("http-equiv=\"refresh\""));
        {
            let push = world.outside.pushed.lock().expect("a lock");
            assert_eq!(push[0]["phoneNumber"], "+994501234567");
            assert_eq!(push[0]["nationalIdentityNumber"], "AYTEN01");
            assert_eq!(push[0]["hashType"], "SHA256");
        }
        says(&world, PhoneSays::Signs(world.chip("AYTEN01")));
        let before = browser.cookie.clone();
        let done = browser.get(&waiting).await;
        let back = browser.follow(done).await.expect("back at the portal");
        assert_ne!(browser.cookie, before, "a new cookie");
        let logged_in = world.finished(&world.portal, &started.pending, &back).await;
        assert_eq!(logged_in.claims.amr, ["mca", "pin"]);
        assert_eq!(browser.get(&waiting).await.status, StatusCode::BAD_REQUEST, "and only once");
    }
}

#[tokio::test]
async fn another_persons_or_a_bad_certificate_is_not_enough() {
    for world in World::all().await {
        for chip in [world.chip("TURAL06"), world.chip_judged("AYTEN01", Some(CertificateRefusal::Revoked))] {
            let mut browser = world.browser();
            let (waiting, _, _) = pushed(&world, &mut browser).await;
            says(&world, PhoneSays::Signs(chip));
            let seen = browser.get(&waiting).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN);
            assert!(seen.text.contains("Not confirmed on the phone"));
            says(&world, PhoneSays::Running);
        }
    }
}

#[tokio::test]
async fn declined_silent_and_unknown_end_in_the_same_words() {
    for world in
        World::all_with(|settings| (settings.limits.per_identity, settings.limits.per_address) = (99, 99)).await
    {
        let mut pages = Vec::new();
        for (result, waits) in [
            (PhoneSays::Result("USER_CANCELLED"), false),
            (PhoneSays::Running, true),
            (PhoneSays::Result("NOT_MID_CLIENT"), true),
            (PhoneSays::Result("PHONE_ABSENT"), true),
            (PhoneSays::Result("TIMEOUT"), true),
        ] {
            let mut browser = world.browser();
            says(&world, PhoneSays::Running);
            let (waiting, running, _) = pushed(&world, &mut browser).await;
            says(&world, result);
            if waits {
                // Nobody learns from the page which numbers exist: it goes on waiting.
                let still = browser.get(&waiting).await;
                assert_eq!((still.status, still.text.len()), (StatusCode::OK, running.text.len()));
                world.clock.advance_s(121);
            }
            let seen = browser.get(&waiting).await;
            assert_eq!(seen.status, StatusCode::FORBIDDEN);
            let start = seen.text.find("class=\"errors\"").expect("an error summary");
            pages.push(seen.text[start..start + 300].to_owned());
            let (action, _) = world.audited().await.pop().expect("an entry");
            assert_eq!(action, "identity.login_refused");
        }
        assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "one text for all");
    }
}

#[tokio::test]
async fn what_is_no_number_or_pin_is_helped() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::Az)).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let token = seen.field("token");
        for (phone, pin, link) in [("123", "AYTEN01", "href=\"#phone\""), ("0501234567", "AYTENO1", "href=\"#pin\"")] {
            let fields = [("token", token.as_str()), ("phone", phone), ("pin", pin)];
            let seen = browser.post(&format!("{page}/phone"), &fields).await;
            assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(seen.text.contains("role=\"alert\"") && seen.text.contains(link));
            assert!(seen.text.contains(&format!("value=\"{phone}\"")), "what was typed stays");
        }
        let forged = browser.post(&format!("{page}/phone"), &[("phone", "0501234567"), ("pin", "AYTEN01")]).await;
        assert_eq!(forged.status, StatusCode::BAD_REQUEST, "without the form's token");
        assert!(world.outside.pushed.lock().expect("a lock").is_empty());
    }
}

#[tokio::test]
async fn a_phone_cannot_be_flooded() {
    for world in World::all().await {
        for _ in 0..3 {
            pushed(&world, &mut world.browser()).await;
        }
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let fields = [("token", seen.field("token")), ("phone", "0501234567".into()), ("pin", "AYTEN01".into())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let refused = browser.post(&format!("{page}/phone"), &fields).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(world.outside.pushed.lock().expect("a lock").len(), 3);
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_a_fault_with_a_number() {
    for world in World::all().await {
        let mut browser = world.browser();
        let (waiting, _, _) = pushed(&world, &mut browser).await;
        world.outside.dead.lock().expect("a lock").push("http://127.0.0.1:8803".into());
        let seen = browser.get(&waiting).await;
        assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(seen.text.contains("tell us this number") && !seen.text.contains("refused"));
    }
}

#[tokio::test]
async fn a_phone_that_is_switched_off_is_off() {
    for world in World::all_with(|settings| settings.phone = None).await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        assert!(!seen.text.contains("type=\"tel\""));
        let fields = [("token", seen.field("token")), ("phone", "0501234567".into()), ("pin", "AYTEN01".into())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post(&format!("{page}/phone"), &fields).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.get(&format!("{page}/phone")).await.status, StatusCode::NOT_FOUND);
        assert!(world.outside.pushed.lock().expect("a lock").is_empty());
    }
}
