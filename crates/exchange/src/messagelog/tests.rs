//! The log on both databases: what is found again, when it is stamped, what a start finds, and what lies on the disk.

use super::*;
use crate::{body::Body, opmonitor::Side};
use base::{Id, ManualClock, SystemChance, clock::from_micros};
use formats::identifier::ClientId;
use host::{
    journal::{Disk, DiskFile, FolderDisk},
    testing::TempDir,
};
use std::path::Path;

const NOON_US: i64 = 1_795_435_200_000_000;

pub(super) fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("an identifier")
}

pub(super) fn entry(message_id: &str, direction: Direction, body: &[u8]) -> LogEntry {
    LogEntry {
        message_id: message_id.to_owned(),
        request_id: "r".to_owned(),
        direction,
        side: Side::Client,
        wording: "rest",
        client: "AZ/GOV/1/desk".to_owned(),
        service: "AZ/GOV/2/book/page".to_owned(),
        provider: id("AZ/GOV/2/book"),
        signer: "AZ/GOV/1".to_owned(),
        content_type: "a/b".to_owned(),
        message: format!(
            "GET\r\n/r1/AZ/GOV/2/book/page/{message_id}\r\nX-Road-Client:AZ/GOV/1/desk\r\nX-Road-Id:1\r\n"
        )
        .into(),
        attachments: vec![Attachment { headers: Vec::new(), body: Body::of(body.to_vec()) }],
        signature: format!("<signature of {message_id}/>").into_bytes(),
        chain_result: Some(b"result".to_vec()),
        chain: None,
    }
}

/// A log on each database, with its folder and clock.
struct Scene {
    dir: TempDir,
    clock: Arc<ManualClock>,
    store: Store,
    policy: LogPolicy,
}

impl Scene {
    async fn both(policy: LogPolicy) -> Vec<Scene> {
        let stores = host::testing::stores(crate::SERVER_MIGRATIONS).await;
        let scene = |store| {
            let clock = Arc::new(ManualClock::at(from_micros(NOON_US)));
            Scene { dir: TempDir::new(), clock, store, policy: policy.clone() }
        };
        stores.into_iter().map(scene).collect()
    }

    fn parts(&self) -> LogParts {
        LogParts {
            folder: self.dir.path().join("log"),
            keys: self.dir.path().join("keys"),
            store: self.store.clone(),
            policy: self.policy.clone(),
            clock: self.clock.clone(),
            chance: Arc::new(SystemChance),
        }
    }

    async fn open(&self) -> MessageLog {
        MessageLog::open(self.parts()).await.expect("opened")
    }
}

async fn found(log: &MessageLog, filter: LogFilter) -> Vec<u64> {
    log.records(&filter).await.expect("read").iter().map(|record| record.number).collect()
}

/// Every byte of the files below a folder.
fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        all.extend(if path.is_dir() { bytes_below(&path) } else { std::fs::read(&path).expect("a file") });
    }
    all
}

