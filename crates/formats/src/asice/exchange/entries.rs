//! The entries of a container. Their order, packing and sizes are the writer's affair; limits are ours.

use super::SIGNATURES;
use crate::{
    asice::{
        MIME,
        container::{is_signatures, stays_inside},
    },
    flaw::{Flaw, FlawKind},
};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};
use zip::ZipArchive;

/// Largest container that is looked at.
pub const CONTAINER_SIZE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes that the entries together may unpack to.
const CONTENT_SIZE_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Most entries of one container.
pub const ENTRIES_MAX: usize = 200;
const ATTACHMENT: &str = "attachment";

#[derive(Debug, Clone)]
pub(super) struct Entries {
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
    all: BTreeMap<String, Vec<u8>>,
}

impl Entries {
    /// Step 1, in the order in which what is missing is told.
    pub fn read(container: &[u8]) -> Result<Self, Flaw> {
        let all = unpack(container, CONTAINER_SIZE_BYTES_MAX, CONTENT_SIZE_BYTES_MAX, ENTRIES_MAX)?;
        let all = all.ok_or_else(|| Flaw::new(FlawKind::MimeTypeNotFound, "not a ZIP archive"))?;
        let all: BTreeMap<String, Vec<u8>> = all.into_iter().collect();
        let entry = |name: &str, kind| {
            let found = all.get(name).filter(|content| !content.is_empty());
            found.ok_or_else(|| Flaw::new(kind, format_args!("there is no {name}")))
        };
        if entry("mimetype", FlawKind::MimeTypeNotFound)?.trim_ascii() != MIME.as_bytes() {
            return Err(Flaw::new(FlawKind::InvalidMimeType, "the media type is not a container's"));
        }
        let message = entry("message.xml", FlawKind::MessageNotFound)?.clone();
        let other = || all.keys().find(|name| is_signatures(name)).map(String::as_str);
        let signatures = if all.contains_key(SIGNATURES) { Some(SIGNATURES) } else { other() };
        let signature = entry(signatures.unwrap_or(SIGNATURES), FlawKind::SignatureNotFound)?.clone();
        for (result, chain) in
            [("sig-hashchainresult.xml", "sig-hashchain.xml"), ("ts-hashchainresult.xml", "ts-hashchain.xml")]
        {
            let wanted = |name, kind| Flaw::new(kind, format_args!("{name} is missing"));
            match (all.contains_key(result), all.contains_key(chain)) {
                (false, true) => return Err(wanted(result, FlawKind::HashChainResultNotFound)),
                (true, false) => return Err(wanted(chain, FlawKind::HashChainNotFound)),
                _ => {}
            }
        }
        Ok(Entries { message, signature, all })
    }

    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.all.get(name).map(Vec::as_slice)
    }

    /// `attachment1`, `attachment2` and so on, by their numbers.
    pub fn attachments(&self) -> impl Iterator<Item = &str> {
        let number = |name: &str| name.strip_prefix(ATTACHMENT)?.parse::<u32>().ok();
        let mut found: Vec<(u32, &str)> =
            self.all.keys().filter_map(|name| Some((number(name)?, name.as_str()))).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, name)| name)
    }
}

/// Names and contents in the order of the archive, folders left out.
pub(super) type Unpacked = Vec<(String, Vec<u8>)>;

/// Unpacks an archive; `None` when the bytes are no ZIP archive at all. The
/// sizes that an archive states are not believed: reading stops at the budget.
pub(super) fn unpack(
    archive: &[u8],
    packed_max: usize,
    unpacked_max: usize,
    entries_max: usize,
) -> Result<Option<Unpacked>, Flaw> {
    let refuse = |why: &dyn std::fmt::Display| Flaw::new(FlawKind::InvalidContainer, why);
    if archive.len() > packed_max {
        return Err(refuse(&"too large"));
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(archive)) else { return Ok(None) };
    // Two entries of one name: a reader could be shown one and judge the other.
    if archive.has_duplicate_names() || archive.len() > entries_max {
        return Err(refuse(&"an entry stands there twice, or there are too many"));
    }
    // Entries over the same bytes, unlisted ones, or other names and sizes before the data than in the directory.
    archive.validate_header_consistency().map_err(|error| refuse(&error))?;
    let mut budget = unpacked_max;
    let mut entries = Vec::new();
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(|error| refuse(&error))?;
        let name = std::str::from_utf8(entry.name_raw()).map_err(|error| refuse(&error))?.to_owned();
        if entry.is_symlink() || !stays_inside(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(refuse(&format_args!("{name:?} leads out of the archive")));
        }
        if entry.is_dir() {
            continue;
        }
        let mut content = Vec::new();
        let most = u64::try_from(budget).unwrap_or(u64::MAX);
        entry.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|error| refuse(&error))?;
        budget = budget.checked_sub(content.len()).ok_or_else(|| refuse(&"unpacks to too much"))?;
        entries.push((name, content));
    }
    Ok(Some(entries))
}
