//! What a person sees of their own: what is held, who looked, and the proof that it was so.

use super::*;
use crate::proof::{self, Invalid};
use host::args;

async fn proof_of_one_look(world: &World) -> Json {
    let asked = reader("unemployment-allowance", "LEYLA03");
    world.ask("personByPin", json!({ "pin": "AYTEN01" }), asked).await.expect("Aytən");
    let entry = world.log("AYTEN01").await[0]["id"].clone();
    world.own("accessProof", "AYTEN01", json!({ "id": entry })).await
}

#[tokio::test]
async fn a_look_is_proven_offline_with_the_register_s_key_alone() {
    for world in worlds("iamas").await {
        let proof = proof_of_one_look(&world).await;
        let key = proof::claimed_key(&proof).expect("a key");
        assert_eq!(key, world.register.log_key_der());
        let proven = proof::verify(&proof, &key).expect("it holds");
        assert_eq!(proven.about, "AYTEN01");
        assert_eq!(proven.reader, "AZ/GOV/10002/employment");
        assert_eq!(proven.user, "PIN:LEYLA03");
        assert_eq!(proven.service, "personByPin");
        assert_eq!(proven.purpose, "unemployment-allowance");
        assert_eq!(proven.case_reference, "1.1-2026-000001");
        assert_eq!(proven.at, NOW);
        assert_eq!(proven.fields.len(), 10);
        assert!(proven.log_size > proven.leaf_index);
    }
}

#[tokio::test]
async fn a_proof_that_was_touched_does_not_hold() {
    let world = worlds("iamas").await.remove(0);
    let proof = proof_of_one_look(&world).await;
    let key = world.register.log_key_der();
    let stranger = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
    assert_eq!(proof::verify(&proof, base::Signer::public_key_der(&stranger)), Err(Invalid::HeadSignature));
    let with = |field: &str, value: Json| {
        let mut touched = proof.clone();
        touched[field] = value;
        proof::verify(&touched, key)
    };
    let leaf = proof["leaf"].as_str().expect("a leaf").replace("LEYLA03", "ELCHN04");
    assert_eq!(with("leaf", leaf.into()), Err(Invalid::NotInTheLog));
    assert_eq!(with("leafIndex", 0.into()), Err(Invalid::NotInTheLog));
    assert_eq!(with("register", "AZ/GOV/10004/avis".into()), Err(Invalid::AnotherRegister));
    assert_eq!(with("format", "pencere-access-proof-v2".into()), Err(Invalid::Malformed));
    assert_eq!(with("path", "none".into()), Err(Invalid::Malformed));
    let mut head = proof["head"].clone();
    head["size"] = 1.into();
    assert_eq!(with("head", head), Err(Invalid::HeadSignature));
    assert_eq!(proof::verify(&json!([]), key), Err(Invalid::Malformed));
}

/// Whoever has the database can change rows; what they cannot do is make a proof of the changed entry.
#[tokio::test]
async fn an_entry_changed_in_the_database_has_no_proof() {
    for world in worlds("iamas").await {
        let before = proof_of_one_look(&world).await;
        let mut tx = world.store.begin().await.expect("a transaction");
        let leaf = before["leaf"].as_str().expect("a leaf").replace("LEYLA03", "TURAL06");
        tx.execute(
            "UPDATE host_audit_entry SET leaf = $1 WHERE leaf_index = $2",
            &args![leaf, before["leafIndex"].as_i64().expect("a number")],
        )
        .await
        .expect("changed");
        tx.execute(
            "UPDATE registers_access SET reader_user = 'PIN:TURAL06' WHERE reader_user = 'PIN:LEYLA03'",
            &args![],
        )
        .await
        .expect("changed");
        tx.commit().await.expect("committed");
        let entry = world.log("AYTEN01").await;
        let entry = entry.iter().find(|entry| entry["service"] == "personByPin").expect("the look");
        assert_eq!(entry["readerUser"], "PIN:TURAL06", "the list itself shows what the database says");
        let proof = world.own("accessProof", "AYTEN01", json!({ "id": entry["id"] })).await;
        assert_eq!(proof::verify(&proof, world.register.log_key_der()), Err(Invalid::NotInTheLog));
        let kept = proof::verify(&before, world.register.log_key_der()).expect("what was proven stays proven");
        assert_eq!(kept.user, "PIN:LEYLA03");
    }
}

