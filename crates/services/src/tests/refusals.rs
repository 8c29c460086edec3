//! Each way of saying no is produced once; nothing is lost or doubled by it.

use super::world::*;
use crate::{
    Refusal,
    case::State,
    view::{Applicant, FileView, QueueFilter},
};

fn fields(refusal: Refusal) -> Vec<(String, &'static str)> {
    match refusal {
        Refusal::Invalid(problems) => problems.into_iter().map(|problem| (problem.field, problem.code)).collect(),
        other => panic!("{other:?}"),
    }
}

fn stranger() -> Applicant {
    Applicant { pin: pin("TURAL06"), name: "Tural Abbasov".into(), company: None }
}

#[tokio::test]
async fn before_an_application() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        assert_eq!(refused(services.start(&who, "99.9").await), Refusal::UnknownService);
        assert_eq!(refused(services.start(&who, "3.1").await), Refusal::NotOnline);
        let reference = world.submitted().await;
        assert_eq!(refused(services.start(&who, "1.1").await), Refusal::AlreadyOpen { reference: reference.clone() });
        for (who, reference) in [(&stranger(), reference.as_str()), (&who, "PN-2026-999999"), (&reshad(), &reference)] {
            assert_eq!(refused(services.case(who, reference).await), Refusal::UnknownCase);
            assert_eq!(refused(services.summary(who, reference).await.map(|_| ())), Refusal::UnknownCase);
            assert_eq!(refused(services.withdraw(who, reference, 1).await), Refusal::UnknownCase);
        }
        assert!(services.my_cases(&stranger()).await.expect("a list").is_empty());
        assert_eq!(services.my_cases(&who).await.expect("a list").len(), 1);
    }
}

#[tokio::test]
async fn answers_that_do_not_stand() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        let reference = services.start(&who, "1.1").await.expect("started");
        assert_eq!(refused(services.page(&who, &reference, Some("nowhere")).await.map(|_| ())), Refusal::UnknownStep);
        assert_eq!(refused(services.answer(&who, &reference, "nowhere", &typed(&[])).await), Refusal::UnknownStep);
        let wrong = typed(&[("occupation", "mühasib"), ("region", "mars"), ("ready", "no")]);
        let problems = fields(refused(services.answer(&who, &reference, "work", &wrong).await));
        let expected = [("region", "services.field_not_a_choice"), ("ready", "services.field_check")];
        assert_eq!(problems, expected.map(|(field, code)| (field.to_owned(), code)));
        let page = services.page(&who, &reference, Some("work")).await.expect("the page");
        assert_eq!(page.fields[0].value, "mühasib", "what stands is kept");
        assert_eq!(page.fields[1].value, "");
        let empty = fields(refused(services.answer(&who, &reference, "payment", &typed(&[("iban", "AZ1")])).await));
        let expected = [("iban", "services.field_check"), ("channel", "services.field_required")];
        assert_eq!(empty, expected.map(|(field, code)| (field.to_owned(), code)));
        let certificate = who.pin.as_str().as_bytes();
        let missing = refused(services.sign_request(&who, &reference, certificate).await);
        assert_eq!(missing, Refusal::Incomplete(vec!["work".into(), "payment".into()]));
    }
}

