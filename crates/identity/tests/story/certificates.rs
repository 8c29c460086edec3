//! The judgement on certificates against real trust services: issued, foreign, revoked, for something else, too old.

use base::{Algorithm, Clock, Failure, ManualClock, Pin, Signer, SystemChance, clock::from_micros};
use formats::x509::{Certificate, Profile};
use host::{
    http::{Client, Shutdown, serve},
    keys::{KeyDir, SoftKey},
    testing::TempDir,
};
use identity::{Carrier, CertificateRefusal, Certificates, TrustedCertificates};
use std::sync::Arc;
use trust::{Authority, Centre, Change, Holder, Order, client::OcspClient};

const SETTINGS: &str = r#"
country = "AZ"
organisation = "Test"
card_policy = "1.3.6.1.4.1.99999.2.1"
phone_policy = "1.3.6.1.4.1.99999.2.2"
time_stamping_policy = "1.3.6.1.4.1.99999.1.1"
[names]
root = "Root"
persons = "Persons"
organisations = "Organisations"
officials = "Officials"
exchange = "Exchange"
responder = "Responder"
time_stamping = "Time"
"#;

struct Services {
    centre: Arc<Centre>,
    clock: Arc<ManualClock>,
    address: String,
    shutdown: Shutdown,
    _folder: TempDir,
}

impl Drop for Services {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl Services {
    async fn open() -> Services {
        let store = host::testing::stores(&[trust::MIGRATIONS]).await.swap_remove(0);
        let folder = TempDir::new();
        let keys = KeyDir::open(&folder.path().join("keys")).expect("a folder of keys");
        let clock = Arc::new(ManualClock::at(from_micros(1_790_000_000_000_000)));
        let settings = toml::from_str(SETTINGS).expect("settings");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let centre = Centre::open(store, &keys, settings, &address, clock.clone(), Arc::new(SystemChance)).await;
        let (centre, shutdown) = (Arc::new(centre.expect("open")), Shutdown::new());
        tokio::spawn(serve(listener, trust::endpoints::endpoints(centre.clone()), shutdown.clone()));
        Services { centre, clock, address, shutdown, _folder: folder }
    }

    async fn certificate(&self, pin: &str, carrier: trust::Carrier, profile: Profile) -> Certificate {
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let person = trust::Person {
            pin: Pin::parse(pin).expect("a PIN"),
            surname: "Məmmədova".into(),
            given_name: "Aytən".into(),
        };
        let order = Order::new(Holder::Person { person, carrier }, profile, key.public_key_der());
        self.centre.issue(&order).await.expect("issued")
    }

    fn judge(&self, ocsp: &str) -> Arc<TrustedCertificates> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let ocsp = OcspClient::new(Client::plain(), format!("{ocsp}/ocsp"), clock, Arc::new(SystemChance));
        let issuing = [Authority::Persons, Authority::Officials];
        let issuing = issuing.map(|authority| self.centre.authority(authority).clone());
        TrustedCertificates::new(issuing.to_vec(), Arc::new(ocsp), self.centre.settings())
    }

    async fn refused(&self, certificate: &[u8], carrier: Carrier) -> CertificateRefusal {
        match self.judge(&self.address).judge(certificate, carrier, self.clock.now()).await {
            Err(Failure::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_good_certificate_names_its_person() {
    let services = Services::open().await;
    for (carrier, judged) in [(trust::Carrier::Card, Carrier::Card), (trust::Carrier::Phone, Carrier::Phone)] {
        let certificate = services.certificate("AYTEN01", carrier, Profile::PersonAuthentication).await;
        let person = services.judge(&services.address).judge(certificate.der(), judged, services.clock.now()).await;
        let person = person.expect("accepted");
        assert_eq!((person.pin.as_str(), person.given_name.as_str()), ("AYTEN01", "Aytən"));
        assert_eq!(person.surname, "Məmmədova");
        assert_eq!(person.public_key_der, certificate.key().spki());
    }
}

#[tokio::test]
async fn every_other_certificate_is_refused_for_its_own_reason() {
    let (services, abroad) = (Services::open().await, Services::open().await);
    let card = |of: &'static str| services.certificate(of, trust::Carrier::Card, Profile::PersonAuthentication);
    let good = card("AYTEN01").await;
    assert_eq!(services.refused(b"junk", Carrier::Card).await, CertificateRefusal::Unreadable);
    assert_eq!(services.refused(good.der(), Carrier::Phone).await, CertificateRefusal::WrongPolicy);
    let signing = services.certificate("AYTEN01", trust::Carrier::Card, Profile::PersonSigning).await;
    assert_eq!(services.refused(signing.der(), Carrier::Card).await, CertificateRefusal::WrongPurpose);
    let authority = services.centre.authority(Authority::Persons);
    assert_eq!(services.refused(authority.der(), Carrier::Card).await, CertificateRefusal::WrongPurpose);
    // The same names, another country's keys.
    let foreign = abroad.certificate("AYTEN01", trust::Carrier::Card, Profile::PersonAuthentication).await;
    assert_eq!(services.refused(foreign.der(), Carrier::Card).await, CertificateRefusal::Untrusted);
    let revoked = card("TURAL06").await;
    for change in [Change::Suspend, Change::Revoke] {
        services.centre.change(&revoked.serial_hex(), change, "test").await.expect("changed");
        assert_eq!(services.refused(revoked.der(), Carrier::Card).await, CertificateRefusal::Revoked);
    }
    services.clock.advance_s(4 * 365 * 24 * 3600);
    assert_eq!(services.refused(good.der(), Carrier::Card).await, CertificateRefusal::OutOfDate);
}

#[tokio::test]
async fn a_silent_responder_is_a_fault_not_a_yes() {
    let services = Services::open().await;
    let good = services.certificate("AYTEN01", trust::Carrier::Card, Profile::PersonAuthentication).await;
    let judge = services.judge("http://127.0.0.1:1");
    let judged = judge.judge(good.der(), Carrier::Card, services.clock.now()).await;
    assert!(matches!(judged, Err(Failure::Failed(fault)) if fault.retry_helps));
}
