//! Time-stamps. In batches: one token over the result of a hash chain whose leaves are the digests of the signature
//! documents, as they were stored (reference §2.10). Or at once: a token over the signature's value, put into the document.

use super::{MessageLog, Stamp};
use base::{Chance, Fault, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use formats::{
    hashchain::{Digest, DigestAlgorithm, Tree},
    tsp::{TimeStampRequest, TimeStampToken, read_response},
    verify,
    x509::Certificate,
};
use host::{args, http::Client, store::Row};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// How many records one token covers at most.
pub const STAMP_BATCH_MAX: i64 = 10_000;
const ANSWER_BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);
/// Names of the documents inside a container.
const STAMP_CHAIN_NAME: &str = "/ts-hashchain.xml";
const SIGNATURES_NAME: &str = "/META-INF/signatures.xml";
const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
/// A leaf as it is kept with its stamp: number of the record, SHA-512.
const LEAF_BYTES: usize = 8 + 64;

/// A time-stamping authority that the configuration approves by its certificate.
#[derive(Debug, Clone)]
pub struct Authority {
    pub url: String,
    pub certificate: Certificate,
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::passing("time-stamp the message log", cause)
}

/// A stamp with the tree over its leaves; the last one used is remembered, because neighbours are asked for together.
pub(super) struct StampTree {
    first: u64,
    last: u64,
    at: Timestamp,
    token: Vec<u8>,
    numbers: Vec<u64>,
    tree: Tree,
}

impl MessageLog {
    /// Stamps everything that waits, at most [`STAMP_BATCH_MAX`] records with a token, by the first authority that
    /// answers. Returns how many records were stamped. Safe to repeat and to interrupt.
    pub async fn stamp(&self, client: &Client, authorities: &[Authority]) -> Result<usize, Fault> {
        let _turn = self.0.stamping.lock().await;
        let mut total = 0;
        let outcome = loop {
            match self.stamp_batch(client, authorities).await {
                Ok(0) => break Ok(total),
                Ok(count) => total += count,
                Err(fault) => break Err(fault),
            }
        };
        self.0.stamping_fails.store(outcome.is_err(), Ordering::SeqCst);
        self.note_oldest().await?;
        outcome
    }

    async fn stamp_batch(&self, client: &Client, authorities: &[Authority]) -> Result<usize, Fault> {
        self.catch_up().await?;
        let mark = self.mark("stamped").await?;
        let sql = "SELECT number, leaf FROM exchange_log_entry WHERE number > $1 AND leaf IS NOT NULL
             ORDER BY number LIMIT $2";
        let rows = self.rows(sql, &args![mark, STAMP_BATCH_MAX]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            // Records that carry their own stamp are passed by.
            let newest = self.rows("SELECT MAX(number) AS newest FROM exchange_log_entry", &[]).await?;
            let newest = newest.first().and_then(|row| row.opt_int("newest")).unwrap_or(0);
            return if newest > mark { self.set_mark("stamped", newest).await.map(|()| 0) } else { Ok(0) };
        };
        let leaves: Vec<Digest> = rows.iter().map(|row| leaf(row.blob("leaf"))).collect();
        let result = Tree::over(&leaves).chain(0, STAMP_CHAIN_NAME, SIGNATURES_NAME).result;
        let token = ask(client, authorities, &result, &*self.0.chance).await?;
        let kept = rows.iter().flat_map(|row| [&row.int("number").to_be_bytes()[..], row.blob("leaf")].concat());
        let kept: Vec<u8> = kept.collect();
        let mut tx = self.0.store.begin().await?;
        tx.execute(
            "INSERT INTO exchange_log_stamp (first_number, last_number, at, result, token, leaves)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &args![first.int("number"), last.int("number"), token.stamp().at, result, token.der(), kept],
        )
        .await?;
        super::set_mark(&mut tx, "stamped", last.int("number")).await?;
        tx.commit().await?;
        Ok(rows.len())
    }

    /// What waits counts from now on anew; what is logged meanwhile notes itself.
    pub(super) async fn note_oldest(&self) -> Result<(), Fault> {
        self.0.oldest_unstamped_us.store(i64::MAX, Ordering::SeqCst);
        self.catch_up().await?;
        let mark = self.mark("stamped").await?;
        let sql = "SELECT at FROM exchange_log_entry WHERE number > $1 AND leaf IS NOT NULL ORDER BY number LIMIT 1";
        if let Some(row) = self.rows(sql, &args![mark]).await?.first() {
            self.0.oldest_unstamped_us.fetch_min(row.int("at"), Ordering::SeqCst);
        }
        Ok(())
    }

    /// The batch time-stamp of a record.
    pub(crate) async fn stamp_of(&self, number: u64) -> Result<Option<Stamp>, Fault> {
        let remembered = self.0.last_stamp.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let stamp = match remembered.filter(|stamp| (stamp.first..=stamp.last).contains(&number)) {
            Some(stamp) => stamp,
            None => {
                let sql = "SELECT first_number, last_number, at, token, leaves FROM exchange_log_stamp
                     WHERE first_number <= $1 ORDER BY first_number DESC LIMIT 1";
                let rows = self.rows(sql, &args![number]).await?;
                let Some(stamp) = rows.first().map(read_stamp).filter(|stamp| number <= stamp.last) else {
                    return Ok(None);
                };
                let stamp = Arc::new(stamp);
                *self.0.last_stamp.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(stamp.clone());
                stamp
            }
        };
        Ok(stamp.of(number))
    }
}

