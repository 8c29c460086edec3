//! The ZIP around documents and signatures: written in one shape, read with limits on everything.

use super::{MIME, manifest};
use std::io::{Cursor, Read, Write};
use zip::{CompressionMethod, ZipArchive, ZipWriter, result::ZipResult, write::SimpleFileOptions};

/// Largest container that is looked at.
pub const CONTAINER_SIZE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes that all entries together may unpack to: a small archive cannot fill the memory.
pub const CONTENT_SIZE_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Most entries, `mimetype` and `META-INF` included.
pub const ENTRIES_MAX: usize = 200;
const NAME_SIZE_BYTES_MAX: usize = 255;

/// Why the bytes are no container that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerError {
    /// Not a ZIP file, damaged, encrypted, or not the same to readers of its directory and of its entries.
    Malformed,
    /// Larger than one of the limits, packed or unpacked.
    TooLarge,
    /// More entries than `ENTRIES_MAX`.
    TooManyEntries,
    /// Two entries of the same name.
    DuplicateName,
    /// A name that is empty, not UTF-8, too long, or leads out of the container.
    Name,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What stands in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    pub files: Vec<DataFile>,
    /// Signature documents with their names, in the order of the archive.
    pub signatures: Vec<(String, Vec<u8>)>,
    /// Whether `mimetype` comes first, unpacked, and says ASiC-E (EN 319 162-1 §A.1).
    pub has_mimetype: bool,
    /// Whether the manifest lists exactly the files.
    pub has_manifest: bool,
    /// Entries of `META-INF` that this profile does not know.
    pub unknown: Vec<String>,
}

impl Container {
    /// A container to be written: `signatures` become `META-INF/signatures0.xml` and so on.
    pub fn write(files: &[DataFile], signatures: &[Vec<u8>]) -> Result<Vec<u8>, ContainerError> {
        Container::check_names(files, signatures.len())?;
        if files.iter().map(|file| file.bytes.len()).sum::<usize>() > CONTENT_SIZE_BYTES_MAX {
            return Err(ContainerError::TooLarge);
        }
        pack(files, signatures).map_err(|_| ContainerError::Malformed)
    }

    /// Whether documents of these names, with so many signatures, can stand in one container.
    pub fn check_names(files: &[DataFile], signatures: usize) -> Result<(), ContainerError> {
        let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ContainerError::DuplicateName);
        }
        if !names.iter().all(|name| is_file_name(name)) {
            return Err(ContainerError::Name);
        }
        if files.len() + signatures + 2 > ENTRIES_MAX {
            return Err(ContainerError::TooManyEntries);
        }
        Ok(())
    }

    /// Reads every entry into memory, within the limits.
    pub fn read(bytes: &[u8]) -> Result<Self, ContainerError> {
        if bytes.len() > CONTAINER_SIZE_BYTES_MAX {
            return Err(ContainerError::TooLarge);
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| ContainerError::Malformed)?;
        if archive.has_duplicate_names() {
            return Err(ContainerError::DuplicateName);
        }
        if archive.len() > ENTRIES_MAX {
            return Err(ContainerError::TooManyEntries);
        }
        // Entries over the same bytes, unlisted ones, or other names and sizes before the data than in the directory: two
        // readers could be shown different content.
        archive.validate_header_consistency().map_err(|_| ContainerError::Malformed)?;
        let mut read = Container::default();
        let (mut budget, mut manifest_xml) = (CONTENT_SIZE_BYTES_MAX, None);
        for index in 0..archive.len() {
            let (name, content, stored) = entry(&mut archive, index, budget)?;
            budget -= content.len();
            match name.as_str() {
                "mimetype" => read.has_mimetype = index == 0 && stored && content == MIME.as_bytes(),
                "META-INF/manifest.xml" => manifest_xml = Some(content),
                _ if is_signatures(&name) => read.signatures.push((name, content)),
                _ if name.starts_with("META-INF/") => read.unknown.push(name),
                _ if !is_file_name(&name) => return Err(ContainerError::Name),
                _ => read.files.push(DataFile { name, media_type: String::new(), bytes: content }),
            }
        }
        read.match_manifest(manifest_xml.as_deref());
        Ok(read)
    }

    fn match_manifest(&mut self, manifest_xml: Option<&[u8]>) {
        let Some(listed) = manifest_xml.and_then(manifest::read) else { return };
        self.has_manifest = listed.len() == self.files.len();
        for file in &mut self.files {
            match listed.iter().find(|(name, _)| *name == file.name) {
                Some((_, media_type)) => file.media_type.clone_from(media_type),
                None => self.has_manifest = false,
            }
        }
    }

    pub fn file(&self, name: &str) -> Option<&DataFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// A name that a document may have in a container: relative, without steps up, not one of the container's own.
pub fn is_file_name(name: &str) -> bool {
    let control = |letter: char| letter.is_control() || letter == '\\' || letter == ':';
    let own = name == "mimetype"
        || name.eq_ignore_ascii_case("meta-inf")
        || name.to_ascii_lowercase().starts_with("meta-inf/");
    !name.is_empty() && name.len() <= NAME_SIZE_BYTES_MAX && stays_inside(name) && !name.contains(control) && !own
}

/// Whether a name leads nowhere but below the folder that somebody unpacks the archive into.
pub(super) fn stays_inside(name: &str) -> bool {
    !name.contains(['\\', '\0']) && name.split('/').all(|step| !step.is_empty() && step != "." && step != "..")
}

/// `META-INF/*signatures*.xml` (EN 319 162-1 §4.4.3.2).
pub(super) fn is_signatures(name: &str) -> bool {
    let inside = name.strip_prefix("META-INF/").unwrap_or_default();
    !inside.contains('/') && inside.contains("signatures") && inside.ends_with(".xml")
}

fn pack(files: &[DataFile], signatures: &[Vec<u8>]) -> ZipResult<Vec<u8>> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    out.start_file("mimetype", stored)?;
    out.write_all(MIME.as_bytes())?;
    out.start_file("META-INF/manifest.xml", packed)?;
    out.write_all(manifest::write(files).as_bytes())?;
    for file in files {
        out.start_file(&file.name, packed)?;
        out.write_all(&file.bytes)?;
    }
    for (number, signature) in signatures.iter().enumerate() {
        out.start_file(format!("META-INF/signatures{number}.xml"), packed)?;
        out.write_all(signature)?;
    }
    Ok(out.finish()?.into_inner())
}

/// Name, content and whether it is stored unpacked. The sizes that the archive states are not believed: reading stops at
/// the budget.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    budget: usize,
) -> Result<(String, Vec<u8>, bool), ContainerError> {
    let file = archive.by_index(index).map_err(|_| ContainerError::Malformed)?;
    let name = std::str::from_utf8(file.name_raw()).map_err(|_| ContainerError::Name)?.to_owned();
    if file.encrypted() || file.is_symlink() {
        return Err(ContainerError::Malformed);
    }
    if name.len() > NAME_SIZE_BYTES_MAX || file.is_dir() {
        return Err(ContainerError::Name);
    }
    let stored = file.compression() == CompressionMethod::Stored;
    let mut content = Vec::new();
    let most = u64::try_from(budget).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|_| ContainerError::Malformed)?;
    if content.len() > budget {
        return Err(ContainerError::TooLarge);
    }
    Ok((name, content, stored))
}
