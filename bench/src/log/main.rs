//! The message log alone: CPU per record of everything that this process spends, beside a bare append with one sync for as
//! many records as there are writers, and beside a row a record in the store's own group commit. Printed, never a test.
#![expect(clippy::print_stdout, reason = "a measurement speaks on standard output")]

use base::{ManualClock, SystemChance, clock::from_micros};
use exchange::{
    body::Body,
    messagelog::{Attachment, Direction, LogEntry, LogFilter, LogParts, LogPolicy, MessageLog},
    opmonitor::Side,
};
use formats::identifier::ClientId;
use host::{
    args,
    journal::Journal,
    store::{Location, Migration, Store},
    testing::{TempDir, postgres_url},
};
use std::{
    fs::File,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

/// Records of one row of the table.
const RECORDS: usize = 20_000;
const WRITERS: [usize; 3] = [8, 32, 64];
const MESSAGES: [usize; 2] = [1_000, 10_000];
/// About what a signature document with an OCSP response has.
const SIGNATURE_BYTES: usize = 5_000;

const ROWS: &[Migration] = &[Migration {
    part: "bench",
    number: 1,
    sql: "CREATE TABLE test_bench (
    id TEXT NOT NULL PRIMARY KEY,
    message_id TEXT NOT NULL,
    message BYTEA NOT NULL,
    signature BYTEA NOT NULL
);
CREATE INDEX test_bench_message ON test_bench (message_id);",
}];

/// User and system time of this process, all threads, in microseconds.
fn cpu_us() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks = |place: usize| fields[place].parse::<f64>().expect("a number");
    // Clock ticks are hundredths of a second (proc(5)).
    (ticks(11) + ticks(12)) * 10_000.0
}

fn entry(number: usize, message_bytes: usize) -> LogEntry {
    LogEntry {
        message_id: format!("AZ-{number:032x}"),
        request_id: format!("{number:032x}"),
        direction: Direction::Request,
        side: Side::Client,
        wording: "rest",
        client: "AZ/GOV/1/desk".to_owned(),
        service: "AZ/GOV/2/book/page".to_owned(),
        provider: ClientId::parse("AZ/GOV/2/book").expect("an identifier"),
        signer: "AZ/GOV/1".to_owned(),
        content_type: "application/x-road-rest-request".to_owned(),
        message: vec![b'h'; 400].into(),
        attachments: vec![Attachment { headers: Vec::new(), body: Body::of(vec![b'm'; message_bytes]) }],
        signature: vec![b's'; SIGNATURE_BYTES],
        chain_result: Some(vec![b'r'; 400]),
        chain: Some(vec![b'c'; 700]),
    }
}