#[tokio::test]
async fn files_that_are_not_drawings() {
    for world in worlds().await {
        let (who, services) = (reshad(), &world.services);
        let reference = services.start(&who, "15.1").await.expect("started");
        let attach = async |field: &'static str, name: &'static str, content: Vec<u8>| {
            services.attach(&who, &reference, field, name, content).await
        };
        assert_eq!(refused(attach("address", "a.pdf", b"%PDF-".to_vec()).await), Refusal::UnknownField);
        assert_eq!(refused(attach("drawings", "a.pdf", Vec::new()).await), Refusal::FileEmpty);
        assert_eq!(refused(attach("drawings", "a.pdf", b"MZ not a drawing".to_vec()).await), Refusal::FileKind);
        assert_eq!(refused(attach("drawings", "a.jpg", b"\xff\xd8\xff\xe0".to_vec()).await), Refusal::FileKind);
        assert_eq!(refused(attach("drawings", "..", b"%PDF-".to_vec()).await), Refusal::FileName);
        let mut large = b"%PDF-".to_vec();
        large.resize(20_000_001, 0);
        assert_eq!(refused(attach("drawings", "a.pdf", large).await), Refusal::FileTooLarge);
        let problem = fields(refused(services.answer(&who, &reference, "drawings", &typed(&[])).await));
        assert_eq!(problem, [("drawings".to_owned(), "services.field_file_required")]);
        let mut last: Option<FileView> = None;
        for number in 0..10 {
            let content = format!("%PDF-1.7 {number}").into_bytes();
            last = Some(attach("drawings", "a.pdf", content).await.expect("a drawing"));
        }
        let again = attach("drawings", "a.pdf", b"%PDF-1.7 9".to_vec()).await.expect("the same file is there once");
        assert_eq!(Some(&again.id), last.as_ref().map(|file| &file.id));
        assert_eq!(refused(attach("drawings", "b.pdf", b"%PDF-1.7 x".to_vec()).await), Refusal::TooManyFiles);
        let content = services.file(&who, &reference, &again.id).await.expect("the file");
        assert_eq!((content.bytes.as_slice(), content.media_type.as_str()), (&b"%PDF-1.7 9"[..], "application/pdf"));
        services.detach(&who, &reference, &again.id).await.expect("taken away");
        assert_eq!(refused(services.detach(&who, &reference, &again.id).await), Refusal::UnknownFile);
        assert_eq!(refused(services.file(&who, &reference, &again.id).await), Refusal::UnknownFile);
    }
}

#[tokio::test]
async fn signatures_that_do_not_fit() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        let reference = world.filled().await;
        assert_eq!(
            refused(services.sign_complete(&who, &reference, "none", b"").await.map(|_| ())),
            Refusal::NothingToSign
        );
        let bad = Refusal::Signature { code: "trust.certificate_malformed", status: 422 };
        assert_eq!(refused(services.sign_request(&who, &reference, b"").await), bad);
        let first = services.sign_request(&who, &reference, b"AYTEN01").await.expect("prepared");
        let wrong = services.sign_complete(&who, &reference, &first.request, b"forged").await.map(|_| ());
        assert_eq!(refused(wrong), Refusal::Signature { code: "trust.signature_wrong", status: 422 });

        // A change after the request makes the request stale: what is signed is what stands.
        let change = typed(&[("occupation", "satıcı"), ("region", "baku"), ("ready", "yes")]);
        services.answer(&who, &reference, "work", &change).await.expect("changed");
        let stale = services.sign_complete(&who, &reference, &first.request, &signed(&first.digest)).await.map(|_| ());
        assert_eq!(refused(stale), Refusal::Stale);
        let other = services.sign_request(&who, &reference, b"TURAL06").await.expect("prepared");
        let refusal =
            services.sign_complete(&who, &reference, &other.request, &signed(&other.digest)).await.map(|_| ());
        assert_eq!(refused(refusal), Refusal::SignatureOfAnother);

        let last = services.sign_request(&who, &reference, b"AYTEN01").await.expect("prepared");
        for _ in 0..2 {
            services
                .sign_complete(&who, &reference, &last.request, &signed(&last.digest))
                .await
                .expect("twice is once");
        }
        assert_eq!(world.count("SELECT COUNT(*) AS number FROM services_usage WHERE kind = 'submitted'").await, 1);
        let late = services.answer(&who, &reference, "work", &change).await;
        assert_eq!(refused(late), Refusal::NotNow { state: State::InReview });
        assert_eq!(refused(services.reopen(&who, &reference).await), Refusal::NotNow { state: State::InReview });
        assert_eq!(refused(services.document(&who, &reference, "none", false).await), Refusal::UnknownDocument);
    }
}

