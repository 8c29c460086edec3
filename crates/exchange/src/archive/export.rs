//! Writing a container. Entries stand in the field's order; `mimetype` is deflated there, unlike in other containers.

use super::MIMETYPE;
use crate::messagelog::{Kept, LogRecord};
use base::Fault;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use formats::hashchain::DigestAlgorithm;
use std::io::{Cursor, Seek, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("write a message container", cause)
}

/// The container of one logged message, with its time-stamp if it has one.
pub fn export(record: &LogRecord) -> Result<Vec<u8>, Fault> {
    Ok(export_into(record, Cursor::new(Vec::new()))?.into_inner())
}

/// As `export`, into a file when it may be large. Blocks on the disk.
pub fn export_into<W: Write + Seek>(record: &LogRecord, out: W) -> Result<W, Fault> {
    let entry = &record.entry;
    let mut documents: Vec<(&str, &[u8])> = vec![("message.xml", &entry.message)];
    let mut rest: Vec<(&str, &[u8])> = Vec::new();
    if let (Some(result), Some(chain)) = (&entry.chain_result, &entry.chain) {
        rest.extend([("sig-hashchainresult.xml", &result[..]), ("sig-hashchain.xml", &chain[..])]);
    }
    if let Some(stamp) = &record.stamp {
        rest.extend([("ts-hashchainresult.xml", &stamp.result[..]), ("ts-hashchain.xml", &stamp.chain[..])]);
    }
    let names: Vec<String> = (1..=record.attachments.len()).map(|number| format!("attachment{number}")).collect();
    let listed: Vec<&str> =
        documents.iter().chain(&rest).map(|(name, _)| *name).chain(names.iter().map(String::as_str)).collect();
    let manifest = manifest(&listed);
    documents.push(("META-INF/signatures.xml", &entry.signature));
    documents.extend(rest);
    documents.push(("META-INF/manifest.xml", manifest.as_bytes()));
    let stamped = record.stamp.as_ref().map(|stamp| stamp_manifest(&stamp.result));
    if let (Some(stamp), Some(stamped)) = (&record.stamp, &stamped) {
        documents.push(("META-INF/ASiCManifest.xml", stamped.as_bytes()));
        documents.push(("META-INF/timestamp.tst", &stamp.token));
    }
    write(out, &documents, names.iter().zip(&record.attachments))
}

fn write<'a, W: Write + Seek>(
    out: W,
    documents: &[(&str, &[u8])],
    attachments: impl Iterator<Item = (&'a String, &'a Kept)>,
) -> Result<W, Fault> {
    let mut out = ZipWriter::new(out);
    // One record gives the same container every time: no time of writing in it.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    out.set_comment(format!("mimetype={MIMETYPE}")).map_err(failed)?;
    out.start_file("mimetype", options).map_err(failed)?;
    out.write_all(MIMETYPE.as_bytes()).map_err(failed)?;
    for (name, document) in documents {
        out.start_file(*name, options).map_err(failed)?;
        out.write_all(document).map_err(failed)?;
    }
    for (name, attachment) in attachments {
        out.start_file(name.as_str(), options).map_err(failed)?;
        std::io::copy(&mut attachment.reader()?, &mut out).map_err(failed)?;
    }
    out.finish().map_err(failed)
}

/// OpenDocument 1.2 manifest.
fn manifest(names: &[&str]) -> String {
    let entry = |kind: &str, path: &str| {
        format!("    <manifest:file-entry manifest:media-type=\"{kind}\" manifest:full-path=\"{path}\"/>\n")
    };
    let kind = |name: &str| if name.ends_with(".xml") { "text/xml" } else { "application/octet-stream" };
    let entries: String = names.iter().map(|name| entry(kind(name), name)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.2\">\n{}{entries}\
         </manifest:manifest>\n",
        entry(MIMETYPE, "/")
    )
}

/// The manifest of the time-stamp; its namespace has no leading zero in the field's containers.
fn stamp_manifest(result: &[u8]) -> String {
    let algorithm = DigestAlgorithm::Sha512;
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<asic:ASiCManifest xmlns:asic=\"http://uri.etsi.org/2918/v1.2.1#\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n<asic:SigReference URI=\"META-INF/timestamp.tst\" \
         MimeType=\"vnd.etsi.timestamp-token\"/>\n<asic:DataObjectReference URI=\"ts-hashchainresult.xml\" \
         MimeType=\"text/xml\">\n<ds:DigestMethod Algorithm=\"{}\" />\n<ds:DigestValue>{}</ds:DigestValue>\n\
         </asic:DataObjectReference>\n</asic:ASiCManifest>",
        algorithm.uri(),
        STANDARD.encode(algorithm.digest(result))
    )
}
