//! The log's time-stamps and containers, and the tables on both databases.

use crate::{asking::question, world::World};
use base::dataservice::{DataServices, Wording};
use exchange::{archive, messagelog::LogFilter, operator::OperatorView};
use std::io::{Cursor, Read, Write};

#[tokio::test]
async fn logged_messages_become_containers_that_anybody_can_judge() {
    let world = World::running().await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2"), (Wording::Soap, "m-3")] {
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
    world.clock.advance_s(60);
    for (_, server) in world.exchange.servers() {
        assert_eq!(server.stamp_now().await.expect("stamped"), 6);
        assert_eq!(server.stamp_now().await.expect("nothing left"), 0);
    }
    let shared = std::fs::read(world.directory.path().join(exchange::setup::OFFLINE_PARAMETERS)).expect("kept");
    let configuration = archive::offline_configuration(&shared).expect("parameters");
    let view = OperatorView::new(world.exchange.clone());
    let records = view.log(&LogFilter::default()).await.expect("read");
    assert_eq!(records.len(), 12);
    for record in &records {
        let container = view.container(&record.server, &record.id).await.expect("read").expect("there");
        let verdict = archive::verify(&container, &configuration);
        assert!(verdict.is_valid(), "{:?}", verdict.reasons);
        let signer = if record.direction == "request" { "AZ/GOV/1/desk" } else { "AZ/GOV/2/book" };
        assert_eq!(verdict.signer.map(|signer| signer.to_string()).as_deref(), Some(signer));
        assert_eq!(verdict.message_id.as_deref(), Some(record.message_id.as_str()));
        assert_eq!(verdict.at.map(|at| at.to_string()).as_deref(), Some("2026-11-23T12:01:00Z"));
    }
    world.shutdown.trigger();
}

/// The container with one entry changed or, with `None`, left out.
pub fn changed(container: &[u8], name: &str, change: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(container)).expect("a container");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).expect("an entry");
        let found = entry.name().expect("a name").into_owned();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).expect("read");
        let data = if found == name { change(data) } else { Some(data) };
        if let Some(data) = data {
            out.start_file(found, zip::write::SimpleFileOptions::default()).expect("started");
            out.write_all(&data).expect("written");
        }
    }
    out.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn a_changed_container_is_not_valid() {
    let world = World::running().await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
    let asker = world.exchange.server("asker").expect("a server");
    let configuration = world.exchange.central().configuration();
    let container = async |id: &str| {
        let filter = LogFilter { message_id: Some(id.to_owned()), ..LogFilter::default() };
        let records = asker.log().records(&filter).await.expect("read");
        let request = records.iter().find(|record| record.entry.direction.name() == "request").expect("a request");
        let record = asker.log().record_of(&request.id).await.expect("read").expect("there");
        archive::export(&record).expect("a container")
    };
    let verdict = archive::verify(&container("m-1").await, &configuration);
    assert!(verdict.reasons[0].starts_with("asic_timestamp_not_found"), "{:?}", verdict.reasons);
    asker.stamp_now().await.expect("stamped");
    let (soap, rest) = (container("m-1").await, container("m-2").await);
    let swap = |from: &'static str, to: &'static str| {
        move |data: Vec<u8>| {
            let text = String::from_utf8(data).expect("text");
            assert!(text.contains(from), "{from}");
            Some(text.replacen(from, to, 1).into_bytes())
        }
    };
    let check = |container: &[u8], name: &str, change: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>, reason: &str| {
        let verdict = archive::verify(&changed(container, name, change), &configuration);
        assert!(verdict.reasons.iter().any(|found| found.contains(reason)), "{name}: {:?}", verdict.reasons);
    };
    assert!(archive::verify(&soap, &configuration).is_valid() && archive::verify(&rest, &configuration).is_valid());
    check(&soap, "message.xml", &swap("AYTEN01", "AYTEN02"), "invalid_signature_value");
    check(&soap, "message.xml", &|_| None, "asic_message_not_found");
    check(&soap, "mimetype", &|_| None, "asic_mime_type_not_found");
    check(&soap, "mimetype", &|_| Some(b"text/plain".to_vec()), "asic_invalid_mime_type");
    check(&soap, "META-INF/signatures.xml", &|_| None, "asic_signature_not_found");
    check(&soap, "META-INF/timestamp.tst", &|_| None, "asic_timestamp_not_found");
    check(&soap, "ts-hashchainresult.xml", &|_| None, "asic_hash_chain_result_not_found");
    check(&soap, "ts-hashchain.xml", &|_| None, "asic_hash_chain_not_found");
    check(&soap, "META-INF/signatures.xml", &swap("ocsp-response-1", "ocsp-response-2"), "time-stamp");
    check(&rest, "attachment1", &|_| Some(b"{}".to_vec()), "invalid_hash_chain_ref");
    check(
        &rest,
        "message.xml",
        &swap("X-Road-Client:AZ/GOV/1/desk", "X-Road-Client:AZ/GOV/2/book"),
        "invalid_hash_chain_ref",
    );
    // A container may leave a signed attachment out, and then says nothing of it.
    let without = archive::verify(&changed(&rest, "attachment1", &|_| None), &configuration);
    assert!(without.is_valid() && without.unverified == ["/attachment1"], "{without:?}");
    assert!(!archive::verify(b"nothing", &configuration).is_valid());
    world.shutdown.trigger();
}

