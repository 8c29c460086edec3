//! Stories of the management services: what servers ask the central server to register, what becomes of it, and whom it
//! does not believe. Each story is told on both databases.

use crate::{
    office::{Office, Sent, message, plain, register, server, signature},
    world::id,
};
use base::Failure;
use exchange::{
    CENTRAL_MIGRATIONS,
    management::{Asked, Door, ManagementRefusal, ManagementRequest, Origin, Status},
};
use formats::{
    soap::{self, Parsed},
    x509::Profile,
};
use std::time::Duration;

const S: &str = "AZ/GOV/1/s";

#[tokio::test]
async fn a_registration_waits_for_the_operator_and_is_then_published() {
    for office in Office::both(false).await {
        let asked = Asked::ClientReg { client: id("AZ/GOV/2/shop"), name: Some("Shop".into()) };
        let number = office.ask(S, asked.clone()).await.expect("taken");
        assert_eq!((office.status(number).await.0, office.serves(S, "AZ/GOV/2/shop")), (Status::Waiting, false));
        assert_eq!(office.ask(S, asked).await, Err(ManagementRefusal::Exists));
        office.service.approve(number, "operator").await.expect("approved");
        assert_eq!(office.status(number).await.0, Status::Approved);
        let published = office.published();
        assert!(published.is_registered(&server(S), &id("AZ/GOV/2/shop")));
        let subsystem = published.subsystem(&id("AZ/GOV/2/shop")).expect("it came to be");
        assert_eq!(subsystem.name.as_deref(), Some("Shop"));
        assert_eq!(office.ask(S, register("AZ/GOV/2/shop")).await, Err(ManagementRefusal::ClientAlreadyRegistered));
        let again = office.service.approve(number, "operator").await;
        assert!(matches!(again, Err(Failure::Refused(fault)) if fault.refusal == ManagementRefusal::InvalidState));
        let none = office.central.desk().decline(99, "operator").await;
        assert!(matches!(none, Err(Failure::Refused(fault)) if fault.refusal == ManagementRefusal::NotFound));
        let number = office.ask(S, register("AZ/GOV/2/book")).await.expect("taken");
        office.central.desk().decline(number, "operator").await.expect("declined");
        assert_eq!((office.status(number).await.0, office.serves(S, "AZ/GOV/2/book")), (Status::Declined, false));
    }
}

#[tokio::test]
async fn the_two_sides_of_a_registration_complete_each_other() {
    for office in Office::both(false).await {
        let request = ManagementRequest { server: server(S), asked: register("AZ/GOV/2/book") };
        let ours = office.service.request(&request, "operator").await.expect("taken");
        let theirs = office.ask(S, register("AZ/GOV/2/book")).await.expect("taken");
        assert_eq!(office.status(ours).await, (Status::Approved, Some(theirs)));
        assert_eq!(office.status(theirs).await, (Status::Approved, Some(ours)));
        assert!(office.serves(S, "AZ/GOV/2/book"));
        let origins: Vec<Origin> = office
            .central
            .desk()
            .requests(Some(Status::Approved), None)
            .await
            .expect("read")
            .iter()
            .map(|it| it.origin)
            .collect();
        assert_eq!(origins, [Origin::SecurityServer, Origin::Center]);

        let request = ManagementRequest { server: server(S), asked: register("AZ/GOV/2") };
        let ours = office.service.request(&request, "operator").await.expect("taken");
        office.central.desk().decline(ours, "operator").await.expect("taken back");
        assert_eq!(office.status(ours).await.0, Status::Revoked);
        let theirs = office.ask(S, register("AZ/GOV/2")).await.expect("taken");
        office.ask(S, Asked::ClientDeletion { client: id("AZ/GOV/2") }).await.expect("taken back by its server");
        assert_eq!(office.status(theirs).await.0, Status::Revoked);
    }
}

