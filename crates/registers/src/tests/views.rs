//! The country's data services: what each view shows, what it hides, and what is recorded of the look.

use super::*;
use host::args;

#[tokio::test]
async fn a_person_is_shown_as_the_view_says_and_the_look_is_recorded() {
    for world in worlds("iamas").await {
        let answer = world
            .ask("personByPin", json!({ "pin": "ayten01" }), reader("unemployment-allowance", "AYTEN01"))
            .await
            .expect("Aytən");
        let expected = json!({
            "pin": "AYTEN01", "surname": "Məmmədova", "givenName": "Aytən", "patronymic": "Kamran qızı",
            "birthDate": "1991-03-08", "sex": "female", "citizenship": "Azərbaycan Respublikası",
            "address": "Bakı şəhəri, Şərifzadə küçəsi, ev 42, mənzil 17", "documentNumber": "AA3100451",
            "documentValidUntil": "2034-11-01",
        });
        assert_eq!(answer, expected);
        let log = world.log("AYTEN01").await;
        assert_eq!(log.len(), 1);
        let entry = &log[0];
        for (field, value) in [
            ("readerClient", "AZ/GOV/10002/employment"),
            ("readerMember", "10002"),
            ("readerSubsystem", "employment"),
            ("readerUser", "PIN:AYTEN01"),
            ("service", "personByPin"),
            ("caseReference", "1.1-2026-000001"),
            ("purpose", "unemployment-allowance"),
            ("kind", "view"),
            ("at", NOW),
            ("purposeAz", "İşsiz statusunun və işsizlik müavinətinin təyin edilməsi"),
            ("serviceEn", "Identity data by PIN"),
        ] {
            assert_eq!(entry[field], value, "{field}");
        }
        assert!(entry["fields"].as_str().expect("fields").starts_with("pin, surname, givenName"));
        assert!(entry["fieldsRu"].as_str().expect("labels").starts_with("ПИН, Фамилия, Имя"));
        assert!(entry["legalBasisAz"].as_str().expect("a basis").contains("23 may 2011"));
        // Contact details are another view: its look says other fields.
        let contact = world.ask("contactByPin", json!({ "pin": "AYTEN01" }), reader("notification", "AYTEN01")).await;
        assert_eq!(contact, Ok(json!({ "phone": "+994505550101", "email": "ayten.memmedova@poct.example" })));
        let log = world.log("AYTEN01").await;
        assert_eq!(log[0]["fields"], "phone, email");
        assert_eq!(log[1]["service"], "accessLog", "one's own look is recorded, too");
    }
}

#[tokio::test]
async fn a_conclusion_is_given_and_not_the_data() {
    for world in worlds("avis").await {
        let ask = async |pin: &str| {
            let asked = reader("unemployment-allowance", "AYTEN01");
            world.ask("entrepreneurStatus", json!({ "pin": pin }), asked).await.expect("an answer")
        };
        assert_eq!(ask("AYTEN01").await, json!({ "pin": "AYTEN01", "entrepreneur": false }));
        let tural = json!({ "pin": "TURAL06", "entrepreneur": true, "tin": "2004561782", "since": "2021-04-12" });
        assert_eq!(ask("TURAL06").await, tural);
        assert_eq!(world.log("AYTEN01").await[0]["outcome"], "nothing");
    }
}

#[tokio::test]
async fn a_company_is_read_and_its_director_sees_who_looked() {
    for world in worlds("avis").await {
        let company = world
            .ask("companyByTin", json!({ "tin": "1400123451" }), reader("construction-permit", "RASHAD2"))
            .await
            .expect("the company");
        assert_eq!(company["name"], "“Xəzər Tikinti” MMC");
        assert_eq!(company["status"], "active");
        assert_eq!(company["directorPin"], "RASHAD2");
        assert_eq!(world.log("RASHAD2").await[0]["service"], "companyByTin");
        let rows =
            world.ask("companiesOfPerson", json!({ "pin": "RASHAD2" }), reader("acting-for-company", "RASHAD2")).await;
        let expected = json!({ "rows": [{ "tin": "1400123451", "name": "“Xəzər Tikinti” MMC", "basis": "director" }] });
        assert_eq!(rows, Ok(expected));
        let none =
            world.ask("companiesOfPerson", json!({ "pin": "TURAL06" }), reader("acting-for-company", "TURAL06")).await;
        assert_eq!(none, Ok(json!({ "rows": [] })));
    }
}

