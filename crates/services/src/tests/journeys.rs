//! The two journeys through the engine, on both databases.

use super::world::*;
use crate::{
    case::State,
    view::{Action, EvidenceState, FactView, Holder, Next, QueueFilter},
};
use base::Money;

#[tokio::test]
async fn unemployment_without_a_paper() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        let reference = services.start(&who, "1.1").await.expect("started");
        assert_eq!(reference, "PN-2026-000001");
        assert_eq!(
            services.start(&who, "1.1").await.expect("again"),
            reference,
            "a double click opens one application"
        );
        assert_eq!(world.registers.asked(), ["personByPin", "contactByPin"], "only what the form shows is asked now");

        let page = services.page(&who, &reference, None).await.expect("the first page");
        assert_eq!((page.step.as_str(), page.number, page.count), ("you", 1, 3));
        assert!(page.fields.is_empty(), "nothing that a register knows is a field");
        let surname = &page.evidence[0].values[0];
        assert_eq!(surname.value, FactView::Text("Məmmədova".into()));
        assert_eq!(page.evidence[0].answered_at, Some(START.parse().expect("a time")));

        let next = services.answer(&who, &reference, "you", &typed(&[])).await.expect("nothing to answer");
        assert_eq!(next, Next::Step("work".into()));
        world.filled().await;
        let summary = services.summary(&who, &reference).await.expect("a summary");
        assert!(summary.missing.is_empty() && summary.fee.is_none());
        assert_eq!(summary.sections[1].answers[1].value.az, "Bakı və Abşeron");

        let case = world.sign(&who, &reference).await;
        assert_eq!(case.state, State::InReview, "the registers answered at once");
        assert_eq!(case.receipt.expect("a receipt").number, "QB-2026-000001");
        let mut asked = world.registers.asked().split_off(2);
        asked.sort();
        assert_eq!(asked, ["entrepreneurStatus", "pensionStatus", "salaries"]);
        for question in world.registers.asked.lock().expect("whole").iter() {
            assert_eq!(question.client, "AZ/GOV/10002/employment");
            assert_eq!(question.user.as_deref(), Some("PIN:AYTEN01"));
            assert_eq!(question.case_reference.as_deref(), Some(reference.as_str()));
            assert_eq!(question.purpose, "unemployment-allowance");
        }
        let due = case.due.expect("a legal clock");
        assert_eq!((due.on.to_string().as_str(), due.working_days, due.late), ("2026-12-07", 10, false));
        assert!(matches!(case.holder, Holder::Agency(_)));
        assert_eq!(world.count("SELECT COUNT(*) AS number FROM services_file").await, 0, "no paper was asked for");

        decide_unemployment(&world, &reference).await;
    }
}

async fn decide_unemployment(world: &World, reference: &str) {
    let (official, services) = (leyla(), &world.services);
    let queue = services.queue(&official, &QueueFilter::default()).await.expect("a queue");
    assert_eq!(queue.len(), 1);
    assert!(services.queue(&elchin(), &QueueFilter::default()).await.expect("a queue").is_empty());
    services.take(&official, reference).await.expect("taken");
    services.take(&official, reference).await.expect("twice is once");
    let seen = services.official_case(&official, reference).await.expect("seen");
    assert!(seen.checks.iter().all(|check| check.met == Some(true)), "{:?}", seen.checks);
    let computed: Vec<_> = seen.computed.iter().map(|line| line.value.clone()).collect();
    let money = |qepik| FactView::Money(Money::from_qepik(qepik));
    assert_eq!(computed, [money(1_344_000), money(112_000), money(78_400)]);
    services.decide(&official, reference, seen.case.version, true, "Bütün şərtlər ödənilir.").await.expect("written");
    assert!(services.case(&ayten(), reference).await.expect("seen").decision.is_none(), "not before it is signed");
    let preview = services.decision_preview(&official, reference).await.expect("a PDF");
    assert!(preview.bytes.starts_with(b"%PDF-"));
    world.sign_decision(&official, reference).await;
    world.run_jobs().await;

    let case = services.case(&ayten(), reference).await.expect("seen");
    assert_eq!(case.state, State::Approved);
    let decision = case.decision.expect("a decision");
    assert_eq!((decision.approved, decision.number.as_str(), decision.results.len()), (true, "IS-2026-000001", 3));
    assert_eq!(decision.links[0].path, "/services/1.2", "vacancies are offered");
    let mut kinds: Vec<_> = case.documents.iter().map(|document| (document.kind, document.signed)).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("application", true), ("decision", true), ("receipt", false)]);
    let grants =
        "SELECT COUNT(*) AS number FROM services_grant WHERE monthly_qepik = 78400 AND starts_on = '2026-11-24'";
    assert_eq!(world.count(grants).await, 1, "the allowance starts");
    let deposited = world.vault.deposited.lock().expect("whole");
    let mut kept: Vec<_> = deposited.iter().map(|document| (document.kind, document.owner.as_str())).collect();
    kept.sort_unstable();
    assert_eq!(kept, [("decision", "PIN:AYTEN01"), ("receipt", "PIN:AYTEN01")]);
    assert!(case.actions.contains(&Action::Rate));
}