#[tokio::test]
async fn changes_of_a_client_are_published_at_once() {
    for office in Office::both(true).await {
        let client = || id("AZ/GOV/2/book");
        office.ask(S, register("AZ/GOV/2/book")).await.expect("registered without being asked");
        assert!(office.serves(S, "AZ/GOV/2/book"));
        office.ask(S, Asked::ClientDisable { client: client() }).await.expect("disabled");
        assert!(!office.serves(S, "AZ/GOV/2/book"), "a disabled client is not published");
        assert_eq!(office.ask(S, register("AZ/GOV/2/book")).await, Err(ManagementRefusal::ClientAlreadyRegistered));
        office.ask(S, Asked::ClientEnable { client: client() }).await.expect("enabled");
        assert!(office.serves(S, "AZ/GOV/2/book"));
        office.ask(S, Asked::ClientRename { client: client(), name: "Kitab".into() }).await.expect("renamed");
        let named = office.published().subsystem(&client()).and_then(|subsystem| subsystem.name.clone());
        assert_eq!(named.as_deref(), Some("Kitab"));
        office.ask(S, Asked::ClientDeletion { client: client() }).await.expect("deleted");
        assert!(!office.serves(S, "AZ/GOV/2/book"));
        assert!(office.published().subsystem(&client()).is_some(), "it is a subsystem still");
        for gone in [
            Asked::ClientDisable { client: client() },
            Asked::ClientEnable { client: client() },
            Asked::ClientRename { client: client(), name: "K".into() },
        ] {
            assert_eq!(office.ask(S, gone).await, Err(ManagementRefusal::ServerClientNotFound));
        }
        let gone = Asked::ClientDeletion { client: client() };
        assert_eq!(office.ask(S, gone).await, Err(ManagementRefusal::ClientRegistrationNotFound));
    }
}

#[tokio::test]
async fn changes_of_a_server_are_published_at_once() {
    for office in Office::both(true).await {
        office.ask(S, Asked::AddressChange { address: "two.az:8810".into() }).await.expect("moved");
        let found = |office: &Office| office.published().server(&server(S)).cloned().expect("there");
        assert_eq!(found(&office).address.as_deref(), Some("two.az:8810"));
        let enable = |message: &str| Asked::MaintenanceModeEnable { message: Some(message.into()) };
        office.ask(S, enable("sabaha qədər")).await.expect("in maintenance");
        assert_eq!(found(&office).maintenance.as_deref(), Some("sabaha qədər"));
        assert_eq!(office.ask(S, enable("x")).await, Err(ManagementRefusal::AlreadyInMaintenance));
        office.ask(S, Asked::MaintenanceModeDisable).await.expect("back");
        assert_eq!(found(&office).maintenance, None);
        assert_eq!(office.ask(S, Asked::MaintenanceModeDisable).await, Err(ManagementRefusal::NotInMaintenance));
        assert_eq!(office.ask("AZ/GOV/9/m", enable("x")).await, Err(ManagementRefusal::ManagementServer));
        let unknown = Asked::AddressChange { address: "x.az".into() };
        assert_eq!(office.ask("AZ/GOV/1/other", unknown).await, Err(ManagementRefusal::ServerNotFound));

        let owner = |client: &str| Asked::OwnerChange { client: id(client) };
        assert_eq!(office.ask(S, owner("AZ/GOV/2/book")).await, Err(ManagementRefusal::OwnerMustBeMember));
        assert_eq!(office.ask(S, owner("AZ/GOV/1")).await, Err(ManagementRefusal::ClientAlreadyOwner));
        assert_eq!(office.ask(S, owner("AZ/GOV/2")).await, Err(ManagementRefusal::OwnerMustBeClient));
        office.ask(S, register("AZ/GOV/2")).await.expect("a client");
        office.ask(S, owner("AZ/GOV/2")).await.expect("another owner");
        let published = office.published();
        assert!(published.server(&server(S)).is_none());
        let clients = &published.server(&server("AZ/GOV/2/s")).expect("under its new owner").clients;
        assert_eq!(clients, &[id("AZ/GOV/1"), id("AZ/GOV/1/desk")]);
        let owners = published.group("security-server-owners").expect("the group");
        assert_eq!(owners.members, [id("AZ/GOV/2"), id("AZ/GOV/9")]);
        office.ask("AZ/GOV/2/t", register("AZ/GOV/9")).await.expect("a client");
        let request = ManagementRequest { server: server("AZ/GOV/9/t"), asked: register("AZ/GOV/1") };
        office.service.request(&request, "operator").await.expect_err("there is no such server");
    }
}

#[tokio::test]
async fn a_server_code_is_owned_once() {
    use exchange::central::Change;
    for office in Office::both(true).await {
        office.ask(S, register("AZ/GOV/2")).await.expect("a client");
        let twin = Change::Server { id: server("AZ/GOV/2/s"), address: None };
        office.central.change(&[twin], "operator").await.expect("changed");
        let outcome = office.ask(S, Asked::OwnerChange { client: id("AZ/GOV/2") }).await;
        assert_eq!(outcome, Err(ManagementRefusal::ServerCodeExists));
        let managed = Asked::ClientDisable { client: id("AZ/GOV/9") };
        office.ask(S, register("AZ/GOV/9")).await.expect("a client");
        assert_eq!(office.ask(S, managed).await, Err(ManagementRefusal::ManagementClient));
        assert_eq!(office.ask(S, register("AZ/GOV/1")).await, Err(ManagementRefusal::CannotRegisterOwner));
        let number = office.ask(S, register("AZ/GOV/7/new")).await.expect("waits for the member to be entered");
        assert_eq!(office.status(number).await.0, Status::Waiting);
        let outcome = office.service.approve(number, "operator").await;
        assert!(matches!(outcome, Err(Failure::Refused(fault)) if fault.refusal == ManagementRefusal::MemberNotFound));
    }
}

