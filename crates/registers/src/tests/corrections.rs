//! Requests to correct a value: made, decided, and the old value kept.

use super::*;
use crate::correction::Decision;
use crate::record::AsOf;

async fn claim(world: &World, field: &str, value: &str, message: &str) -> Result<Json, Refusal> {
    let mut reader = reader("own-data", "AYTEN01");
    reader.message_id = message.into();
    let input = json!({ "pin": "AYTEN01", "field": field, "claimedValue": value, "reason": "köçmüşəm" });
    world.ask("requestCorrection", input, reader).await
}

fn decision(reference: &str, accept: bool) -> Decision<'_> {
    Decision { reference, official: "PIN:ELCHN04", accept, reason: "arayış yoxlanıldı" }
}

const OLD: &str = "Bakı şəhəri, Şərifzadə küçəsi, ev 42, mənzil 17";
const NEW: &str = "Gəncə şəhəri, Koroğlu küçəsi, ev 7";

fn address(record: &Json) -> Json {
    let rows = record["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["field"] == "person.address").expect("the address").clone()
}

#[tokio::test]
async fn an_accepted_correction_keeps_the_old_value_in_history() {
    for world in worlds("iamas").await {
        let reference = claim(&world, "person.address", NEW, "m-1").await.expect("kept")["reference"].clone();
        let reference = reference.as_str().expect("a reference");
        let shown = address(&world.own("recordOf", "AYTEN01", json!({})).await);
        assert_eq!((&shown["value"], &shown["disputed"]), (&json!(OLD), &json!(true)), "a request changes nothing");

        world.clock.advance_s(3600);
        assert_eq!(world.register.open_corrections().await.expect("the list")[0].reference, reference);
        world.register.decide_correction(decision(reference, true)).await.expect("decided");
        let record = world.own("recordOf", "AYTEN01", json!({})).await;
        let shown = address(&record);
        assert_eq!(shown["value"], NEW);
        assert_eq!(shown["previous"], OLD);
        assert_eq!(shown["disputed"], false);
        assert_eq!(shown["recordedBy"], "PIN:ELCHN04");
        assert_eq!(record["corrections"][0]["state"], "accepted");

        let history = world.register.history("person", "AYTEN01").await.expect("history");
        let values: Vec<&Json> = history.iter().map(|version| &version.document["address"]).collect();
        assert_eq!(values, [OLD, NEW]);
        assert_eq!(history[1].valid_from, history[0].valid_from, "the new value was true all the time");
        let known = history[0].recorded_at;
        let then = world.register.as_of("person", "AYTEN01", AsOf { valid: today(), known }).await.expect("a read");
        assert_eq!(then.expect("the person").document["address"], OLD, "what was known then stays known");
        let kinds: Vec<Json> = world.log("AYTEN01").await.iter().map(|entry| entry["kind"].clone()).collect();
        assert_eq!(kinds, ["view", "change", "view", "correction-request"]);
    }
}

#[tokio::test]
async fn a_refused_correction_changes_nothing() {
    for world in worlds("iamas").await {
        let reference = claim(&world, "surname", "Həsənova", "m-1").await.expect("kept")["reference"].clone();
        let reference = reference.as_str().expect("a reference");
        world.register.decide_correction(decision(reference, false)).await.expect("decided");
        world.register.decide_correction(decision(reference, false)).await.expect("the same again is the same");
        let other = world.register.decide_correction(decision(reference, true)).await;
        assert!(matches!(other, Err(Failure::Refused(Refusal::CorrectionDecided))));
        let missing = world.register.decide_correction(decision("none", true)).await;
        assert!(matches!(missing, Err(Failure::Refused(Refusal::UnknownCorrection))));
        assert_eq!(world.register.history("person", "AYTEN01").await.expect("history").len(), 1);
        let record = world.own("recordOf", "AYTEN01", json!({})).await;
        assert_eq!(record["corrections"][0]["state"], "refused");
        assert_eq!(record["corrections"][0]["decisionReason"], "arayış yoxlanıldı");
    }
}

#[tokio::test]
async fn a_repeated_request_is_one_request() {
    for world in worlds("iamas").await {
        let first = claim(&world, "address", NEW, "m-1").await.expect("kept");
        assert_eq!(claim(&world, "person.address", NEW, "m-1").await, Ok(first.clone()), "the same message");
        assert_eq!(claim(&world, "address", NEW, "m-2").await, Ok(first), "the same wish in another message");
        assert_eq!(claim(&world, "address", "Quba şəhəri", "m-3").await, Err(Refusal::CorrectionPending));
        assert_eq!(world.register.open_corrections().await.expect("the list").len(), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_corrected_is_refused() {
    for world in worlds("iamas").await {
        for (field, value, expected) in [
            ("shoeSize", "38", Refusal::UnknownField("shoeSize".into())),
            ("company.address", NEW, Refusal::UnknownField("company.address".into())),
            ("documentNumber", "AA0000000", Refusal::FieldNotCorrectable("documentNumber".into())),
            ("person.pin", "AYTEN02", Refusal::FieldNotCorrectable("person.pin".into())),
            ("birthDate", "8 mart", Refusal::BadValue("claimedValue".into())),
            ("sex", "f", Refusal::BadValue("claimedValue".into())),
            ("address", OLD, Refusal::ValueUnchanged),
        ] {
            assert_eq!(claim(&world, field, value, "m-1").await, Err(expected), "{field}");
        }
        assert_eq!(world.register.open_corrections().await.expect("the list"), []);
        let mut reader = reader("data-correction", "ZZZZZZZ");
        reader.message_id = "m-9".into();
        let input = json!({ "pin": "ZZZZZZZ", "field": "address", "claimedValue": NEW, "reason": "r" });
        assert_eq!(world.ask("requestCorrection", input, reader).await, Err(Refusal::UnknownPerson));
    }
}

#[tokio::test]
async fn clerks_list_and_decide_over_the_exchange() {
    for world in worlds("iamas").await {
        let reference = claim(&world, "address", NEW, "m-1").await.expect("kept")["reference"].clone();
        let clerk = || Reader { client: "AZ/GOV/10003/iamas".into(), ..reader("data-correction", "ELCHN04") };
        let list = world.ask("openCorrections", json!({}), clerk()).await.expect("the list");
        assert_eq!(list["rows"][0]["reference"], reference);
        assert_eq!(list["rows"][0]["oldValue"], OLD);
        let decide = json!({ "reference": reference, "accept": "true", "reason": "düzdür" });
        let decided = world.ask("decideCorrection", decide.clone(), clerk()).await;
        let accepted = json!({ "reference": reference, "state": "accepted", "pin": "AYTEN01" });
        assert_eq!(decided, Ok(accepted.clone()));
        assert_eq!(world.ask("decideCorrection", decide, clerk()).await, Ok(accepted), "asked again, answered again");
        assert_eq!(world.ask("openCorrections", json!({}), clerk()).await, Ok(json!({ "rows": [] })));
        let seen = world.log("AYTEN01").await;
        let services: Vec<Json> = seen.iter().map(|entry| entry["service"].clone()).collect();
        assert_eq!(services, ["decideCorrection", "decideCorrection", "openCorrections", "requestCorrection"]);
    }
}
