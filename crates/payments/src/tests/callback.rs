//! The callback as the bank sees it: status and whole answer.

use super::{World, key, worlds};
use crate::callback::{PATH, router};
use crate::gateway::sealed::SEALED_BYTES_MAX;
use crate::gateway::{self, CONTENT_TYPE, Outcome, sealed};
use http_body_util::BodyExt;
use tower::ServiceExt;

async fn post(world: &World, body: String) -> (u16, String) {
    let request = http::Request::post(PATH).header("content-type", CONTENT_TYPE).body(axum::body::Body::from(body));
    let answer = router(world.payments.clone()).oneshot(request.expect("a request")).await.expect("answered");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("read").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn the_bank_is_told_what_its_word_did() {
    for world in worlds().await {
        let debt = world.debt("1").await;
        let payment = world.begun(&debt).await;
        let report = world.report(&payment, Outcome::Paid);
        let forged = sealed::seal(gateway::REPORT, &report, &key()).expect("sealed");
        for body in [forged, String::new(), "null".into(), "\u{0}".into()] {
            assert_eq!(post(&world, body).await, (401, r#"{"refused":"payments.report_forged"}"#.into()));
        }
        let right = world.sealed(&report);
        assert_eq!(post(&world, right.clone()).await, (200, r#"{"effect":"paid"}"#.into()));
        assert_eq!(post(&world, right).await, (200, r#"{"effect":"nothing"}"#.into()));
        let (status, _) = post(&world, "x".repeat(SEALED_BYTES_MAX + 1)).await;
        assert_eq!(status, 413);
    }
}

#[tokio::test]
async fn the_callback_is_posted_to_and_nothing_else() {
    for world in worlds().await {
        let request = http::Request::get(PATH).body(axum::body::Body::empty()).expect("a request");
        let answer = router(world.payments.clone()).oneshot(request).await.expect("answered");
        assert_eq!(answer.status().as_u16(), 405);
    }
}
