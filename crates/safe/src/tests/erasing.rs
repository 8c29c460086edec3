//! Erasure by destroying the key.

use super::{AYTEN, TURAL, World, decision, refused, worlds};
use crate::{Opening, Refusal};
use base::Id;

async fn erase(world: &World) -> u64 {
    let mut tx = world.store.begin().await.expect("begun");
    let erased = world.safe.erase_owner(&mut tx, AYTEN, AYTEN).await.expect("erased");
    tx.commit().await.expect("committed");
    erased
}

fn opening(owner: &str, document: &Id) -> Opening {
    Opening { owner: owner.into(), reader: owner.into(), document: document.clone() }
}

#[tokio::test]
async fn an_erased_owners_documents_are_unreadable_and_nobody_elses() {
    for world in worlds().await {
        let one = world.put(decision("1", AYTEN), b"signed one").await.expect("put");
        world.put(decision("2", AYTEN), b"signed two").await.expect("put");
        let other = world.put(decision("3", TURAL), b"signed other").await.expect("put");
        assert_eq!(erase(&world).await, 2);
        assert_eq!(refused(world.safe.open(&opening(AYTEN, &one.id)).await), Refusal::DocumentErased);
        let listed = world.safe.list(AYTEN).await.expect("read");
        assert!(listed.iter().all(|document| document.erased && document.title.az == "—" && document.number.is_none()));
        assert!(world.safe.open(&opening(TURAL, &other.id)).await.is_ok());
        let keys = world.store.query("SELECT id FROM safe_owner_key WHERE wrapped IS NOT NULL", &host::args![]).await;
        assert_eq!(keys.expect("read").len(), 1, "the owner's key is gone from the row");
        // The public record holds nothing of the owner and stays.
        assert!(world.safe.verify_code(one.code.expect("it has one").as_str()).await.is_ok());
        assert_eq!(erase(&world).await, 0, "erasing again finds nothing");
    }
}

#[tokio::test]
async fn after_an_erasure_the_safe_takes_new_documents() {
    for world in worlds().await {
        world.put(decision("1", AYTEN), b"signed one").await.expect("put");
        erase(&world).await;
        let new = world.put(decision("2", AYTEN), b"signed two").await.expect("put");
        let (_, content) = world.safe.open(&opening(AYTEN, &new.id)).await.expect("opened");
        assert_eq!(&content[..], b"signed two");
    }
}
