//! The log on both databases: proofs hold, tampering shows.

use super::*;
use crate::keys::SoftKey;
use crate::testing::stores;
use base::{Algorithm, clock};

fn entry(number: i64) -> Entry {
    Entry {
        at: clock::from_micros(number * 1_000_000),
        actor: "system".into(),
        action: "test.happened",
        subject: format!("thing-{number}"),
        detail: json!({ "number": number }),
    }
}

async fn filled(store: &Store, entries: i64) {
    for number in 0..entries {
        let mut tx = store.begin().await.expect("begun");
        let index = tx.audit(&entry(number)).await.expect("appended");
        assert_eq!(index, u64::try_from(number).expect("small"));
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn every_entry_is_proven_offline_and_a_changed_leaf_is_not() {
    let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
    for store in stores(&[]).await {
        filled(&store, 11).await;
        let head = sign_tree_head(&store, &key, clock::from_micros(1)).await.expect("signed");
        for index in 0..11 {
            let proof = inclusion(&store, index, &head).await.expect("read").expect("there");
            assert_eq!(verify(&proof, key.public_key_der()), Ok(()));
            let forged = Inclusion { leaf: proof.leaf.replace("thing", "other"), ..proof.clone() };
            assert_eq!(verify(&forged, key.public_key_der()), Err(Doubt::NotInTheTree));
            let stretched = Inclusion { head: TreeHead { size: 12, ..head.clone() }, ..proof.clone() };
            assert_eq!(verify(&stretched, key.public_key_der()), Err(Doubt::HeadSignature));
            let broken = Inclusion { path: vec!["?".into()], ..proof };
            assert_eq!(verify(&broken, key.public_key_der()), Err(Doubt::Malformed));
        }
        assert!(inclusion(&store, 11, &head).await.expect("read").is_none());
    }
}

#[tokio::test]
async fn a_later_log_begins_with_the_earlier_one() {
    let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
    for store in stores(&[]).await {
        filled(&store, 5).await;
        let old = sign_tree_head(&store, &key, clock::from_micros(1)).await.expect("signed");
        let mut tx = store.begin().await.expect("begun");
        tx.audit(&entry(99)).await.expect("appended");
        tx.commit().await.expect("committed");
        let new = sign_tree_head(&store, &key, clock::from_micros(2)).await.expect("signed");
        let root = |head: &TreeHead| -> Hash { BASE64.decode(&head.root).expect("base64").try_into().expect("32") };
        let path = consistency(&store, old.size, new.size).await.expect("proven");
        let path: Vec<Hash> =
            path.iter().map(|hash| BASE64.decode(hash).expect("base64").try_into().expect("32")).collect();
        assert!(merkle::consistency_holds(old.size, &root(&old), new.size, &root(&new), &path));
    }
}

#[tokio::test]
async fn a_log_whose_past_was_changed_gets_no_new_signature() {
    let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
    for store in stores(&[]).await {
        filled(&store, 4).await;
        sign_tree_head(&store, &key, clock::from_micros(1)).await.expect("signed");
        let mut tx = store.begin().await.expect("begun");
        tx.execute("UPDATE host_audit_node SET hash = $1 WHERE level = 2", &args![[7_u8; 32]]).await.expect("forged");
        tx.commit().await.expect("committed");
        assert!(sign_tree_head(&store, &key, clock::from_micros(2)).await.is_err());
    }
}

#[tokio::test]
async fn a_rolled_back_entry_leaves_no_gap() {
    for store in stores(&[]).await {
        let mut tx = store.begin().await.expect("begun");
        tx.audit(&entry(1)).await.expect("appended");
        tx.rollback().await;
        filled(&store, 2).await;
        assert_eq!(size(&store).await.expect("counted"), 2);
    }
}

#[tokio::test]
async fn the_whole_log_is_read_again_and_every_change_is_found() {
    let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
    for store in stores(&[]).await {
        filled(&store, 13).await;
        let examined = async |store: &Store| {
            let mut seen = 0;
            let findings = examine(store, key.public_key_der(), |_, _| seen += 1).await.expect("read");
            (seen, findings)
        };
        assert_eq!(examined(&store).await, (13, vec![]));
        sign_tree_head(&store, &key, clock::from_micros(1)).await.expect("signed");
        assert_eq!(examined(&store).await, (13, vec![]));
        let change = async |sql: &'static str| {
            let mut tx = store.begin().await.expect("begun");
            tx.execute(sql, &args![]).await.expect("changed");
            tx.commit().await.expect("committed");
        };
        change("UPDATE host_audit_entry SET leaf = leaf || ' ' WHERE leaf_index = 4").await;
        assert_eq!(examined(&store).await, (13, vec![Finding::PastChanged { head_size: 13 }]));
        change("UPDATE host_audit_entry SET leaf = TRIM(leaf) WHERE leaf_index = 4").await;
        assert_eq!(examined(&store).await, (13, vec![]));
        change("UPDATE host_audit_size SET size = 12 WHERE only_row = 1").await;
        assert_eq!(examined(&store).await, (12, vec![Finding::PastChanged { head_size: 13 }]));
        change("UPDATE host_audit_size SET size = 13 WHERE only_row = 1").await;
        change("DELETE FROM host_audit_entry WHERE leaf_index = 5").await;
        let expected = vec![Finding::LeafMissing { index: 5 }, Finding::PastChanged { head_size: 13 }];
        assert_eq!(examined(&store).await, (5, expected));
    }
}

#[tokio::test]
async fn a_head_of_another_key_is_found() {
    let (key, stranger) =
        (SoftKey::generate(Algorithm::EcdsaP256Sha256), SoftKey::generate(Algorithm::EcdsaP256Sha256));
    let (key, stranger) = (key.expect("a key"), stranger.expect("a key"));
    for store in stores(&[]).await {
        filled(&store, 3).await;
        sign_tree_head(&store, &stranger, clock::from_micros(1)).await.expect("signed");
        let findings = examine(&store, key.public_key_der(), |_, _| {}).await.expect("read");
        assert_eq!(findings, [Finding::HeadForged { head_size: 3 }]);
    }
}