#[tokio::test]
async fn a_new_authentication_certificate_is_registered_and_deleted() {
    for office in Office::both(false).await {
        let authentication = office.party("AZ", "new.az", Profile::MemberAuthentication);
        let der = authentication.certificate.der().to_vec();
        let (new, owner) = (server("AZ/GOV/2/fresh"), office.signer("2"));
        let sent = office.registration(&new, &authentication, &owner);
        let number = office.send(Door::Registration, &sent).await.expect("taken");
        assert!(office.published().server(&new).is_none(), "it waits");
        assert_eq!(office.send(Door::Registration, &sent).await.expect_err("replayed").0, ManagementRefusal::Exists);
        office.service.approve(number, "operator").await.expect("approved");
        let published = office.published();
        let found = published.server_of_certificate(&der).expect("registered");
        assert_eq!((&found.id, found.address.as_deref()), (&new, Some("new.az")));
        let again = office.registration(&new, &authentication, &owner);
        let refused = office.send(Door::Registration, &again).await.expect_err("it is registered");
        assert_eq!(refused.0, ManagementRefusal::SecurityServerExists);

        let nothing = Asked::AuthCertDeletion { certificate: Vec::new() };
        assert_eq!(office.ask("AZ/GOV/2/fresh", nothing).await, Err(ManagementRefusal::InvalidAuthCertificate));
        let delete = || Asked::AuthCertDeletion { certificate: der.clone() };
        assert_eq!(office.ask(S, delete()).await, Err(ManagementRefusal::ServerNotFound), "another server's");
        office.ask("AZ/GOV/2/fresh", delete()).await.expect("deleted");
        assert!(office.published().server_of_certificate(&der).is_none());
        assert_eq!(office.ask("AZ/GOV/2/fresh", delete()).await, Err(ManagementRefusal::InvalidAuthCertificate));
        let replayed = office.send(Door::Registration, &sent).await.expect_err("replayed after the deletion");
        assert_eq!(replayed.0, ManagementRefusal::Exists);
        let another = office.party("AZ", "new.az", Profile::MemberAuthentication);
        let waiting = office.registration(&new, &another, &owner);
        let number = office.send(Door::Registration, &waiting).await.expect("waits");
        let back = Asked::AuthCertDeletion { certificate: another.certificate.der().to_vec() };
        office.ask("AZ/GOV/2/fresh", back).await.expect("taken back");
        assert_eq!(office.status(number).await.0, Status::Revoked);
        let outcome = office.service.approve(number, "operator").await;
        assert!(matches!(outcome, Err(Failure::Refused(fault)) if fault.refusal == ManagementRefusal::InvalidState));
    }
}

/// Sends by the door of the exchange and expects a code.
async fn check(office: &Office, sent: &Sent, refusal: ManagementRefusal, why: &str) {
    let before = office.central.desk().requests(None, None).await.expect("read").len();
    let outcome = office.send(Door::Exchange, sent).await.expect_err(why);
    assert_eq!(outcome.0, refusal, "{why}: {}", outcome.1);
    assert_eq!(
        office.central.desk().requests(None, None).await.expect("read").len(),
        before,
        "{why}: nothing is entered"
    );
}

