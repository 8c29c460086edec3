//! Every query runs on both databases over the parts' own tables, and a case on its way moves the counts.

use super::{
    WindowRecords,
    counts::{OF_COUNTRY, OF_SERVICE},
};
use base::clock::from_micros;
use host::{args, store::Store, testing};
use monitor::{Ask, Evidence, Window};

/// The migrations of the portal operator's store.
async fn stores() -> Vec<Store> {
    let parts =
        [services::MIGRATIONS, payments::MIGRATIONS, safe::MIGRATIONS, identity::MIGRATIONS, notify::MIGRATIONS];
    testing::stores(&parts).await
}

fn window() -> Window {
    Window { from: from_micros(0), until: from_micros(1_000_000_000) }
}

async fn of_service(store: &Store, fact: &str) -> Option<i64> {
    let ask = Ask { fact, service: Some("15.1"), window: window() };
    WindowRecords(store.clone()).find(ask).await.expect("no fault").map(|fact| fact.value)
}

async fn of_country(store: &Store, fact: &str) -> Option<i64> {
    let ask = Ask { fact, service: None, window: window() };
    WindowRecords(store.clone()).find(ask).await.expect("no fault").map(|fact| fact.value)
}

#[tokio::test]
async fn an_empty_country_counts_zero_everywhere_and_knows_no_median() {
    for store in stores().await {
        for count in OF_SERVICE {
            assert_eq!(of_service(&store, count.fact).await, Some(0), "{}", count.fact);
        }
        for count in OF_COUNTRY {
            assert_eq!(of_country(&store, count.fact).await, Some(0), "{}", count.fact);
        }
        assert_eq!(of_service(&store, "cases.median_decision_s").await, None);
        assert_eq!(of_service(&store, "payments.paid_institution").await, None, "nobody keeps such records");
    }
}

/// Three decided cases and one that waits: received at 1, 2, 3 and 4 s, decided after 10, 20 and 60 s.
async fn fill(store: &Store) {
    let mut tx = store.begin().await.expect("no fault");
    for (number, decided_s) in [(1_i64, Some(11_i64)), (2, Some(22)), (3, Some(63)), (4, None)] {
        let reference = format!("R{number}");
        let state = if decided_s.is_some() { "approved" } else { "in_review" };
        tx.execute(
            "INSERT INTO services_case (reference, service, service_version, agency, pin, name, tin, state, version,
                started_at, changed_at, submitted_at, decided_at, period_days, paused_days, warned_percent, late,
                receipt_number, debt_code, fee_paid_at)
             VALUES ($1, '15.1', 'v', '10006', $2, 'n', '1400123451', $3, 1, 0, 0, $4, $5, 60, 0, 0, 0, $1, $1, 1)",
            &args![
                reference.as_str(),
                if number < 3 { "RASHAD2" } else { "TURAL06" },
                state,
                number * 1_000_000,
                decided_s.map(|seconds| seconds * 1_000_000)
            ],
        )
        .await
        .expect("no fault");
    }
    for (reference, kind) in [("R1", "decision"), ("R2", "decision"), ("R1", "application")] {
        tx.execute(
            "INSERT INTO services_document (id, reference, kind, number, title, verification_code, pdf, container, at,
                deposited_at) VALUES ($1, $2, $3, '1', 't', 'c', 'p', 'k', 5, 5)",
            &args![format!("{reference}-{kind}"), reference, kind],
        )
        .await
        .expect("no fault");
    }
    tx.execute(
        "INSERT INTO notify_message (id, notice_key, person, template, title, body, link, at)
         VALUES ('m', 'm', 'RASHAD2', 'case-granted', 't', 'b', '/cases/R1', 12)",
        &args![],
    )
    .await
    .expect("no fault");
    for (reference, shown) in [("R1", true), ("R2", false)] {
        tx.execute(
            "INSERT INTO services_feedback (reference, service, rating, comment, at) VALUES ($1, '15.1', 4, 'c', 70000000)",
            &args![reference],
        )
        .await
        .expect("no fault");
        if shown {
            tx.execute(
                "INSERT INTO services_feedback_shown (reference, official, at, leaf_index) VALUES ($1, 'PIN:ELCHN04', 80000000, 0)",
                &args![reference],
            )
            .await
            .expect("no fault");
        }
    }
    tx.audit(&host::audit::Entry {
        at: from_micros(1),
        actor: "system".into(),
        action: "services.submitted",
        subject: "R1".into(),
        detail: serde_json::json!({}),
    })
    .await
    .expect("no fault");
    tx.commit().await.expect("no fault");
}

#[tokio::test]
async fn cases_on_their_way_move_the_counts() {
    for store in stores().await {
        fill(&store).await;
        for (fact, expected) in [
            ("cases.submitted", 4),
            ("cases.users", 2),
            ("cases.submitted_by_companies", 4),
            ("cases.receipted", 4),
            ("cases.signed", 1),
            ("cases.decided", 3),
            ("cases.granted", 3),
            ("cases.decided_late", 0),
            ("cases.complete_online", 2),
            ("cases.median_decision_s", 20),
            ("cases.asked_for_held_data", 0),
            ("cases.fully_prefilled", 4),
            ("feedback.asked", 1),
            ("feedback.given", 2),
            ("feedback.shown_to_agency", 1),
        ] {
            assert_eq!(of_service(&store, fact).await, Some(expected), "{fact}");
        }
        assert_eq!(of_country(&store, "signatures.companies").await, Some(1));
        let ask = Ask { fact: "cases.submitted", service: Some("15.1"), window: window() };
        let found = WindowRecords(store.clone()).find(ask).await.expect("no fault").expect("known");
        assert_eq!((found.pointer.leaf, found.pointer.source.as_str()), (Some(0), "services_case"));
        let other = Ask { service: Some("1.1"), ..ask };
        let found = WindowRecords(store.clone()).find(other).await.expect("no fault").expect("known");
        assert_eq!((found.value, found.pointer.leaf), (0, None));
    }
}