#[tokio::test]
async fn what_is_logged_is_found_by_every_question_and_after_a_start() {
    for scene in Scene::both(LogPolicy::default()).await {
        let log = scene.open().await;
        assert!(found(&log, LogFilter::default()).await.is_empty());
        assert_eq!(log.oldest_unstamped(), None);
        for message_id in ["a", "b", "a"] {
            log.append(entry(message_id, Direction::Request, b"body")).await.expect("logged");
            log.begin_segment();
            scene.clock.advance_s(60);
        }
        let other = LogEntry { client: "AZ/GOV/3/none".to_owned(), ..entry("c", Direction::Response, b"") };
        log.append(other).await.expect("logged");
        assert_eq!(log.oldest_unstamped(), Some(from_micros(NOON_US)));
        let minute = |minute: i64| Some(from_micros(NOON_US + minute * 60_000_000));
        let mut first = Some(log);
        for _ in ["as it was written", "after a start"] {
            let log = match first.take() {
                Some(log) => log,
                None => scene.open().await,
            };
            let all = LogFilter::default();
            assert_eq!(found(&log, all.clone()).await, [4, 3, 2, 1]);
            assert_eq!(found(&log, LogFilter { message_id: Some("a".into()), ..all.clone() }).await, [3, 1]);
            assert_eq!(found(&log, LogFilter { client: Some("AZ/GOV/3/none".into()), ..all.clone() }).await, [4]);
            assert_eq!(found(&log, LogFilter { from: minute(1), until: minute(3), ..all.clone() }).await, [3, 2]);
            assert!(found(&log, LogFilter { from: minute(4), ..all.clone() }).await.is_empty());
            let of = |message_id: &'static str, subject: &'static str| {
                let log = &log;
                async move { log.of_message(message_id, subject).await.expect("read").len() }
            };
            assert_eq!((of("a", "AZ/GOV/1/desk").await, of("a", "AZ/GOV/2/book").await), (2, 0));
            let record = log.records(&all).await.expect("read").pop().expect("the first");
            let again = log.record_of(&record.id).await.expect("read").expect("there");
            assert_eq!((again.number, again.at, again.mode), (1, from_micros(NOON_US), Mode::Full));
            assert!(log.record_of(&Id::numbered(record.at, 77)).await.expect("read").is_none());
            assert!(log.record_of(&Id::numbered(from_micros(0), 1)).await.expect("read").is_none());
            let (expected, read) = (entry("a", Direction::Request, b"body"), again.into_entry().expect("small"));
            assert_eq!(
                (read.message, read.signature, read.provider),
                (expected.message, expected.signature, expected.provider)
            );
            assert_eq!(read.attachments[0].body.in_memory().map(|body| body.to_vec()), Some(b"body".to_vec()));
            assert_eq!(
                (read.chain_result, read.chain, read.content_type),
                (expected.chain_result, None, "a/b".to_owned())
            );
        }
    }
}

#[tokio::test]
async fn modes_limits_and_large_bodies() {
    let over = |mode| Override { subsystem: id("AZ/GOV/2/book"), mode };
    for mode in [Mode::Metadata, Mode::None] {
        let policy = LogPolicy { overrides: vec![over(mode)], ..LogPolicy::default() };
        for scene in Scene::both(policy).await {
            let log = scene.open().await;
            log.append(entry("a", Direction::Request, b"Gizli")).await.expect("logged");
            let records = log.records(&LogFilter::default()).await.expect("read");
            if mode == Mode::None {
                assert!(records.is_empty());
                continue;
            }
            let head = "GET\r\n/r1/AZ/GOV/2/book/page\r\nX-Road-Client:AZ/GOV/1/desk\r\nX-Road-Id:1\r\n";
            assert_eq!((records[0].mode, &records[0].entry.message[..]), (mode, head.as_bytes()));
            assert!(records[0].attachments.is_empty());
        }
    }
    for over_limit in [OverLimit::Refuse, OverLimit::Truncate] {
        let policy = LogPolicy { message_body_bytes_max: 600_000, over_limit, ..LogPolicy::default() };
        for scene in Scene::both(policy).await {
            let log = scene.open().await;
            let body: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).take(700_000).collect();
            log.append(entry("a", Direction::Request, &body[..600_000])).await.expect("within the limit");
            let outcome = log.append(entry("b", Direction::Request, &body)).await;
            assert_eq!(outcome.is_ok(), over_limit == OverLimit::Truncate);
            for record in log.records(&LogFilter::default()).await.expect("read") {
                assert!(matches!(record.attachments[..], [Kept::Object(_)]), "{:?}", record.attachments);
                assert_eq!(record.attachments[0].to_vec().expect("read"), &body[..600_000]);
                assert_eq!(record.truncated, record.entry.message_id == "b");
            }
        }
    }
}

