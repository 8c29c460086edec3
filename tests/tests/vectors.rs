//! The field's test vectors: every case as it says, and a change anywhere in what is signed refused. The folder is named by
//! `PENCERE_VECTORS` or lies beside the checkout; without it the tests say so, and fail where CI runs them.

mod naming;

use serde_json::{Value, json};
use std::{
    io::{Cursor, Read, Write},
    ops::Range,
    path::{Path, PathBuf},
};
use tests::country::binary;
use tests::vectors::{Codes, State, cases, default_folder, differences, is_code, judge_folder, report, run};

#[expect(clippy::disallowed_methods, reason = "the runner tells where the vectors are and whether they must be there")]
#[expect(clippy::print_stderr, reason = "what is not tested is said aloud")]
fn folder() -> Option<PathBuf> {
    let named = std::env::var("PENCERE_VECTORS").map_or_else(|_| default_folder(), PathBuf::from);
    let found = [named.clone(), named.join("xroad")].into_iter().find(|path| path.join("cases.json").is_file());
    if found.is_none() {
        assert!(std::env::var("CI").is_err(), "the test vectors are not there: set PENCERE_VECTORS to their folder");
        eprintln!("NOT TESTED: no test vectors at {}; set PENCERE_VECTORS to their folder", named.display());
    }
    found
}

#[test]
fn the_cases_of_others_are_judged_as_they_say() {
    let Some(folder) = folder() else { return };
    for codes in [Codes::Current, Codes::Before] {
        let rows = judge_folder(&folder, codes).expect("a folder of vectors");
        assert!(report::all_right(&rows), "{codes:?}\n{}", report::table(&rows));
        let run: usize = report::counts(&rows).values().map(|count| count.right).sum();
        assert!(run >= 100, "only {run} cases were run");
    }
}

#[test]
fn a_case_that_expects_otherwise_is_not_as_it_says() {
    let Some(folder) = folder() else { return };
    let place = host::testing::TempDir::new();
    let mut listed = cases(&folder).expect("cases");
    // Every expectation turned round; a kind that nobody knows; a file that is not there.
    for case in &mut listed {
        match case["expect"].as_str().unwrap_or_default() {
            "reject" => case["expect"] = json!("accept"),
            "input" => case["file"] = json!("nowhere"),
            _ if case["facts"].as_object().is_some_and(|facts| !facts.is_empty()) => {
                let facts = case["facts"].as_object_mut().expect("an object");
                facts.values_mut().for_each(|fact| *fact = json!("something else"));
            }
            _ => case["kind"] = json!("unheard-of"),
        }
    }
    std::fs::write(place.path().join("cases.json"), json!(listed).to_string()).expect("written");
    for part in std::fs::read_dir(&folder).expect("a folder").flatten().filter(|part| part.path().is_dir()) {
        std::os::unix::fs::symlink(part.path(), place.path().join(part.file_name())).expect("linked");
    }
    let rows = judge_folder(place.path(), Codes::Current).expect("a folder of vectors");
    let right: Vec<&str> = rows.iter().filter(|row| row.state != State::Wrong).map(|row| row.case.as_str()).collect();
    assert!(right.is_empty() && rows.len() == listed.len(), "right in spite of it: {right:?}");
}

#[test]
fn codes_and_facts_are_compared_to_the_letter() {
    for (found, expected, holds) in
        [("a.b", "a.b", true), ("a.b", "a", false), ("a", "a.*", true), ("a.b", "a.*", true), ("ab", "a.*", false)]
    {
        assert_eq!(is_code(found, expected), holds, "{found} {expected}");
    }
    let found = json!({ "list": [1, 2], "more": 1 });
    assert!(differences(&found, &json!({ "list": [1, 2], "absent": null })).is_empty());
    for expected in [json!({ "list": [2, 1] }), json!({ "absent": 1 }), json!({ "more": null })] {
        assert_eq!(differences(&found, &expected).len(), 1, "{expected}");
    }
}

