//! The agency's desk beside its cases: corrections, opinions, people served at counters; who may, and who may not.

use super::{
    browser::Browser,
    world::{World, worlds},
};
use crate::session::Area;
use host::{args, jobs::Worker};
use http::StatusCode;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// The request that waits in the stand-in register.
pub const OPEN: &str = "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5c";
/// A request about which the stand-in register never answers.
pub const SILENT: &str = "0193a1b2-7c3d-7e4f-8a9b-0c1d2e3f4a5d";

async fn at_desk(world: &World, pin: &str, agency: &str, role: &str) -> Browser {
    let cookie = world.logged_in(Area::Office, pin, &[(agency, role)], None).await;
    Browser::with(&world.app, Area::Office, cookie)
}

#[tokio::test]
async fn the_holder_s_official_decides_a_correction_and_the_person_is_told() {
    for world in worlds().await {
        let mut clerk = at_desk(&world, "ELCHN04", "10003", "official").await;
        let list = clerk.get("/en/corrections").await;
        list.shows("AYTEN01").shows("+994505559901").shows("person.phone").shows("the operator");
        let path = format!("/en/corrections/iamas/{OPEN}");
        let bare = clerk.post(&list, &path, &[("do", "accept")]).await;
        assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
        bare.shows("Give the reason").shows(&format!("href=\"#reason-{OPEN}\""));
        let reason = format!("reason-{OPEN}");
        let fields = [("do", "accept"), (reason.as_str(), "operatorla yoxlanıldı")];
        let done = clerk.post(&list, &path, &fields).await;
        assert_eq!(done.location(), "/en/corrections?done=accepted");
        clerk.follow(&done).await.shows("The value was corrected");
        let again = clerk.post(&list, &path, &fields).await;
        assert_eq!(again.location(), done.location(), "sent twice is decided once");
        world.app.notify.deliver_waiting().await.expect("delivered");
        let inbox = world.app.notify.inbox("AYTEN01", None, 10).await.expect("read");
        assert_eq!(inbox.len(), 1, "told once");
        assert!(inbox[0].body.en.contains("accepted, the value was corrected. Reason: operatorla yoxlanıldı"));
        let sql = "SELECT leaf FROM host_audit_entry WHERE action = 'portal.correction_decided'";
        let leaves = world.app.store.query(sql, &args![]).await.expect("read");
        assert!(leaves.len() == 1 && leaves[0].text("leaf").contains("PIN:ELCHN04"));
    }
}