struct Row {
    name: &'static str,
    writers: usize,
    message_bytes: usize,
    cpu_us: f64,
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

/// Runs `write` from so many tasks at once and measures the whole.
async fn measure<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    writers: usize,
    message_bytes: usize,
    write: impl Fn(usize) -> F + Send + Sync + Clone + 'static,
    after: impl AsyncFnOnce(),
) -> Row {
    let (cpu, begun) = (cpu_us(), Instant::now());
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let write = write.clone();
            tokio::spawn(async move {
                let mut waits = Vec::with_capacity(RECORDS / writers);
                for number in 0..RECORDS / writers {
                    let asked = Instant::now();
                    write(writer * RECORDS + number).await;
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::with_capacity(RECORDS);
    for task in tasks {
        waits.extend(task.await.expect("no panic"));
    }
    let took = begun.elapsed();
    after().await;
    let count = waits.len();
    waits.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement")]
    Row {
        name,
        writers,
        message_bytes,
        cpu_us: (cpu_us() - cpu) / count as f64,
        per_second: count as f64 / took.as_secs_f64(),
        p50: waits[count / 2],
        p99: waits[count * 99 / 100],
    }
}

fn say(row: &Row) {
    println!(
        "| {} | {} | {} | {:.1} | {:.0} | {:.2} | {:.2} |",
        row.name,
        row.writers,
        row.message_bytes,
        row.cpu_us,
        row.per_second,
        row.p50.as_secs_f64() * 1000.0,
        row.p99.as_secs_f64() * 1000.0
    );
}

/// One thread, no task, no lock: what the kernel takes for the bytes and the syncs.
fn bare(writers: usize, message_bytes: usize) -> Row {
    let dir = TempDir::new();
    let mut file = File::create(dir.path().join("bare")).expect("a file");
    let group = vec![0; (message_bytes + SIGNATURE_BYTES + 2_000) * writers];
    let (cpu, begun) = (cpu_us(), Instant::now());
    let mut waits = Vec::new();
    for _ in 0..RECORDS / writers {
        let asked = Instant::now();
        file.write_all(&group).expect("written");
        file.sync_data().expect("synced");
        waits.push(asked.elapsed());
    }
    let took = begun.elapsed();
    waits.sort_unstable();
    let count = waits.len();
    #[expect(clippy::cast_precision_loss, reason = "counts of a measurement")]
    let records = (count * writers) as f64;
    Row {
        name: "bare append, one sync a round",
        writers,
        message_bytes,
        cpu_us: (cpu_us() - cpu) / records,
        per_second: records / took.as_secs_f64(),
        p50: waits[count / 2],
        p99: waits[count * 99 / 100],
    }
}

async fn journal(writers: usize, message_bytes: usize) -> Row {
    let dir = TempDir::new();
    let journal = Arc::new(Journal::open(dir.path()).expect("opened"));
    let write = move |_| {
        let journal = journal.clone();
        async move {
            let bytes = message_bytes + SIGNATURE_BYTES + 2_000;
            journal.append(move |_, out| out.resize(out.len() + bytes, 7)).await.expect("durable");
        }
    };
    measure("journal alone", writers, message_bytes, write, async || {}).await
}

async fn log(name: &'static str, location: &Location, encrypted: bool, writers: usize, message_bytes: usize) -> Row {
    let dir = TempDir::new();
    let log = MessageLog::open(LogParts {
        folder: dir.path().join("log"),
        keys: dir.path().join("keys"),
        store: Store::open(location, exchange::SERVER_MIGRATIONS).await.expect("a store"),
        policy: LogPolicy { encrypted, ..LogPolicy::default() },
        clock: Arc::new(ManualClock::at(from_micros(1_795_435_200_000_000))),
        chance: Arc::new(SystemChance),
    });
    let log = log.await.expect("a log");
    let shutdown = host::http::Shutdown::new();
    let (following, ending) = (log.clone(), shutdown.clone());
    let follow = tokio::spawn(async move { following.follow(&ending).await });
    let writing = log.clone();
    let write = move |number| {
        let log = writing.clone();
        async move { log.append(entry(number, message_bytes)).await.expect("logged") }
    };
    // The index is a part of the cost: the row ends when the last record can be found.
    let after = async || {
        log.records(&LogFilter { message_id: Some("none".into()), ..LogFilter::default() }).await.expect("read");
    };
    let row = measure(name, writers, message_bytes, write, after).await;
    shutdown.trigger();
    follow.await.expect("no panic");
    row
}

async fn rows(writers: usize, message_bytes: usize) -> Row {
    let dir = TempDir::new();
    let store = Store::open(&Location::Sqlite(dir.path().join("rows.db")), &[ROWS]).await.expect("a store");
    let write = move |number: usize| {
        let store = store.clone();
        async move {
            let mut tx = store.begin().await.expect("begun");
            tx.execute(
                "INSERT INTO test_bench (id, message_id, message, signature) VALUES ($1, $2, $3, $4)",
                &args![
                    base::Id::new(from_micros(1_795_435_200_000_000), &SystemChance),
                    format!("AZ-{number:032x}"),
                    vec![b'm'; message_bytes],
                    vec![b's'; SIGNATURE_BYTES + 1_500]
                ],
            )
            .await
            .expect("written");
            tx.commit().await.expect("durable");
        }
    };
    measure("a row in SQLite, group commit", writers, message_bytes, write, async || {}).await
}

#[tokio::main]
async fn main() {
    println!("| what | writers | message, bytes | CPU µs a record | records/s | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|");
    let dir = TempDir::new();
    for message_bytes in MESSAGES {
        for writers in WRITERS {
            say(&bare(writers, message_bytes));
            say(&journal(writers, message_bytes).await);
            let place = |name: &str| Location::Sqlite(dir.path().join(format!("{name}-{writers}-{message_bytes}.db")));
            say(&log("log, clear, index in SQLite", &place("clear"), false, writers, message_bytes).await);
            say(&log("log, encrypted, index in SQLite", &place("sealed"), true, writers, message_bytes).await);
            let schema = format!("bench_{}", base::Chance::hex(&SystemChance, 6));
            let postgres = Location::Postgres { url: postgres_url(), schema };
            say(&log("log, encrypted, index in PostgreSQL", &postgres, true, writers, message_bytes).await);
            say(&rows(writers, message_bytes).await);
        }
    }
}