#[tokio::test]
async fn a_request_that_the_member_did_not_make_is_refused() {
    use ManagementRefusal as R;
    for office in Office::both(true).await {
        let request = ManagementRequest { server: server(S), asked: register("AZ/GOV/2/book") };
        let (member, other) = (office.signer("2"), office.signer("1"));
        let good = office.signed(&request, &member);
        check(&office, &office.signed(&request, &other), R::InvalidRequest, "another member's certificate").await;
        let foreign = office.party("EE", "2", Profile::MemberSigning);
        check(&office, &office.signed(&request, &foreign), R::CertValidation, "another instance's member").await;
        let elsewhere = office.signed(&request, &member).parts[0].1.clone();
        check(&office, &good.clone().with(0, &elsewhere), R::InvalidSignatureValue, "signed another body").await;
        check(&office, &good.clone().with(0, b"x"), R::InvalidSignatureValue, "no signature").await;
        check(&office, &good.clone().with(1, b"x"), R::IncorrectCertificate, "no certificate").await;
        let authentication = office.party("AZ", "2", Profile::MemberAuthentication);
        check(&office, &office.signed(&request, &authentication), R::CertValidation, "not for signing").await;
        let theirs = office.ocsp(&other);
        check(&office, &good.clone().with(2, &theirs), R::IncorrectValidationInfo, "another's OCSP response").await;
        check(&office, &good.clone().with(2, b"x"), R::IncorrectValidationInfo, "no OCSP response").await;
        let stranger = Office::open(host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0), true).await;
        check(&office, &stranger.signed(&request, &stranger.signer("2")), R::CertValidation, "an unknown authority")
            .await;
        let revoked = office.signer("2");
        office.authority.revoke(&revoked.certificate);
        check(&office, &office.signed(&request, &revoked), R::CertValidation, "a revoked certificate").await;

        office.clock.advance_s(3_601);
        office.central.publish().await.expect("published");
        check(&office, &good, R::IncorrectValidationInfo, "an OCSP response of an hour ago").await;
        office.clock.advance_s(301 * 24 * 3600);
        check(&office, &good, R::GlobalConfOutdated, "nothing is published that counts").await;
        office.central.publish().await.expect("published");
        check(&office, &office.signed(&request, &member), R::CertValidation, "an expired certificate").await;
    }
}

#[tokio::test]
async fn a_request_of_the_wrong_shape_is_refused() {
    use ManagementRefusal as R;
    let office = Office::open(host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0), true).await;
    let member = office.signer("2");
    let request = |of: &str, asked: Asked| ManagementRequest { server: server(of), asked };
    let good = request(S, register("AZ/GOV/2/book"));
    // The wording of these three is the field's own, and clients show it.
    let texts = async |sent: &Sent, expected: &str| {
        let (refusal, text) = office.send(Door::Exchange, sent).await.expect_err(expected);
        assert_eq!((refusal, text.as_str()), (R::InvalidRequest, expected));
    };
    let sent_by_another = Sent { soap: message(&id("AZ/GOV/2"), &good), parts: Vec::new() };
    let parts =
        vec![signature(&member, &sent_by_another.soap), plain(member.certificate.der()), plain(&office.ocsp(&member))];
    texts(&Sent { parts, ..sent_by_another.clone() }, "Sender does not match server owner.").await;
    let rename = |client: &str, name: &str| {
        office.signed(&request(S, Asked::ClientRename { client: id(client), name: name.into() }), &member)
    };
    texts(&rename("AZ/GOV/2", "Two"), "Only name of subsystem can be changed").await;
    texts(&rename("AZ/GOV/2/book", " "), "Invalid subsystem name").await;
    let named = Asked::ClientReg { client: id("AZ/GOV/2"), name: Some("Two".into()) };
    texts(&office.signed(&request(S, named), &member), "Only name of subsystem can be changed").await;
    let moved = Asked::AddressChange { address: "http://two.az".into() };
    texts(&office.signed(&request(S, moved), &office.signer("1")), "Invalid server address").await;
    let deletion = request(S, Asked::ClientDeletion { client: id("AZ/GOV/1/desk") });
    let thief = Sent { soap: message(&id("AZ/GOV/2"), &deletion), parts: Vec::new() };
    texts(&thief, "Sender does not match server owner.").await;

    check(&office, &sent_by_another, R::InvalidRequest, "without a signature").await;
    check(&office, &Sent { soap: Vec::new(), parts: Vec::new() }, R::InvalidRequest, "empty").await;
    let mut more = office.signed(&good, &member);
    more.parts.push(plain(b"x"));
    check(&office, &more, R::InvalidRequest, "a part that nobody signed").await;
    let odd = office.signed(&good, &member).soap;
    let odd = String::from_utf8(odd).expect("text").replace("serverCode>s<", "serverCode>s;t<").into_bytes();
    let parts = vec![signature(&member, &odd), plain(member.certificate.der()), plain(&office.ocsp(&member))];
    check(&office, &Sent { soap: odd, parts }, R::InvalidClientIdentifier, "an invalid identifier").await;
    let elsewhere = request("EE/GOV/1/s", Asked::ClientDeletion { client: id("EE/GOV/1/desk") });
    let elsewhere = Sent { soap: message(&id("EE/GOV/1"), &elsewhere), parts: Vec::new() };
    check(&office, &elsewhere, R::InvalidRequest, "another instance's server").await;
}

