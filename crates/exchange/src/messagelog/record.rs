//! One logged message, and finding it again.

use super::{Attachment, Direction, LogEntry};
use crate::{body::Body, opmonitor::Side};
use base::{Fault, Id, Timestamp, clock};
use formats::mime::{Part, read_all, write_end, write_part};
use host::{
    args,
    store::{Row, Store, Tx},
};

/// How many records one question returns.
const RECORDS_MAX: i64 = 500;

/// A logged message.
#[derive(Debug, Clone)]
pub struct LogRecord {
    pub id: Id,
    pub at: Timestamp,
    pub entry: LogEntry,
    pub stamp: Option<Stamp>,
}

/// The time-stamp over the batch in which a record was.
#[derive(Debug, Clone)]
pub struct Stamp {
    pub at: Timestamp,
    /// `ts-hashchainresult.xml`, which the token is over.
    pub result: Vec<u8>,
    /// `ts-hashchain.xml` of this record.
    pub chain: Vec<u8>,
    pub token: Vec<u8>,
}

/// Which records are wanted; `None` wants all.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    pub message_id: Option<String>,
    pub client: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// How long a body may be that is kept in the record itself.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The attachments of a SOAP message as one multipart body.
async fn joined(boundary: &str, attachments: &[Attachment]) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    for attachment in attachments {
        let headers: Vec<(&str, &str)> =
            attachment.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        write_part(&mut out, boundary, &headers, &attachment.body.read_all(BODY_BYTES_MAX).await?);
    }
    write_end(&mut out, boundary);
    Ok(out)
}

/// The body of a REST message, or what [`joined`] made of a SOAP message's attachments.
fn separated(wording: &str, id: &Id, body: Vec<u8>) -> Vec<Attachment> {
    if wording == "rest" {
        return vec![Attachment { headers: Vec::new(), body: Body::of(body) }];
    }
    let parts = read_all(&body, 0..body.len(), &format!("log-{id}")).unwrap_or_default();
    let attachment = |part: Part| Attachment { headers: part.headers, body: Body::of(body[part.body].to_vec()) };
    parts.into_iter().map(attachment).collect()
}

pub(crate) async fn append(tx: &mut Tx, id: &Id, at: Timestamp, entry: &LogEntry) -> Result<(), Fault> {
    let body = match entry.attachments.as_slice() {
        [] => None,
        [only] if entry.wording == "rest" => Some(only.body.read_all(BODY_BYTES_MAX).await?.to_vec()),
        several => Some(joined(&format!("log-{id}"), several).await?),
    };
    tx.execute(
        "INSERT INTO exchange_log (id, message_id, request_id, direction, side, wording, client, service, signer, at,
             content_type, message, body, signature, chain_result, chain)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &args![
            id,
            &entry.message_id,
            &entry.request_id,
            entry.direction.name(),
            entry.side.name(),
            entry.wording,
            &entry.client,
            &entry.service,
            &entry.signer,
            at,
            &entry.content_type,
            &entry.message[..],
            body,
            &entry.signature,
            entry.chain_result.clone(),
            entry.chain.clone()
        ],
    )
    .await?;
    Ok(())
}

/// The newest records first, without their time-stamps.
pub async fn records(store: &Store, filter: &LogFilter) -> Result<Vec<LogRecord>, Fault> {
    let rows = store
        .query(
            "SELECT id, message_id, request_id, direction, side, wording, client, service, signer, at, content_type,
                 message, body, signature, chain_result, chain
             FROM exchange_log
             WHERE ($1 = '' OR message_id = $1) AND ($2 = '' OR client = $2) AND at >= $3 AND at < $4
             ORDER BY at DESC, id DESC LIMIT $5",
            &args![
                filter.message_id.clone().unwrap_or_default(),
                filter.client.clone().unwrap_or_default(),
                filter.from.unwrap_or(clock::from_micros(0)),
                filter.until.unwrap_or(Timestamp::MAX),
                RECORDS_MAX
            ],
        )
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// One record with its time-stamp, if the batch job has stamped it.
pub async fn record_of(store: &Store, id: &Id) -> Result<Option<LogRecord>, Fault> {
    let row = store
        .query_opt(
            "SELECT l.id, l.message_id, l.request_id, l.direction, l.side, l.wording, l.client, l.service, l.signer,
                 l.at, l.content_type, l.message, l.body, l.signature, l.chain_result, l.chain, l.stamp_chain,
                 s.at AS stamp_at, s.result AS stamp_result, s.token AS stamp_token
             FROM exchange_log l LEFT JOIN exchange_stamp s ON s.id = l.stamp_id WHERE l.id = $1",
            &args![id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut record = read(&row);
    let bytes = |column| row.opt_blob(column).map(<[u8]>::to_vec);
    if let (Some(at), Some(result), Some(chain), Some(token)) =
        (row.opt_time("stamp_at"), bytes("stamp_result"), bytes("stamp_chain"), bytes("stamp_token"))
    {
        record.stamp = Some(Stamp { at, result, chain, token });
    }
    Ok(Some(record))
}

/// When the oldest record without a time-stamp was written.
pub async fn oldest_unstamped(store: &Store) -> Result<Option<Timestamp>, Fault> {
    let row = store.query_opt("SELECT MIN(at) AS oldest FROM exchange_log WHERE stamp_id IS NULL", &[]).await?;
    Ok(row.and_then(|row| row.opt_time("oldest")))
}

fn read(row: &Row) -> LogRecord {
    let text = |column| row.text(column).to_owned();
    let bytes = |column| row.opt_blob(column).map(<[u8]>::to_vec);
    let direction = if row.text("direction") == "request" { Direction::Request } else { Direction::Response };
    LogRecord {
        id: row.id("id"),
        at: row.time("at"),
        entry: LogEntry {
            message_id: text("message_id"),
            request_id: text("request_id"),
            direction,
            side: Side::parse(row.text("side")),
            wording: if row.text("wording") == "soap" { "soap" } else { "rest" },
            client: text("client"),
            service: text("service"),
            signer: text("signer"),
            content_type: text("content_type"),
            message: row.blob("message").to_vec().into(),
            attachments: bytes("body").map_or(Vec::new(), |body| separated(row.text("wording"), &row.id("id"), body)),
            signature: row.blob("signature").to_vec(),
            chain_result: bytes("chain_result"),
            chain: bytes("chain"),
        },
        stamp: None,
    }
}
