//! Two instances that trust each other: two central servers, two servers each, members that ask across.

use crate::world::{World, id};
use base::dataservice::{DataServices as _, Question, Wording};
use exchange::{
    central::Purpose, certificates::CertificateJudge, fault::Place, messagelog::LogFilter, setup::CertificateOrder,
};
use formats::{
    asn1::oid,
    x509::{NameBuilder, Profile},
};
use serde_json::json;

/// What the book of AZ lets the desk of EE ask.
const ACROSS: &str = r#"
[[service]]
provider = "AZ/GOV/2/book"
code = "across"
version = "v1"
clients = ["EE/GOV/1/desk"]
"#;

fn question(client: &str, service: &str, message: &str) -> Question {
    Question {
        client: client.to_owned(),
        service: service.to_owned(),
        wording: Wording::Soap,
        body: json!({ "pin": "AYTEN01" }),
        user: None,
        case_reference: None,
        purpose: "federation".to_owned(),
        message_id: message.to_owned(),
    }
}

async fn renew(world: &World) {
    for (_, server) in world.exchange.servers() {
        server.renew_configuration().await.expect("renewed");
    }
}

/// `one` trusts what `other` publishes.
async fn trust(one: &World, other: &World) {
    let file = other.exchange.central().desk().anchor_file(Purpose::External).await.expect("an anchor");
    let central = one.exchange.central();
    let outcome = central.desk().trust_anchor(&file.bytes, "operator").await.expect("kept");
    central.publish().await.expect("published");
    assert_eq!(outcome.as_deref(), Ok(other.exchange.country().instance.as_str()));
}

async fn federated() -> (World, World) {
    let (az, ee) = (World::running_of("AZ", ACROSS).await, World::running_of("EE", "").await);
    trust(&az, &ee).await;
    trust(&ee, &az).await;
    renew(&az).await;
    renew(&ee).await;
    (az, ee)
}

async fn refused(world: &World, question: Question) -> String {
    format!("{:?}", world.client.ask(question).await.expect_err("refused"))
}

const DESK: &str = "EE/GOV/1/desk";
const SERVICE: &str = "AZ/GOV/2/book/across/v1";