/// An archive as others write it: containers in their order, and the chain through them.
fn archived(containers: &[(&str, &[u8])]) -> Vec<u8> {
    let hex = |data: &[u8]| base::hex(&formats::verify::Digest::Sha512.of(data));
    let (mut info, mut last) = ("- - SHA-512\n".to_owned(), String::new());
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, container) in containers {
        last = hex(format!("{last}{}", hex(container)).as_bytes());
        info.push_str(&format!("{last} {name}\n"));
        out.start_file(*name, zip::write::SimpleFileOptions::default()).expect("started");
        out.write_all(container).expect("written");
    }
    out.start_file("linkinginfo", zip::write::SimpleFileOptions::default()).expect("started");
    out.write_all(info.as_bytes()).expect("written");
    out.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn a_whole_archive_is_judged_by_its_chain_and_every_container() {
    let world = World::running().await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
    let asker = world.exchange.server("asker").expect("a server");
    asker.stamp_now().await.expect("stamped");
    let mut containers = Vec::new();
    for found in asker.log().records(&LogFilter::default()).await.expect("read") {
        let record = asker.log().record_of(&found.id).await.expect("read").expect("there");
        containers.push((format!("{}.asice", found.id), archive::export(&record).expect("a container")));
    }
    let trust = archive::trust_of(&world.exchange.central().configuration());
    let judge = |containers: &[(String, Vec<u8>)]| {
        let entries: Vec<(&str, &[u8])> = containers.iter().map(|(name, bytes)| (&name[..], &bytes[..])).collect();
        let bytes = archived(&entries);
        assert!(archive::is_archive(&bytes) && !archive::is_archive(&containers[0].1));
        archive::judge_archive(&bytes, &trust, &formats::asice::exchange::Previous::First)
    };
    let verdict = judge(&containers);
    assert!(verdict.is_valid() && verdict.containers.len() == 4, "{verdict:?}");
    assert_eq!(verdict.chain.map(|chain| chain.containers), Some(4));
    // Whoever writes an archive writes its chain: a forged message is found by the container's own signature.
    containers[1].1 = changed(&containers[1].1, "message.xml", &|data| Some([&data[..], b" "].concat()));
    let verdict = judge(&containers);
    assert!(verdict.reasons.is_empty() && !verdict.is_valid());
    assert!(!verdict.containers[1].1.is_valid() && verdict.containers[0].1.is_valid());
    let broken = archive::judge_archive(b"PK", &trust, &formats::asice::exchange::Previous::Any);
    assert!(!broken.is_valid() && broken.chain.is_none());
    world.shutdown.trigger();
}

/// Runs a peer; a missing peer fails the test.
pub fn peer(command: &str, arguments: &[&str]) -> (bool, String) {
    let output = std::process::Command::new(command).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{command}: {error}"));
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[tokio::test]
async fn other_programs_agree_with_our_signatures_and_time_stamps() {
    let world = World::running().await;
    for (wording, id) in [(Wording::Soap, "m-1"), (Wording::Rest, "m-2")] {
        world.client.ask(question("page", wording, id)).await.expect("answered");
    }
    let asker = world.exchange.server("asker").expect("a server");
    asker.stamp_now().await.expect("stamped");
    let folder = host::testing::TempDir::new();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("letters").to_owned()
    };
    let anchor = put("ca.pem", formats::x509::to_pem(std::slice::from_ref(&world.authority.certificate)).as_bytes());
    let at = base::Clock::now(&*world.clock).as_second().to_string();
    for found in asker.log().records(&LogFilter::default()).await.expect("read") {
        let record = asker.log().record_of(&found.id).await.expect("read").expect("there");
        let signature = put("signatures.xml", &record.entry.signature);
        for spoilt in ["", " "] {
            let message = put("message.xml", &[&record.entry.message, spoilt.as_bytes()].concat());
            let result = record.entry.chain_result.as_deref().unwrap_or_default();
            let result = put("result.xml", &[result, spoilt.as_bytes()].concat());
            #[rustfmt::skip]
            let arguments = [
                "--verify", "--insecure", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
                "--url-map:/message.xml", &message, "--url-map:/sig-hashchainresult.xml", &result, &signature,
            ];
            let (good, printed) = peer("xmlsec1", &arguments);
            assert_eq!(good, spoilt.is_empty(), "{printed}");
        }
        let stamp = record.stamp.expect("stamped");
        let token = put("token.tst", &stamp.token);
        for spoilt in ["", " "] {
            let data = put("stamped.xml", &[&stamp.result, spoilt.as_bytes()].concat());
            let arguments =
                ["ts", "-verify", "-in", &token, "-token_in", "-data", &data, "-CAfile", &anchor, "-attime", &at];
            let (good, printed) = peer("openssl", &arguments);
            assert_eq!(good, spoilt.is_empty(), "{printed}");
        }
    }
    world.shutdown.trigger();
}
