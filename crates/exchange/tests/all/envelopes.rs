//! What archives lie in: nothing of a message can be read below the data directory, and whoever may read an archive gets
//! the same zip.

use crate::{
    archives::{archives, asker, entries, files_below, judge_files},
    rest::{ECHO, send},
    world::World,
};
use base::{Chance, SystemChance};
use bytes::Bytes;
use exchange::messagelog::LogFilter;
use formats::asice::exchange::Previous;
use host::testing::OpenPgpKey;
use std::{collections::BTreeMap, time::Duration};

/// A world whose message log is set by these lines.
async fn world_with(message_log: &str) -> World {
    World::running_as(&|exchange| format!("{exchange}{ECHO}[message_log]\n{message_log}")).await
}

/// Bytes that no compression changes.
fn secret() -> Vec<u8> {
    let mut bytes = vec![0; 6_000];
    SystemChance.fill(&mut bytes);
    bytes
}

async fn send_and_stamp(world: &World, body: &[u8]) {
    assert_eq!(send(world, "POST", "", &[], body.to_vec()).await.status(), 200);
    asker(world).stamp_now().await.expect("stamped");
}

/// The files below the data directory in which a part of `body` can be read.
fn readable(world: &World, body: &[u8]) -> Vec<String> {
    let part = &body[2_000..2_024];
    let files = files_below(world.directory.path()).into_iter();
    let read = files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
    read.filter(|(_, bytes)| bytes.windows(part.len()).any(|window| window == part)).map(|(path, _)| path).collect()
}

#[tokio::test]
async fn nothing_of_a_message_can_be_read_below_the_data_directory() {
    let key = OpenPgpKey::make("auditor@example.az");
    let recipient = format!("[[message_log.archive_recipient]]\nkey = \"\"\"\n{}\"\"\"\n", key.public());
    let open = "encrypted = false\n";
    for (policy, ending, found) in [
        (String::new(), ".zip.sealed", 0),
        (recipient.clone(), ".zip.gpg", 0),
        // Off means off: journal and archive are open, and an archive for recipients is not.
        (open.to_owned(), ".zip", 2),
        (format!("{open}{recipient}"), ".zip.gpg", 1),
    ] {
        let world = world_with(&policy).await;
        let body = secret();
        send_and_stamp(&world, &body).await;
        let names = asker(&world).log().archive().await.expect("archived");
        assert!(names.len() == 1 && names[0].ends_with(ending), "{names:?}");
        let of_asker: Vec<String> =
            readable(&world, &body).into_iter().filter(|path| path.contains("ss-asker")).collect();
        assert_eq!(of_asker.len(), found, "{policy} {of_asker:?}");
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_recipient_reads_linked_archives_and_the_server_does_not() {
    let (key, other) = (OpenPgpKey::make("auditor@example.az"), OpenPgpKey::make("elsewhere@example.az"));
    let recipient = |member: &str, key: &OpenPgpKey| {
        format!("[[message_log.archive_recipient]]\nmember = \"{member}\"\nkey = \"\"\"\n{}\"\"\"\n", key.public())
    };
    let policy = [
        "archive_grouping = \"member\"\narchive_bytes_max = 20000\n".to_owned(),
        recipient("AZ/GOV/1", &key),
        recipient("AZ/GOV/2", &other),
    ];
    let world = world_with(&policy.concat()).await;
    for _ in 0..4 {
        send_and_stamp(&world, &secret()).await;
    }
    let names = asker(&world).log().archive().await.expect("archived");
    assert!(names.len() > 1 && names.iter().all(|name| name.ends_with(".zip.gpg")), "{names:?}");
    let decrypted = archives(&world).into_iter().map(|(name, bytes)| (name, key.decrypt(&bytes)));
    let files: BTreeMap<String, Vec<u8>> = decrypted.collect();
    assert_eq!(judge_files(&world, &files, &names, Previous::First).0.len(), 8);
    let links = names.iter().map(|name| {
        let info = entries(&files[name])["linkinginfo"].clone();
        let first = String::from_utf8(info).expect("text").lines().next().expect("a line").to_owned();
        first.split(' ').nth(1).expect("the archive before").to_owned()
    });
    let before = std::iter::once("-".to_owned()).chain(names.iter().cloned()).take(names.len());
    assert!(links.eq(before), "each names the one before as it is stored");
    world.shutdown.trigger();
}

async fn health(world: &World) -> (u16, String) {
    let request = http::Request::get(format!("http://{}/health", world.port("asker", 1))).body(Bytes::new());
    let client = host::http::Client::plain();
    let answer = client.send(request.expect("a request"), 100_000, Duration::from_secs(20)).await.expect("answered");
    (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
}

#[tokio::test]
async fn an_archive_that_cannot_be_encrypted_is_not_made_and_nothing_is_lost() {
    let key = OpenPgpKey::make("auditor@example.az");
    let recipient = |key: &str| format!("[[message_log.archive_recipient]]\nkey = \"\"\"\n{key}\"\"\"\n");
    let no_key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nnothing\n-----END PGP PUBLIC KEY BLOCK-----\n";
    for bad in [no_key.to_owned(), key.public()] {
        let world = world_with(&format!("keep_records_days = 1\n{}", recipient(&bad))).await;
        let folder = world.directory.path().join("ss-asker/messagelog");
        if bad != no_key {
            // A disk that does not take the program's folder.
            std::fs::write(folder.join("gpg"), "").expect("written");
        }
        let body = secret();
        send_and_stamp(&world, &body).await;
        let log = asker(&world).log().clone();
        for _ in 0..2 {
            let fault = log.archive().await.expect_err("it cannot be encrypted");
            assert!(fault.retry_helps, "{fault}");
        }
        assert_eq!(health(&world).await, (200, "ok\nwarning: message log: archiving fails\n".to_owned()));
        let is_archive = |path: &std::path::PathBuf| !path.display().to_string().ends_with(".partial");
        assert_eq!(files_below(&folder.join("archive")).iter().filter(|path| is_archive(path)).count(), 0);
        world.clock.advance_s(3 * 24 * 3600);
        log.begin_segment();
        assert_eq!(log.keep_house().await.expect("looked"), 0, "what is not archived stays");
        assert_eq!(log.records(&LogFilter::default()).await.expect("read").len(), 2);
        assert!(readable(&world, &body).is_empty());
        if bad != no_key {
            std::fs::remove_file(folder.join("gpg")).expect("removed");
            assert_eq!(log.archive().await.expect("archived").len(), 1);
            assert!(!log.archiving_fails());
        }
        world.shutdown.trigger();
    }
}
