//! Rights and the authentication of information systems over real sockets.

use crate::{
    asking::question,
    world::{NOON, World, id, page},
};
use axum::{Router, body::Bytes, routing::post};
use base::{
    Algorithm, Timestamp,
    dataservice::{AskError, DataServices, Wording},
};
use exchange::server::{Asker, self_signed};
use formats::{
    identifier::encode_segment,
    soap::{self, Parsed},
    x509::{Certificate, NameBuilder, to_pem},
};
use host::{http::Client, keys::SoftKey};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use serde_json::json;
use std::{sync::Arc, sync::atomic::Ordering, time::Duration};

const RIGHTS: &str = r#"
[[global_group]]
code = "askers"
name = { az = "Soruşanlar", en = "Askers", ru = "Спрашивающие" }
members = ["AZ/GOV/1/desk"]
[[local_group]]
owner = "AZ/GOV/2/book"
code = "readers"
members = ["AZ/GOV/1/desk"]
[[service]]
provider = "AZ/GOV/2/book"
code = "shelf"
types = ["rest"]
[[service.endpoint]]
method = "GET"
path = "/rows/*"
global_groups = ["askers"]
[[service.endpoint]]
method = "PUT"
path = "/**"
[[service]]
provider = "AZ/GOV/2/book"
code = "letter"
types = ["soap"]
local_groups = ["readers"]
"#;

async fn rest(world: &World, method: &str, path: &str) -> (u16, String) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://{}/r1/AZ/GOV/2/book/{path}", world.port("asker", 1)))
        .header("X-Road-Client", "AZ/GOV/1/desk")
        .body(Bytes::new())
        .expect("a request");
    let answer = Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
    let told = answer.headers().get("x-road-error").map(|value| value.to_str().expect("text").to_owned());
    (answer.status().as_u16(), told.unwrap_or_default())
}

async fn soap_code(world: &World, service: &str) -> String {
    let question =
        base::dataservice::Question { service: service.to_owned(), ..question("page", Wording::Soap, "m-1") };
    match world.client.ask(question).await {
        Ok(_) => "ok".to_owned(),
        Err(AskError::Refused { code, .. }) => code,
        Err(AskError::Unreachable(fault)) => fault.cause.split(": ").next().unwrap_or_default().to_owned(),
    }
}

#[tokio::test]
async fn a_right_may_be_an_endpoint_or_a_groups() {
    let world = World::running_with(RIGHTS, false).await;
    // The information system knows no such path: that it was asked shows that the right was there.
    let denied = (500, "server.serverproxy.access_denied".to_owned());
    assert_eq!(rest(&world, "GET", "shelf/rows/7").await, (404, String::new()));
    assert_eq!(rest(&world, "GET", "shelf/rows/7/8").await, denied);
    assert_eq!(rest(&world, "GET", "shelf/rows").await, denied);
    assert_eq!(rest(&world, "PUT", "shelf/rows/7").await, denied);
    assert_eq!(rest(&world, "GET", "shelf/rows/%2e%2e").await, (400, "client.invalid_message".to_owned()));
    assert_eq!(rest(&world, "GET", "shelf/rows/..%2fx").await, denied);
    assert_eq!(rest(&world, "GET", "letter").await, (500, "server.serverproxy.service_type".to_owned()));
    assert_eq!(soap_code(&world, "AZ/GOV/2/book/shelf").await, "server.serverproxy.service_type");
    assert_eq!(soap_code(&world, "AZ/GOV/2/book/letter").await, "ok");
    assert_eq!(soap_code(&world, "AZ/GOV/2/book/letter/v9").await, "server.serverproxy.unknown_service");
    world.shutdown.trigger();
}

struct Identity {
    certificate: Certificate,
    key: SoftKey,
}

impl Identity {
    fn new(name: &str, from: &str, seconds: i64) -> Identity {
        let key = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let name = NameBuilder::new().with(formats::asn1::oid::COMMON_NAME, name).build();
        let from: Timestamp = from.parse().expect("an instant");
        let hosts = vec!["127.0.0.1".to_owned()];
        Identity { certificate: self_signed(&key, name, hosts, from, seconds).expect("a certificate"), key }
    }

    fn pem(&self) -> String {
        to_pem(std::slice::from_ref(&self.certificate))
    }

    fn chain(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = vec![CertificateDer::from(self.certificate.der().to_vec())];
        (chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.pkcs8_der().to_vec())))
    }

    fn asker(&self) -> Asker {
        Asker { tls: true, certificate: Some(self.certificate.der().to_vec()) }
    }
}

/// A client that believes the server's certificate by its bytes, as information systems do.
#[derive(Debug)]
struct Known(Vec<u8>);

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        assert_eq!(end_entity.as_ref(), self.0.as_slice());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 is spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn tls_client(world: &World, identity: Option<&Identity>) -> Client {
    let file = world.directory.path().join("ss-asker/system.der");
    let known = Arc::new(Known(std::fs::read(file).expect("the server's certificate")));
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(known);
    Client::tls(match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = identity.chain();
            config.with_client_auth_cert(chain, key).expect("an identity")
        }
    })
}

