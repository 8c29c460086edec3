//! `META-INF/manifest.xml` (OpenDocument 1.2 part 3 §4): every document with its media type.

use super::{DataFile, MIME};
use crate::xml::{self, escape_attribute};

const NS: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";

pub(super) fn write(files: &[DataFile]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"{NS}\" manifest:version=\"1.2\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:media-type=\"{MIME}\"/>"
    );
    for file in files {
        out.push_str(&format!(
            "<manifest:file-entry manifest:full-path=\"{}\" manifest:media-type=\"{}\"/>",
            escape_attribute(&file.name),
            escape_attribute(&file.media_type)
        ));
    }
    out.push_str("</manifest:manifest>");
    out
}

/// Names and media types, the container itself left out; `None` if it is no manifest.
pub(super) fn read(document: &[u8]) -> Option<Vec<(String, String)>> {
    let root = xml::read(document).ok()?;
    if !root.is(NS, "manifest") {
        return None;
    }
    let mut listed = Vec::new();
    for entry in root.children_named(NS, "file-entry") {
        let path = entry.attribute(NS, "full-path")?;
        if path != "/" {
            listed.push((path.to_owned(), entry.attribute(NS, "media-type").unwrap_or_default().to_owned()));
        }
    }
    Some(listed)
}
