//! The generated population: every record fits its register, and the same seed gives the same country.

use super::*;
use crate::schema::{self, Schema};
use crate::tests::{country_folder, today};
use base::Pin;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

fn lists() -> Lists {
    Lists::load(&country_folder()).expect("the country's lists")
}

fn schema(register: &str) -> Schema {
    schema::load(&country_folder().join("registers").join(register)).expect("a sound register")
}

/// Every generated record as the register would read it from outside, by "register.entity".
fn documents(count: usize) -> BTreeMap<String, Vec<Map<String, Json>>> {
    let lists = lists();
    let population = generate(&lists, count, today()).expect("a population");
    let mut documents = BTreeMap::new();
    for rule in &lists.records {
        let schema = schema(&rule.register);
        let entity = schema.entity(&rule.entity).expect("the entity");
        let read = |draft: &Draft| {
            let record = seed::record(entity, draft);
            let given: Map<String, Json> = serde_json::from_str(&record.document).expect("JSON");
            let stored = entity.read(&given).unwrap_or_else(|field| panic!("{}: {field}: {given:?}", rule.entity));
            assert_eq!(stored, given, "the generator writes what the register would store");
            assert_eq!(stored[&entity.key], record.key.as_str());
            stored
        };
        let part = population.parts[rule.of.as_str()].iter().map(read).collect();
        documents.insert(format!("{}.{}", rule.register, rule.entity), part);
    }
    documents
}

#[test]
fn every_generated_record_is_one_that_its_register_accepts() {
    let documents = documents(2000);
    let pins: BTreeSet<&str> = documents["iamas.person"].iter().filter_map(|person| person["pin"].as_str()).collect();
    assert_eq!(pins.len(), 2000, "no PIN twice");
    let known = |part: &str, field: &str| {
        let strangers =
            documents[part].iter().filter(|record| !pins.contains(record[field].as_str().unwrap_or_default()));
        assert_eq!(strangers.count(), 0, "{part}: people whom the register of persons does not know");
    };
    known("insurance.insured", "pin");
    known("avis.soleTrader", "pin");
    known("avis.company", "directorPin");
    let companies: BTreeSet<&str> =
        documents["avis.company"].iter().filter_map(|company| company["tin"].as_str()).collect();
    assert_eq!(companies.len(), documents["avis.company"].len(), "no company number twice");
    for insured in &documents["insurance.insured"] {
        for salary in insured["salaries"].as_array().into_iter().flatten() {
            assert!(companies.contains(salary["employerTin"].as_str().unwrap_or_default()));
        }
    }
}

#[test]
fn names_bend_with_the_sex_and_ages_are_those_of_a_life() {
    let lists = lists();
    let men: BTreeSet<&str> = lists.names.surnames.pairs.iter().map(|pair| pair[0].as_str()).collect();
    let women: BTreeSet<&str> = lists.names.surnames.pairs.iter().map(|pair| pair[1].as_str()).collect();
    let (mut male, mut retired, mut employed) = (0, 0, 0);
    let documents = documents(3000);
    for person in &documents["iamas.person"] {
        let text = |field: &str| person[field].as_str().unwrap_or_default();
        if text("sex") == "male" {
            male += 1;
            assert!(men.contains(text("surname")) && text("patronymic").ends_with(" oğlu"));
            assert!(
                lists.names.given.male.contains(&text("givenName").to_owned()) || Pin::parse(text("pin")).is_some()
            );
        } else {
            assert!(women.contains(text("surname")) && text("patronymic").ends_with(" qızı"));
        }
        let born: base::Date = text("birthDate").parse().expect("a date");
        assert!((0..=95).contains(&person::age(born, today())), "{born}");
    }
    for insured in &documents["insurance.insured"] {
        employed += usize::from(!insured["salaries"].is_null());
        retired += usize::from(insured["pensionKind"] == "age");
    }
    assert!((1300..1700).contains(&male), "{male} men of 3000");
    assert!((800..1500).contains(&employed), "{employed} employed of 3000");
    assert!((150..500).contains(&retired), "{retired} pensioners of 3000");
}

#[test]
fn name_lists_have_no_doubles_and_only_the_country_s_letters() {
    let names = lists().names;
    let pairs = names.surnames.pairs.iter().flatten().map(String::as_str);
    let letters = "ABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZabcçdeəfgğhxıijkqlmnoöprsştuüvyz";
    for name in names.given.male.iter().chain(&names.given.female).map(String::as_str).chain(pairs) {
        assert!(name.chars().all(|letter| letters.contains(letter)), "{name}");
    }
    for list in [&names.given.male, &names.given.female] {
        assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
    }
    assert_eq!(names.surnames.pairs.iter().collect::<BTreeSet<_>>().len(), names.surnames.pairs.len());
}

