//! A record as bytes: a clear part (metadata, signature, chain) and a part that may be sealed (message, attachments). The
//! clear part is bound to the sealed one: neither can be exchanged for another record's.

use super::{
    Direction, LogEntry, Mode,
    keys::LogKey,
    object::{Kept, Object, Objects},
};
use crate::opmonitor::Side;
use base::{Fault, Timestamp, clock};
use bytes::Bytes;
use formats::identifier::ClientId;
use std::sync::Arc;

const VERSION: u8 = 1;
/// Bits of the byte that says what kind of record it is.
const RESPONSE: u8 = 1;
const PRODUCER: u8 = 2;
const REST: u8 = 4;
const METADATA: u8 = 8;
const TRUNCATED: u8 = 16;
/// The signature carries its own time-stamp.
const STAMPED: u8 = 32;

/// What a record says beside the entry itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub at: Timestamp,
    pub mode: Mode,
    pub truncated: bool,
    pub stamped: bool,
}

fn damaged() -> Fault {
    Fault::new("read a record of the message log", "it is not what this version writes")
}

/// `kept` are the entry's attachments in their order.
pub(super) fn write(
    out: &mut Vec<u8>,
    number: u64,
    facts: Facts,
    entry: &LogEntry,
    kept: &[Kept],
    key: Option<&LogKey>,
) {
    let start = out.len();
    out.push(VERSION);
    out.push(kind(facts, entry));
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&facts.at.as_microsecond().to_le_bytes());
    out.extend_from_slice(&key.map_or(0, |key| key.number).to_le_bytes());
    let provider = entry.provider.to_string();
    for text in [
        &entry.message_id,
        &entry.request_id,
        &entry.client,
        &entry.service,
        &provider,
        &entry.signer,
        &entry.content_type,
    ] {
        write_bytes(out, text.as_bytes());
    }
    write_bytes(out, &entry.signature);
    for optional in [&entry.chain_result, &entry.chain] {
        out.push(u8::from(optional.is_some()));
        write_bytes(out, optional.as_deref().unwrap_or_default());
    }
    write_size(out, kept.len());
    let mut content = Vec::with_capacity(entry.message.len() + 64);
    write_bytes(&mut content, &entry.message);
    for kept in kept {
        match kept {
            Kept::Inline(bytes) => {
                out.push(0);
                write_bytes(&mut content, bytes);
            }
            Kept::Object(object) => {
                out.push(1);
                write_bytes(out, object.name.as_bytes());
                out.extend_from_slice(&object.size_bytes.to_le_bytes());
                out.extend_from_slice(&object.key.to_le_bytes());
            }
        }
    }
    match key {
        None => out.extend_from_slice(&content),
        Some(key) => {
            let (nonce, sealed) = key.seal(number, &out[start..], content);
            out.extend_from_slice(&nonce);
            out.extend_from_slice(&sealed);
        }
    }
}

fn kind(facts: Facts, entry: &LogEntry) -> u8 {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    bit(entry.direction == Direction::Response, RESPONSE)
        | bit(entry.side == Side::Producer, PRODUCER)
        | bit(entry.wording == "rest", REST)
        | bit(facts.mode == Mode::Metadata, METADATA)
        | bit(facts.truncated, TRUNCATED)
        | bit(facts.stamped, STAMPED)
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_size(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn write_size(out: &mut Vec<u8>, size: usize) {
    out.extend_from_slice(&u32::try_from(size).expect("records are far below 4 GiB").to_le_bytes());
}

/// A record without its sealed part: message and attachments in memory are still empty.
pub(super) struct Clear<'a> {
    pub number: u64,
    pub facts: Facts,
    pub entry: LogEntry,
    pub attachments: Vec<Kept>,
    pub key: u32,
    bound: &'a [u8],
    content: &'a [u8],
}

pub(super) fn read<'a>(bytes: &'a [u8], objects: &Arc<Objects>) -> Result<Clear<'a>, Fault> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.byte()? != VERSION {
        return Err(damaged());
    }
    let kind = reader.byte()?;
    let has = |bit: u8| kind & bit != 0;
    let number = reader.u64()?;
    let at = clock::from_micros(i64::from_le_bytes(reader.array()?));
    let key = u32::from_le_bytes(reader.array()?);
    let mut texts = Vec::with_capacity(7);
    for _ in 0..7 {
        texts.push(String::from_utf8(reader.bytes()?.to_vec()).map_err(|_| damaged())?);
    }
    let [message_id, request_id, client, service, provider, signer, content_type] =
        texts.try_into().map_err(|_| damaged())?;
    let signature = reader.bytes()?.to_vec();
    let chain_result = reader.optional()?;
    let chain = reader.optional()?;
    let mut attachments = Vec::new();
    for _ in 0..reader.size()? {
        attachments.push(match reader.byte()? {
            0 => Kept::Inline(Bytes::new()),
            _ => Kept::Object(Object {
                name: String::from_utf8(reader.bytes()?.to_vec()).map_err(|_| damaged())?,
                size_bytes: reader.u64()?,
                key: u32::from_le_bytes(reader.array()?),
                objects: objects.clone(),
            }),
        });
    }
    let entry = LogEntry {
        message_id,
        request_id,
        direction: if has(RESPONSE) { Direction::Response } else { Direction::Request },
        side: if has(PRODUCER) { Side::Producer } else { Side::Client },
        wording: if has(REST) { "rest" } else { "soap" },
        client,
        service,
        provider: ClientId::parse(&provider).ok_or_else(damaged)?,
        signer,
        content_type,
        message: Bytes::new(),
        attachments: Vec::new(),
        signature,
        chain_result,
        chain,
    };
    let mode = if has(METADATA) { Mode::Metadata } else { Mode::Full };
    let facts = Facts { at, mode, truncated: has(TRUNCATED), stamped: has(STAMPED) };
    Ok(Clear { number, facts, entry, attachments, key, bound: &bytes[..reader.at], content: &bytes[reader.at..] })
}

