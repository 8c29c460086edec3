//! One file of the journal. Header: magic, number of the segment, number of its first record, end of the segment before,
//! checksum. Then records: length, checksum over the rest, number, bytes. Integers are little-endian.

use super::{Place, Record, at, damaged};
use base::Fault;
use std::{
    fs::{File, TryLockError},
    io::{BufReader, ErrorKind, Read, Seek, SeekFrom},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak},
};

/// Larger records have no place in a journal; their content belongs into objects.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;
pub(super) const HEADER_BYTES: u64 = 36;
/// Length and checksum.
const FRAME_BYTES: usize = 8;
const NUMBER_BYTES: usize = 8;
const MAGIC: &[u8; 8] = b"PENCJRN1";
const READ_BYTES: usize = 256 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub segment: u64,
    pub first_number: u64,
    pub previous_end: u64,
}

impl Header {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for number in [self.segment, self.first_number, self.previous_end] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; HEADER_BYTES as usize]) -> Option<Header> {
        let number = |from: usize| u64::from_le_bytes(bytes[from..from + 8].try_into().expect("eight bytes"));
        let checksum = u32::from_le_bytes(bytes[32..].try_into().expect("four bytes"));
        let good = bytes.starts_with(MAGIC) && checksum == crc32fast::hash(&bytes[..32]);
        good.then(|| Header { segment: number(8), first_number: number(16), previous_end: number(24) })
    }
}

/// What a record of so many bytes takes in a segment.
pub fn record_bytes(bytes: usize) -> u64 {
    (FRAME_BYTES + NUMBER_BYTES + bytes) as u64
}

/// Appends one record to `out`.
pub(super) fn write_record(out: &mut Vec<u8>, number: u64, write: impl FnOnce(u64, &mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; FRAME_BYTES]);
    out.extend_from_slice(&number.to_le_bytes());
    write(number, out);
    let length = out.len() - start - FRAME_BYTES;
    assert!((NUMBER_BYTES..=RECORD_BYTES_MAX).contains(&length), "a record has a size that the journal takes");
    let checksum = crc32fast::hash(&out[start + FRAME_BYTES..]);
    out[start..start + 4].copy_from_slice(&u32::try_from(length).expect("below the limit").to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&checksum.to_le_bytes());
}

pub(super) fn path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:016}.journal"))
}

/// The folders that this process has locked.
static LOCKED: Mutex<Vec<(PathBuf, Weak<File>)>> = Mutex::new(Vec::new());

/// The folder for this process: two would number the same records, and each would take the other's segment for an end.
/// Handles of one process share the lock.
pub(super) fn lock(folder: &Path) -> Result<Arc<File>, Fault> {
    let path = folder.canonicalize().map_err(|cause| at(folder, &cause))?;
    let mut locked = LOCKED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    locked.retain(|(_, lock)| lock.strong_count() > 0);
    if let Some(lock) = locked.iter().find(|(known, _)| *known == path).and_then(|(_, lock)| lock.upgrade()) {
        return Ok(lock);
    }
    let file = File::open(folder).map_err(|cause| at(folder, &cause))?;
    match file.try_lock() {
        Ok(()) => {
            let lock = Arc::new(file);
            locked.push((path, Arc::downgrade(&lock)));
            Ok(lock)
        }
        Err(TryLockError::WouldBlock) => {
            Err(Fault::new("use the journal", format!("{} is in use by another process", folder.display())))
        }
        Err(TryLockError::Error(cause)) => Err(at(folder, &cause)),
    }
}

/// Ends a segment where its last whole record does, durably.
pub(super) fn cut(path: &Path, end: u64) -> Result<(), Fault> {
    let cut = || {
        let file = File::options().write(true).open(path)?;
        file.set_len(end)?;
        file.sync_all()
    };
    cut().map_err(|cause| at(path, &cause))
}