#[tokio::test]
async fn members_of_two_instances_exchange_messages() {
    let (az, ee) = federated().await;
    let answer = ee.client.ask(question(DESK, SERVICE, "m-1")).await.expect("answered across");
    assert_eq!(answer.body["known"], json!(true));
    for (world, code) in [(&ee, "asker"), (&az, "keeper")] {
        let filter = LogFilter { message_id: Some("m-1".to_owned()), ..LogFilter::default() };
        let log = world.exchange.server(code).expect("a server").log();
        assert_eq!(log.records(&filter).await.expect("read").len(), 2, "{code}");
    }
    let denied = refused(&ee, question(DESK, "AZ/GOV/2/book/page/v1", "m-2")).await;
    assert!(denied.contains("server.serverproxy.access_denied"), "{denied}");
    let unknown = refused(&ee, question(DESK, "FI/GOV/2/book/page/v1", "m-3")).await;
    assert!(unknown.contains("server.clientproxy.unknown_member"), "{unknown}");
    for world in [az, ee] {
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn the_clients_of_a_federated_instance_are_listed() {
    let (az, ee) = federated().await;
    let http = host::http::Client::plain();
    let get = async |instance: &str| {
        let url = format!("http://{}/listClients?xRoadInstance={instance}", ee.port("asker", 1));
        let request = http::Request::get(url).header("accept", "application/json").body(bytes::Bytes::new());
        let answer = http.send(request.expect("a request"), 100_000, std::time::Duration::from_secs(10)).await;
        let answer = answer.expect("answered");
        (answer.status().as_u16(), serde_json::from_slice::<serde_json::Value>(answer.body()).expect("JSON"))
    };
    let (status, list) = get("AZ").await;
    let instances = list["member"].as_array().expect("a list").iter().map(|it| it["id"]["xroad_instance"].clone());
    assert_eq!((status, instances.collect::<Vec<_>>()), (200, vec![json!("AZ"); 6]));
    assert_ne!(get("FI").await.0, 200);
    for world in [az, ee] {
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn an_authority_counts_for_its_own_instance_alone() {
    let (az, ee) = federated().await;
    let keeper = az.exchange.server("keeper").expect("a server");
    let configuration = keeper.configuration().expect("there");
    let (own, partner) = (configuration.own(), configuration.instance("EE").expect("federated"));
    let order = |instance: &str| CertificateOrder {
        profile: Profile::MemberSigning,
        subject: NameBuilder::new()
            .with(oid::COUNTRY, instance)
            .with(oid::COMMON_NAME, "1")
            .with(oid::SERIAL_NUMBER, &format!("{instance}/asker/GOV"))
            .build(),
        public_key_der: az.authority.certificate.key().spki().to_vec(),
        host_names: Vec::new(),
    };
    let now = base::Clock::now(&*az.clock);
    let judge = CertificateJudge::default();
    let check = |certificate: &formats::x509::Certificate, instance: &exchange::configuration::Instance| {
        let trusted = judge.path(instance, Place::ServerProxy, certificate.der(), &[], now).map_err(|it| it.code)?;
        Ok::<_, String>(trusted.member.clone())
    };
    let theirs = ee.authority.sign(&order("EE"));
    assert_eq!(check(&theirs, partner), Ok(Some(id("EE/GOV/1"))));
    assert_eq!(check(&theirs, own), Err("server.serverproxy.invalid_cert_path".to_owned()));
    // Our authority names a member of theirs: in our instance it is nobody, in theirs the authority is.
    let forged = az.authority.sign(&order("EE"));
    assert_eq!(check(&forged, own), Ok(None));
    assert_eq!(check(&forged, partner), Err("server.serverproxy.invalid_cert_path".to_owned()));
    // The same authority, approved for TLS alone, and under a profile that nobody knows.
    let ours = az.authority.sign(&order("AZ"));
    assert_eq!(check(&ours, own), Ok(Some(id("AZ/GOV/1"))));
    let narrowed = |change: fn(&mut formats::globalconf::ApprovedCa), generation| {
        let mut shared = own.shared.clone();
        change(&mut shared.approved_cas[0]);
        exchange::configuration::Instance::new(shared, generation)
    };
    assert_eq!(check(&ours, &narrowed(|ca| ca.authentication_only = true, 1_001)), Ok(None));
    assert_eq!(check(&ours, &narrowed(|ca| ca.profile = "unknown".into(), 1_002)), Ok(None));
    for world in [az, ee] {
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_partner_whose_configuration_expired_or_who_is_trusted_no_more_is_not_served() {
    let (az, ee) = federated().await;
    ee.client.ask(question(DESK, SERVICE, "m-1")).await.expect("answered");
    // AZ goes on; what it knows of EE does not.
    az.clock.advance_s(599);
    az.exchange.central().publish().await.expect("published");
    renew(&az).await;
    az.clock.advance_s(1);
    let outdated = refused(&ee, question(DESK, SERVICE, "m-2")).await;
    assert!(outdated.contains("server.serverproxy.global_conf_outdated"), "{outdated}");
    ee.clock.advance_s(600);
    ee.exchange.central().publish().await.expect("published");
    renew(&az).await;
    renew(&ee).await;
    ee.client.ask(question(DESK, SERVICE, "m-3")).await.expect("answered again");

    let (central, desk) = (ee.exchange.central(), ee.exchange.central().desk());
    assert_eq!(desk.partners().await.expect("read")[0].anchor.instance, "AZ");
    assert!(desk.forget_anchor("AZ", "operator").await.expect("forgotten"));
    assert!(!desk.forget_anchor("AZ", "operator").await.expect("asked"), "once");
    central.publish().await.expect("published");
    renew(&ee).await;
    let gone = refused(&ee, question(DESK, SERVICE, "m-4")).await;
    assert!(gone.contains("server.clientproxy.unknown_member"), "{gone}");
    let kept = ee.directory.path().join("ss-asker/globalconf");
    assert!(kept.join("EE/shared-params.xml").exists() && !kept.join("AZ").exists());
    let own = desk.anchor_file(Purpose::External).await.expect("an anchor");
    let outcome = desk.trust_anchor(&own.bytes, "operator").await.expect("asked");
    assert!(outcome.is_err(), "an instance is not federated with itself");
    assert!(desk.trust_anchor(b"no anchor", "operator").await.expect("asked").is_err());
    for world in [az, ee] {
        world.shutdown.trigger();
    }
}
