//! Security servers that ask the central server about themselves, over the exchange and over the registration service's TLS.

use crate::{
    asking::question,
    world::{World, id},
};
use base::dataservice::{DataServices as _, Wording};
use exchange::{
    management::{Asked, Status},
    server::ClientState,
    setup::CertificateOrder,
};
use formats::x509::Profile;
use serde_json::json;

#[tokio::test]
async fn a_client_that_is_deleted_exchanges_nothing_more() {
    for world in [World::running().await, World::running_on_postgres().await] {
        world.client.ask(question("page", Wording::Soap, "m-1")).await.expect("answered");
        let asker = world.exchange.server("asker").expect("a server");
        let number = asker.ask_management(Asked::ClientDeletion { client: id("AZ/GOV/1/desk") }).await.expect("done");
        let desk = world.exchange.central().desk();
        let requests = desk.requests(Some(Status::Approved), None).await.expect("read");
        assert_eq!(requests.iter().map(|request| request.number).collect::<Vec<_>>(), [number]);
        for (_, server) in world.exchange.servers() {
            server.renew_configuration().await.expect("renewed");
        }
        let refused = world.client.ask(question("page", Wording::Soap, "m-2")).await.expect_err("not registered");
        assert!(format!("{refused:?}").contains("unknown_member"), "{refused:?}");
        let again = asker.ask_management(Asked::ClientDeletion { client: id("AZ/GOV/1/desk") }).await;
        let fault = again.expect_err("it is gone");
        assert_eq!(fault.code, "management_request_client_registration_not_found");
        world.shutdown.trigger();
    }
}

#[tokio::test]
async fn a_new_certificate_is_registered_over_tls_and_the_old_one_deleted() {
    let world = World::running().await;
    let asker = world.exchange.server("asker").expect("a server");
    let old = asker.certificates().into_iter().find(|(usage, _)| *usage == "authentication").expect("one").1;
    let order = CertificateOrder {
        profile: Profile::MemberAuthentication,
        subject: old.subject().clone(),
        public_key_der: old.key().spki().to_vec(),
        host_names: Vec::new(),
    };
    let new = world.authority.sign(&order);
    let asked = Asked::AuthCertReg { address: "127.0.0.1".into(), certificate: new.der().to_vec() };
    let number = asker.ask_management(asked.clone()).await.expect("taken");
    let waiting = asker.ask_management(asked).await.expect_err("it waits");
    assert_eq!(waiting.code, "management_request_exists");
    let management = world.exchange.management().expect("the country has them");
    management.approve(number, "operator").await.expect("approved");
    asker.renew_configuration().await.expect("renewed");
    let configuration = asker.configuration().expect("there");
    let entry = configuration.server(asker.id()).expect("registered");
    assert_eq!(entry.authentication_hashes.len(), 2);
    assert_eq!(entry.address.as_deref(), Some("127.0.0.1"));
    let gone = Asked::AuthCertDeletion { certificate: new.der().to_vec() };
    asker.ask_management(gone).await.expect("deleted");
    asker.renew_configuration().await.expect("renewed");
    let configuration = asker.configuration().expect("there");
    assert!(configuration.server_of_certificate(new.der()).is_none());
    assert!(configuration.server_of_certificate(old.der()).is_some());
    world.shutdown.trigger();
}

#[tokio::test]
async fn only_owners_of_servers_have_a_right_to_the_management_services() {
    let world = World::running().await;
    let request = http::Request::post(format!("http://{}/", world.port("asker", 1)))
        .header("content-type", "text/xml; charset=UTF-8")
        .body(bytes::Bytes::from(formats::soap::request(
            &formats::soap::RequestHead {
                client: &id("AZ/GOV/1/desk"),
                service: &formats::identifier::ServiceId::parse("AZ/GOV/2/clientDeletion").expect("a service"),
                id: "m-1",
                user_id: None,
                issue: None,
                purpose: None,
            },
            &json!({}),
        )))
        .expect("a request");
    let http = host::http::Client::plain();
    let answer = http.send(request, 100_000, std::time::Duration::from_secs(10)).await.expect("answered");
    let Ok(formats::soap::Parsed::Fault(fault)) = formats::soap::read(answer.into_body().to_vec()) else {
        panic!("no fault")
    };
    assert_eq!(fault.code, "server.serverproxy.access_denied");
    world.shutdown.trigger();
}

#[tokio::test]
async fn a_server_disables_a_client_and_goes_into_maintenance() {
    let world = World::running().await;
    let [asker, keeper] = ["asker", "keeper"].map(|code| world.exchange.server(code).expect("a server"));
    let desk = || id("AZ/GOV/1/desk");
    let state = async || asker.client_states().await.expect("read")[0].1;
    let ask = async |service: &str, message: &str| {
        let mut question = question("page", Wording::Soap, message);
        question.service = service.to_owned();
        match world.client.ask(question).await {
            Ok(_) => "ok".to_owned(),
            Err(refused) => format!("{refused:?}"),
        }
    };
    let renew = async || {
        for (_, server) in world.exchange.servers() {
            server.renew_configuration().await.expect("renewed");
        }
    };
    const PAGE: &str = "AZ/GOV/2/book/page/v1";
    const OWN: &str = "AZ/GOV/1/desk/unplugged/v1";
    renew().await;
    assert_eq!(state().await, ClientState::Registered);
    asker.ask_management(Asked::ClientDisable { client: desk() }).await.expect("disabled");
    assert_eq!(state().await, ClientState::DisablingInProgress);
    renew().await;
    assert_eq!(state().await, ClientState::Disabled);
    assert!(ask(PAGE, "m-1").await.contains("server.clientproxy.unknown_member"));
    asker.ask_management(Asked::ClientEnable { client: desk() }).await.expect("enabled");
    assert_eq!(state().await, ClientState::EnablingInProgress);
    renew().await;
    assert_eq!((state().await, ask(PAGE, "m-2").await.as_str()), (ClientState::Registered, "ok"));

    let message = Some("axşama qədər".to_owned());
    asker.ask_management(Asked::MaintenanceModeEnable { message }).await.expect("in maintenance");
    renew().await;
    let told = ask(OWN, "m-3").await;
    assert!(told.contains("maintenance_mode"), "{told}");
    asker.ask_management(Asked::MaintenanceModeDisable).await.expect("back");
    renew().await;
    assert!(ask(OWN, "m-4").await.contains("service_missing_url"));
    let refused = keeper.ask_management(Asked::MaintenanceModeEnable { message: None }).await.expect_err("refused");
    assert_eq!(refused.code, "mr_forbidden_enable_maintenance_mode_for_management_service");

    let renamed = Asked::ClientRename { client: desk(), name: "Stol".into() };
    asker.ask_management(renamed).await.expect("renamed");
    asker.ask_management(Asked::AddressChange { address: "asker.az".into() }).await.expect("moved");
    renew().await;
    let configuration = keeper.configuration().expect("there");
    assert_eq!(configuration.subsystem(&desk()).and_then(|it| it.name.clone()).as_deref(), Some("Stol"));
    let entry = configuration.server(asker.id()).expect("there");
    assert_eq!(entry.address.as_deref(), Some("asker.az"));
    world.shutdown.trigger();
}