#[tokio::test]
async fn a_permit_is_paid_before_it_is_reviewed() {
    for world in worlds().await {
        let (who, services, official) = (reshad(), &world.services, elchin());
        let reference = world.permit_signed().await;
        let case = services.case(&who, &reference).await.expect("seen");
        assert_eq!(case.state, State::AwaitingPayment);
        assert!(case.receipt.is_none() && case.actions.contains(&Action::Pay));
        assert!(services.queue(&official, &QueueFilter::default()).await.expect("a queue").is_empty());
        let debt = world.cashier.raised.lock().expect("whole")[0].clone();
        assert_eq!((debt.amount, debt.fee.as_str()), (Money::from_qepik(110_000), "construction-permit"));
        assert_eq!(debt.payer_company.as_deref(), Some("1400123451"));

        let unpaid = services.look_for_fee(&who, &reference).await.expect("seen");
        assert_eq!(unpaid.state, State::AwaitingPayment);
        *world.cashier.paid.lock().expect("whole") = Some(world.fee());
        let paid = services.look_for_fee(&who, &reference).await.expect("seen");
        assert_eq!(paid.state, State::InReview);
        services.fee_paid(&reference, &world.fee()).await.expect("told twice");
        assert_eq!(world.count("SELECT COUNT(*) AS number FROM services_usage WHERE kind = 'submitted'").await, 1);
        let fee = paid.fee.expect("a fee");
        assert_eq!((fee.receipt_number.as_deref(), fee.debt_code.as_deref()), (Some("R-1"), Some("0015-0000-0001")));
        assert_eq!(paid.due.expect("a clock").working_days, 60);
        assert_eq!(world.registers.asked(), ["companyByTin", "personByPin"], "the company is read from AVIS");
        let status = paid.evidence[0].values.iter().find(|value| value.fact == "status").expect("a status");
        assert!(matches!(&status.value, FactView::Words(words) if words.en == "active"));

        correct_online(&world, &reference).await;
        world.decided(&official, &reference, true).await;
        world.run_jobs().await;
        world.run_jobs().await;
        let recorded = world.registers.asked.lock().expect("whole").last().expect("asked").clone();
        assert!(recorded.service.ends_with("/recordPermit/v1"));
        assert_eq!(recorded.body["address"], "Bakı, Neftçilər prospekti 1");
        assert_eq!(recorded.body["applicant"], "“Xəzər Tikinti” MMC");
        assert_eq!(recorded.body["number"], "TI-2026-000001");
        assert_eq!(world.registers.asked().iter().filter(|code| *code == "recordPermit").count(), 1);
        let deposited = world.vault.deposited.lock().expect("whole").clone();
        let permit = deposited.iter().find(|document| document.kind == "decision").expect("the permit");
        assert_eq!(
            (permit.owner.as_str(), permit.valid_to.expect("a term").to_string().as_str()),
            ("TIN:1400123451", "2029-11-24")
        );
        let usage = services.usage().await.expect("counted");
        let permits = usage.iter().find(|line| line.service == "15.1").expect("a line");
        assert_eq!((permits.started, permits.submitted, permits.approved), (1, 1, 1));
        let none = usage.iter().find(|line| line.service == "1.1").expect("zero is published too");
        assert_eq!(none.started, 0);
    }
}