#[test]
fn a_list_without_entries_is_one_clear_sentence() {
    let country = host::testing::TempDir::new();
    let people = country.path().join("people");
    std::fs::create_dir_all(&people).expect("a folder");
    for file in ["names.toml", "places.toml", "figures.toml", "records.toml"] {
        std::fs::copy(country_folder().join("people").join(file), people.join(file)).expect("a copy");
    }
    std::fs::copy(country_folder().join("demo.toml"), country.path().join("demo.toml")).expect("a copy");
    Lists::load(country.path()).expect("whole");
    let places = std::fs::read_to_string(people.join("places.toml")).expect("the file");
    let bare = places.replace("streets = [\"Sülh", "streets = [] # [\"Sülh");
    assert_ne!(bare, places);
    std::fs::write(people.join("places.toml"), bare).expect("written");
    let fault = Lists::load(country.path()).expect_err("a gap");
    assert_eq!(fault.cause, "there are no streets in one of the places");
    std::fs::write(people.join("places.toml"), "place = 1").expect("written");
    assert!(Lists::load(country.path()).expect_err("no list").cause.contains("places.toml"));
}

#[test]
fn the_demo_people_are_who_the_journeys_need() {
    let lists = lists();
    let people: Vec<(&str, String)> =
        lists.demo.people.iter().map(|person| (person.pin.as_str(), person.full_name())).collect();
    let expected = [
        ("AYTEN01", "Aytən Məmmədova"),
        ("RASHAD2", "Rəşad Əliyev"),
        ("LEYLA03", "Leyla Həsənova"),
        ("ELCHN04", "Elçin Quliyev"),
        ("NARMN05", "Nərmin Səfərova"),
        ("TURAL06", "Tural Abbasov"),
        ("GUNAY07", "Günay İsmayılova"),
    ];
    assert_eq!(people, expected.map(|(pin, name)| (pin, name.to_owned())));
    assert!(lists.demo.people.iter().all(|person| person.about.is_complete()));
    assert!(lists.demo.people[2].has_role("official"));
}

/// All filled registers of one attempt, on each database.
async fn filled(count: usize, day: base::Date) -> Vec<(Seeded, BTreeMap<String, std::sync::Arc<crate::Register>>)> {
    let (iamas, avis, insurance) =
        (crate::tests::empty("iamas").await, crate::tests::empty("avis").await, crate::tests::empty("insurance").await);
    let mut filled = Vec::new();
    for ((iamas, avis), insurance) in iamas.into_iter().zip(avis).zip(insurance) {
        let registers = BTreeMap::from([
            ("iamas".to_owned(), iamas.register),
            ("avis".to_owned(), avis.register),
            ("insurance".to_owned(), insurance.register),
        ]);
        let seeded = seed_all(&lists(), &registers, count, day).await.expect("filled");
        filled.push((seeded, registers));
    }
    filled
}

#[tokio::test]
async fn the_same_seed_gives_the_same_registers_and_a_second_start_nothing() {
    let mut digests = BTreeSet::new();
    for (seeded, registers) in filled(300, today()).await {
        assert!(seeded.fresh);
        assert!(seeded.records > 300);
        let later = jiff::civil::date(2027, 2, 1);
        let again = seed_all(&lists(), &registers, 500, later).await.expect("nothing to do");
        assert_eq!(again, Seeded { fresh: false, ..seeded });
        digests.insert(again.digests);
    }
    assert_eq!(digests.len(), 1, "both databases hold the same");
    let other = filled(300, jiff::civil::date(2026, 12, 1)).await.remove(0).0;
    assert!(!digests.contains(&other.digests), "the months have moved on");
}

/// An interrupted first start left two registers filled and one empty; the next start, in another month, completes it.
#[tokio::test]
async fn a_broken_off_filling_is_completed_as_of_its_own_day() {
    let whole = filled(200, today()).await.remove(0).0;
    for (_, mut registers) in filled(200, today()).await {
        let fresh = crate::tests::empty("insurance").await.remove(0).register;
        registers.insert("insurance".to_owned(), fresh);
        let completed = seed_all(&lists(), &registers, 200, jiff::civil::date(2027, 1, 15)).await.expect("completed");
        assert_eq!((completed.fresh, completed.digests), (true, whole.digests.clone()));
    }
}

/// A change of the generator or of a list changes every demo country: this digest changes with it, on purpose only.
#[test]
fn the_population_is_the_known_one() {
    let population = generate(&lists(), 10_000, today()).expect("a population");
    let mut digest = [0; 32];
    for draft in population.parts.values().flatten() {
        for (_, value) in &draft.fields {
            digest = formats::merkle::leaf_hash(&[&digest[..], value.as_bytes()].concat());
        }
    }
    let again = generate(&lists(), 10_000, today()).expect("a population");
    let sizes =
        |population: &Population| population.parts.iter().map(|(name, part)| (*name, part.len())).collect::<Vec<_>>();
    assert_eq!(sizes(&again), sizes(&population));
    assert_eq!(population.parts["people"].len(), 10_000);
    let start = base::hex(&digest[..4]);
    assert_eq!(start, "c9e18267");
}
