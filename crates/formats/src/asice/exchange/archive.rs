//! An archive of containers with its chain of digests (`linkinginfo`): that no container was taken out, put in or changed
//! since it was written, and which archive came before.

use super::entries::unpack;
use crate::{
    flaw::{Flaw, FlawKind},
    hashchain::DigestAlgorithm,
};
use std::collections::BTreeMap;

/// Largest archive that is looked at, packed and unpacked, and most containers in one.
const ARCHIVE_SIZE_BYTES_MAX: usize = 256 * 1024 * 1024;
const CONTENT_SIZE_BYTES_MAX: usize = 512 * 1024 * 1024;
const ENTRIES_MAX: usize = 100_000;
const LINKING_INFO: &str = "linkinginfo";
const NOTHING: &str = "-";

/// What must have come before an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Previous {
    /// Nothing: it is the first of its chain.
    First,
    /// An archive with this last digest (hexadecimal).
    Digest(String),
    /// Not asked.
    Any,
}

/// An archive taken apart: containers in the order of its chain.
#[derive(Debug, Clone)]
pub struct Archive {
    containers: Vec<(String, Vec<u8>)>,
    head: Head,
    /// Digests as they are stated, one a container.
    stated: Vec<String>,
}

#[derive(Debug, Clone)]
struct Head {
    previous: Option<String>,
    algorithm: DigestAlgorithm,
    name: String,
}

/// What an archive's chain proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFacts {
    pub containers: usize,
    /// As the archive spells it: `SHA-512`.
    pub algorithm: String,
    /// Digest of the last line: what the next archive must name.
    pub last: String,
    /// Last digest of the archive before, if there was one.
    pub previous: Option<String>,
}

fn invalid(why: impl std::fmt::Display) -> Flaw {
    Flaw::new(FlawKind::InvalidArchive, why)
}

impl Archive {
    /// Whether the bytes are an archive and not a container: both are ZIP archives, and only a container says what it is.
    pub fn is_archive(bytes: &[u8]) -> bool {
        let Ok(archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) else { return false };
        let names: Vec<&[u8]> = archive.file_names_raw().collect();
        let of_archive = |name: &&[u8]| *name == LINKING_INFO.as_bytes() || name.ends_with(b".asice");
        names.iter().any(of_archive) && !names.contains(&&b"mimetype"[..])
    }

    pub fn open(bytes: &[u8]) -> Result<Self, Flaw> {
        let entries = unpack(bytes, ARCHIVE_SIZE_BYTES_MAX, CONTENT_SIZE_BYTES_MAX, ENTRIES_MAX)?;
        let entries = entries.ok_or_else(|| invalid("not a ZIP archive"))?;
        let mut entries: BTreeMap<String, Vec<u8>> = entries.into_iter().collect();
        let info = entries.remove(LINKING_INFO).ok_or_else(|| invalid("there is no linkinginfo"))?;
        let info = String::from_utf8(info).map_err(|_| invalid("linkinginfo is not text"))?;
        let mut lines = info.lines().filter(|line| !line.trim().is_empty());
        let head = Head::read(lines.next().unwrap_or_default())?;
        entries.retain(|name, _| name.ends_with(".asice"));
        let (mut containers, mut stated) = (Vec::new(), Vec::new());
        for line in lines {
            let (digest, name) = line.trim().split_once(char::is_whitespace).ok_or_else(|| invalid("a bad line"))?;
            let name = name.trim();
            let content = entries.remove(name).ok_or_else(|| invalid(format_args!("{name} is missing")))?;
            containers.push((name.to_owned(), content));
            stated.push(digest.to_ascii_lowercase());
        }
        if let Some((name, _)) = entries.pop_first() {
            return Err(invalid(format_args!("{name} is not listed")));
        }
        if containers.is_empty() {
            return Err(invalid("there is no container"));
        }
        Ok(Archive { containers, head, stated })
    }

    /// Names and bytes, in the order of the chain.
    pub fn containers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.containers.iter().map(|(name, container)| (name.as_str(), container.as_slice()))
    }

    /// digest = hex(H(p + hex(H(container)))), p being the digest of the line before.
    pub fn judge(&self, previous: &Previous) -> Result<ArchiveFacts, Flaw> {
        match (previous, &self.head.previous) {
            (Previous::Any, _) | (Previous::First, None) => {}
            (Previous::Digest(expected), Some(stated)) if expected.eq_ignore_ascii_case(stated) => {}
            (_, stated) => {
                let stated = stated.as_deref().unwrap_or("none");
                return Err(invalid(format_args!("the archive before is another: {stated}")));
            }
        }
        let algorithm = self.head.algorithm;
        let hex = |data: &[u8]| base::hex(&algorithm.digest(data));
        let mut last = self.head.previous.clone().unwrap_or_default();
        for ((name, container), stated) in self.containers.iter().zip(&self.stated) {
            last = hex(format!("{last}{}", hex(container)).as_bytes());
            if last != *stated {
                return Err(invalid(format_args!("{name} does not have the digest in the chain")));
            }
        }
        Ok(ArchiveFacts {
            containers: self.containers.len(),
            algorithm: self.head.name.clone(),
            last,
            previous: self.head.previous.clone(),
        })
    }
}

impl Head {
    /// Last digest of the archive before, its name, the algorithm; `-` for nothing.
    fn read(line: &str) -> Result<Self, Flaw> {
        let [digest, _file, name] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(invalid("the first line of linkinginfo has not three words"));
        };
        let algorithm = match name {
            "SHA-256" => DigestAlgorithm::Sha256,
            "SHA-384" => DigestAlgorithm::Sha384,
            "SHA-512" => DigestAlgorithm::Sha512,
            _ => return Err(invalid(format_args!("digest algorithm {name} is not accepted"))),
        };
        let previous = (digest != NOTHING).then(|| digest.to_ascii_lowercase());
        Ok(Head { previous, algorithm, name: name.to_owned() })
    }
}
