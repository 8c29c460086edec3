//! What a register refuses: one case for each refusal, and a text for each in every language.

use super::*;

/// Each refusal of `admit` and of the views, by what was asked.
#[tokio::test]
async fn what_may_not_be_asked_is_refused_with_its_own_code() {
    for world in worlds("iamas").await {
        let good = || reader("unemployment-allowance", "AYTEN01");
        let pin = || json!({ "pin": "AYTEN01" });
        let without = |change: fn(&mut Reader)| {
            let mut reader = good();
            change(&mut reader);
            reader
        };
        for (service, input, reader, expected) in [
            ("everything", pin(), good(), Refusal::UnknownService),
            ("personByPin", pin(), without(|r| r.client = String::new()), Refusal::MissingClient),
            ("personByPin", pin(), without(|r| r.client = "AZ/GOV/10002".into()), Refusal::MissingClient),
            ("personByPin", pin(), without(|r| r.purpose = None), Refusal::MissingPurpose),
            ("personByPin", pin(), without(|r| r.purpose = Some(" ".into())), Refusal::MissingPurpose),
            ("personByPin", pin(), without(|r| r.purpose = Some("curiosity".into())), Refusal::PurposeNotAllowed),
            ("personByPin", pin(), without(|r| r.purpose = Some("own-data".into())), Refusal::PurposeNotAllowed),
            ("personByPin", pin(), without(|r| r.case_reference = None), Refusal::MissingCase),
            ("personByPin", pin(), without(|r| r.user = None), Refusal::MissingUser),
            ("personByPin", json!([]), good(), Refusal::MalformedBody),
            ("personByPin", json!({}), good(), Refusal::MissingInput("pin".into())),
            ("personByPin", json!({ "pin": "AYTEN01", "all": true }), good(), Refusal::UnknownInput("all".into())),
            ("personByPin", json!({ "pin": "AYTENO1" }), good(), Refusal::BadPin),
            ("personByPin", json!({ "pin": 7 }), good(), Refusal::BadPin),
            ("personByPin", json!({ "pin": "ZZZZZZZ" }), good(), Refusal::UnknownPerson),
        ] {
            assert_eq!(world.ask(service, input, reader).await, Err(expected.clone()), "{expected:?}");
        }
        // A question about nobody is recorded as well: whoever guesses PINs is seen.
        let tried = crate::access::about(&world.store, "ZZZZZZZ", None).await.expect("the log");
        assert_eq!(tried.len(), 1);
        assert_eq!(tried[0].outcome, "nothing");
    }
}

#[tokio::test]
async fn values_of_the_wrong_form_are_refused_with_their_field() {
    for world in worlds("avis").await {
        for (tin, expected) in [
            ("1400123452", Refusal::BadValue("tin".into())),
            ("140012345", Refusal::BadValue("tin".into())),
            ("1999999991", Refusal::UnknownRecord),
        ] {
            let asked = world.ask("companyByTin", json!({ "tin": tin }), reader("construction-permit", "RASHAD2"));
            assert_eq!(asked.await, Err(expected), "{tin}");
        }
    }
    for world in worlds("permits").await {
        for (permit, expected) in [
            (json!({ "number": "1" }), Refusal::MissingInput("caseReference".into())),
            (json!({ "number": "1", "floor": 2 }), Refusal::UnknownInput("floor".into())),
            (
                json!({ "number": "1", "caseReference": "c", "applicant": "a", "address": "b", "issuedOn": "23.11.2026", "document": "d" }),
                Refusal::BadValue("issuedOn".into()),
            ),
        ] {
            let asked = world.ask("recordPermit", permit, reader("construction-permit", "ELCHN04"));
            assert_eq!(asked.await, Err(expected));
        }
    }
    for world in worlds("insurance").await {
        for months in [json!(0), json!(15), json!("many"), json!(1.5)] {
            let asked = json!({ "pin": "AYTEN01", "months": months });
            let answer = world.ask("salaries", asked, reader("unemployment-allowance", "AYTEN01")).await;
            assert_eq!(answer, Err(Refusal::BadValue("months".into())));
        }
    }
}

#[tokio::test]
async fn one_s_own_data_are_nobody_else_s() {
    for world in worlds("iamas").await {
        for service in ["accessLog", "recordOf"] {
            let asked = world.ask(service, json!({ "pin": "RASHAD2" }), reader("own-data", "AYTEN01"));
            assert_eq!(asked.await, Err(Refusal::NotYourData), "{service}");
        }
        let other =
            world.ask("personByPin", json!({ "pin": "RASHAD2" }), reader("unemployment-allowance", "AYTEN01")).await;
        other.expect("Rəşad");
        let entry = world.log("RASHAD2").await[0]["id"].clone();
        let asked = world.ask("accessProof", json!({ "id": entry, "pin": "AYTEN01" }), reader("own-data", "AYTEN01"));
        assert_eq!(asked.await, Err(Refusal::UnknownAccess));
    }
}

#[test]
fn every_refusal_has_a_text_in_every_language() {
    use base::Refusal as _;
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal/texts");
    let field = || String::from("f");
    for lang in base::Lang::ALL {
        let file = std::fs::read_to_string(texts.join(format!("{lang}.toml"))).expect("the texts");
        let table: toml::Table = file.parse().expect("texts are TOML");
        for refusal in [
            Refusal::UnknownService,
            Refusal::MalformedBody,
            Refusal::BodyTooLarge,
            Refusal::MissingClient,
            Refusal::MissingPurpose,
            Refusal::PurposeNotAllowed,
            Refusal::MissingCase,
            Refusal::MissingUser,
            Refusal::MissingInput(field()),
            Refusal::UnknownInput(field()),
            Refusal::BadPin,
            Refusal::BadValue(field()),
            Refusal::UnknownPerson,
            Refusal::UnknownRecord,
            Refusal::NotYourData,
            Refusal::UnknownAccess,
            Refusal::UnknownField(field()),
            Refusal::FieldNotCorrectable(field()),
            Refusal::ValueUnchanged,
            Refusal::CorrectionPending,
            Refusal::UnknownCorrection,
            Refusal::CorrectionDecided,
            Refusal::RecordDiffers,
            Refusal::ValueTaken(field()),
        ] {
            let key = format!("refusal.{}", refusal.code());
            let text = table.get(&key).and_then(toml::Value::as_str).unwrap_or_default();
            assert!(!text.is_empty(), "{lang}: {key}");
            assert!((400..500).contains(&refusal.status()));
        }
    }
}
