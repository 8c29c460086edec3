//! Archives that lie: bombs, names that lead out, a directory that says other things than what stands before the data.
//! Against both readers: of signed documents, and of the exchange's containers and archives.

use super::{
    Container, ContainerError,
    exchange::{Archive, MessageContainer},
};
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// Where the fields stand behind the signature of a local header, and of a record of the directory.
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const LOCAL_HEADER_BYTES: usize = 30;
const CENTRAL_HEADER_BYTES: usize = 46;

fn pack(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        out.start_file(*name, SimpleFileOptions::default().compression_method(method)).expect("started");
        out.write_all(content).expect("written");
    }
    out.finish().expect("packed").into_inner()
}

fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    pack(entries, CompressionMethod::Stored)
}

/// What a container of either kind begins with, and two more entries.
fn honest() -> Vec<u8> {
    stored(&[
        ("mimetype", super::MIME.as_bytes()),
        ("message.xml", b"GET\r\n"),
        ("META-INF/signatures.xml", b"<a/>"),
        ("a.txt", b"aaaa"),
        ("b.txt", b"bbbb"),
    ])
}

/// The place of the `number`th header of this kind.
fn header(archive: &[u8], kind: &[u8; 4], number: usize) -> usize {
    let mut found = (0..archive.len() - 4).filter(|place| archive[*place..].starts_with(kind));
    found.nth(number).expect("as many headers")
}

fn patched(mut archive: Vec<u8>, place: usize, bytes: &[u8]) -> Vec<u8> {
    assert_ne!(archive[place..place + bytes.len()], *bytes, "the change must change something");
    archive[place..place + bytes.len()].copy_from_slice(bytes);
    archive
}

/// With another directory; the entries stay where they are.
fn with_directory(archive: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    let start = header(archive, CENTRAL, 0);
    let end = header(archive, END, 0);
    let directory = records.concat();
    let mut last = archive[end..].to_vec();
    let count = u16::try_from(records.len()).expect("few").to_le_bytes();
    last[8..10].copy_from_slice(&count);
    last[10..12].copy_from_slice(&count);
    last[12..16].copy_from_slice(&u32::try_from(directory.len()).expect("small").to_le_bytes());
    [&archive[..start], &directory, &last].concat()
}

fn records(archive: &[u8]) -> Vec<Vec<u8>> {
    let end = header(archive, END, 0);
    let mut places: Vec<usize> = (0..end).filter(|place| archive[*place..].starts_with(CENTRAL)).chain([end]).collect();
    places.dedup();
    places.windows(2).map(|pair| archive[pair[0]..pair[1]].to_vec()).collect()
}

fn document(archive: &[u8]) -> Option<ContainerError> {
    Container::read(archive).err()
}

fn message(archive: &[u8]) -> Option<&'static str> {
    MessageContainer::open(archive).err().map(|flaw| flaw.code())
}

const REFUSED: Option<&str> = Some("asic_invalid_container");

#[test]
fn what_stands_before_the_data_is_what_the_directory_says() {
    let good = honest();
    assert_eq!((document(&good), message(&good)), (None, None));
    let local = |number| header(&good, LOCAL, number);
    let central = |number| header(&good, CENTRAL, number);
    let check = |what: &str, archive: Vec<u8>| {
        assert_eq!(document(&archive), Some(ContainerError::Malformed), "{what}");
        assert_eq!(message(&archive), REFUSED, "{what}");
        assert!(Archive::open(&archive).is_err(), "{what}");
    };
    check("another name before the data", patched(good.clone(), local(3) + LOCAL_HEADER_BYTES, b"c.txt"));
    check("another name in the directory", patched(good.clone(), central(3) + CENTRAL_HEADER_BYTES, b"c.txt"));
    check("another checksum before the data", patched(good.clone(), local(3) + 14, &[1, 2, 3, 4]));
    check("another packed size before the data", patched(good.clone(), local(3) + 18, &[3, 0, 0, 0]));
    check("another unpacked size before the data", patched(good.clone(), local(3) + 22, &[5, 0, 0, 0]));
    check("another method before the data", patched(good.clone(), local(3) + 8, &[8, 0]));
    check("encrypted before the data", patched(good.clone(), local(3) + 6, &[1]));
    check("a larger packed size in the directory", patched(good.clone(), central(3) + 20, &[200, 0, 0, 0]));
    let both = patched(patched(good.clone(), local(4) + 14, &[1, 2, 3, 4]), central(4) + 16, &[1, 2, 3, 4]);
    check("a checksum of other data", both);
    let elsewhere = u32::try_from(local(4)).expect("small").to_le_bytes();
    check("two records of one entry", patched(good.clone(), central(3) + 42, &elsewhere));
    let mut unlisted = records(&good);
    unlisted.remove(3);
    check("an entry that the directory does not list", with_directory(&good, &unlisted));
    check("an archive before the archive", [&stored(&[("evil.txt", b"evil")]), &good[..]].concat());
}

#[test]
fn entries_do_not_lie_over_each_other() {
    // One entry's data are another's header and data.
    let inner = stored(&[("b.txt", b"bbbb")]);
    let quoted = &inner[..header(&inner, CENTRAL, 0)];
    let parts: [(&str, &[u8]); 4] = [
        ("mimetype", super::MIME.as_bytes()),
        ("message.xml", b"GET\r\n"),
        ("META-INF/signatures.xml", b"<a/>"),
        ("a.txt", quoted),
    ];
    let outer = stored(&parts);
    assert_eq!((document(&outer), message(&outer)), (None, None), "an entry may hold an archive");
    let place = (0..outer.len()).find(|place| outer[*place..].starts_with(quoted)).expect("the quoted entry");
    let mut both = records(&outer);
    let record = records(&inner).remove(0);
    both.push(patched(record, 42, &u32::try_from(place).expect("small").to_le_bytes()));
    let archive = with_directory(&outer, &both);
    assert_eq!((document(&archive), message(&archive)), (Some(ContainerError::Malformed), REFUSED));
}