impl StampTree {
    /// `None` for a record between others that carries its own.
    fn of(&self, number: u64) -> Option<Stamp> {
        let place = self.numbers.binary_search(&number).ok()?;
        let chain = self.tree.chain(place, STAMP_CHAIN_NAME, SIGNATURES_NAME);
        Some(Stamp { at: self.at, result: chain.result, chain: chain.chain, token: self.token.clone() })
    }
}

fn leaf(sha512: &[u8]) -> Digest {
    Digest { algorithm: DigestAlgorithm::Sha512, value: sha512.to_vec() }
}

fn read_stamp(row: &Row) -> StampTree {
    let unsigned = |column| u64::try_from(row.int(column)).unwrap_or(0);
    let (mut numbers, mut leaves) = (Vec::new(), Vec::new());
    for kept in row.blob("leaves").chunks_exact(LEAF_BYTES) {
        numbers.push(u64::from_be_bytes(kept[..8].try_into().expect("eight bytes")));
        leaves.push(leaf(&kept[8..]));
    }
    StampTree {
        first: unsigned("first_number"),
        last: unsigned("last_number"),
        at: row.time("at"),
        token: row.blob("token").to_vec(),
        numbers,
        tree: Tree::over(&leaves),
    }
}

/// A signature document with a time-stamp of its own over its signature value, in front of the unsigned properties.
pub async fn stamp_at_once(
    signature: &[u8],
    client: &Client,
    authorities: &[Authority],
    chance: &dyn Chance,
) -> Result<Vec<u8>, Fault> {
    let read = formats::message::read(signature).map_err(|error| Fault::new("time-stamp a signature", error))?;
    let token = ask(client, authorities, &read.value, chance).await?;
    embed(signature, token.der())
}

fn embed(signature: &[u8], token: &[u8]) -> Result<Vec<u8>, Fault> {
    let unfit = || Fault::new("time-stamp a signature", "it has no place for a time-stamp");
    let root = formats::xml::read(signature).map_err(|_| unfit())?;
    let properties = root.find(&|element| element.is(XADES, "UnsignedSignatureProperties")).ok_or_else(unfit)?;
    if properties.inner.is_empty() {
        return Err(unfit());
    }
    let at = properties.inner.start;
    let stamp = format!(
        "<xades:SignatureTimeStamp xmlns:xades=\"{XADES}\" Id=\"signature-time-stamp\"><xades:EncapsulatedTimeStamp>{}\
         </xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>",
        STANDARD.encode(token)
    );
    Ok([&signature[..at], stamp.as_bytes(), &signature[at..]].concat())
}

async fn ask(
    client: &Client,
    authorities: &[Authority],
    data: &[u8],
    chance: &dyn Chance,
) -> Result<TimeStampToken, Fault> {
    let mut last = failed("the global configuration names no time-stamping authority");
    for authority in authorities {
        match ask_one(client, authority, data, chance).await {
            Ok(token) => return Ok(token),
            Err(fault) => {
                tracing::warn!(%fault, url = authority.url, "a time-stamping authority did not answer");
                last = fault;
            }
        }
    }
    Err(last)
}

async fn ask_one(
    client: &Client,
    authority: &Authority,
    data: &[u8],
    chance: &dyn Chance,
) -> Result<TimeStampToken, Fault> {
    let mut nonce = [0; 16];
    chance.fill(&mut nonce);
    let digest = verify::Digest::Sha512;
    let request =
        TimeStampRequest { digest: Some(digest), imprint: digest.of(data), ..TimeStampRequest::over(data, nonce) };
    let http = http::Request::post(&authority.url)
        .header("content-type", "application/timestamp-query")
        .body(Bytes::from(request.to_der()))
        .map_err(failed)?;
    let answer = client.send(http, ANSWER_BYTES_MAX, TIMEOUT).await?;
    let token = read_response(answer.body()).map_err(failed)?;
    token.check_answers(&request).map_err(failed)?;
    // The authority is approved by its certificate, so that certificate is the anchor.
    let approved = std::slice::from_ref(&authority.certificate);
    token.verify(data, approved, approved).map_err(failed)?;
    if token.authority().is_some_and(|signed| signed.der() != authority.certificate.der()) {
        return Err(failed("the token is another authority's than the approved one"));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_stands_first_among_the_unsigned_properties() {
        let document = format!(
            "<a xmlns:x=\"{XADES}\"><x:UnsignedSignatureProperties><x:RevocationValues/></x:UnsignedSignatureProperties></a>"
        );
        let stamped = embed(document.as_bytes(), b"token").expect("embedded");
        let root = formats::xml::read(&stamped).expect("XML");
        let names: Vec<&str> = root.children[0].children.iter().map(|child| child.name.as_str()).collect();
        assert_eq!(names, ["SignatureTimeStamp", "RevocationValues"]);
        let value = root.find(&|element| element.is(XADES, "EncapsulatedTimeStamp")).expect("there");
        assert_eq!(STANDARD.decode(&value.text).expect("base64"), b"token");
        assert!(embed(b"<a/>", b"token").is_err());
    }
}
