//! Time-stamping of logged messages in batches: one token over the result of a hash chain whose leaves are the digests of
//! the signature documents (reference §2.10). Safe to repeat: records are marked in the transaction that keeps the token.

use base::{Chance, Clock, Fault, Id};
use bytes::Bytes;
use formats::{
    hashchain::{Chain, Digest, tree},
    tsp::{TimeStampRequest, read_response},
    x509::Certificate,
};
use host::{args, http::Client, store::Store};
use std::time::Duration;

/// How many records one token covers at most.
pub const STAMP_BATCH_MAX: i64 = 1_000;
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);
/// Names of the documents inside a container.
const STAMP_CHAIN_NAME: &str = "/ts-hashchain.xml";
const SIGNATURES_NAME: &str = "/META-INF/signatures.xml";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StampOutcome {
    Nothing,
    Stamped(usize),
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("time-stamp the message log", cause)
}

/// Stamps the oldest unstamped records with the first authority that answers.
pub async fn stamp_once(
    store: &Store,
    client: &Client,
    authorities: &[(String, Certificate)],
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<StampOutcome, Fault> {
    let rows = store
        .query(
            "SELECT id, signature FROM exchange_log WHERE stamp_id IS NULL ORDER BY id LIMIT $1",
            &args![STAMP_BATCH_MAX],
        )
        .await?;
    if rows.is_empty() {
        return Ok(StampOutcome::Nothing);
    }
    let leaves: Vec<Digest> = rows.iter().map(|row| Digest::sha512(row.blob("signature"))).collect();
    let chains = tree(STAMP_CHAIN_NAME, SIGNATURES_NAME, &leaves);
    let token = ask(client, authorities, &chains[0], chance).await?;
    let now = clock.now();
    let stamp = Id::new(now, chance);
    let mut tx = store.begin().await?;
    tx.execute(
        "INSERT INTO exchange_stamp (id, at, result, token) VALUES ($1, $2, $3, $4)",
        &args![&stamp, now, &chains[0].result, token],
    )
    .await?;
    for (row, chain) in rows.iter().zip(&chains) {
        tx.execute(
            "UPDATE exchange_log SET stamp_id = $1, stamp_chain = $2 WHERE id = $3 AND stamp_id IS NULL",
            &args![&stamp, &chain.chain, row.text("id")],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(StampOutcome::Stamped(rows.len()))
}

async fn ask(
    client: &Client,
    authorities: &[(String, Certificate)],
    chain: &Chain,
    chance: &dyn Chance,
) -> Result<Vec<u8>, Fault> {
    let mut last = failed("the global configuration names no time-stamping authority");
    for (url, certificate) in authorities {
        match ask_one(client, url, certificate, &chain.result, chance).await {
            Ok(token) => return Ok(token),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

async fn ask_one(
    client: &Client,
    url: &str,
    certificate: &Certificate,
    data: &[u8],
    chance: &dyn Chance,
) -> Result<Vec<u8>, Fault> {
    let mut nonce = [0; 16];
    chance.fill(&mut nonce);
    let request = TimeStampRequest::over(data, nonce);
    let http = http::Request::post(url)
        .header("content-type", "application/timestamp-query")
        .body(Bytes::from(request.to_der()))
        .map_err(failed)?;
    let answer = client.send(http, ANSWER_BYTES_MAX, TIMEOUT).await?;
    let token = read_response(answer.body()).map_err(failed)?;
    token.check_answers(&request).map_err(failed)?;
    // The authority is approved by its certificate, so that certificate is the anchor.
    let approved = std::slice::from_ref(certificate);
    token.verify(data, approved, approved).map_err(failed)?;
    Ok(token.der().to_vec())
}
