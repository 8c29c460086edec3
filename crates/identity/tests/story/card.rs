//! The card's answer: every rule of its validation, broken one at a time.

use super::world::{ISSUER, World, card_token};
use base::{Lang, Refusal as _};
use http::StatusCode;
use identity::{CertificateRefusal, client::Wish};

/// The reason that the audit entry must name, and the answer to a challenge that earns it.
type Case<'a> = (String, Box<dyn Fn(&str) -> String + 'a>);

const OVER: StatusCode = StatusCode::BAD_REQUEST;
const NOT_ACCEPTED: StatusCode = StatusCode::FORBIDDEN;

#[tokio::test]
async fn an_answer_is_good_once() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let chip = world.chip("AYTEN01");
        let (state, token) = (seen.field("state"), card_token(&chip, ISSUER, &seen.field("nonce")));
        let address = format!("{page}/card");
        let wrong = browser.post(&address, &[("state", &state), ("auth_token", "junk")]).await;
        assert_eq!(wrong.status, NOT_ACCEPTED);
        // The first answer, though wrong, has used the challenge up.
        let replayed = browser.post(&address, &[("state", &state), ("auth_token", &token)]).await;
        assert_eq!(replayed.status, NOT_ACCEPTED, "the page was shown with a new challenge, which this did not sign");
        let stale = browser.post(&address, &[("state", &state), ("auth_token", &token)]).await;
        assert_eq!(stale.status, NOT_ACCEPTED);
        assert!(stale.text.contains("The card was not accepted"));
    }
}

#[tokio::test]
async fn a_challenge_lives_five_minutes() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let token = card_token(&world.chip("AYTEN01"), ISSUER, &seen.field("nonce"));
        world.clock.advance_s(301);
        let late =
            browser.post(&format!("{page}/card"), &[("state", &seen.field("state")), ("auth_token", &token)]).await;
        assert_eq!(late.status, OVER);
        assert!(late.text.contains("has expired"));
        assert_ne!(late.field("nonce"), seen.field("nonce"), "the page offers a new one");
    }
}

#[tokio::test]
async fn every_bad_certificate_and_signature_looks_the_same_and_is_recorded_apart() {
    for world in World::all_with(|settings| settings.limits.per_address = 100).await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
        let (page, mut seen) = browser.login_page(&started.url).await;
        let (good, other) = (world.chip("AYTEN01"), world.chip("TURAL06"));
        let judged = [
            CertificateRefusal::Unreadable,
            CertificateRefusal::OutOfDate,
            CertificateRefusal::WrongPurpose,
            CertificateRefusal::WrongPolicy,
            CertificateRefusal::Untrusted,
            CertificateRefusal::Revoked,
            CertificateRefusal::NoPersonInSubject,
        ];
        let mut cases: Vec<Case<'_>> = Vec::new();
        for refusal in judged {
            let chip = world.chip_judged("AYTEN01", Some(refusal));
            cases.push((refusal.code().into(), Box::new(move |nonce| card_token(&chip, ISSUER, nonce))));
        }
        cases.push(("signature".into(), Box::new(|nonce| card_token(&good, "http://evil.example", nonce))));
        cases.push(("signature".into(), Box::new(|_| card_token(&good, ISSUER, "another challenge"))));
        cases.push((
            "signature".into(),
            Box::new(|nonce| {
                let mut token: serde_json::Value =
                    serde_json::from_str(&card_token(&good, ISSUER, nonce)).expect("JSON");
                let stolen: serde_json::Value = serde_json::from_str(&card_token(&other, ISSUER, nonce)).expect("JSON");
                token["unverifiedCertificate"] = stolen["unverifiedCertificate"].clone();
                token.to_string()
            }),
        ));
        cases.push(("token_format".into(), Box::new(|nonce| card_token(&good, ISSUER, nonce).replace(":1.0", ":2.0"))));
        cases.push((
            "token_algorithm".into(),
            Box::new(|nonce| card_token(&good, ISSUER, nonce).replace("ES256", "none")),
        ));
        for (reason, answer) in cases {
            let token = answer(&seen.field("nonce"));
            let fields = [("state", seen.field("state")), ("auth_token", token)];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            seen = browser.post(&format!("{page}/card"), &fields).await;
            assert_eq!(seen.status, NOT_ACCEPTED, "{reason}");
            assert!(seen.text.contains("The card was not accepted"), "{reason}");
            let (action, leaf) = world.audited().await.pop().expect("an entry");
            assert_eq!(action, "identity.login_refused");
            assert!(leaf.contains(&reason), "{reason} in {leaf}");
        }
    }
}

#[tokio::test]
async fn an_answer_needs_its_own_browser_and_form() {
    for world in World::all().await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        let token = card_token(&world.chip("AYTEN01"), ISSUER, &seen.field("nonce"));
        let address = format!("{page}/card");
        let (state, fields) = (seen.field("state"), [("auth_token", token.as_str())]);
        assert_eq!(browser.post(&address, &fields).await.status, OVER, "no form token");
        let forged = browser.post(&address, &[("state", "forged"), ("auth_token", &token)]).await;
        assert_eq!(forged.status, OVER, "a forged form token");
        let mut other = world.browser();
        let whole = [("state", state.as_str()), ("auth_token", token.as_str())];
        assert_eq!(other.post(&address, &whole).await.status, OVER, "a browser without our cookie");
        let elsewhere = world.portal.start(&Wish::default()).await.expect("started");
        other.login_page(&elsewhere.url).await;
        assert_eq!(other.post(&address, &whole).await.status, OVER, "another browser's cookie");
        // None of these touched the challenge.
        assert_eq!(browser.post(&address, &whole).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn too_many_refused_cards_close_the_door_for_a_while() {
    for world in World::all_with(|settings| settings.limits.per_address = 2).await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::in_lang(Lang::En)).await.expect("started");
        let (page, mut seen) = browser.login_page(&started.url).await;
        for expected in [NOT_ACCEPTED, NOT_ACCEPTED] {
            let state = seen.field("state");
            seen = browser.post(&format!("{page}/card"), &[("state", &state), ("auth_token", "{}")]).await;
            assert_eq!(seen.status, expected);
        }
        let state = seen.field("state");
        let token = card_token(&world.chip("AYTEN01"), ISSUER, &seen.field("nonce"));
        let fields = [("state", state.as_str()), ("auth_token", token.as_str())];
        let closed = browser.post(&format!("{page}/card"), &fields).await;
        assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS);
        world.clock.advance_s(600);
        let (page, seen) = browser.login_page(&started.url).await;
        let token = card_token(&world.chip("AYTEN01"), ISSUER, &seen.field("nonce"));
        let fields = [("state", seen.field("state")), ("auth_token", token)];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post(&format!("{page}/card"), &fields).await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn a_card_that_is_switched_off_is_off() {
    for world in World::all_with(|settings| settings.card = None).await {
        let mut browser = world.browser();
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let (page, seen) = browser.login_page(&started.url).await;
        assert!(!seen.text.contains("nonce") && seen.text.contains("/phone"));
        let token = card_token(&world.chip("AYTEN01"), ISSUER, "a guess");
        let fields = [("state", seen.field("token")), ("auth_token", token)];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.post(&format!("{page}/card"), &fields).await.status, StatusCode::NOT_FOUND);
    }
}
