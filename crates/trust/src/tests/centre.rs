//! Issuing, finding again, refusing, suspending.

use super::{aytan, key, member, official, open, organisation, person, scene, scenes};
use crate::{Authority, Carrier, Change, Holder, Order, Refusal, State, centre::decide};
use base::{Algorithm, Failure, Refusal as _, Signer};
use formats::{
    asn1::oid,
    ocsp::CertStatus,
    x509::{Certificate, KeyUsage, Profile},
};
use host::{args, keys::SoftKey};

fn refusal<T: std::fmt::Debug>(result: Result<T, Failure<Refusal>>) -> Refusal {
    match result {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("no refusal: {other:?}"),
    }
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_made() {
    for scene in scenes().await {
        let again = open(&scene.store, &scene.folder, "http://127.0.0.1:1", scene.clock.clone()).await;
        for authority in Authority::ALL {
            assert_eq!(again.authority(authority), scene.centre.authority(authority));
            assert_eq!(again.responder_certificate(authority), scene.centre.responder_certificate(authority));
            assert_eq!(Authority::parse(authority.code()), Some(authority));
        }
        assert_eq!(again.time_stamping_certificate(), scene.centre.time_stamping_certificate());
    }
}

#[tokio::test]
async fn the_same_order_gives_the_same_certificate() {
    for scene in scenes().await {
        let (key, other) = (key(), key());
        let order = Order::new(person(), Profile::PersonSigning, key.public_key_der());
        let (first, twin) = tokio::join!(scene.centre.issue(&order), scene.centre.issue(&order));
        let first = first.expect("issued");
        assert_eq!(twin.expect("issued"), first);
        assert_eq!(scene.centre.issue(&order).await.expect("issued"), first);
        let another = Order::new(person(), Profile::PersonSigning, other.public_key_der());
        assert_ne!(scene.centre.issue(&another).await.expect("issued").serial(), first.serial());
        let found = scene.centre.find(&first.serial_hex()).await.expect("read").expect("known");
        assert_eq!(
            (found.certificate, found.state, found.authority),
            (first.clone(), State::Active, Authority::Persons)
        );
        assert_eq!(scene.centre.issued_to("PIN:AYTEN01").await.expect("read").len(), 2);

        // Revoked, the order is a new one; so it is when the old certificate has run out.
        scene.centre.change(&first.serial_hex(), Change::Revoke, "operator").await.expect("revoked");
        let second = scene.centre.issue(&order).await.expect("issued");
        assert_ne!(second.serial(), first.serial());
        scene.clock.advance_s(4 * 365 * 24 * 3600);
        assert_ne!(scene.centre.issue(&order).await.expect("issued").serial(), second.serial());
    }
}

#[tokio::test]
async fn an_intent_without_a_signature_is_finished_by_the_next_order() {
    for scene in scenes().await {
        let key = key();
        let order = Order::new(organisation(), Profile::Seal, key.public_key_der());
        let first = scene.centre.issue(&order).await.expect("issued");
        // As a power cut between recording and signing leaves it.
        let mut tx = scene.store.begin().await.expect("a transaction");
        tx.execute(
            "UPDATE trust_certificate SET certificate = $1, state = 'intended' WHERE serial = $2",
            &args![None::<Vec<u8>>, first.serial_hex()],
        )
        .await
        .expect("undone");
        tx.commit().await.expect("committed");
        assert!(scene.centre.find(&first.serial_hex()).await.expect("read").is_none());
        let status =
            scene.ocsp().fresh(&first, scene.centre.authority(Authority::Organisations)).await.expect("told").0;
        assert_eq!(status, CertStatus::Unknown);
        let second = scene.centre.issue(&order).await.expect("issued");
        assert_eq!((second.serial(), second.tbs()), (first.serial(), first.tbs()));
    }
}

#[tokio::test]
async fn everybody_gets_the_certificate_of_their_kind() {
    let scene = scene().await;
    let key = key();
    let of = |holder: Holder, profile: Profile| Order::new(holder, profile, key.public_key_der());
    let host = Holder::Host { name: "pencere.example".into() };
    let mut orders = vec![
        of(person(), Profile::PersonAuthentication),
        of(Holder::Person { person: aytan(), carrier: Carrier::Phone }, Profile::PersonAuthentication),
        of(official(), Profile::PersonSigning),
        of(organisation(), Profile::Seal),
        of(member(), Profile::MemberSigning),
        of(member(), Profile::MemberAuthentication),
        Order { host_names: vec!["localhost".into(), "127.0.0.1".into()], ..of(host, Profile::TlsServer) },
    ];
    let rsa = SoftKey::generate(Algorithm::RsaPkcs1Sha256).expect("a key");
    orders.push(Order::new(person(), Profile::PersonSigning, rsa.public_key_der()));
    let issued = scene.centre.issue_all(&orders).await.expect("issued");
    let settings = scene.centre.settings();
    assert!(
        issued[0].extensions().has_policy(settings.card_policy)
            && !issued[0].extensions().has_policy(settings.phone_policy)
    );
    assert!(issued[1].extensions().has_policy(settings.phone_policy));
    assert!(
        issued[0].extensions().has_purpose(oid::CLIENT_AUTH)
            && !issued[0].extensions().has_usage(KeyUsage::NonRepudiation)
    );
    let subject = issued[2].subject();
    assert_eq!((subject.person_identifier(), subject.organization_identifier()), (Some("AYTEN01"), Some("10002")));
    assert_eq!(subject.common_name(), Some("Aytən Məmmədova"));
    assert!(issued[3].extensions().is_for_seals());
    assert_eq!(issued[4].subject().attribute(oid::SERIAL_NUMBER), Some("AZ/portal/GOV"));
    assert!(!issued[4].extensions().has_usage(KeyUsage::DigitalSignature));
    assert_eq!(issued[6].extensions().dns_names(), ["localhost"]);
    let authorities: Vec<_> = issued.iter().map(|one| scene.centre.authority_of(one).expect("ours").code()).collect();
    assert_eq!(
        authorities,
        ["persons", "persons", "officials", "organisations", "exchange", "exchange", "exchange", "persons"]
    );
    let counts = scene.centre.counts().await.expect("counted");
    assert!(counts.contains(&("person-authentication".into(), "active".into(), 2)));
    for (name, certificate) in issued.iter().enumerate() {
        let leaf = scene.put_pem(&format!("{name}.pem"), std::slice::from_ref(certificate));
        let root = scene.put_pem("root.pem", std::slice::from_ref(scene.centre.root()));
        let between = scene.put_pem("between.pem", &scene.centre.issuing());
        let arguments = ["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &between, &leaf];
        let (ok, printed) = super::peer("openssl", &arguments).await;
        assert!(ok, "{printed}");
    }
}

#[tokio::test]
async fn a_country_of_certificates_is_one_call() {
    for scene in scenes().await {
        let keys: Vec<SoftKey> = (0..30).map(|_| key()).collect();
        let mut orders = Vec::new();
        for key in &keys {
            orders.push(Order::new(person(), Profile::PersonSigning, key.public_key_der()));
            orders.push(Order::new(person(), Profile::PersonAuthentication, key.public_key_der()));
        }
        let begun = std::time::Instant::now();
        let issued = scene.centre.issue_all(&orders).await.expect("issued");
        println!("60 certificates in {:?}", begun.elapsed());
        let mut serials: Vec<_> = issued.iter().map(Certificate::serial_hex).collect();
        serials.sort();
        serials.dedup();
        assert_eq!(serials.len(), 60);
        let many = vec![orders[0].clone(); 501];
        assert_eq!(refusal(scene.centre.issue_all(&many).await), Refusal::RequestTooLarge);
    }
}

#[tokio::test]
async fn orders_that_cannot_be_fulfilled_are_refused() {
    let scene = scene().await;
    let key = key();
    let named = |surname: &str| Holder::Person {
        person: crate::Person { surname: surname.to_owned(), ..aytan() },
        carrier: Carrier::Card,
    };
    let order = |holder, profile| Order::new(holder, profile, key.public_key_der());
    let host = || Holder::Host { name: "localhost".into() };
    for (order, expected) in [
        (Order::new(person(), Profile::PersonSigning, b"no key"), Refusal::KeyNotAccepted),
        (order(person(), Profile::Seal), Refusal::ProfileMismatch),
        (order(organisation(), Profile::PersonSigning), Refusal::ProfileMismatch),
        (order(person(), Profile::IssuingAuthority), Refusal::ProfileMismatch),
        (order(member(), Profile::TimeStamping), Refusal::ProfileMismatch),
        (order(named(""), Profile::PersonSigning), Refusal::NameNotAccepted),
        (order(named(" Aytən"), Profile::PersonSigning), Refusal::NameNotAccepted),
        (order(named("a\nb"), Profile::PersonSigning), Refusal::NameNotAccepted),
        (order(named(&"ə".repeat(129)), Profile::PersonSigning), Refusal::NameNotAccepted),
        (order(host(), Profile::TlsServer), Refusal::NameNotAccepted),
        (Order { host_names: vec!["pəncərə".into()], ..order(host(), Profile::TlsServer) }, Refusal::NameNotAccepted),
    ] {
        assert_eq!(refusal(scene.centre.issue(&order).await), expected, "{order:?}");
    }
    assert!(scene.centre.issue(&order(named(&"ə".repeat(128)), Profile::PersonSigning)).await.is_ok());
}

#[test]
fn the_life_of_a_certificate_is_a_table() {
    use Change::{Resume, Revoke, Suspend};
    use State::{Active, Intended, Revoked, Suspended};
    for (state, change, after) in [
        (Intended, Suspend, Err(Refusal::CertificateUnknown)),
        (Intended, Resume, Err(Refusal::CertificateUnknown)),
        (Intended, Revoke, Err(Refusal::CertificateUnknown)),
        (Active, Suspend, Ok(Suspended)),
        (Active, Resume, Ok(Active)),
        (Active, Revoke, Ok(Revoked)),
        (Suspended, Suspend, Ok(Suspended)),
        (Suspended, Resume, Ok(Active)),
        (Suspended, Revoke, Ok(Revoked)),
        (Revoked, Suspend, Err(Refusal::CertificateRevoked)),
        (Revoked, Resume, Err(Refusal::CertificateRevoked)),
        (Revoked, Revoke, Ok(Revoked)),
    ] {
        assert_eq!(decide(state, change), after, "{state:?} {change:?}");
        assert_eq!(State::parse(state.code()), Some(state));
    }
}

#[tokio::test]
async fn changes_reach_the_responder_and_the_log() {
    for scene in scenes().await {
        let certificate = scene.person(Profile::PersonAuthentication, &key()).await;
        let (serial, issuer, ocsp) =
            (certificate.serial_hex(), scene.centre.authority(Authority::Persons), scene.ocsp());
        let told = async || ocsp.fresh(&certificate, issuer).await.expect("told").0;
        assert_eq!(told().await, CertStatus::Good);
        let before = host::audit::size(&scene.store).await.expect("counted");
        scene.centre.change(&serial, Change::Suspend, "PIN:NARMN05").await.expect("suspended");
        assert!(matches!(told().await, CertStatus::Revoked { reason: Some(6), .. }));
        // A status that was just told is used again for a while, and no longer.
        assert!(matches!(ocsp.status(&certificate, issuer).await, Ok(CertStatus::Revoked { .. })));
        scene.centre.change(&serial, Change::Resume, "PIN:NARMN05").await.expect("resumed");
        assert!(matches!(ocsp.status(&certificate, issuer).await, Ok(CertStatus::Revoked { .. })));
        scene.clock.advance_s(31);
        assert!(matches!(ocsp.status(&certificate, issuer).await, Ok(CertStatus::Good)));
        scene.centre.change(&serial, Change::Revoke, "PIN:NARMN05").await.expect("revoked");
        scene.centre.change(&serial, Change::Revoke, "PIN:NARMN05").await.expect("again");
        assert!(matches!(told().await, CertStatus::Revoked { reason: None, .. }));
        assert_eq!(host::audit::size(&scene.store).await.expect("counted"), before + 3, "one entry for each change");

        assert_eq!(refusal(scene.centre.change(&serial, Change::Resume, "x").await), Refusal::CertificateRevoked);
        assert_eq!(refusal(scene.centre.change("00", Change::Revoke, "x").await), Refusal::CertificateUnknown);
        for protected in [scene.centre.root(), issuer, scene.centre.time_stamping_certificate()] {
            let result = scene.centre.change(&protected.serial_hex(), Change::Revoke, "x").await;
            assert_eq!(refusal(result), Refusal::AuthorityProtected);
        }
    }
}

#[test]
fn every_refusal_has_its_code_its_status_and_its_words() {
    let mut codes: Vec<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for texts in [
        include_str!("../../../portal/texts/az.toml"),
        include_str!("../../../portal/texts/en.toml"),
        include_str!("../../../portal/texts/ru.toml"),
    ] {
        let texts: toml::Table = toml::from_str(texts).expect("texts");
        for refusal in Refusal::ALL {
            assert!((400..500).contains(&refusal.status()) && refusal.code().starts_with("trust."));
            assert!(texts.contains_key(&format!("refusal.{}", refusal.code())), "{}", refusal.code());
        }
        for code in formats::asice::Reason::CODES {
            assert!(texts.contains_key(&format!("verdict.{code}")), "{code}");
        }
    }
}