/// The numbers of the segments in a folder, in order; none in one that is not there.
pub(super) fn list(folder: &Path) -> Result<Vec<u64>, Fault> {
    let mut numbers = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(numbers),
        entries => entries.map_err(|cause| at(folder, &cause))?,
    };
    for entry in entries {
        let name = entry.map_err(|cause| at(folder, &cause))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".journal"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn make_folder(folder: &Path) -> Result<(), Fault> {
    if folder.is_dir() {
        return Ok(());
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|cause| at(folder, &cause))?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// A file's name is durable only when its folder is.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|cause| at(folder, &cause))
}

/// `None` when the header is not complete.
pub(super) fn read_header(path: &Path) -> Result<Option<Header>, Fault> {
    let mut bytes = [0; HEADER_BYTES as usize];
    let mut file = File::open(path).map_err(|cause| at(path, &cause))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Header::decode(&bytes)),
        Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(cause) => Err(at(path, &cause)),
    }
}

/// What was read of a segment.
pub(super) struct Scan {
    pub records: Vec<Record>,
    /// Behind the last good record.
    pub end: u64,
    /// What follows is no record, although something should.
    pub torn: bool,
}

/// Records from `from` until `until` or until about `bytes_max` were read.
pub(super) fn scan(path: &Path, from: Place, until: u64, bytes_max: usize) -> Result<Scan, Fault> {
    let mut file = File::open(path).map_err(|cause| at(path, &cause))?;
    file.seek(SeekFrom::Start(from.offset)).map_err(|cause| at(path, &cause))?;
    let mut reader = BufReader::with_capacity(READ_BYTES.min(bytes_max.max(16 * 1024)), file);
    let mut scan = Scan { records: Vec::new(), end: from.offset, torn: false };
    let mut read = 0;
    while scan.end < until && read < bytes_max {
        let place = Place { segment: from.segment, offset: scan.end };
        let Some(record) = read_record(&mut reader, place).map_err(|cause| at(path, &cause))? else {
            scan.torn = true;
            return Ok(scan);
        };
        read += record.bytes.len();
        scan.end += record_bytes(record.bytes.len());
        scan.records.push(record);
    }
    Ok(scan)
}

/// `None` when what stands there is no whole record.
fn read_record(reader: &mut impl Read, place: Place) -> std::io::Result<Option<Record>> {
    let mut frame = [0; FRAME_BYTES + NUMBER_BYTES];
    if !fill(reader, &mut frame)? {
        return Ok(None);
    }
    let part = |from: usize| u32::from_le_bytes(frame[from..from + 4].try_into().expect("four bytes"));
    let length = usize::try_from(part(0)).unwrap_or(usize::MAX);
    if !(NUMBER_BYTES..=RECORD_BYTES_MAX).contains(&length) {
        return Ok(None);
    }
    let number = &frame[FRAME_BYTES..];
    let mut bytes = vec![0; length - NUMBER_BYTES];
    if !fill(reader, &mut bytes)? {
        return Ok(None);
    }
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(number);
    checksum.update(&bytes);
    if checksum.finalize() != part(4) {
        return Ok(None);
    }
    Ok(Some(Record { number: u64::from_le_bytes(number.try_into().expect("eight bytes")), place, bytes }))
}

/// False when the file ends before.
fn fill(reader: &mut impl Read, into: &mut [u8]) -> std::io::Result<bool> {
    match reader.read_exact(into) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// The end of the last segment and the number of its records.
pub(super) fn find_end(path: &Path, segment: u64) -> Result<(u64, u64), Fault> {
    let (mut place, mut records) = (Place { segment, offset: HEADER_BYTES }, 0);
    let first = read_header(path)?.ok_or_else(|| damaged(path, 0))?.first_number;
    loop {
        let scan = scan(path, place, u64::MAX, 4 * 1024 * 1024)?;
        if scan.records.iter().zip(first + records..).any(|(record, expected)| record.number != expected) {
            return Err(damaged(path, place.offset));
        }
        records += scan.records.len() as u64;
        if scan.torn {
            return Ok((scan.end, records));
        }
        place.offset = scan.end;
    }
}
