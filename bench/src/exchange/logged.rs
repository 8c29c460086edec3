//! A log that is long already when its server starts: records of messages that were never exchanged, written by the log
//! itself. They are small, because what an exchange costs could only depend on how many there are.

use crate::world::World;
use exchange::{
    SERVER_MIGRATIONS,
    messagelog::{Direction, LogEntry, MessageLog},
    opmonitor::Side,
};
use formats::identifier::ClientId;
use host::{args, http::Shutdown, store::Store};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Appends under way at once: they share syncs.
const WRITERS: u64 = 512;

fn entry(number: u64) -> LogEntry {
    LogEntry {
        message_id: format!("before-{number:010}"),
        request_id: format!("{number:032x}"),
        direction: if number.is_multiple_of(2) { Direction::Request } else { Direction::Response },
        side: Side::Client,
        wording: "rest",
        client: "AZ/GOV/1/desk".to_owned(),
        service: "AZ/GOV/2/book/page".to_owned(),
        provider: ClientId::parse(crate::question::PROVIDER).expect("a client"),
        signer: "AZ/GOV/1".to_owned(),
        content_type: "application/x-road-rest-request".to_owned(),
        message: vec![b'h'; 40].into(),
        attachments: Vec::new(),
        signature: vec![b's'; 60],
        chain_result: None,
        chain: None,
    }
}

/// Fills the log of a server that does not run.
pub async fn fill(world: &World, code: &'static str, records: u64) {
    let exchange = world.prepared(code).await;
    let log = exchange.server(code).expect("one of the country's").log().clone();
    let shutdown = Shutdown::new();
    let (following, ending) = (log.clone(), shutdown.clone());
    let index = tokio::spawn(async move { following.follow(&ending).await });
    let numbers = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(log.clone(), numbers.clone(), records))).collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    shutdown.trigger();
    index.await.expect("no panic");
    let last = log.records_after(records - 1).await.expect("indexed");
    assert_eq!(last.len(), 1, "there are as many as were written");
    drop((log, exchange));
    pass(world, code, records).await;
}

async fn write(log: MessageLog, numbers: Arc<AtomicU64>, records: u64) {
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        if number >= records {
            return;
        }
        log.append(entry(number)).await.expect("logged");
    }
}

/// As if they had been time-stamped and archived, which is another measurement.
async fn pass(world: &World, code: &'static str, records: u64) {
    let store = Store::open(&world.location(code, &format!("ss-{code}")), SERVER_MIGRATIONS).await.expect("a store");
    let mut tx = store.begin().await.expect("begun");
    for mark in ["stamped", "archived"] {
        let sql = "INSERT INTO exchange_log_mark (name, number, position) VALUES ($1, $2, 0)";
        tx.execute(sql, &args![mark, i64::try_from(records).expect("far below")]).await.expect("written");
    }
    tx.commit().await.expect("durable");
}
