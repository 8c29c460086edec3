//! The journal against power cuts, torn ends and disks that fail.

use super::*;
use crate::testing::TempDir;
use std::{
    io::{Error, ErrorKind, Result},
    sync::atomic::{AtomicU32, AtomicU64},
};

fn payload(number: u64) -> Vec<u8> {
    format!("record {number} ").repeat(usize::try_from(number % 7 + 1).expect("small")).into_bytes()
}

async fn write(journal: &Journal) -> u64 {
    try_write(journal).await.expect("durable")
}

async fn try_write(journal: &Journal) -> std::result::Result<u64, Fault> {
    journal.append(|number, out| out.extend_from_slice(&payload(number))).await
}

/// Every record from the beginning, read in small steps.
fn all(journal: &Journal) -> Vec<Record> {
    let (mut place, mut records) = (journal.beginning(), Vec::new());
    loop {
        let (some, next) = journal.read_from(place, 64).expect("readable");
        records.extend(some);
        if next == place {
            return records;
        }
        place = next;
    }
}

fn check(journal: &Journal, count: u64) {
    let records = all(journal);
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
    for record in records {
        assert_eq!(record.bytes, payload(record.number));
        assert_eq!(journal.read(record.place).expect("readable"), record);
    }
}

#[tokio::test]
async fn records_are_numbered_kept_and_found_again() {
    let dir = TempDir::new();
    for round in 0..3 {
        let journal = Journal::open_on(dir.path(), FolderDisk, 200).expect("opened");
        check(&journal, round * 20);
        for count in 1..=20 {
            assert_eq!(write(&journal).await, round * 20 + count);
        }
        check(&journal, (round + 1) * 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_share_groups_and_each_record_is_there_once() {
    let dir = TempDir::new();
    let journal = Arc::new(Journal::open(dir.path()).expect("opened"));
    let writers: Vec<_> = (0..32)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let mut numbers = Vec::new();
                for _ in 0..10 {
                    numbers.push(write(&journal).await);
                }
                numbers
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for writer in writers {
        numbers.extend(writer.await.expect("no panic"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=320).collect::<Vec<_>>());
    check(&journal, 320);
}

#[tokio::test]
async fn a_torn_end_is_left_behind_wherever_it_is_torn() {
    let dir = TempDir::new();
    let journal = Journal::open(dir.path()).expect("opened");
    for _ in 0..3 {
        write(&journal).await;
    }
    let file = segment::path(dir.path(), journal.end().segment);
    let ends: Vec<u64> = all(&journal).iter().skip(1).map(|it| it.place.offset).chain([journal.end().offset]).collect();
    drop(journal);
    let mut whole = std::fs::read(&file).expect("there");
    // What is written ahead of the records, and goes when the segment is closed.
    whole.truncate(usize::try_from(*ends.last().expect("three records")).expect("small"));
    for length in 0..whole.len() {
        let torn = TempDir::new();
        let copy = segment::path(torn.path(), 0);
        std::fs::write(&copy, &whole[..length]).expect("written");
        let kept = ends.iter().filter(|end| **end <= length as u64).count() as u64;
        let journal = Journal::open(torn.path()).expect("opened");
        check(&journal, kept);
        assert_eq!(write(&journal).await, kept + 1, "torn at {length}");
        check(&journal, kept + 1);
    }
    // After a power cut zeros stand behind the last record, and the pages of it that did not reach the disk are zeros.
    for length in usize::try_from(HEADER_BYTES).expect("small")..=whole.len() {
        let torn = TempDir::new();
        let mut ahead = whole[..length].to_vec();
        ahead.resize(whole.len() + 4_096, 0);
        std::fs::write(segment::path(torn.path(), 0), &ahead).expect("written");
        let kept = ends.iter().filter(|end| **end <= length as u64).count() as u64;
        let journal = Journal::open(torn.path()).expect("opened");
        check(&journal, kept);
        assert_eq!(write(&journal).await, kept + 1, "zeros from {length}");
        check(&journal, kept + 1);
    }
    // A changed byte ends the journal there as well; what stands behind is not believed.
    for place in usize::try_from(HEADER_BYTES).expect("small")..whole.len() {
        let torn = TempDir::new();
        let mut changed = whole.clone();
        changed[place] ^= 1;
        std::fs::write(segment::path(torn.path(), 0), &changed).expect("written");
        let kept = ends.iter().filter(|end| **end <= place as u64).count() as u64;
        check(&Journal::open(torn.path()).expect("opened"), kept);
    }
}

#[tokio::test]
async fn a_file_grows_ahead_of_its_records_and_is_cut_when_it_is_closed() {
    let dir = TempDir::new();
    let journal = Journal::open(dir.path()).expect("opened");
    write(&journal).await;
    let file = segment::path(dir.path(), journal.end().segment);
    let size = || std::fs::metadata(&file).expect("there").len();
    let ahead = size();
    assert!(ahead > journal.end().offset);
    for _ in 0..5 {
        write(&journal).await;
        assert_eq!(size(), ahead);
    }
    let end = journal.end();
    journal.rotate();
    write(&journal).await;
    assert_eq!(size(), end.offset);
    check(&journal, 7);
}

#[tokio::test]
async fn damage_before_the_end_is_not_passed_over() {
    let dir = TempDir::new();
    let journal = Journal::open_on(dir.path(), FolderDisk, 60).expect("opened");
    for _ in 0..6 {
        write(&journal).await;
    }
    let first = segment::path(dir.path(), journal.beginning().segment);
    assert!(journal.end().segment > 0);
    let mut bytes = std::fs::read(&first).expect("there");
    bytes[60] ^= 1;
    std::fs::write(&first, bytes).expect("written");
    let fault = journal.read_from(journal.beginning(), 1_000).expect_err("damaged");
    assert!(fault.cause.contains("is damaged at byte 36"), "{fault}");
    std::fs::write(&first, b"short").expect("written");
    assert!(Journal::open(dir.path()).is_err(), "a header in the middle is missing");
}

#[tokio::test]
async fn old_segments_can_be_removed_and_numbers_go_on() {
    let dir = TempDir::new();
    let journal = Journal::open(dir.path()).expect("opened");
    for _ in 0..3 {
        write(&journal).await;
        journal.rotate();
    }
    let first = journal.beginning();
    journal.remove(first.segment).expect("removed");
    journal.remove(first.segment).expect("gone already");
    assert_eq!(all(&journal).iter().map(|record| record.number).collect::<Vec<_>>(), [2, 3]);
    let (none, next) = journal.read_from(first, 100).expect("nothing there");
    assert!(none.is_empty() && next == journal.beginning());
    drop(journal);
    let journal = Journal::open(dir.path()).expect("opened");
    assert_eq!(write(&journal).await, 4);
}

#[tokio::test]
async fn a_folder_belongs_to_one_process() {
    let dir = TempDir::new();
    // Another process takes it, says so, and holds it until its input ends.
    let mut other = std::process::Command::new("flock")
        .arg(dir.path())
        .args(["sh", "-c", "echo held; read line"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("flock (util-linux)");
    let mut said = [0; 5];
    std::io::Read::read_exact(&mut other.stdout.take().expect("a pipe"), &mut said).expect("it holds the folder");
    let refused = Journal::open(dir.path()).err().expect("it has an owner");
    assert!(refused.cause.contains("is in use by another process"), "{refused}");
    check(&Journal::look(dir.path()).expect("looking is free"), 0);
    drop(other.stdin.take());
    other.wait().expect("it ends");
    let journal = Journal::open(dir.path()).expect("free again");
    write(&journal).await;
    let taken = std::process::Command::new("flock").arg("-n").arg(dir.path()).arg("true").status();
    assert!(!taken.expect("flock").success(), "it is ours");
    drop(journal);
    let taken = std::process::Command::new("flock").arg("-n").arg(dir.path()).arg("true").status();
    assert!(taken.expect("flock").success(), "it is nobody's");
}

#[tokio::test]
async fn what_was_found_at_the_start_is_cut_off_behind_and_believed() {
    let dir = TempDir::new();
    let journal = Journal::open(dir.path()).expect("opened");
    write(&journal).await;
    let end = journal.end();
    let file = segment::path(dir.path(), end.segment);
    // As a process leaves it that was killed: with its room, and no successor.
    let killed = TempDir::new();
    std::fs::copy(&file, segment::path(killed.path(), end.segment)).expect("copied");
    let again = Journal::open(killed.path()).expect("opened");
    check(&again, 1);
    assert_eq!(std::fs::metadata(segment::path(killed.path(), end.segment)).expect("there").len(), end.offset);
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let dir = TempDir::new();
    check(&Journal::look(&dir.path().join("not there yet")).expect("seen"), 0);
    assert!(!dir.path().join("not there yet").exists());
    let journal = Journal::open(dir.path()).expect("opened");
    write(&journal).await;
    check(&Journal::look(dir.path()).expect("seen"), 1);
    write(&journal).await;
    // A segment that is just being made.
    let next = segment::path(dir.path(), journal.end().segment + 1);
    std::fs::write(&next, b"PENC").expect("written");
    let looking = Journal::look(dir.path()).expect("seen");
    check(&looking, 2);
    try_write(&looking).await.expect_err("it belongs to another");
    assert!(next.exists());
}

/// A disk whose calls can be made to fail.
#[derive(Clone, Default)]
struct BadDisk(Arc<Bad>);

#[derive(Default)]
struct Bad {
    /// 0 works, 1 is full, 2 fails at sync.
    mood: AtomicU32,
    /// Files by which a sync failed, and syncs of these afterwards.
    failed: AtomicU32,
    again: AtomicU64,
}

struct BadFile {
    inner: Box<dyn DiskFile>,
    bad: Arc<Bad>,
    spoilt: bool,
}

impl Disk for BadDisk {
    fn create(&self, path: &Path) -> Result<Box<dyn DiskFile>> {
        Ok(Box::new(BadFile { inner: FolderDisk.create(path)?, bad: self.0.clone(), spoilt: false }))
    }
}

impl DiskFile for BadFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        if self.bad.mood.load(Ordering::SeqCst) == 1 {
            // As a full disk does: a part is written.
            self.inner.append(&bytes[..bytes.len() / 2])?;
            return Err(Error::from(ErrorKind::StorageFull));
        }
        self.inner.append(bytes)
    }

    fn sync(&mut self) -> Result<()> {
        if self.spoilt {
            self.bad.again.fetch_add(1, Ordering::SeqCst);
        }
        if self.bad.mood.load(Ordering::SeqCst) == 2 {
            self.spoilt = true;
            self.bad.failed.fetch_add(1, Ordering::SeqCst);
            return Err(Error::other("input/output error"));
        }
        self.inner.sync()
    }

    fn truncate(&mut self, length: u64) -> Result<()> {
        if self.bad.mood.load(Ordering::SeqCst) == 0 { self.inner.truncate(length) } else { Err(Error::other("bad")) }
    }
}

/// The journal looks every second whether the disk is good again; the clock of the machine is the thing under test here.
async fn until_accepted(journal: &Journal) -> u64 {
    let accepted = async {
        loop {
            if let Ok(number) = try_write(journal).await {
                return number;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), accepted).await.expect("the journal recovers by itself")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_stops_the_journal_until_it_is_good_again() {
    for mood in [1, 2] {
        let (dir, disk) = (TempDir::new(), BadDisk::default());
        let journal = Journal::open_on(dir.path(), disk.clone(), SEGMENT_BYTES_MAX).expect("opened");
        for _ in 0..3 {
            write(&journal).await;
        }
        disk.0.mood.store(mood, Ordering::SeqCst);
        try_write(&journal).await.expect_err("not durable");
        let fault = journal.health().expect_err("it says so");
        assert!(fault.retry_helps, "{fault}");
        try_write(&journal).await.expect_err("nothing is accepted");
        check(&journal, 3);
        // What such a disk holds is still readable, and a process that starts on it finds what was confirmed.
        disk.0.mood.store(0, Ordering::SeqCst);
        assert_eq!(until_accepted(&journal).await, 4);
        journal.health().expect("good again");
        check(&journal, 4);
        assert_eq!(disk.0.again.load(Ordering::SeqCst), 0, "a failed sync is never tried again on the same file");
        assert_eq!(disk.0.failed.load(Ordering::SeqCst) > 0, mood == 2);
        drop(journal);
        let journal = Journal::open(dir.path()).expect("opened");
        check(&journal, 4);
        assert_eq!(write(&journal).await, 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_from_the_beginning_is_waited_for() {
    let (dir, disk) = (TempDir::new(), BadDisk::default());
    disk.0.mood.store(1, Ordering::SeqCst);
    let journal = Journal::open_on(dir.path(), disk.clone(), SEGMENT_BYTES_MAX).expect("opened");
    try_write(&journal).await.expect_err("full");
    disk.0.mood.store(0, Ordering::SeqCst);
    assert_eq!(until_accepted(&journal).await, 1);
    check(&journal, 1);
}
