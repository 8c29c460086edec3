//! Bodies of every size, in memory and in files, with and without a budget.

use super::*;
use host::testing::TempDir;
use std::io::Read;

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|place| u8::try_from(place * 7 % 251).expect("a byte")).collect()
}

async fn written(spool: &Arc<Spool>, data: &[u8], piece: usize) -> Body {
    let mut writer = spool.writer(Some(DigestAlgorithm::Sha256));
    for chunk in data.chunks(piece) {
        writer.write(Bytes::copy_from_slice(chunk)).await.expect("written");
    }
    writer.finish().await.expect("finished")
}

async fn check(budget: usize, size: usize, piece: usize, in_memory: bool) {
    let folder = TempDir::new();
    let spool = Spool::new(budget, folder.path().to_owned());
    let data = pattern(size);
    let body = written(&spool, &data, piece).await;
    assert_eq!((body.size_bytes(), body.in_memory().is_some()), (size as u64, in_memory), "{size}");
    assert_eq!(body.sha512(), &Digest::sha512(&data));
    let sha256 = DigestAlgorithm::Sha256.digest(&data);
    assert_eq!(body.digest(DigestAlgorithm::Sha256).map(|digest| &digest.value), Some(&sha256));
    assert!(body.digest(DigestAlgorithm::Sha384).is_none());
    assert!(body.read_all(size).await.expect("read") == data);
    let mut blocking = Vec::new();
    body.reader().read_to_end(&mut blocking).expect("read");
    assert!(blocking == data);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "no file has a name");
    drop(body);
    assert_eq!(spool.memory_left_bytes(), budget, "the budget is whole again");
}

#[tokio::test]
async fn bodies_come_back_as_they_went() {
    let large = BODY_MEMORY_BYTES_MAX * 3 + 17;
    for (size, piece, in_memory) in [
        (0, 1, true),
        (1, 1, true),
        (UNCOUNTED_BYTES_MAX + 1, 1000, true),
        (BODY_MEMORY_BYTES_MAX, 16 * 1024, true),
        (BODY_MEMORY_BYTES_MAX + 1, 16 * 1024, false),
        (large, 9_999, false),
        (large, large, false),
    ] {
        check(MEMORY_BUDGET_BYTES, size, piece, in_memory).await;
    }
    check(1_000, 20_000, 1_000, false).await;
    check(0, 10_000, 1_000, true).await;
}

#[tokio::test]
async fn the_budget_is_shared_and_comes_back() {
    let folder = TempDir::new();
    let spool = Spool::new(300_000, folder.path().to_owned());
    let first = written(&spool, &pattern(200_000), 50_000).await;
    let second = written(&spool, &pattern(200_000), 50_000).await;
    assert!(first.in_memory().is_some() && second.in_memory().is_none());
    drop(first);
    assert!(written(&spool, &pattern(200_000), 50_000).await.in_memory().is_some());
    assert!(second.read_all(199_999).await.is_err(), "longer than was asked for");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_fault() {
    let spool = Spool::new(0, PathBuf::from("/nowhere/at/all"));
    let mut writer = spool.writer(None);
    let mut outcome = Ok(());
    for _ in 0..10 {
        if outcome.is_ok() {
            outcome = writer.write(Bytes::from(pattern(BLOCK_BYTES))).await;
        }
    }
    assert_eq!(outcome.expect_err("no folder").attempt, "keep a message body");
    assert!(writer.finish().await.is_err());
}