#[tokio::test]
async fn a_certificate_that_nobody_proved_is_not_registered() {
    use ManagementRefusal as R;
    let office = Office::open(host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0), true).await;
    let member = office.signer("2");
    let good = ManagementRequest { server: server(S), asked: register("AZ/GOV/2/book") };
    let authentication = office.party("AZ", "new.az", Profile::MemberAuthentication);
    let registration = office.registration(&server("AZ/GOV/2/fresh"), &authentication, &member);
    check(&office, &registration, R::InvalidRequest, "a registration by the wrong door").await;
    let refused = async |sent: &Sent, refusal: ManagementRefusal, why: &str| {
        assert_eq!(office.send(Door::Registration, sent).await.expect_err(why).0, refusal, "{why}");
    };
    refused(&office.signed(&good, &member), R::InvalidRequest, "a change by the wrong door").await;
    let unproven = registration.clone().with(0, &registration.parts[1].1);
    refused(&unproven, R::InvalidSignatureValue, "without the key of the certificate").await;
    let other = office.party("AZ", "new.az", Profile::MemberAuthentication);
    let swapped = Sent {
        parts: vec![
            signature(&other, &registration.soap),
            registration.parts[1].clone(),
            plain(other.certificate.der()),
            registration.parts[3].clone(),
            registration.parts[4].clone(),
        ],
        ..registration.clone()
    };
    refused(&swapped, R::CertValidation, "another certificate than the message says").await;
    let signing = office.registration(&server("AZ/GOV/2/fresh"), &office.signer("2"), &member);
    refused(&signing, R::CertValidation, "a signing certificate").await;
    let by_another = office.registration(&server("AZ/GOV/2/fresh"), &authentication, &office.signer("1"));
    refused(&by_another, R::InvalidRequest, "the owner did not sign").await;
    let instead = ManagementRequest {
        server: server("AZ/GOV/2/fresh"),
        asked: Asked::AuthCertReg { address: "a".into(), certificate: authentication.certificate.der().to_vec() },
    };
    let soap = String::from_utf8(message(&id("AZ/GOV/2"), &instead)).expect("text");
    let soap = soap.replacen("<id:memberCode>9<", "<id:memberCode>8<", 1).into_bytes();
    let mut parts = registration.parts.clone();
    (parts[0], parts[1]) = (signature(&authentication, &soap), signature(&member, &soap));
    refused(&Sent { soap, parts }, R::InvalidRequest, "meant for other services").await;
}

#[tokio::test]
async fn faults_come_with_status_500_and_the_field_s_codes() {
    let office = Office::open(host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await.remove(0), true).await;
    let stop = host::http::Shutdown::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(host::http::serve(listener, office.service.router(), stop.clone()));
    let post = async |path: &str, sent: &Sent| {
        let (kind, body) = sent.body();
        let request = http::Request::post(format!("http://{address}/managementservice{path}"))
            .header("content-type", kind)
            .body(bytes::Bytes::from(body))
            .expect("a request");
        let client = host::http::Client::plain();
        let answer = client.send(request, 100_000, Duration::from_secs(10)).await.expect("answered");
        let status = answer.status().as_u16();
        match soap::read(answer.into_body().to_vec()).expect("SOAP") {
            Parsed::Message(_) => (status, String::new()),
            Parsed::Fault(fault) => {
                assert!(fault.detail.is_some(), "a number for the log");
                (status, fault.code)
            }
        }
    };
    let authentication = office.party("AZ", "new.az", Profile::MemberAuthentication);
    let good = office.registration(&server("AZ/GOV/2/fresh"), &authentication, &office.signer("2"));
    assert_eq!(post("/", &good).await, (200, String::new()));
    assert_eq!(post("", &good.clone().with(0, b"x")).await, (500, "invalid_signature_value".to_owned()));
    let large = Sent { soap: vec![b' '; 100_001], parts: Vec::new() };
    assert_eq!(post("/", &large).await, (500, "invalid_request".to_owned()));
    let change = ManagementRequest { server: server(S), asked: register("AZ/GOV/2/book") };
    let change = office.signed(&change, &office.signer("2"));
    let refused = post("/manage", &change).await;
    assert_eq!(refused, (500, ManagementRefusal::SslAuthenticationFailed.wire().to_owned()), "not its server's");
    stop.trigger();
}

#[test]
fn every_refusal_is_produced_by_a_story() {
    let stories = include_str!("management.rs");
    for refusal in ManagementRefusal::ALL {
        let named = [format!("ManagementRefusal::{refusal:?}"), format!("R::{refusal:?}")];
        assert!(named.iter().any(|name| stories.contains(name.as_str())), "{refusal:?}");
    }
}