/// Status and code of a question over the TLS port.
async fn asked_by_tls(world: &World, client: &Client, subsystem: &str) -> (u16, String) {
    let path: Vec<String> = "AZ/GOV/2/book/page".split('/').map(encode_segment).collect();
    let request = http::Request::post(format!("https://{}/r1/{}", world.port("asker", 3), path.join("/")))
        .header("X-Road-Client", subsystem)
        .header("Content-Type", "application/json")
        .body(Bytes::from(json!({ "pin": "AYTEN01" }).to_string()))
        .expect("a request");
    let answer = client.send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
    let told = answer.headers().get("x-road-error").map(|value| value.to_str().expect("text").to_owned());
    (answer.status().as_u16(), told.unwrap_or_default())
}

fn demanding(authentication: &str, certificates: &[&Identity]) -> String {
    let pems: Vec<String> = certificates.iter().map(|known| format!("\"\"\"{}\"\"\"", known.pem())).collect();
    format!(
        "\n[[system]]\nclient = \"AZ/GOV/1/desk\"\nauthentication = \"{authentication}\"\ncertificates = [{}]\n",
        pems.join(", ")
    )
}

#[tokio::test]
async fn information_systems_show_what_their_subsystem_demands() {
    let own = Identity::new("desk", NOON, 3600);
    let late = Identity::new("desk", "2026-11-01T00:00:00Z", 3600);
    let other = Identity::new("desk", NOON, 3600);
    let refused = (500, "server.clientproxy.ssl_authentication_failed".to_owned());
    let good = (200, String::new());
    for (mode, plain, anonymous, with_other, with_late, with_own) in [
        ("none", true, true, true, true, true),
        ("tls", false, true, true, true, true),
        ("certificate", false, false, false, false, true),
    ] {
        let world = World::running_with(&demanding(mode, &[&own, &late]), false).await;
        let by_http = soap_code(&world, "AZ/GOV/2/book/page/v1").await;
        let expected = if plain { "ok" } else { "server.clientproxy.ssl_authentication_failed" };
        assert_eq!(by_http, expected, "{mode}");
        for (identity, lets) in
            [(None, anonymous), (Some(&other), with_other), (Some(&late), with_late), (Some(&own), with_own)]
        {
            let client = tls_client(&world, identity);
            let outcome = asked_by_tls(&world, &client, "AZ/GOV/1/desk").await;
            assert_eq!(&outcome, if lets { &good } else { &refused }, "{mode}");
        }
        let asic = format!(
            "http://{}/asic?queryId=x&xRoadInstance=AZ&memberClass=GOV&memberCode=1&subsystemCode=desk",
            world.port("asker", 1)
        );
        let request = http::Request::get(asic).body(Bytes::new()).expect("a request");
        let answer = Client::plain().send(request, 100_000, Duration::from_secs(20)).await.expect("answered");
        assert_eq!(answer.status().as_u16(), if plain { 404 } else { 401 }, "{mode}");
        let server = world.exchange.server("asker").expect("a server");
        assert_eq!(server.speaks_for(&own.asker()), [&id("AZ/GOV/1/desk")]);
        let asked = server.speaks_for(&Asker::default());
        assert_eq!(asked.is_empty(), !plain, "{mode}");
        world.shutdown.trigger();
    }
}

/// The book's system behind TLS with this identity; its address.
async fn secure_book(world: &host::http::Shutdown, identity: &Identity) -> String {
    let (chain, key) = identity.chain();
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("an identity");
    let answer = |body: Bytes| async move {
        let Ok(Parsed::Message(message)) = soap::read(body.to_vec()) else { panic!("the server sends messages") };
        ([("content-type", "text/xml; charset=UTF-8")], soap::respond(&message, &page(&message.fields()["pin"])))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("https://{}", listener.local_addr().expect("bound"));
    let router = Router::new().route("/soap", post(answer));
    tokio::spawn(host::http::serve_tls(listener, Arc::new(config), router, world.clone()));
    address
}

#[tokio::test]
async fn a_providers_system_by_https_must_have_a_registered_certificate() {
    let (own, other) = (Identity::new("book", NOON, 3600), Identity::new("book", NOON, 3600));
    let shutdown = host::http::Shutdown::new();
    let address = secure_book(&shutdown, &own).await;
    let refused = "server.serverproxy.service_failed.ssl_authentication_failed";
    for (registered, verify, expected) in [
        (vec![&other, &own], true, "ok"),
        (vec![&other], true, refused),
        (Vec::new(), true, refused),
        (vec![&other], false, "ok"),
    ] {
        let pems: Vec<String> = registered.iter().map(|known| format!("\"\"\"{}\"\"\"", known.pem())).collect();
        let pems = pems.join(", ");
        let extra = format!(
            "\n[[system]]\nclient = \"AZ/GOV/2/book\"\naddress = \"{address}\"\nverify = {verify}\ncertificates = [{pems}]\n"
        );
        let world = World::running_with(&extra, false).await;
        assert_eq!(soap_code(&world, "AZ/GOV/2/book/page/v1").await, expected);
        assert_eq!(world.book.asked.load(Ordering::SeqCst), 0, "the address of the country comes first");
        world.shutdown.trigger();
    }
    shutdown.trigger();
}