/// Lets the future take so many steps and then drops it, as a power cut would.
struct Cut<F> {
    future: Pin<Box<F>>,
    steps_left: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.steps_left == 0 {
            return Poll::Ready(None);
        }
        self.steps_left -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// More steps than the request takes.
const STEPS_MAX: usize = 400;
/// When the job looks after a decision, at the latest.
const LOOKED_AFTER_S: i64 = 60;

/// The power goes at every step of the clerk's request. Whatever was kept is carried out by the job, and told once.
#[tokio::test]
async fn a_decision_that_was_cut_off_is_carried_out_and_told_once() {
    for world in worlds().await {
        let worker = world.app.jobs(Worker::new(world.app.store.clone(), world.clock.clone()));
        let register = world.app.country.register("iamas").expect("the story's register").clone();
        let mut kept = 0;
        for steps_left in 0..STEPS_MAX {
            let decide = world.app.decide_correction(&register, OPEN, true, "yoxlanıldı", "PIN:ELCHN04".into());
            let whole = Cut { future: Box::pin(decide), steps_left }.await.is_some();
            // A commit that had begun may still reach the disk: whoever locks the row after it sees it.
            let mut tx = world.app.store.begin().await.expect("begun");
            tx.execute("UPDATE portal_correction SET at = at", &args![]).await.expect("waited");
            tx.rollback().await;
            kept += usize::from(left(&world).await == 1);
            world.clock.advance_s(LOOKED_AFTER_S);
            while worker.run_due().await.expect("jobs run") > 0 {}
            assert_eq!(left(&world).await, 0, "after {steps_left} steps");
            if whole {
                break;
            }
        }
        assert!(kept > 0, "no cut fell between the decision and its end");
        world.app.notify.deliver_waiting().await.expect("delivered");
        assert_eq!(world.app.notify.inbox("AYTEN01", None, 10).await.expect("read").len(), 1, "told once");
        let sql = "SELECT leaf FROM host_audit_entry WHERE action = 'portal.correction_decided'";
        assert_eq!(world.app.store.query(sql, &args![]).await.expect("read").len(), 1, "recorded once");
    }
}

/// Decisions on their way.
async fn left(world: &World) -> usize {
    world.app.store.query("SELECT reference FROM portal_correction", &args![]).await.expect("read").len()
}

#[tokio::test]
async fn a_register_that_is_silent_gets_the_decision_later() {
    for world in worlds().await {
        let worker = world.app.jobs(Worker::new(world.app.store.clone(), world.clock.clone()));
        let mut clerk = at_desk(&world, "ELCHN04", "10003", "official").await;
        let list = clerk.get("/en/corrections").await;
        let path = format!("/en/corrections/iamas/{SILENT}");
        let fields = [("do", "refuse"), (&*format!("reason-{SILENT}"), "sənəd yoxdur")];
        let sent = clerk.post(&list, &path, &fields).await;
        assert_eq!(sent.location(), "/en/corrections?done=later");
        clerk.follow(&sent).await.shows("Your decision is kept");
        world.clock.advance_s(LOOKED_AFTER_S);
        worker.run_due().await.expect("jobs run");
        assert_eq!(left(&world).await, 1, "it is asked again until it answers");
    }
}

#[tokio::test]
async fn what_cannot_be_decided_is_said_so() {
    for world in worlds().await {
        let mut operator = at_desk(&world, "NARMN05", "10001", "operator").await;
        let list = operator.get("/en/corrections").await;
        list.shows("AYTEN01");
        let gone = operator.post(&list, "/en/corrections/iamas/x", &[("do", "refuse"), ("reason-x", "no")]).await;
        operator.follow(&gone).await.shows("There is no such request for a correction");
        let path = format!("/en/corrections/iamas/{OPEN}");
        let neither = operator.post(&list, &path, &[("do", "perhaps")]).await;
        assert_eq!(neither.status, StatusCode::BAD_REQUEST);
        let nowhere = operator.post(&list, "/en/corrections/moon/x", &[("do", "refuse")]).await;
        assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
        let mut other = at_desk(&world, "LEYLA03", "10002", "official").await;
        let none = other.get("/en/corrections").await;
        none.shows("No register to decide for");
        assert!(!none.text.contains("AYTEN01"));
        let counters = other.get("/en/counters").await;
        let foreign = other.post(&counters, &path, &[("do", "accept")]).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "another agency's register");
        let mut nobody = at_desk(&world, "TURAL06", "10002", "guest").await;
        for page in ["/en/corrections", "/en/opinions", "/en/counters"] {
            assert_eq!(nobody.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
        }
    }
}

#[tokio::test]
async fn an_opinion_is_new_until_the_agency_has_seen_it() {
    for world in worlds().await {
        let mut official = at_desk(&world, "LEYLA03", "10002", "official").await;
        official.get("/en/opinions").await.shows("Ratings by service").shows("1.1").shows("–");
        give_opinion(&world).await;
        let first = official.get("/en/opinions").await;
        first.shows("Rahat oldu &#60;b&#62;").shows(">New<").shows("4.0").shows("4 / 5");
        assert!(!first.text.contains("AYTEN01"), "whose it is stays out");
        official.get("/en/opinions").await.shows("Seen");
        let mut other = at_desk(&world, "ELCHN04", "10006", "official").await;
        assert!(!other.get("/en/opinions").await.text.contains("Rahat oldu"));
    }
}

/// A decided case of the Labour ministry, rated by its applicant.
async fn give_opinion(world: &World) {
    let mut tx = world.app.store.begin().await.expect("begun");
    tx.execute(
        "INSERT INTO services_case (reference, service, service_version, agency, pin, name, state, version, started_at,
            changed_at, submitted_at, decided_at, period_days, paused_days, warned_percent, late)
         VALUES ('R1', '1.1', 'v', '10002', 'AYTEN01', 'n', 'approved', 1, 0, 0, 1, 2, 10, 0, 0, 0)",
        &args![],
    )
    .await
    .expect("written");
    tx.execute(
        "INSERT INTO services_feedback (reference, service, rating, comment, at) VALUES ('R1', '1.1', 4, 'Rahat oldu <b>', 3)",
        &args![],
    )
    .await
    .expect("written");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn offline_users_are_entered_until_the_bulletin_is_out() {
    for world in worlds().await {
        let mut official = at_desk(&world, "LEYLA03", "10002", "official").await;
        let form = official.get("/en/counters").await;
        form.shows("October 2026").shows("name=\"users-1.1\"");
        assert!(!form.text.contains("users-15.1"), "another agency's service");
        let path = "/en/counters/2026-10";
        let wrong = official.post(&form, path, &[("users-1.1", "many")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        wrong.shows("Write a whole number").shows("value=\"many\"");
        let below = official.post(&form, path, &[("users-1.1", "-1")]).await;
        below.shows("A number of people cannot be below zero");
        let saved = official.post(&form, path, &[("users-1.1", "60"), ("users-15.1", "5")]).await;
        official.follow(&saved).await.shows("The figures have been saved").shows("value=\"60\"");
        let month = "2026-10".parse().expect("a month");
        let entered = world.app.monitor.offline_entered(month).await.expect("read");
        assert_eq!(entered.into_iter().collect::<Vec<_>>(), [("1.1".to_owned(), 60)], "only the agency's own");
        assert_eq!(official.get("/en/counters?month=2031-01").await.status, StatusCode::NOT_FOUND);
        world.app.monitor.publish("2026-10").await.expect("published");
        official.get("/en/counters").await.shows("/en/counters/2026-11");
        let closed = official.get("/en/counters?month=2026-10").await;
        closed.shows("The month is closed").shows("60");
        let open = official.get("/en/profile").await;
        let late = official.post(&open, path, &[("users-1.1", "61")]).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn consent_given_and_withdrawn_is_seen_on_the_profile() {
    for world in worlds().await {
        let cookie = world.logged_in(Area::Citizen, "AYTEN01", &[], None).await;
        let mut citizen = Browser::with(&world.app, Area::Citizen, cookie);
        let known = notify::Known { person: "AYTEN01".into(), name: None, email: Some("a@mail.example".into()) };
        let mut tx = world.app.store.begin().await.expect("begun");
        world.app.notify.put_contact(&mut tx, &known, base::Lang::En).await.expect("known");
        tx.commit().await.expect("committed");
        let profile = citizen.get("/en/profile").await;
        profile.shows("You have neither given nor withdrawn");
        profile.shows("type=\"radio\" name=\"mail\" value=\"yes\"").shows("value=\"no\"");
        for (choice, words) in [("no", "Consent withdrawn"), ("yes", "Consent given")] {
            let saved = citizen.post(&profile, "/en/profile", &[("lang", "en"), ("mail", choice)]).await;
            citizen.follow(&saved).await.shows(words);
        }
        let acts = citizen.get("/en/profile").await;
        acts.shows("Consent withdrawn").shows("Consent given").shows("today 14:02");
        citizen.get("/az/profile").await.shows("Razılıq geri götürülüb");
        citizen.get("/ru/profile").await.shows("Согласие отозвано");
    }
}