#[test]
fn the_program_verifies_the_containers_of_others() {
    let Some(folder) = folder() else { return };
    let mut judged = 0;
    for case in cases(&folder).expect("cases") {
        let (Some(trust), "asic", "full") = (
            case["globalconf"].as_str(),
            case["kind"].as_str().unwrap_or_default(),
            case["scope"].as_str().unwrap_or_default(),
        ) else {
            continue;
        };
        let file = folder.join(case["file"].as_str().expect("a file"));
        let output = std::process::Command::new(binary())
            .arg("verify")
            .arg(file)
            .arg("--trust")
            .arg(folder.join(trust))
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let expected = match case["expect"].as_str() {
            Some("accept") => format!("signed by {}\n", case["facts"]["signer"].as_str().expect("a signer")),
            _ => format!("{}: ", case["code"].as_str().expect("a code")),
        };
        assert_eq!(output.status.success(), case["expect"] == "accept", "{} {said}", case["id"]);
        assert!(said.contains(&expected), "{} {said}", case["id"]);
        judged += 1;
    }
    assert!(judged >= 8, "only {judged} containers were judged");
}

/// About how many bytes of one protected place are flipped.
const FLIPS: usize = 4;
const THREADS: usize = 4;

#[test]
fn a_change_anywhere_in_what_is_signed_is_refused() {
    let Some(folder) = folder() else { return };
    let all = cases(&folder).expect("cases");
    let accepting: Vec<&Value> = all.iter().filter(|case| case["expect"] == "accept").collect();
    let try_changes = |cases: &[&Value]| {
        let (mut tried, mut accepted) = (0, Vec::new());
        for case in cases {
            for (what, changed) in changes(&folder, case) {
                tried += 1;
                if run(&folder, case, Some(&changed)).is_ok() {
                    accepted.push(format!("{} with {what}", case["id"]));
                }
            }
        }
        (tried, accepted)
    };
    let (mut tried, mut accepted) = (0, Vec::new());
    std::thread::scope(|scope| {
        let parts = accepting.chunks(accepting.len().div_ceil(THREADS));
        let running: Vec<_> = parts.map(|part| scope.spawn(|| try_changes(part))).collect();
        for one in running {
            let (count, found) = one.join().expect("no change makes the judge fail");
            tried += count;
            accepted.extend(found);
        }
    });
    assert!(accepted.is_empty(), "{} of {tried} changes were accepted:\n{}", accepted.len(), accepted.join("\n"));
    assert!(tried > 500, "only {tried} changes were tried");
}

/// The file of an accepted case with one byte flipped, again and again, wherever a digest or a signature covers it.
fn changes(folder: &Path, case: &Value) -> Vec<(String, Vec<u8>)> {
    let file = case["inputs"]["certificate"]["path"].as_str().or(case["file"].as_str()).expect("a file");
    let bytes = std::fs::read(folder.join(file)).expect("readable");
    match case["kind"].as_str().expect("a kind") {
        "asic" | "asic-archive" => in_entries(&bytes, case["scope"] == "full"),
        "xades" => flipped(&bytes, &signature_places(&bytes, case["scope"] == "full")),
        "hashchain" => flipped(&bytes, &insides(&bytes, "DigestValue")),
        "timestamp" => flipped(&bytes, &token_places(&bytes)),
        "globalconf-signed" => flipped(&bytes, &directory_places(&bytes)),
        "certchain" => flipped(&bytes, &[pem_body(&bytes)]),
        other => panic!("nobody knows what is protected in {other}"),
    }
}

fn flipped(bytes: &[u8], places: &[Range<usize>]) -> Vec<(String, Vec<u8>)> {
    assert!(!places.is_empty(), "nothing is protected");
    let mut changed = Vec::new();
    for place in places {
        // Line ends in base64 are no data, also when they are written as references.
        let text = &bytes[place.clone()];
        let reference = |at: usize| (0..5).any(|back| at >= back && text[at - back..].starts_with(b"&#13;"));
        let data: Vec<usize> =
            (0..text.len()).filter(|at| !text[*at].is_ascii_whitespace() && !reference(*at)).collect();
        for at in data.iter().step_by(data.len().div_ceil(FLIPS).max(1)) {
            let mut flipped = bytes.to_vec();
            flipped[place.start + at] ^= 1;
            changed.push((format!("byte {} flipped", place.start + at), flipped));
        }
    }
    changed
}