impl Clear<'_> {
    /// With message and attachments.
    pub(super) fn open(mut self, key: Option<&LogKey>) -> Result<(Facts, LogEntry, Vec<Kept>), Fault> {
        let opened = key.map(|key| key.unseal(self.number, self.bound, self.content)).transpose()?;
        let mut reader = Reader { bytes: opened.as_deref().unwrap_or(self.content), at: 0 };
        self.entry.message = Bytes::copy_from_slice(reader.bytes()?);
        for kept in &mut self.attachments {
            if let Kept::Inline(bytes) = kept {
                *bytes = Bytes::copy_from_slice(reader.bytes()?);
            }
        }
        Ok((self.facts, self.entry, self.attachments))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len()).ok_or_else(damaged)?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        Ok(self.take(N)?.try_into().expect("taken with this length"))
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn size(&mut self) -> Result<usize, Fault> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| damaged())
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let size = self.size()?;
        self.take(size)
    }

    fn optional(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let is_there = self.byte()? != 0;
        let bytes = self.bytes()?;
        Ok(is_there.then(|| bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{keys::LogKeys, tests::entry};
    use super::*;
    use base::{ManualClock, SystemChance};
    use host::{blobs::Blobs, keys::KeyDir, testing::TempDir};

    #[test]
    fn nothing_of_a_sealed_record_can_be_changed_or_moved() {
        let dir = TempDir::new();
        let folder = KeyDir::open(&dir.path().join("keys")).expect("a folder");
        let clock = ManualClock::at(clock::from_micros(1));
        let keys = Arc::new(LogKeys::open(folder, &clock, Arc::new(SystemChance)).expect("keys"));
        let blobs = Blobs::open(&dir.path().join("objects")).expect("opened");
        let objects = Arc::new(Objects { blobs, keys: Some(keys.clone()) });
        let facts = Facts { at: clock::from_micros(7), mode: Mode::Full, truncated: false, stamped: true };
        let logged = LogEntry { attachments: Vec::new(), ..entry("m", Direction::Response, b"") };
        let mut record = Vec::new();
        let kept = [Kept::Inline(Bytes::from_static(b"body"))];
        write(&mut record, 5, facts, &logged, &kept, Some(&keys.current()));
        let open = |record: &[u8]| -> Result<(Facts, LogEntry, Vec<Kept>), Fault> {
            let clear = read(record, &objects)?;
            let key = keys.of(clear.key)?;
            clear.open(Some(&key))
        };
        let (read_facts, read_entry, read_kept) = open(&record).expect("opened");
        assert_eq!((read_facts, &read_entry.message), (facts, &logged.message));
        assert_eq!(read_kept[0].to_vec().expect("read"), b"body");
        for place in 0..record.len() {
            let mut changed = record.clone();
            changed[place] ^= 1;
            assert!(open(&changed).is_err(), "byte {place}");
        }
        for length in 0..record.len() {
            assert!(open(&record[..length]).is_err(), "cut at {length}");
        }
    }
}
