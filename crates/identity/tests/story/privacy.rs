//! Addresses end up in logs and histories: what stands in one says nothing of the person.

use super::world::{World, encode};
use base::Failure;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use identity::client::{LoggedIn, Refusal, Wish};
use serde_json::Value;

fn payload(token: &str) -> Value {
    let middle = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&BASE64URL.decode(middle).expect("base64url")).expect("JSON")
}

async fn at_the_office(world: &World) -> (LoggedIn, LoggedIn) {
    let mut browser = world.browser();
    let portal = world.logged_in(&mut browser, "LEYLA03").await;
    let started = world.office.start(&Wish::default()).await.expect("started");
    let back = browser.get(&started.url).await.location();
    (portal, world.finished(&world.office, &started.pending, &back).await)
}

#[tokio::test]
async fn the_id_token_knows_the_log_in_and_not_the_person() {
    for world in World::all().await {
        let (portal, office) = at_the_office(&world).await;
        assert_eq!(portal.claims.pin.as_ref().expect("from UserInfo").as_str(), "LEYLA03");
        assert_eq!(office.claims.offices.len(), 1, "from UserInfo");
        for (party, logged_in) in [(&world.portal, &portal), (&world.office, &office)] {
            let claims = payload(&logged_in.id_token);
            let mut names: Vec<&str> = claims.as_object().expect("claims").keys().map(String::as_str).collect();
            names.sort_unstable();
            let expected = ["acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"];
            assert_eq!(names, expected);
            let address = party.logout_url(&logged_in.id_token, "az").await.expect("an address");
            for word in ["LEYLA03", "Məmmədova", "Aytən", "10002"] {
                assert!(!claims.to_string().contains(word) && !address.contains(&encode(word)), "{word}");
            }
        }
    }
}

/// A token endpoint that hands out another person's access token: the two answers are not of one log-in.
#[tokio::test]
async fn the_person_of_another_log_in_is_not_believed() {
    for world in World::all().await {
        let (mut one, mut other) = (world.browser(), world.browser());
        let stranger = world.logged_in(&mut other, "AYTEN01").await;
        let started = world.portal.start(&Wish::default()).await.expect("started");
        let back = one.card_login(&started.url, &world.chip("LEYLA03")).await;
        *world.outside.swapped.lock().expect("a lock") = Some(stranger.access_token.clone());
        let refused = world.portal.finish(&started.pending, &super::world::callback(&back)).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::TokenInvalid))), "{refused:?}");
    }
}