/// The official asks for a correction, the clock stands still, the citizen corrects online.
async fn correct_online(world: &World, reference: &str) {
    let (who, services, official) = (reshad(), &world.services, elchin());
    services.take(&official, reference).await.expect("taken");
    services
        .ask_correction(&official, reference, "Mərtəbə sayını dəqiqləşdirin", &["building".into()])
        .await
        .expect("asked");
    let case = services.case(&who, reference).await.expect("seen");
    assert_eq!((case.state, case.holder), (State::CorrectionRequested, Holder::You));
    world.wait(3 * 86_400);
    let due = services.case(&who, reference).await.expect("seen").due.expect("a clock");
    assert_eq!((due.used_percent, due.paused), (0, true));
    let answers = typed(&[("purpose", "dwelling"), ("category", "II"), ("floors", "8"), ("area", "12500")]);
    services.answer(&who, reference, "building", &answers).await.expect("corrected");
    assert!(services.answer(&who, reference, "site", &typed(&[])).await.is_err(), "only what was asked for");
    services.correct(&who, reference, "Düzəldildi").await.expect("handed back");
    let due = services.case(&who, reference).await.expect("seen").due.expect("a clock");
    assert_eq!((due.used_percent, due.paused), (0, false));
    world.wait(-86_400);
}

#[tokio::test]
async fn a_silent_register_becomes_a_wait_then_an_original() {
    for world in worlds().await {
        let (who, services, official) = (ayten(), &world.services, leyla());
        world.registers.set("pensionStatus", Mood::Silent);
        let reference = world.submitted().await;
        let case = services.case(&who, &reference).await.expect("seen");
        assert_eq!(case.state, State::AwaitingEvidence, "received, and waiting");
        assert!(case.receipt.is_some() && matches!(case.holder, Holder::Register(_)));
        services.take(&official, &reference).await.expect("taken");
        let refusal = refused(services.decide(&official, &reference, case.version + 1, true, "x").await);
        assert_eq!(refusal, crate::Refusal::NotNow { state: State::AwaitingEvidence }, "never decided without");

        for _ in 0..12 {
            world.wait(400);
            world.run_jobs().await;
        }
        let case = services.case(&who, &reference).await.expect("seen");
        assert_eq!(case.state, State::OriginalRequested);
        let pension = case.evidence.iter().find(|it| it.id == "pension").expect("the question").clone();
        assert_eq!(pension.state, EvidenceState::OriginalAsked);
        assert!(pension.attempts >= 5 && pension.next_attempt_at.is_some(), "and it is still asked");
        let silent = case.timeline.iter().filter(|entry| entry.event == "evidence_silent").count();
        assert_eq!(i64::try_from(silent).expect("few"), pension.attempts, "every attempt is on record");
        assert!(case.timeline.iter().any(|entry| entry.event == "original_asked"));

        let photo = b"\xff\xd8\xff\xe0 certificate".to_vec();
        services.give_original(&who, &reference, "pension", "arayis.jpg", photo).await.expect("given");
        assert_eq!(services.case(&who, &reference).await.expect("seen").state, State::InReview);
        let seen = services.official_case(&official, &reference).await.expect("seen");
        let refusal = refused(services.decide(&official, &reference, seen.case.version, true, "x").await);
        assert_eq!(refusal, crate::Refusal::EvidenceMissing, "the original has to be read first");
        let facts = typed(&[("receivesPension", "no")]);
        services.read_original(&official, &reference, "pension", &facts).await.expect("read");
        let seen = services.official_case(&official, &reference).await.expect("seen");
        assert!(seen.checks.iter().all(|check| check.met == Some(true)));
        services.decide(&official, &reference, seen.case.version, true, "Oldu").await.expect("decided");
    }
}