#[tokio::test]
async fn officials_who_may_not() {
    for world in worlds().await {
        let (services, official) = (&world.services, leyla());
        let draft = services.start(&reshad(), "15.1").await.expect("a draft");
        assert_eq!(
            refused(services.take(&elchin(), &draft).await),
            Refusal::UnknownCase,
            "drafts are nobody's business"
        );
        let reference = world.submitted().await;
        assert_eq!(refused(services.take(&elchin(), &reference).await), Refusal::NotYourQueue);
        assert_eq!(refused(services.official_case(&elchin(), &reference).await.map(|_| ())), Refusal::NotYourQueue);
        assert_eq!(refused(services.release(&official, &reference).await), Refusal::TakeFirst);
        let mut same_person = leyla();
        same_person.pin = pin("AYTEN01");
        assert_eq!(refused(services.take(&same_person, &reference).await), Refusal::OwnCase);
        services.take(&official, &reference).await.expect("taken");
        let mut colleague = leyla();
        colleague.pin = pin("GUNAY07");
        assert_eq!(refused(services.take(&colleague, &reference).await), Refusal::TakenByAnother);
        assert_eq!(refused(services.decide(&colleague, &reference, 1, true, "x").await), Refusal::TakenByAnother);
        services.release(&official, &reference).await.expect("given back");
        services.take(&colleague, &reference).await.expect("free again");
        let mine = QueueFilter { mine: true, ..QueueFilter::default() };
        assert_eq!(services.queue(&colleague, &mine).await.expect("a queue").len(), 1);
        assert!(services.queue(&official, &mine).await.expect("a queue").is_empty());
    }
}

#[tokio::test]
async fn decisions_that_would_be_wrong() {
    for world in worlds().await {
        world.registers.set("pensionStatus", Mood::Answers(serde_json::json!({ "receivesPension": true })));
        let (services, official) = (&world.services, leyla());
        let reference = world.submitted().await;
        services.take(&official, &reference).await.expect("taken");
        let seen = services.official_case(&official, &reference).await.expect("seen").case.version;
        let decide = async |version: i64, approve: bool, reasons: &'static str| {
            services.decide(&official, &reference, version, approve, reasons).await
        };
        assert_eq!(refused(decide(seen - 1, false, "x").await), Refusal::Stale);
        assert_eq!(refused(decide(seen, false, "  ").await), Refusal::ReasonNeeded);
        assert_eq!(refused(decide(seen, true, "x").await), Refusal::CheckNotMet);
        let long: &'static str = "a".repeat(2_001).leak();
        assert_eq!(refused(decide(seen, false, long).await), Refusal::TextTooLong);
        assert_eq!(refused(services.ask_correction(&official, &reference, "", &[]).await), Refusal::ReasonNeeded);
        let nowhere = services.ask_correction(&official, &reference, "x", &["nowhere".into()]).await;
        assert_eq!(refused(nowhere), Refusal::UnknownStep);
        let unasked = services.read_original(&official, &reference, "pension", &typed(&[])).await;
        assert_eq!(refused(unasked), Refusal::OriginalNotAsked);
        let unknown = services.read_original(&official, &reference, "moon", &typed(&[])).await;
        assert_eq!(refused(unknown), Refusal::UnknownEvidence);
        assert_eq!(
            refused(services.decision_sign_request(&official, &reference, b"LEYLA03").await),
            Refusal::NothingToSign
        );

        decide(seen, false, "Pensiya alır").await.expect("a refusal needs no check");
        services.drop_decision(&official, &reference).await.expect("taken back");
        let seen = services.official_case(&official, &reference).await.expect("seen").case.version;
        decide(seen, false, "Pensiya alır").await.expect("written again");
        let withdrawn = services.withdraw(&ayten(), &reference, seen + 1).await;
        assert_eq!(refused(withdrawn), Refusal::NotNow { state: State::DecisionToSign });
        world.sign_decision(&official, &reference).await;
        let case = services.case(&ayten(), &reference).await.expect("seen");
        assert_eq!(case.state, State::Refused);
        assert!(case.decision.expect("a decision").results.is_empty());
        assert_eq!(world.count("SELECT COUNT(*) AS number FROM services_grant").await, 0);
    }
}