/// What a descriptor behind the data says is believed by nobody: the directory counts.
#[test]
fn a_descriptor_behind_the_data_changes_nothing() {
    let honest = stored(&[("mimetype", super::MIME.as_bytes()), ("a.txt", b"aaaa")]);
    let (second, end) = (header(&honest, LOCAL, 1), header(&honest, CENTRAL, 0));
    let descriptor = |checksum: &[u8], packed: u8, unpacked: u8| {
        let sizes = [&[packed, 0, 0, 0][..], &[unpacked, 0, 0, 0]].concat();
        let mut local = honest[second..end].to_vec();
        let own = local[14..18].to_vec();
        local[6] |= 8;
        local[14..26].fill(0);
        let told = if checksum.is_empty() { own } else { checksum.to_vec() };
        let mut tail = honest[end..].to_vec();
        let record = header(&tail, CENTRAL, 1);
        tail[record + 8] |= 8;
        let last = header(&tail, END, 0);
        let start = u32::try_from(end + 16).expect("small").to_le_bytes();
        tail[last + 16..last + 20].copy_from_slice(&start);
        [&honest[..second], &local, b"PK\x07\x08", &told, &sizes, &tail].concat()
    };
    for archive in [descriptor(b"", 4, 4), descriptor(&[9; 4], 4, 4), descriptor(b"", 200, 4), descriptor(b"", 4, 1)] {
        // Refused or read as the directory says, and never otherwise.
        if let Ok(read) = Container::read(&archive) {
            assert_eq!(read.files[0].bytes, b"aaaa");
        }
    }
    assert!(Container::read(&descriptor(b"", 4, 4)).is_ok());
}

#[test]
fn names_do_not_lead_out_of_the_archive() {
    let with = |name: &str| {
        let base: [(&str, &[u8]); 4] = [
            ("mimetype", super::MIME.as_bytes()),
            ("message.xml", b"GET\r\n"),
            ("META-INF/signatures.xml", b"<a/>"),
            (name, b"x"),
        ];
        stored(&base)
    };
    for name in ["../evil", "/evil", "a/../../evil", "./a", "a//b", "..\\evil", "C:\\evil\\", "META-INF/../../evil"] {
        assert!(document(&with(name)).is_some() || name.starts_with("META-INF"), "{name}");
        assert_eq!(message(&with(name)), REFUSED, "{name}");
        let archive = stored(&[("linkinginfo", b"- - SHA-512\nx a.asice\n"), ("a.asice", b"x"), (name, b"x")]);
        assert!(Archive::open(&archive).is_err(), "{name}");
    }
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("mimetype", super::MIME), ("message.xml", "GET"), ("META-INF/signatures.xml", "<a/>")] {
        out.start_file(name, SimpleFileOptions::default()).expect("started");
        out.write_all(content.as_bytes()).expect("written");
    }
    out.add_symlink("attachment1", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    let linked = out.finish().expect("packed").into_inner();
    assert_eq!((document(&linked), message(&linked)), (Some(ContainerError::Malformed), REFUSED));
}

#[test]
fn a_bomb_is_refused_before_it_fills_the_memory() {
    let large = vec![0; super::CONTENT_SIZE_BYTES_MAX / 8 + 1];
    let names: Vec<String> = (0..8).map(|number| format!("attachment{number}")).collect();
    let mut entries: Vec<(&str, &[u8])> = vec![("mimetype", super::MIME.as_bytes()), ("message.xml", b"GET\r\n")];
    entries.push(("META-INF/signatures.xml", b"<a/>"));
    entries.extend(names.iter().map(|name| (name.as_str(), &large[..])));
    let bomb = pack(&entries, CompressionMethod::Deflated);
    assert!(bomb.len() < super::CONTENT_SIZE_BYTES_MAX / 500, "{} bytes are no bomb", bomb.len());
    assert_eq!((document(&bomb), message(&bomb)), (Some(ContainerError::TooLarge), REFUSED));
    // The same bomb that states small sizes, in both places.
    let mut meek = bomb.clone();
    for (kind, field) in [(LOCAL, 22), (CENTRAL, 24)] {
        let place = header(&bomb, kind, 3);
        meek[place + field..place + field + 4].copy_from_slice(&[1, 0, 0, 0]);
    }
    assert!(document(&meek).is_some());
    assert_eq!(message(&meek), REFUSED);
}

#[test]
fn too_many_entries_and_names_that_stand_twice_are_refused() {
    let names: Vec<String> = (0..=super::ENTRIES_MAX).map(|number| format!("{number}.txt")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!((document(&stored(&many)), message(&stored(&many))), (Some(ContainerError::TooManyEntries), REFUSED));
    let good = honest();
    let local = patched(good.clone(), header(&good, LOCAL, 4) + LOCAL_HEADER_BYTES, b"a.txt");
    let twice = patched(local, header(&good, CENTRAL, 4) + CENTRAL_HEADER_BYTES, b"a.txt");
    assert_eq!((document(&twice), message(&twice)), (Some(ContainerError::DuplicateName), REFUSED));
}
