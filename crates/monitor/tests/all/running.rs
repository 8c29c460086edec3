//! The running country: evidence moves the score, no data never does; what is stored, on both databases.

use crate::folder::methodology;
use base::{Clock, Localized, ManualClock, Refusal as _, clock::from_micros};
use host::{store::Store, testing};
use monitor::{
    Ask, Evidence, Fact, Failure, MIGRATIONS, Monitor, OFFLINE_USERS_MAX, Pointer, Refusal, Register, Registered,
    evidence::Found,
    methodology::Act,
    probe::State,
    score::{self, Basis, Observations},
    snapshot::Doubt,
};
use std::{collections::BTreeSet, sync::Arc};

/// 2026-11-23 00:00 UTC.
const NOW_US: i64 = 1_795_392_000_000_000;

/// A country in which everything that can be counted went well `times` times.
struct AllWell {
    times: i64,
}

impl Evidence for AllWell {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        let bad = ["cases.asked_for_held_data", "cases.typed_fields", "cases.decided_late"];
        let value = if bad.contains(&ask.fact) { 0 } else { self.times };
        let pointer = Pointer { source: "services_event".into(), records: value, leaf: Some(7), link: None };
        Box::pin(std::future::ready(Ok(Some(Fact { value, pointer }))))
    }
}

/// Nobody counts anything.
struct Silence;

impl Evidence for Silence {
    fn find<'a>(&'a self, _: Ask<'a>) -> Found<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

fn register() -> Register {
    let name = |text: &str| Localized { az: text.into(), en: text.into(), ru: text.into() };
    let services = methodology().report.service;
    let registered = services.iter().map(|service| Registered {
        id: service.id.clone(),
        name: name(&service.id),
        agency: name("agency"),
        online: ["1.1", "15.1"].contains(&service.id.as_str()),
    });
    Register::new(registered.collect())
}

struct Country {
    monitor: Monitor,
    store: Store,
    clock: Arc<ManualClock>,
}

fn country(store: Store, evidence: impl Evidence + 'static) -> Country {
    let clock = Arc::new(ManualClock::at(from_micros(NOW_US)));
    let parts = (Arc::new(methodology()), Arc::new(register()), Arc::new(evidence));
    let monitor = Monitor::new(store.clone(), clock.clone(), parts.0, parts.1, parts.2);
    Country { monitor, store, clock }
}

fn refused<T>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(Failure::Refused(refusal)) => refusal,
        Err(Failure::Failed(fault)) => panic!("a fault: {fault}"),
        Ok(_) => panic!("was not refused"),
    }
}

#[tokio::test]
async fn evidence_moves_the_score_and_each_point_leads_to_it() {
    for store in testing::stores(&[MIGRATIONS]).await {
        let country = country(store, AllWell { times: 20 });
        // Snapshots and bulletins are evidence of two questions: they must exist first.
        country.monitor.take_snapshot().await.expect("no fault");
        country.monitor.publish("2026-10").await.expect("published");
        country.clock.advance_s(60);
        let live = country.monitor.scoreboard().await.expect("no fault").score.live.clone();
        // Three of the nine questions on registers and the one on open standards ask for acts that no file lists.
        assert_eq!(live.infrastructure.to_string(), "17/3");
        for service in &live.services {
            let running = ["1.1", "15.1"].contains(&service.id.as_str());
            let marks = [&service.maturity, &service.participation, &service.transparency];
            for mark in marks {
                assert_eq!(mark.score == mark.maximum, running, "{} {}", service.id, mark.printed);
                assert_eq!(mark.basis == Basis::Computed, running);
            }
            assert_eq!(service.online, Some(running));
        }
        let record = country.monitor.evidence(Some("1.1"), "once_only").await.expect("known");
        assert_eq!((record.judged.state, record.facts.len()), (State::Met, 2));
        let named = record.judged.evidence.iter().map(|counted| (counted.fact.as_str(), counted.value));
        assert_eq!(named.collect::<Vec<_>>(), [("cases.asked_for_held_data", 0), ("cases.submitted", 20)]);
        let record = country.monitor.evidence(None, "exchange_runs").await.expect("known");
        assert_eq!(record.judged.evidence[0].leaf, Some(7));
    }
}