#[tokio::test]
async fn messages_lie_encrypted_on_the_disk_and_open_with_the_key_of_their_time() {
    for encrypted in [true, false] {
        let policy = LogPolicy { encrypted, key_days: 1, ..LogPolicy::default() };
        for scene in Scene::both(policy).await {
            let log = scene.open().await;
            log.append(entry("Gizli-1", Direction::Request, b"Gizli body")).await.expect("logged");
            scene.clock.advance_s(24 * 3600);
            log.renew_key().expect("looked");
            log.append(entry("Gizli-2", Direction::Request, b"Gizli body")).await.expect("logged");
            let text = bytes_below(&scene.dir.path().join("log"));
            assert_eq!(text.windows(10).any(|window| window == b"Gizli body"), !encrypted);
            drop(log);
            let again = scene.open().await;
            for record in again.records(&LogFilter::default()).await.expect("read") {
                assert_eq!(record.attachments[0].to_vec().expect("read"), b"Gizli body");
            }
            drop(again);
            let second = scene.dir.path().join("keys/log-2");
            assert_eq!(second.exists(), encrypted);
            if encrypted {
                std::fs::remove_file(second).expect("there");
                let fault = scene.open().await.records(&LogFilter::default()).await.expect_err("the key is gone");
                assert!(fault.cause.contains("key"), "{fault}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_archived_and_old_is_cleared_away_and_nothing_else() {
    for scene in Scene::both(LogPolicy { keep_records_days: 30, ..LogPolicy::default() }).await {
        let log = scene.open().await;
        let large = vec![7; 300_000];
        for _ in 0..5 {
            log.append(entry("a", Direction::Request, &large)).await.expect("logged");
            scene.clock.advance_s(24 * 3600);
            // A quiet log begins a new segment every day.
            assert_eq!(log.keep_house().await.expect("kept"), 0);
        }
        let files = |folder: &str| {
            let folder = scene.dir.path().join("log").join(folder);
            let count = |path: std::path::PathBuf| match path.is_dir() {
                true => std::fs::read_dir(path).expect("a folder").count(),
                false => 1,
            };
            let entries = std::fs::read_dir(folder).expect("a folder");
            entries.map(|entry| count(entry.expect("an entry").path())).sum::<usize>()
        };
        assert_eq!((files("journal"), files("objects")), (5, 5));
        scene.clock.advance_s(27 * 24 * 3600);
        assert_eq!(log.keep_house().await.expect("kept"), 0, "nothing is archived");
        log.set_mark("archived", 4).await.expect("noted");
        assert_eq!(log.keep_house().await.expect("kept"), 2, "what is older than thirty days");
        assert_eq!(found(&log, LogFilter::default()).await, [5, 4, 3]);
        assert_eq!((files("journal"), files("objects")), (3, 3));
        // Rows that went without their file, as after a crash between the two.
        let mut tx = scene.store.begin().await.expect("begun");
        for sql in [
            "DELETE FROM exchange_log_entry WHERE number = 3",
            "DELETE FROM exchange_log_segment WHERE first_number = 3",
        ] {
            tx.execute(sql, &[]).await.expect("deleted");
        }
        tx.commit().await.expect("committed");
        log.keep_house().await.expect("kept");
        assert_eq!(files("journal"), 2);
        drop(log);
        let again = scene.open().await;
        assert_eq!(found(&again, LogFilter::default()).await, [5, 4]);
        again.append(entry("b", Direction::Request, b"")).await.expect("logged");
        assert_eq!(found(&again, LogFilter::default()).await, [6, 5, 4]);
    }
}

#[tokio::test]
async fn who_looks_from_outside_sees_what_is_not_indexed_yet() {
    for scene in Scene::both(LogPolicy::default()).await {
        let log = scene.open().await;
        log.append(entry("a", Direction::Request, b"")).await.expect("logged");
        log.catch_up().await.expect("indexed");
        for message_id in ["a", "b"] {
            log.append(entry(message_id, Direction::Response, b"x")).await.expect("logged");
        }
        let looking = MessageLog::look(scene.parts()).expect("seen");
        assert_eq!(found(&looking, LogFilter::default()).await, [3, 2, 1]);
        assert_eq!(found(&looking, LogFilter { message_id: Some("a".into()), ..LogFilter::default() }).await, [2, 1]);
        looking.append(entry("c", Direction::Request, b"")).await.expect_err("it is another's");
        let rows = log.rows("SELECT number FROM exchange_log_entry", &[]).await.expect("read");
        assert_eq!(rows.len(), 1, "the index is its owner's");
    }
}

#[tokio::test]
async fn an_index_that_was_lost_is_made_again() {
    for scene in Scene::both(LogPolicy::default()).await {
        let log = scene.open().await;
        for _ in 0..130 {
            log.append(entry("a", Direction::Request, b"")).await.expect("logged");
        }
        assert_eq!(found(&log, LogFilter::default()).await.len(), 130);
        let mut tx = scene.store.begin().await.expect("begun");
        for sql in
            ["DELETE FROM exchange_log_entry", "DELETE FROM exchange_log_segment", "DELETE FROM exchange_log_mark"]
        {
            tx.execute(sql, &[]).await.expect("deleted");
        }
        tx.commit().await.expect("committed");
        assert_eq!(found(&log, LogFilter::default()).await.len(), 130);
    }
}

/// Every row of the index as text, in the order of the log.
async fn rows_of_index(store: &Store) -> Vec<String> {
    let sql =
        "SELECT number, segment, position, at, message_hash, client, subject, leaf, objects FROM exchange_log_entry
         ORDER BY number";
    let rows = store.query(sql, &[]).await.expect("read");
    let row = |row: &Row| {
        let numbers = ["number", "segment", "position", "at", "message_hash"].map(|column| row.int(column));
        let texts = ["client", "subject"].map(|column| row.text(column).to_owned());
        format!("{numbers:?} {texts:?} {} {:?}", base::hex(row.blob("leaf")), row.opt_text("objects"))
    };
    rows.iter().map(row).collect()
}

/// The same, after a start that finds no index.
async fn rows_read_again(scene: &Scene, log: MessageLog) -> Vec<String> {
    let mut tx = scene.store.begin().await.expect("begun");
    for sql in ["DELETE FROM exchange_log_entry", "DELETE FROM exchange_log_segment", "DELETE FROM exchange_log_mark"] {
        tx.execute(sql, &[]).await.expect("deleted");
    }
    tx.commit().await.expect("committed");
    drop(log);
    scene.open().await.catch_up().await.expect("indexed");
    rows_of_index(&scene.store).await
}

#[tokio::test]
async fn what_is_remembered_for_the_index_is_what_the_journal_has() {
    for scene in Scene::both(LogPolicy::default()).await {
        let log = scene.open().await;
        for number in 0..200_u32 {
            let body = vec![b'b'; if number % 50 == 7 { 300_000 } else { 10 }];
            log.append(entry(&format!("m-{number}"), Direction::Request, &body)).await.expect("logged");
            if number % 60 == 3 {
                log.begin_segment();
            }
            if number % 17 == 0 {
                log.catch_up().await.expect("indexed");
            }
        }
        log.catch_up().await.expect("indexed");
        let remembered = rows_of_index(&scene.store).await;
        assert_eq!(remembered.len(), 200);
        assert!(log.0.fresh.lock().expect("a lock").is_empty(), "nothing is left");
        assert_eq!(rows_read_again(&scene, log).await, remembered);
    }
}

/// A disk that does not take every group.
struct Flaky(Arc<AtomicBool>);

struct FlakyFile(Arc<AtomicBool>, Box<dyn DiskFile>);

impl Disk for Flaky {
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FlakyFile(self.0.clone(), FolderDisk.create(path)?)))
    }
}

impl DiskFile for FlakyFile {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.1.append(bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        if self.0.swap(false, Ordering::SeqCst) { Err(std::io::Error::other("bad")) } else { self.1.sync() }
    }

    fn truncate(&mut self, length: u64) -> std::io::Result<()> {
        self.1.truncate(length)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_did_not_take_is_not_in_the_index() {
    for scene in Scene::both(LogPolicy::default()).await {
        let (bad, parts) = (Arc::new(AtomicBool::new(false)), scene.parts());
        let journal = Journal::open_on(&parts.folder.join("journal"), Flaky(bad.clone()), 1 << 26).expect("opened");
        let keys = LogKeys::open(KeyDir::open(&parts.keys).expect("a folder"), &*parts.clock, parts.chance.clone());
        let log = MessageLog::over(journal, Some(Arc::new(keys.expect("keys"))), parts, false).expect("a log");
        for round in 0..3 {
            for number in 0..5 {
                let message = format!("kept-{round}-{number}");
                log.append(entry(&message, Direction::Request, b"")).await.expect("logged");
                if round == 1 {
                    log.catch_up().await.expect("indexed");
                }
            }
            bad.store(true, Ordering::SeqCst);
            let lost = entry("lost, and longer than the others", Direction::Request, b"");
            log.append(lost).await.expect_err("the disk is bad");
            while log.health().is_err() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        log.append(entry("last", Direction::Request, b"")).await.expect("logged");
        log.catch_up().await.expect("indexed");
        let remembered = rows_of_index(&scene.store).await;
        assert_eq!(remembered.len(), 16);
        assert_eq!(rows_read_again(&scene, log).await, remembered);
    }
}
