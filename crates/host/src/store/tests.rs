//! One suite, both databases.

use super::*;
use crate::testing::{TempDir, stores};

const STEPS: &[Migration] = &[Migration {
    part: "test",
    number: 1,
    sql: "CREATE TABLE test_thing (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT,
    bytes BYTEA
);",
}];

async fn put(store: &Store, name: &str, number: i64) {
    let mut tx = store.begin().await.expect("begun");
    tx.execute("INSERT INTO test_thing (name, number) VALUES ($1, $2)", &args![name, number]).await.expect("written");
    tx.commit().await.expect("committed");
}

async fn names(store: &Store) -> Vec<String> {
    let rows = store.query("SELECT name FROM test_thing ORDER BY name", &args![]).await.expect("read");
    rows.iter().map(|row| row.text("name").to_owned()).collect()
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    for store in stores(&[STEPS]).await {
        let mut tx = store.begin().await.expect("begun");
        let sql = "INSERT INTO test_thing (name, number, bytes) VALUES ($2, $1, $3)";
        tx.execute(sql, &args![i64::MIN, "Çaplı ə ı İ", vec![0_u8, 255]]).await.expect("written");
        tx.execute(sql, &args![None::<i64>, "none", None::<Vec<u8>>]).await.expect("written");
        tx.commit().await.expect("committed");
        let rows = store.query("SELECT * FROM test_thing ORDER BY name DESC", &args![]).await.expect("read");
        let row = rows.iter().find(|row| row.text("name") != "none").expect("there");
        assert_eq!((row.int("number"), row.text("name"), row.blob("bytes")), (i64::MIN, "Çaplı ə ı İ", &[0, 255][..]));
        let none = rows.iter().find(|row| row.text("name") == "none").expect("there");
        assert_eq!((none.opt_int("number"), none.opt_blob("bytes")), (None, None));
    }
}

#[tokio::test]
async fn dropped_and_failed_transactions_leave_nothing_and_do_not_disturb_others() {
    for store in stores(&[STEPS]).await {
        put(&store, "a", 1).await;
        let mut dropped = store.begin().await.expect("begun");
        dropped.execute("INSERT INTO test_thing (name) VALUES ($1)", &args!["b"]).await.expect("written");
        drop(dropped);
        let mut failed = store.begin().await.expect("begun");
        failed.execute("INSERT INTO test_thing (name) VALUES ($1)", &args!["c"]).await.expect("written");
        let twice = failed.execute("INSERT INTO test_thing (name) VALUES ($1)", &args!["a"]).await;
        assert!(twice.is_err());
        failed.rollback().await;
        put(&store, "d", 2).await;
        assert_eq!(names(&store).await, ["a", "d"]);
    }
}

#[tokio::test]
async fn a_transaction_sees_itself_and_others_see_it_after_the_commit() {
    for store in stores(&[STEPS]).await {
        let mut tx = store.begin().await.expect("begun");
        tx.execute("INSERT INTO test_thing (name) VALUES ($1)", &args!["a"]).await.expect("written");
        let inside = tx.query_opt("SELECT name FROM test_thing", &args![]).await.expect("read");
        assert!(inside.is_some());
        assert_eq!(names(&store).await, [""; 0]);
        tx.commit().await.expect("committed");
        assert_eq!(names(&store).await, ["a"]);
    }
}