#[tokio::test]
async fn an_act_counts_from_its_day() {
    let title = Localized { az: "a".into(), en: "a".into(), ru: "a".into() };
    for store in testing::stores(&[MIGRATIONS]).await {
        for (since, expected) in [("2026-11-23", "7"), ("2026-11-24", "17/3")] {
            let mut methodology = methodology();
            for fact in ["persons_register", "real_estate_register", "companies_register", "open_standards"] {
                let since = since.parse().expect("a day");
                methodology.origins.act.push(Act { fact: fact.into(), title: title.clone(), since });
            }
            let clock = Arc::new(ManualClock::at(from_micros(NOW_US)));
            let parts = (Arc::new(methodology), Arc::new(register()), Arc::new(AllWell { times: 20 }));
            let monitor = Monitor::new(store.clone(), clock, parts.0, parts.1, parts.2);
            let board = monitor.scoreboard().await.expect("no fault");
            assert_eq!(board.score.live.infrastructure.to_string(), expected);
        }
    }
}

#[tokio::test]
async fn no_data_never_counts_as_met() {
    for store in testing::stores(&[MIGRATIONS]).await {
        for times in [None, Some(0)] {
            let country = match times {
                None => country(store.clone(), Silence),
                Some(times) => country(store.clone(), AllWell { times }),
            };
            let live = country.monitor.scoreboard().await.expect("no fault").score.live.clone();
            assert_eq!(live.infrastructure.to_string(), "0");
            for service in &live.services {
                for mark in [&service.maturity, &service.participation, &service.transparency] {
                    assert_eq!(mark.score, 0, "{}", service.id);
                    assert!(mark.criteria.iter().all(|judged| !judged.earned));
                }
            }
        }
    }
}

#[test]
fn percents_fall_into_their_levels_at_the_edges() {
    let methodology = methodology();
    let expected: [(u32, &[(u32, u32)]); 3] = [
        (3, &[(0, 0), (1, 0), (32, 0), (33, 1), (66, 1), (67, 2), (99, 2), (100, 3)]),
        (4, &[(0, 0), (24, 0), (25, 1), (49, 1), (50, 2), (74, 2), (75, 3), (99, 3), (100, 4)]),
        (5, &[(19, 0), (20, 1), (39, 1), (40, 2), (59, 2), (60, 3), (79, 3), (80, 4), (99, 4), (100, 5)]),
    ];
    for (tiers, edges) in expected {
        let model = methodology.maturity.model.iter().find(|model| model.tiers == tiers).expect("three models");
        for (percent, level) in edges {
            assert_eq!(model.level_of_percent(*percent).map(|found| found.level), Some(*level), "{tiers}: {percent}");
        }
    }
}

#[test]
fn points_fall_into_their_bands_at_the_edges() {
    let methodology = methodology();
    let bands = |part: &monitor::methodology::Questionnaire, maximum: u32| -> String {
        let scale = part.scale.iter().find(|scale| scale.maximum == maximum).expect("a scale");
        let initials = (0..=maximum).map(|points| scale.band(points).expect("inside").code.chars().next());
        initials.flatten().collect()
    };
    assert_eq!(bands(&methodology.transparency, 10), "nnnnnrrrsss");
    assert_eq!(bands(&methodology.transparency, 8), "nnnnrrsss");
    assert_eq!(bands(&methodology.participation, 10), "llllsssggee");
}

