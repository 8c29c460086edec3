//! Batch signing: what waits for an RSA key is signed with one signature, and each message has its own way to it.

use crate::{
    asking::question,
    rest::ECHO,
    wire::{Forgery, stolen},
    world::{World, page},
};
use base::{
    Algorithm,
    dataservice::{DataServices, Wording},
};
use exchange::{
    messagelog::{self, LogFilter},
    server::Settings,
};
use serde_json::json;
use std::{collections::HashMap, path::PathBuf};

fn rsa(folder: PathBuf) -> Settings {
    Settings { signing: Algorithm::RsaPkcs1Sha512, ..Settings::new(folder) }
}

pub async fn ask_many(world: &World, numbers: std::ops::Range<usize>) {
    let ask = |number: usize| async move {
        let wording = if number.is_multiple_of(2) { Wording::Soap } else { Wording::Rest };
        let answer = world.client.ask(question("page", wording, &format!("m-{number}"))).await.expect("answered");
        assert_eq!(answer.body, page(&json!("AYTEN01")));
    };
    futures_util::future::join_all(numbers.map(ask)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_an_rsa_key_is_signed_at_once() {
    let world = World::running_wide(ECHO, rsa).await;
    // The first one finds configuration and OCSP responses; the others come together.
    ask_many(&world, 0..1).await;
    ask_many(&world, 1..41).await;
    let mut shared = 0;
    for code in ["asker", "keeper"] {
        let log = world.exchange.server(code).expect("a server").log();
        let records = log.records(&LogFilter::default()).await.expect("read");
        assert_eq!(records.len(), 82, "{code}");
        let mut signatures: HashMap<Vec<u8>, usize> = HashMap::new();
        for record in &records {
            *signatures.entry(record.entry.signature.clone()).or_default() += 1;
        }
        for record in &records {
            let batch = signatures[&record.entry.signature];
            let chain = String::from_utf8(record.entry.chain.clone().unwrap_or_default()).expect("text");
            // A message alone in its batch has a chain only for its body.
            assert_eq!(chain.contains("HashValue"), batch > 1, "{batch}: {chain}");
            shared = shared.max(batch);
        }
    }
    assert!(shared > 1, "no batch has more than one message");
    world.shutdown.trigger();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_message_s_way_to_the_signature_is_refused() {
    let world = World::running_wide(ECHO, rsa).await;
    // The first one finds configuration and OCSP responses; the others come together.
    ask_many(&world, 0..1).await;
    ask_many(&world, 1..41).await;
    let log = world.exchange.server("asker").expect("a server").log();
    let records = log.records(&LogFilter::default()).await.expect("read");
    let requests: Vec<_> = records
        .iter()
        .filter(|record| record.entry.direction == messagelog::Direction::Request && record.entry.wording == "soap")
        .collect();
    let pair = requests.iter().enumerate().find_map(|(place, one)| {
        let other = requests[..place].iter().find(|other| other.entry.signature == one.entry.signature)?;
        Some((one.entry.message_id.clone(), other.entry.message_id.clone()))
    });
    let (one, other) = pair.expect("two requests under one signature");
    let (who, address) = (stolen(&world, "asker", "auth"), world.port("keeper", 0));
    let (one, other) =
        (Forgery::of_logged(&world, "asker", &one).await, Forgery::of_logged(&world, "asker", &other).await);
    for good in [&one, &other, &one] {
        assert_eq!(good.send(&who, &address).await.expect("an answer"), "ok");
    }
    let refused = "server.serverproxy.malformed_signature.";
    let swapped = Forgery { chain: other.chain.clone(), ..one.clone() };
    assert_eq!(swapped.send(&who, &address).await.expect("an answer"), format!("{refused}invalid_hash_chain"));
    let without = Forgery { chain: None, ..one.clone() };
    assert_eq!(without.send(&who, &address).await.expect("an answer"), refused.trim_end_matches('.'));
    let changed = one.with_bytes(|text| text.replace("AYTEN01", "AYTEN02"));
    assert_eq!(changed.send(&who, &address).await.expect("an answer"), format!("{refused}invalid_hash_chain"));
    world.shutdown.trigger();
}