#[tokio::test]
async fn many_writers_at_once_all_land() {
    for store in stores(&[STEPS]).await {
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..200_i64 {
            let store = store.clone();
            writers.spawn(async move {
                let mut tx = store.begin().await.expect("begun");
                let name = format!("{number:03}");
                tx.execute("INSERT INTO test_thing (name, number) VALUES ($1, $2)", &args![name, number])
                    .await
                    .expect("written");
                // Every third goes away without a word, as a cancelled request does.
                if number % 3 == 0 { drop(tx) } else { tx.commit().await.expect("committed") }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.expect("no panic");
        }
        assert_eq!(names(&store).await.len(), 133);
    }
}

#[tokio::test]
async fn a_store_opens_again_and_a_changed_or_newer_one_is_refused() {
    let dir = TempDir::new();
    let schema = format!("test_{}", base::Chance::hex(&base::SystemChance, 8));
    let postgres = Location::Postgres { url: crate::testing::postgres_url(), schema };
    for location in [Location::Sqlite(dir.path().join("s.db")), postgres] {
        let store = Store::open(&location, &[STEPS]).await.expect("opened");
        put(&store, "kept", 1).await;
        store.close().await;
        let again = Store::open(&location, &[STEPS]).await.expect("opened again");
        assert_eq!(names(&again).await, ["kept"]);
        again.close().await;
        let newer = Store::open(&location, &[]).await;
        assert!(matches!(newer, Err(OpenError::Newer { number: 1, .. })));
        let changed = Migration { sql: "CREATE TABLE test_other (\n    name TEXT\n);", ..STEPS[0] };
        let changed = Store::open(&location, &[&[changed]]).await;
        assert!(matches!(changed, Err(OpenError::Changed { part: "test", number: 1 })));
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_one_sentence() {
    let refused = Store::open(&Location::Sqlite("/nonexistent/folder/s.db".into()), &[]).await;
    let sentence = refused.err().expect("refused").to_string();
    assert!(sentence.starts_with("the store at /nonexistent/folder/s.db cannot be used: "), "{sentence}");
}

/// A browser that goes away drops the request's future wherever it stands. The store must not notice.
#[tokio::test]
async fn a_caller_that_goes_away_at_any_point_leaves_the_store_usable() {
    for store in stores(&[STEPS]).await {
        for polls in 0..40 {
            let mut writing = Box::pin(put(&store, "x", 1));
            let mut left = polls;
            std::future::poll_fn(|context| {
                use std::task::Poll;
                if left == 0 || writing.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                left -= 1;
                Poll::Pending
            })
            .await;
            drop(writing);
            put(&store, &format!("after {polls}"), 1).await;
            let mut tx = store.begin().await.expect("begun");
            tx.execute("DELETE FROM test_thing WHERE name = 'x'", &args![]).await.expect("deleted");
            tx.commit().await.expect("committed");
        }
        assert_eq!(names(&store).await.len(), 40);
    }
}

#[tokio::test]
async fn a_full_store_takes_rows_again_when_there_is_room() {
    const ROOM: Migration = Migration {
        part: "room",
        number: 1,
        sql: "CREATE TABLE test_room (
    id BIGINT NOT NULL PRIMARY KEY,
    bytes BYTEA NOT NULL
);",
    };
    let dir = TempDir::new();
    let store = Store::open(&Location::Sqlite(dir.path().join("full.db")), &[&[ROOM]]).await.expect("a store");
    let insert = async |id: i64| -> Result<(), Fault> {
        let mut tx = store.begin().await?;
        tx.execute("INSERT INTO test_room (id, bytes) VALUES ($1, $2)", &args![id, vec![7_u8; 50_000]]).await?;
        tx.commit().await
    };
    let limit = async |sql: &'static str| {
        let mut tx = store.begin().await.expect("begun");
        tx.query(sql, &[]).await.expect("set");
        tx.commit().await.expect("committed");
    };
    insert(1).await.expect("room");
    limit("PRAGMA max_page_count = 64").await;
    let mut kept = 1;
    while insert(kept + 1).await.is_ok() {
        kept += 1;
    }
    assert!(kept < 10, "it is full some time");
    for _ in 0..3 {
        let fault = insert(100).await.expect_err("still full");
        assert!(fault.retry_helps && fault.cause.contains("full"), "{fault}");
    }
    limit("PRAGMA max_page_count = 100000").await;
    insert(100).await.expect("room again");
    let rows = store.query("SELECT COUNT(*) AS number FROM test_room", &[]).await.expect("read");
    assert_eq!(rows[0].int("number"), kept + 1);
}