#[test]
fn a_free_service_is_not_asked_about_payment() {
    let methodology = methodology();
    let online = BTreeSet::from(["1.1".to_owned(), "15.1".to_owned()]);
    let observations = Observations { online, facts: Vec::new() };
    let live = score::live(&methodology, &observations, from_micros(NOW_US));
    let asked = |id: &str| {
        let service = live.services.iter().find(|service| service.id == id).expect("in the report");
        [&service.maturity, &service.transparency, &service.participation].map(|mark| mark.criteria.len())
    };
    assert_eq!(asked("1.1"), [11, 8, 10]);
    assert_eq!(asked("15.1"), [13, 10, 10]);
    assert_eq!(asked("3.1"), [9, 10, 10]);
}

#[tokio::test]
async fn a_snapshot_is_taken_once_a_day_and_can_be_recomputed() {
    for store in testing::stores(&[MIGRATIONS]).await {
        let country = country(store, AllWell { times: 3 });
        let first = country.monitor.take_snapshot().await.expect("no fault");
        country.clock.advance_s(3_600);
        assert_eq!(country.monitor.take_snapshot().await.expect("no fault"), first);
        assert_eq!(first.snapshot.day, "2026-11-23");
        assert_eq!(first.snapshot.recompute(country.monitor.methodology()), Ok(()));

        let mut altered = first.snapshot.clone();
        let fact = altered.observations.facts.iter_mut().find(|seen| seen.fact == "cases.asked_for_held_data");
        fact.and_then(|seen| seen.found.as_mut()).expect("was asked").value = 1;
        assert_eq!(altered.recompute(country.monitor.methodology()), Err(Doubt::ScoresDiffer));
        let other = monitor::Methodology { digest: "other".into(), ..country.monitor.methodology().clone() };
        assert_eq!(first.snapshot.recompute(&other), Err(Doubt::OtherMethodology));

        // The leaf holds the digest of the very body that is published.
        let row = host_leaf(&country.store, first.leaf).await;
        assert!(row.contains(&first.digest) && row.contains("monitor.snapshot"), "{row}");
        country.clock.advance_s(86_400);
        country.monitor.take_snapshot().await.expect("no fault");
        assert_eq!(country.monitor.snapshot_days().await.expect("no fault"), ["2026-11-24", "2026-11-23"]);
        assert_eq!(country.monitor.snapshot("2026-11-23").await.expect("is there"), first);
    }
}

#[tokio::test]
async fn what_is_due_is_done_once_and_under_a_signed_head() {
    let key = host::keys::SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key");
    for store in testing::stores(&[MIGRATIONS]).await {
        let country = country(store, Silence);
        let next = country.monitor.keep_up(&key).await.expect("no fault");
        assert_eq!(next.to_string(), "2026-11-23T20:05:00Z");
        country.monitor.keep_up(&key).await.expect("no fault");
        let months = country.monitor.published_months().await.expect("no fault");
        assert_eq!(months.len(), 1);
        // A snapshot and a bulletin: two leaves, and a head over both.
        let heads = country.store.query("SELECT MAX(size) AS size FROM host_audit_head", &host::args![]).await;
        assert_eq!(heads.expect("no fault")[0].int("size"), 2);
        // On the first of December the agencies still have time.
        country.clock.advance_s(8 * 86_400);
        country.monitor.keep_up(&key).await.expect("no fault");
        assert_eq!(country.monitor.published_months().await.expect("no fault").len(), 1);
    }
}

async fn host_leaf(store: &Store, leaf: u64) -> String {
    let sql = "SELECT leaf FROM host_audit_entry WHERE leaf_index = $1";
    let index = i64::try_from(leaf).expect("small");
    let row = store.query_opt(sql, &host::args![index]).await.expect("no fault").expect("the leaf is there");
    row.text("leaf").to_owned()
}