#[tokio::test]
async fn a_late_answer_is_still_taken() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        world.registers.set("salaries", Mood::Silent);
        let reference = world.submitted().await;
        for _ in 0..12 {
            world.wait(400);
            world.run_jobs().await;
        }
        assert_eq!(services.case(&who, &reference).await.expect("seen").state, State::OriginalRequested);
        let row = serde_json::json!({ "month": "2026-10", "employer": "Nümunə", "qepik": 90_000 });
        world
            .registers
            .set("salaries", Mood::Answers(serde_json::json!({ "rows": row, "lastEmploymentEnd": "2026-10-31" })));
        world.wait(1_000);
        world.run_jobs().await;
        let case = services.case(&who, &reference).await.expect("seen");
        assert_eq!(case.state, State::InReview);
        assert!(case.timeline.iter().any(|entry| entry.event == "evidence_late"));
    }
}

#[tokio::test]
async fn a_register_that_says_no_asks_for_the_original_at_once() {
    for world in worlds().await {
        world.registers.set("entrepreneurStatus", Mood::Refuses);
        let reference = world.submitted().await;
        let case = world.services.case(&ayten(), &reference).await.expect("seen");
        assert_eq!(case.state, State::OriginalRequested);
        let due = case.due.expect("a clock");
        assert!(due.paused, "the applicant has the next step");
    }
}

#[tokio::test]
async fn a_form_opens_although_its_register_is_silent() {
    for world in worlds().await {
        world.registers.set("personByPin", Mood::Silent);
        let reference = world.filled().await;
        let page = world.services.page(&ayten(), &reference, Some("you")).await.expect("the page");
        assert_eq!(page.evidence[0].state, EvidenceState::Waiting);
        let case = world.sign(&ayten(), &reference).await;
        assert_eq!(case.state, State::AwaitingEvidence);
        let body = serde_json::json!({ "surname": "Məmmədova", "givenName": "Aytən" });
        world.registers.set("personByPin", Mood::Answers(body));
        world.wait(60);
        world.run_jobs().await;
        assert_eq!(world.services.case(&ayten(), &reference).await.expect("seen").state, State::InReview);
    }
}

#[tokio::test]
async fn deadlines_are_watched() {
    for world in worlds().await {
        let (who, services, official) = (ayten(), &world.services, leyla());
        let reference = world.submitted().await;
        services.take(&official, &reference).await.expect("taken");
        services.start_watch().await.expect("watching");
        services.start_watch().await.expect("once");
        for days in [7, 3, 4, 1] {
            world.wait(days * 86_400);
            world.run_jobs().await;
            world.wait(700);
            world.run_jobs().await;
        }
        let case = services.case(&who, &reference).await.expect("seen");
        assert!(case.due.expect("a clock").late);
        let marks: Vec<_> = case
            .timeline
            .iter()
            .filter(|entry| entry.event == "deadline_near")
            .map(|entry| entry.values["percent"].az.clone())
            .collect();
        assert_eq!(marks, ["50", "80", "100"]);
        assert_eq!(case.timeline.iter().filter(|entry| entry.event == "late").count(), 1);
        let late = QueueFilter { late: true, ..QueueFilter::default() };
        assert_eq!(services.queue(&official, &late).await.expect("a queue").len(), 1);
        world.decided(&official, &reference, false).await;
        let usage = services.usage().await.expect("counted");
        assert_eq!(usage.iter().map(|line| line.late).sum::<i64>(), 1);
        let overdue = "SELECT COUNT(*) AS number FROM host_outbox WHERE template = 'case-overdue'";
        assert_eq!(world.count(overdue).await, 1);
    }
}