#[tokio::test]
async fn salaries_are_those_of_the_months_asked_for() {
    for world in worlds("insurance").await {
        let ask = async |service: &str, pin: &str, input: Json| {
            let mut input = input;
            input["pin"] = pin.into();
            world.ask(service, input, reader("unemployment-allowance", "AYTEN01")).await.expect("an answer")
        };
        let salaries = ask("salaries", "AYTEN01", json!({ "months": 12 })).await;
        let rows = salaries["rows"].as_array().expect("rows");
        assert_eq!(rows.len(), 12);
        let row = |month: &str| json!({ "month": month, "employer": "“Ləpə Nəşriyyat” MMC", "employerTin": "1700456781", "qepik": 112_000 });
        assert_eq!((&rows[0], &rows[11]), (&row("2025-11"), &row("2026-10")));
        assert_eq!(salaries["lastEmploymentEnd"], "2026-10-31");
        let three = ask("salaries", "RASHAD2", json!({ "months": "3" })).await;
        assert_eq!(three["rows"].as_array().map(Vec::len), Some(3));
        assert_eq!(three.get("lastEmploymentEnd"), None);
        assert_eq!(ask("salaries", "TURAL06", json!({ "months": 3 })).await, json!({ "pin": "TURAL06", "rows": [] }));
        let pension = |pin: &str, gets: bool| json!({ "pin": pin, "receivesPension": gets });
        assert_eq!(ask("pensionStatus", "AYTEN01", json!({})).await, pension("AYTEN01", false));
        assert_eq!(ask("pensionStatus", "TURAL06", json!({})).await, pension("TURAL06", false));
        let mut gunay = pension("GUNAY07", true);
        gunay["kind"] = "age".into();
        assert_eq!(ask("pensionStatus", "GUNAY07", json!({})).await, gunay);
    }
}

fn permit() -> Json {
    json!({
        "number": "TI-2026-0001", "caseReference": "15.1-2026-000001", "applicant": "“Xəzər Tikinti” MMC",
        "applicantPin": "RASHAD2", "address": "Bakı şəhəri, Babək prospekti, ev 30", "issuedOn": "2026-11-23",
        "document": "doc-1",
    })
}

#[tokio::test]
async fn a_permit_is_entered_once_however_often_it_is_sent() {
    for world in worlds("permits").await {
        let enter = async |change: Json| {
            let mut permit = permit();
            for (field, value) in change.as_object().expect("an object") {
                permit[field] = value.clone();
            }
            world.ask("recordPermit", permit, reader("construction-permit", "ELCHN04")).await
        };
        let number = json!({ "number": "TI-2026-0001" });
        assert_eq!(enter(json!({})).await, Ok(number.clone()));
        assert_eq!(enter(json!({})).await, Ok(number));
        assert_eq!(enter(json!({ "address": "elsewhere" })).await, Err(Refusal::RecordDiffers));
        let other = enter(json!({ "number": "TI-2026-0002" })).await;
        assert_eq!(other, Err(Refusal::ValueTaken("caseReference".into())));
        let read =
            world.ask("permitByNumber", json!({ "number": "TI-2026-0001" }), reader("permit-verification", "TURAL06"));
        assert_eq!(read.await.expect("the permit")["document"], "doc-1");
        let kinds: Vec<Json> = world.log("RASHAD2").await.iter().map(|entry| entry["kind"].clone()).collect();
        assert_eq!(kinds, ["view", "input"], "entered once, read once");
        assert_eq!(world.register.history("permit", "TI-2026-0001").await.expect("history").len(), 1);
    }
}