#[tokio::test]
async fn a_bulletin_is_published_once_and_stands() {
    for store in testing::stores(&[MIGRATIONS]).await {
        let country = country(store, AllWell { times: 20 });
        country.monitor.enter_offline_users("PIN:LEYLA03", "1.1", "2026-10", 60).await.expect("entered");
        let seen = country.monitor.bulletin("2026-10").await.expect("a draft");
        assert_eq!(seen.row("1.1").expect("a row").usage.offline_users, Some(60));
        country.monitor.enter_offline_users("PIN:LEYLA03", "1.1", "2026-10", 80).await.expect("corrected");
        let entered = country.monitor.offline_entered("2026-10".parse().expect("a month")).await.expect("read");
        assert_eq!(entered.into_iter().collect::<Vec<_>>(), [("1.1".to_owned(), 80)]);
        let draft = country.monitor.bulletin("2026-10").await.expect("a draft");
        assert_eq!(draft.published_at, None);
        // What we changed ourselves is seen in the same second.
        assert_eq!(draft.row("1.1").expect("a row").usage.offline_users, Some(80));
        let published = country.monitor.publish("2026-10").await.expect("published");
        assert_eq!(*country.monitor.bulletin("2026-10").await.expect("the published one"), published);
        country.clock.advance_s(100);
        assert_eq!(country.monitor.publish("2026-10").await.expect("the same"), published);
        assert_eq!(*country.monitor.bulletin("2026-10").await.expect("the published one"), published);
        let months = country.monitor.published_months().await.expect("no fault");
        assert_eq!(months.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2026-10"]);

        assert_eq!((published.services_in_register, published.services_not_itemised), (449, 419));
        let allowance = &published.row("1.1").expect("a row").usage;
        assert_eq!((allowance.users, allowance.growth(), allowance.offline_users), (Some(20), Some(0), Some(80)));
        assert_eq!(allowance.online_share().map(|share| share.to_string()), Some("1/5".into()));
        let passport = &published.row("3.1").expect("a row").usage;
        assert_eq!((passport.users, passport.growth(), passport.offline_users), (Some(0), Some(0), None));
        assert_eq!(published.csv(base::Lang::Az).lines().count(), 31);
        assert!(published.json().contains("\"month\": \"2026-10\""));
    }
}

#[tokio::test]
async fn every_refusal_has_its_occasion() {
    for store in testing::stores(&[MIGRATIONS]).await {
        let country = country(store, Silence);
        let monitor = &country.monitor;
        let enter = |service: &'static str, month: &'static str, users: i64| async move {
            refused(monitor.enter_offline_users("PIN:LEYLA03", service, month, users).await)
        };
        assert_eq!(enter("99.9", "2026-10", 1).await, Refusal::UnknownService);
        assert_eq!(enter("1.1", "October", 1).await, Refusal::BadDate);
        assert_eq!(enter("1.1", "2026-12", 1).await, Refusal::MonthNotOver);
        assert_eq!(enter("1.1", "2026-10", -1).await, Refusal::CountOutOfRange);
        assert_eq!(enter("1.1", "2026-10", OFFLINE_USERS_MAX + 1).await, Refusal::CountOutOfRange);
        monitor.publish("2026-10").await.expect("published");
        assert_eq!(enter("1.1", "2026-10", 1).await, Refusal::MonthClosed);
        assert_eq!(refused(monitor.publish("2026-11").await), Refusal::MonthNotOver);
        assert_eq!(refused(monitor.bulletin("2027-01").await), Refusal::NoBulletin);
        assert_eq!(refused(monitor.snapshot("2026-11-22").await), Refusal::NoSnapshot);
        assert_eq!(refused(monitor.snapshot("yesterday").await), Refusal::BadDate);
        assert_eq!(refused(monitor.evidence(Some("99.9"), "once_only").await), Refusal::UnknownService);
        assert_eq!(refused(monitor.evidence(Some("1.1"), "nonsense").await), Refusal::UnknownCriterion);
        assert_eq!(refused(monitor.evidence(None, "once_only").await), Refusal::UnknownCriterion);
        for refusal in Refusal::ALL {
            assert!(refusal.code().starts_with("monitor."));
            assert!((400..500).contains(&refusal.status()));
        }
        assert!(country.clock.now() >= from_micros(NOW_US));
    }
}