/// A ZIP archive packed again with one entry changed. In a batch the time-stamp covers the whole signature document.
fn in_entries(bytes: &[u8], full: bool) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut entries = Vec::new();
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("read");
        entries.push((entry.name().expect("a name").into_owned(), content));
    }
    // Chains that no signature names prove nothing, and nobody reads them.
    let mentions = |what: &[u8]| {
        let signatures = entries.iter().filter(|(name, _)| name.contains("signatures"));
        signatures.flat_map(|(_, content)| content.windows(what.len())).any(|window| window == what)
    };
    let (batch, chained) =
        (entries.iter().any(|(name, _)| name == "ts-hashchainresult.xml"), mentions(b"/sig-hashchainresult.xml"));
    let mut changed = Vec::new();
    for (at, (name, content)) in entries.iter().enumerate() {
        let places = match name.as_str() {
            "message.xml" | "ts-hashchainresult.xml" => only(0..content.len()),
            "sig-hashchainresult.xml" if chained => only(0..content.len()),
            "sig-hashchain.xml" if chained => insides(content, "DigestValue"),
            "ts-hashchain.xml" => insides(content, "DigestValue"),
            "META-INF/timestamp.tst" => token_places(content),
            "linkinginfo" => only(10..138.min(content.len())),
            attachment if attachment.starts_with("attachment") => only(0..content.len()),
            container if container.ends_with(".asice") => only(0..content.len()),
            signatures if signatures.contains("signatures") && batch => only(0..content.len()),
            signatures if signatures.contains("signatures") => signature_places(content, full),
            _ => continue,
        };
        for (what, content) in flipped(content, &places) {
            let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
            for (place, (name, original)) in entries.iter().enumerate() {
                out.start_file(name, zip::write::SimpleFileOptions::default()).expect("started");
                out.write_all(if place == at { &content } else { original }).expect("written");
            }
            changed.push((format!("{name}, {what}"), out.finish().expect("packed").into_inner()));
        }
    }
    changed
}

fn only(place: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(place).collect()
}

/// What a signature document protects by itself. The OCSP response, which begins with what its responder signed, counts
/// where identity and path are judged.
fn signature_places(document: &[u8], full: bool) -> Vec<Range<usize>> {
    let named = ["SignedInfo", "SignatureValue", "X509Certificate", "SignedProperties"];
    let mut places: Vec<Range<usize>> = named.iter().flat_map(|name| insides(document, name)).collect();
    let responses = insides(document, "EncapsulatedOCSPValue").into_iter().filter(|_| full);
    places.extend(responses.map(|place| place.start + 60..place.start + 240));
    places
}

/// Where the insides of elements of this local name are.
fn insides(document: &[u8], name: &str) -> Vec<Range<usize>> {
    fn collect(element: &formats::xml::Element, name: &str, found: &mut Vec<Range<usize>>) {
        if element.name == name {
            found.push(element.inner.clone());
        }
        element.children.iter().for_each(|child| collect(child, name, found));
    }
    let mut found = Vec::new();
    collect(&formats::xml::read(document).expect("XML"), name, &mut found);
    found
}

/// The imprint inside a token, and its signature value at the end.
fn token_places(token: &[u8]) -> Vec<Range<usize>> {
    const TST_INFO: &[u8] = &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    let start = token.windows(TST_INFO.len()).position(|window| window == TST_INFO).expect("a time-stamp");
    // An indefinite length ends in two pairs of zeros.
    let end = token.len() - if token.ends_with(&[0, 0, 0, 0]) { 4 } else { 0 };
    vec![start + 45..start + 70, end - 100..end]
}

/// The signed directory from its date on, up to the next boundary.
fn directory_places(document: &[u8]) -> Vec<Range<usize>> {
    let text = String::from_utf8_lossy(document);
    let start = text.find("Expire-date").expect("a date");
    only(start..start + 300)
}

fn pem_body(written: &[u8]) -> Range<usize> {
    let text = String::from_utf8_lossy(written);
    let start = text.find("-----\n").expect("a label") + 6;
    start..text.find("-----END").expect("an end")
}