#[tokio::test]
async fn two_at_once_both_get_the_answer_and_both_are_recorded() {
    for world in worlds("iamas").await {
        let mut asked = Vec::new();
        for number in 0..8 {
            let register = Arc::clone(&world.register);
            let mut reader = reader("unemployment-allowance", "AYTEN01");
            reader.message_id = format!("m-{number}");
            let question = question("personByPin", json!({ "pin": "AYTEN01" }), reader);
            asked.push(tokio::spawn(async move { register.ask(&question).await.expect("an answer") }));
        }
        for answer in asked {
            assert_eq!(answer.await.expect("no panic")["surname"], "Məmmədova");
        }
        let log = world.log("AYTEN01").await;
        let mut leaves: Vec<u64> = log.iter().map(|entry| entry["logIndex"].as_u64().expect("a number")).collect();
        leaves.dedup();
        assert_eq!(leaves.len(), 8);
    }
}

#[tokio::test]
async fn a_permit_sent_twice_at_once_is_entered_once() {
    for world in worlds("permits").await {
        let send = || {
            let register = Arc::clone(&world.register);
            let question = question("recordPermit", permit(), reader("construction-permit", "ELCHN04"));
            tokio::spawn(async move { register.ask(&question).await.map_err(|failure| format!("{failure:?}")) })
        };
        let (one, other) = (send(), send());
        let number = Ok(json!({ "number": "TI-2026-0001" }));
        assert_eq!((one.await.expect("no panic"), other.await.expect("no panic")), (number.clone(), number));
        assert_eq!(world.log("RASHAD2").await.len(), 1);
    }
}

/// A person with more entries than an answer takes: the newest come, the rest by asking on.
#[tokio::test]
async fn lists_end_at_their_limits() {
    for world in worlds("avis").await {
        let mut tx = world.store.begin().await.expect("a transaction");
        for number in 0..crate::access::ENTRIES_MAX + 5 {
            tx.execute(
                "INSERT INTO registers_access (id, at, about, kind, reader_member, reader_subsystem, reader_user, service,
                 case_reference, purpose, fields, outcome, message_id, leaf_index)
                 VALUES ($1, 1, 'TURAL06', 'view', 'AZ/GOV/10002', 'employment', '', 'companyByTin', '', 'sign-in', 'tin', 'found',
                 'm', $2)",
                &args![format!("01900000-0000-7000-8000-{number:012}"), 1_000 + number],
            )
            .await
            .expect("an entry");
        }
        for number in 0..crate::record::ROWS_MAX + 5 {
            let key = format!("1400123451-{number}");
            let document =
                json!({ "id": key, "pin": "TURAL06", "tin": "1400123451", "basis": "proxy", "since": "2026-01-01" });
            tx.execute(
                "INSERT INTO registers_record (entity, record_key, version, valid_from, recorded_at, recorded_by, reason, document)
                 VALUES ('representation', $1, 1, '2026-01-01', 1, 'system', 'loaded', $2)",
                &args![key.as_str(), &document],
            )
            .await
            .expect("a record");
            tx.execute(
                "INSERT INTO registers_index (entity, field, value, record_key) VALUES ('representation', 'pin', 'TURAL06', $1)",
                &args![key.as_str()],
            )
            .await
            .expect("an index entry");
        }
        tx.commit().await.expect("committed");
        let log = world.log("TURAL06").await;
        assert_eq!(i64::try_from(log.len()), Ok(crate::access::ENTRIES_MAX));
        assert_eq!(log[0]["logIndex"], 1_000 + crate::access::ENTRIES_MAX + 4);
        let rows = world.ask("companiesOfPerson", json!({ "pin": "TURAL06" }), reader("sign-in", "TURAL06")).await;
        assert_eq!(rows.expect("rows")["rows"].as_array().map(|rows| rows.len() as i64), Some(crate::record::ROWS_MAX));
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_shown() {
    for world in worlds("iamas").await {
        let mut tx = world.store.begin().await.expect("a transaction");
        tx.execute("ALTER TABLE registers_access RENAME TO registers_gone", &args![]).await.expect("renamed");
        tx.commit().await.expect("committed");
        let asked = question("personByPin", json!({ "pin": "AYTEN01" }), reader("unemployment-allowance", "AYTEN01"));
        assert!(matches!(world.register.ask(&asked).await, Err(Failure::Failed(_))));
        assert_eq!(host::audit::size(&world.store).await.expect("a size"), 1, "only the filling is in the log");
    }
}