#[tokio::test]
async fn a_person_sees_what_each_register_holds_on_them_and_since_when() {
    for world in worlds("insurance").await {
        let record = world.own("recordOf", "GUNAY07", json!({})).await;
        assert_eq!(record["ownerEn"], "State Social Protection Fund");
        let rows = record["rows"].as_array().expect("rows");
        let kind = rows.iter().find(|row| row["field"] == "insured.pensionKind").expect("the field");
        assert_eq!(kind["labelAz"], "Pensiyanın növü");
        assert_eq!(kind["value"], "age");
        assert_eq!(kind["valueRu"], "по возрасту");
        assert_eq!(kind["since"], "2017-12-02");
        assert_eq!(kind["disputed"], false);
        let monthly = rows.iter().find(|row| row["type"] == "money").expect("the amount");
        assert_eq!(monthly["value"], "412.00");
        let nobody = world.own("recordOf", "TURAL06", json!({})).await;
        assert_eq!(nobody["rows"], json!([]));
        let log = world.log("GUNAY07").await;
        assert_eq!(log[0]["service"], "recordOf");
    }
    for world in worlds("avis").await {
        let rows = world.own("recordOf", "RASHAD2", json!({})).await["rows"].clone();
        let fields: Vec<&str> = rows.as_array().expect("rows").iter().filter_map(|row| row["field"].as_str()).collect();
        assert!(fields.contains(&"company.name") && fields.contains(&"representation.basis"), "{fields:?}");
        assert!(rows.as_array().expect("rows").iter().all(|row| row["correctable"] == false));
    }
}

#[tokio::test]
async fn the_log_is_read_in_pages_from_the_newest() {
    for world in worlds("iamas").await {
        for _ in 0..3 {
            world.log("AYTEN01").await;
        }
        let log = world.log("AYTEN01").await;
        assert_eq!(log.len(), 3);
        let older = world.own("accessLog", "AYTEN01", json!({ "before": log[1]["logIndex"] })).await;
        assert_eq!(older["rows"].as_array().map(Vec::len), Some(1));
        assert_eq!(older["rows"][0]["id"], log[2]["id"]);
    }
}

#[tokio::test]
async fn whatever_is_done_to_the_log_in_the_database_is_found() {
    use crate::access::Tampering;
    use host::audit::Finding;
    for world in worlds("iamas").await {
        world.ask("personByPin", json!({ "pin": "AYTEN01" }), reader("sign-in", "LEYLA03")).await.expect("Aytən");
        world.ask("personByPin", json!({ "pin": "RASHAD2" }), reader("sign-in", "LEYLA03")).await.expect("Rəşad");
        let head = world.own("accessLog", "AYTEN01", json!({})).await["head"]["size"].as_u64().expect("a signed head");
        let found = async |sql: &'static str| {
            let mut tx = world.store.begin().await.expect("a transaction");
            tx.execute(sql, &args![]).await.expect("changed");
            tx.commit().await.expect("committed");
            world.register.examine_log().await.expect("examined")
        };
        assert_eq!(world.register.examine_log().await.expect("examined"), []);
        let look = world.log("AYTEN01").await[1]["logIndex"].as_u64().expect("a number");
        assert_eq!(look, 1, "the filling is leaf 0");
        let changed = found("UPDATE registers_access SET reader_user = 'PIN:TURAL06' WHERE leaf_index = 1").await;
        assert_eq!(changed, [Tampering::EntryChanged { leaf_index: 1 }]);
        let moved = found("UPDATE registers_access SET leaf_index = 999 WHERE leaf_index = 1").await;
        let expected = [Tampering::EntryMissing { leaf_index: 1 }, Tampering::EntryInvented { leaf_index: 999 }];
        assert_eq!(moved, expected);
        let deleted = found("DELETE FROM registers_access WHERE leaf_index = 999").await;
        assert_eq!(deleted, [Tampering::EntryMissing { leaf_index: 1 }]);
        let cut = found("DELETE FROM host_audit_entry WHERE leaf_index = 1").await;
        assert!(cut.contains(&Tampering::Log(Finding::LeafMissing { index: 1 })), "{cut:?}");
        assert!(cut.contains(&Tampering::Log(Finding::PastChanged { head_size: head })), "{cut:?}");
    }
}

/// A machine's clock is finer than what a row keeps of it.
struct Nanoseconds;

impl base::Clock for Nanoseconds {
    fn now(&self) -> base::Timestamp {
        "2026-11-23T06:00:00.123456789Z".parse().expect("an instant")
    }
}

#[tokio::test]
async fn a_log_that_nobody_touched_holds_by_a_real_clock() {
    use crate::access::Tampering;
    for store in host::testing::stores(&[crate::MIGRATIONS]).await {
        let schema = crate::schema::load(&super::country_folder().join("registers/iamas")).expect("a sound register");
        let key = host::keys::SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key");
        let chance = std::sync::Arc::new(base::SystemChance);
        let clock = std::sync::Arc::new(Nanoseconds);
        let register = crate::Register::open(store.clone(), schema, std::sync::Arc::new(key), clock, chance);
        let question = super::question("personByPin", json!({ "pin": "AYTEN01" }), reader("sign-in", "LEYLA03"));
        assert!(register.ask(&question).await.is_err(), "the register is empty; the question is recorded all the same");
        assert_eq!(register.examine_log().await.expect("examined"), []);
        let mut tx = store.begin().await.expect("a transaction");
        tx.execute("UPDATE registers_access SET at = at + 1", &args![]).await.expect("changed");
        tx.commit().await.expect("committed");
        let found = register.examine_log().await.expect("examined");
        assert_eq!(found, [Tampering::EntryChanged { leaf_index: 0 }]);
    }
}
