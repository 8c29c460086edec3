//! Putting, listing, opening.

use super::{AYTEN, TURAL, World, decision, refused, safe, worlds};
use crate::{DOCUMENT_BYTES_MAX, NewDocument, Opening, Refusal};
use base::Id;

fn opening(owner: &str, document: &Id) -> Opening {
    Opening { owner: owner.into(), reader: owner.into(), document: document.clone() }
}

#[tokio::test]
async fn what_was_put_is_opened_by_its_owner_and_recorded() {
    for world in worlds().await {
        let put = world.put(decision("1", AYTEN), b"signed decision").await.expect("put");
        assert_eq!(put.first_opened_at, None);
        assert_eq!(world.safe.list(AYTEN).await.expect("read"), std::slice::from_ref(&put));
        world.clock.advance_s(5);
        let (document, content) = world.safe.open(&opening(AYTEN, &put.id)).await.expect("opened");
        assert_eq!((document.id, &content[..]), (put.id.clone(), &b"signed decision"[..]));
        let openings = world.safe.openings(AYTEN, &put.id).await.expect("read");
        assert_eq!(openings.len(), 1);
        assert_eq!(openings[0].reader, AYTEN);
        let listed = world.safe.document(AYTEN, &put.id).await.expect("there");
        assert_eq!(listed.first_opened_at, Some(openings[0].at), "the evidence of delivery");
        let sql = "SELECT leaf_index FROM host_audit_entry WHERE action = 'safe.opened'";
        let leaves = world.store.query(sql, &host::args![]).await.expect("read");
        assert_eq!(leaves[0].int("leaf_index"), openings[0].leaf_index);
    }
}

#[tokio::test]
async fn somebody_elses_document_is_unknown() {
    for world in worlds().await {
        let put = world.put(decision("1", AYTEN), b"signed").await.expect("put");
        assert_eq!(refused(world.safe.open(&opening(TURAL, &put.id)).await), Refusal::DocumentUnknown);
        assert_eq!(refused(world.safe.document(TURAL, &put.id).await), Refusal::DocumentUnknown);
        assert_eq!(refused(world.safe.openings(TURAL, &put.id).await), Refusal::DocumentUnknown);
        assert!(world.safe.list(TURAL).await.expect("read").is_empty());
        assert!(world.safe.openings(AYTEN, &put.id).await.expect("read").is_empty(), "nothing was recorded");
    }
}

#[tokio::test]
async fn the_same_case_makes_one_document_and_the_first_stays() {
    for world in worlds().await {
        let first = world.put(decision("1", AYTEN), b"signed once").await.expect("put");
        let again = world.put(decision("1", AYTEN), b"signed again").await.expect("put");
        assert_eq!(first, again);
        let (_, content) = world.safe.open(&opening(AYTEN, &first.id)).await.expect("opened");
        assert_eq!(&content[..], b"signed once");
        assert_eq!(world.safe.document_of("services", "1").await.expect("read").map(|known| known.id), Some(first.id));
        let stolen = world.put(decision("1", TURAL), b"signed").await;
        assert_eq!(refused(stolen), Refusal::KeyReused);
        let other_kind = NewDocument { kind: "receipt".into(), ..decision("1", AYTEN) };
        assert_eq!(refused(world.put(other_kind, b"signed").await), Refusal::KeyReused);
    }
}

#[tokio::test]
async fn a_document_that_was_not_committed_is_in_nobodys_safe() {
    for world in worlds().await {
        let sealed = world.safe.seal(decision("1", AYTEN), b"signed").await.expect("sealed");
        let mut tx = world.store.begin().await.expect("begun");
        world.safe.put(&mut tx, &sealed).await.expect("put");
        drop(tx);
        assert!(world.safe.list(AYTEN).await.expect("read").is_empty());
        // The same sealed document can be put in the next attempt.
        let mut tx = world.store.begin().await.expect("begun");
        let put = world.safe.put(&mut tx, &sealed).await.expect("put");
        tx.commit().await.expect("committed");
        assert_eq!(world.safe.list(AYTEN).await.expect("read"), [put]);
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused() {
    for world in worlds().await {
        for (owner, content, refusal) in [
            ("AYTEN01", &b"x"[..], Refusal::OwnerMalformed),
            ("TIN:12", b"x", Refusal::OwnerMalformed),
            (AYTEN, b"", Refusal::DocumentEmpty),
        ] {
            assert_eq!(refused(world.put(decision("1", owner), content).await), refusal);
        }
        let large = vec![0; DOCUMENT_BYTES_MAX + 1];
        assert_eq!(refused(world.put(decision("1", AYTEN), &large).await), Refusal::DocumentTooLarge);
    }
}

#[tokio::test]
async fn neither_the_objects_nor_the_rows_show_the_content() {
    let secret = b"signed: the amount of the allowance";
    for world in worlds().await {
        world.put(decision("1", AYTEN), secret).await.expect("put");
        let mut objects = 0;
        for folder in std::fs::read_dir(world.dir.path().join("blobs")).expect("a folder") {
            for file in std::fs::read_dir(folder.expect("an entry").path()).expect("a folder") {
                let bytes = std::fs::read(file.expect("an entry").path()).expect("read");
                assert!(!bytes.windows(10).any(|window| window == &secret[..10]));
                objects += 1;
            }
        }
        assert_eq!(objects, 1);
    }
}

/// Moving a row's key or object under another owner or document must not open anything.
#[tokio::test]
async fn rows_that_were_swapped_do_not_open() {
    for world in worlds().await {
        let mine = world.put(decision("1", AYTEN), b"signed mine").await.expect("put");
        let other = world.put(decision("2", TURAL), b"signed other").await.expect("put");
        let mut tx = world.store.begin().await.expect("begun");
        tx.execute(
            "UPDATE safe_document SET owner = $1, owner_key = (SELECT owner_key FROM safe_document WHERE id = $2)
             WHERE id = $3",
            &host::args![TURAL, &other.id, &mine.id],
        )
        .await
        .expect("swapped");
        tx.commit().await.expect("committed");
        let opened = world.safe.open(&opening(TURAL, &mine.id)).await;
        assert!(matches!(opened, Err(base::Failure::Failed(_))), "{opened:?}");
    }
}

#[tokio::test]
async fn a_restart_opens_what_was_kept() {
    for world in worlds().await {
        let put = world.put(decision("1", AYTEN), b"signed").await.expect("put");
        let again = World { safe: safe(&world.store, &world.dir, &world.clock), ..world };
        assert!(again.safe.open(&opening(AYTEN, &put.id)).await.is_ok());
    }
}