#[tokio::test]
async fn what_applicants_may_not() {
    for world in worlds().await {
        let (who, services) = (ayten(), &world.services);
        let reference = world.submitted().await;
        let given = services.give_original(&who, &reference, "pension", "a.pdf", b"%PDF-".to_vec()).await;
        assert_eq!(refused(given), Refusal::OriginalNotAsked);
        let given = services.give_original(&who, &reference, "moon", "a.pdf", b"%PDF-".to_vec()).await;
        assert_eq!(refused(given), Refusal::UnknownEvidence);
        assert_eq!(refused(services.correct(&who, &reference, "x").await), Refusal::NotNow { state: State::InReview });
        let empty = services.dispute(&who, &reference, "identity", "surname", " ", "").await;
        assert_eq!(fields(refused(empty)), [("claimed".to_owned(), "services.field_required")]);
        let unknown = services.dispute(&who, &reference, "identity", "shoe", "42", "").await;
        assert_eq!(refused(unknown), Refusal::UnknownEvidence);
        services.dispute(&who, &reference, "identity", "surname", "Məmmədli", "evlənmişəm").await.expect("disputed");
        world.run_jobs().await;
        let sent = world.registers.asked.lock().expect("whole").last().expect("asked").clone();
        assert_eq!(sent.service, "AZ/GOV/10003/iamas/requestCorrection/v1");
        assert_eq!(sent.body["claimedValue"], "Məmmədli");

        assert_eq!(refused(services.feedback(&who, &reference, 6, "").await), Refusal::RatingRange);
        assert_eq!(refused(services.feedback(&who, &reference, 5, "").await), Refusal::FeedbackEarly);
        world.decided(&leyla(), &reference, true).await;
        services.feedback(&who, &reference, 5, "Çox rahat").await.expect("thanks");
        assert_eq!(refused(services.feedback(&who, &reference, 1, "").await), Refusal::FeedbackTwice);
        let (own, other) = (leyla(), elchin());
        assert_eq!(services.agency_opinions(&other).await.expect("read"), [], "each agency reads of its own");
        let seen = services.agency_opinions(&own).await.expect("read");
        assert_eq!((seen[0].rating, seen[0].comment.as_str(), seen[0].fresh), (5, "Çox rahat", true));
        assert!(!services.agency_opinions(&own).await.expect("read")[0].fresh, "shown once is shown");
        let shown = world.store.query("SELECT official FROM services_feedback_shown", &[]).await.expect("read");
        assert_eq!(shown.iter().map(|row| row.text("official")).collect::<Vec<_>>(), ["PIN:LEYLA03"]);
        let opinion = services.opinion("1.1").await.expect("counted");
        assert_eq!((opinion.counts, opinion.comments.len()), ([0, 0, 0, 0, 1], 1));
    }
}

#[tokio::test]
async fn withdrawing_cancels_the_fee_and_ends_the_case() {
    for world in worlds().await {
        let (who, services) = (reshad(), &world.services);
        let reference = world.permit_signed().await;
        let version = services.case(&who, &reference).await.expect("seen").version;
        assert_eq!(refused(services.withdraw(&who, &reference, version - 1).await), Refusal::Stale);
        services.withdraw(&who, &reference, version).await.expect("withdrawn");
        assert_eq!(world.cashier.cancelled.lock().expect("whole").len(), 1);
        services.fee_paid(&reference, &world.fee()).await.expect("late money changes nothing");
        assert_eq!(services.case(&who, &reference).await.expect("seen").state, State::Withdrawn);
        let again = services.start(&who, "15.1").await.expect("a new application");
        assert_ne!(again, reference);
    }
}

#[tokio::test]
async fn two_tabs_open_one_application() {
    for world in worlds().await {
        let one = {
            let (services, who) = (world.services.clone(), ayten());
            tokio::spawn(async move { services.start(&who, "1.1").await })
        };
        let two = {
            let (services, who) = (world.services.clone(), ayten());
            tokio::spawn(async move { services.start(&who, "1.1").await })
        };
        let one = one.await.expect("joined").expect("started");
        assert_eq!(two.await.expect("joined").expect("started"), one);
        assert_eq!(world.count("SELECT COUNT(*) AS number FROM services_case").await, 1);
        assert_eq!(world.registers.asked().len(), 2, "and ask once");
    }
}
