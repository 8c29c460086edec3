//! A pair of security servers on loopback with everything that they need, in the variations that cases ask for.

use super::{authority::Authority, played::Stage, population::Population};
use base::{Algorithm, Chance, Clock, Fault, ManualClock, SystemChance};
use bytes::Bytes;
use exchange::{
    country::Country,
    setup::{Exchange, Plan, ServerPorts, TrustServices, prepare},
};
use formats::{
    ocsp::{CertId, OcspRequest},
    verify::Digest,
    x509::Certificate,
};
use host::{
    http::{Client, Shutdown},
    keys::{KeyDir, SoftKey},
    store::Location,
    testing::TempDir,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;

const CONSUMER: &str = "consumer";
const PROVIDER: &str = "provider";
const NOON: &str = "2026-11-23T12:00:00Z";
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);

/// What is unusual about the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variation {
    Usual,
    /// The provider's information system has an address that does not exist.
    ServiceNowhere,
    /// Nobody tells whether certificates are good.
    NoStatuses,
    /// The provider's server is played: it answers whatever the stage says.
    ServerPlayed,
}

impl Variation {
    pub fn named(name: Option<&str>) -> Self {
        match name {
            None => Variation::Usual,
            Some("service-nowhere") => Variation::ServiceNowhere,
            Some("no-statuses") => Variation::NoStatuses,
            Some("server-played") => Variation::ServerPlayed,
            Some(other) => panic!("setups.json names a world {other}, which is not built"),
        }
    }
}

pub struct World {
    directory: TempDir,
    ports: BTreeMap<String, ServerPorts>,
    shutdown: Shutdown,
    authority: Arc<Authority>,
    /// Kept, because the servers run in it.
    _exchange: Arc<Exchange>,
}

/// A port with two free ones above it.
fn free_ports() -> u16 {
    for _ in 0..1_000 {
        // Below the ports that the system gives to clients, or one of them could be taken a moment later.
        let base = 20_000 + u16::try_from(SystemChance.below(3_000)).expect("small") * 4;
        let bound: Vec<_> = (0..4).map_while(|n| std::net::TcpListener::bind(("127.0.0.1", base + n)).ok()).collect();
        if bound.len() == 4 {
            return base;
        }
    }
    panic!("no free ports");
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, address)
}

impl World {
    pub async fn start(variation: Variation, people: &Population, stage: &Arc<Stage>) -> World {
        let clock = Arc::new(ManualClock::at(NOON.parse().expect("an instant")));
        let shutdown = Shutdown::new();
        let tells = variation != Variation::NoStatuses;
        let authority = Authority::new(clock.clone(), tells).expect("an authority");
        let (listener, trust) = listen().await;
        tokio::spawn(host::http::serve(listener, authority.router(), shutdown.clone()));
        let (listener, service) = listen().await;
        tokio::spawn(stage.clone().serve(listener, None));
        let service =
            if variation == Variation::ServiceNowhere { "http://nowhere.invalid".to_owned() } else { service };
        let directory = TempDir::new();
        let ports: BTreeMap<String, ServerPorts> = [CONSUMER, PROVIDER]
            .map(|code| {
                let message = free_ports();
                (
                    code.to_owned(),
                    ServerPorts { host: "127.0.0.1".to_owned(), message, system: message + 1, system_tls: message + 3 },
                )
            })
            .into();
        let plan = plan(people, &directory, &ports, &service, &trust, &authority);
        let clock: Arc<dyn Clock> = clock;
        let exchange = prepare(plan, &*authority, clock, Arc::new(SystemChance)).await.expect("prepared");
        let exchange = Arc::new(exchange);
        let mut listeners = exchange.bind().await.expect("free ports");
        if variation == Variation::ServerPlayed {
            let mut taken = listeners.take(PROVIDER).expect("a server");
            let identity = Identity::of(directory.path(), PROVIDER);
            let tls = tokio_rustls::TlsAcceptor::from(Arc::new(identity.server_config()));
            // Only messages are played: statuses come from the server itself, which gets another port for messages.
            let message = std::mem::replace(&mut taken.message, listen().await.0);
            tokio::spawn(stage.clone().serve(message, Some(tls)));
            let (server, ending) = (exchange.server(PROVIDER).expect("a server").clone(), shutdown.clone());
            tokio::spawn(async move { server.run(taken, ending).await.expect("the server runs") });
        }
        let (running, ending) = (exchange.clone(), shutdown.clone());
        tokio::spawn(async move { running.run(listeners, ending).await.expect("the exchange runs") });
        World { directory, ports, shutdown, authority, _exchange: exchange }
    }

    pub fn stop(&self) {
        self.shutdown.trigger();
    }

    /// The status of the consumer's server's own certificate.
    pub fn consumer_status(&self) -> Vec<u8> {
        let identity = Identity::of(self.directory.path(), CONSUMER);
        let certificate = Certificate::from_der(&identity.certificate).expect("a certificate");
        let id = CertId::of(&certificate, &self.authority.certificate, Digest::Sha1);
        let request = OcspRequest { certificates: vec![id], nonce: None };
        self.authority.status(&request.to_der()).expect("a status")
    }

    /// To the consumer's server as its information system, or to the provider's server as the consumer's.
    pub async fn send(
        &self,
        to_provider: bool,
        method: &str,
        content_type: &str,
        soap_action: Option<&str>,
        body: &[u8],
    ) -> Result<http::Response<Bytes>, Fault> {
        let (client, address) = if to_provider {
            let identity = Identity::of(self.directory.path(), CONSUMER);
            (identity.client(), format!("https://127.0.0.1:{}/", self.ports[PROVIDER].message))
        } else {
            (Client::plain(), format!("http://127.0.0.1:{}/", self.ports[CONSUMER].system))
        };
        let mut request = http::Request::builder().method(method).uri(address).header("content-type", content_type);
        if let Some(action) = soap_action {
            request = request.header("soapaction", action);
        }
        let request = request.body(Bytes::copy_from_slice(body));
        let request = request.map_err(|error| Fault::new("send a vector", error))?;
        client.send(request, ANSWER_BYTES_MAX, TIMEOUT).await
    }
}

fn plan(
    people: &Population,
    directory: &TempDir,
    ports: &BTreeMap<String, ServerPorts>,
    service: &str,
    trust: &str,
    authority: &Authority,
) -> Plan {
    let stores = directory.path().to_owned();
    let providers = people.services.iter().map(|named| (named.provider.clone(), service.to_owned()));
    Plan {
        country: Country::parse(&people.agencies(), &people.exchange(CONSUMER, PROVIDER)).expect("a country"),
        directory: directory.path().to_owned(),
        location: Box::new(move |domain| Location::Sqlite(stores.join(format!("{domain}.db")))),
        central: format!("127.0.0.1:{}", free_ports()),
        servers: ports.clone(),
        systems: providers.collect(),
        trust: TrustServices {
            authority: authority.certificate.der().to_vec(),
            authority_name: "Members".to_owned(),
            ocsp_url: format!("{trust}/ocsp"),
            ocsp_responder: None,
            tsa_name: "Time".to_owned(),
            tsa_url: format!("{trust}/tsa"),
            tsa_certificate: authority.stamping.der().to_vec(),
        },
        tokens: Vec::new(),
        management: None,
        settings: exchange::server::Settings::new,
    }
}

/// The authentication certificate and key that a server keeps in its folder.
struct Identity {
    certificate: Vec<u8>,
    key: Arc<SoftKey>,
}

impl Identity {
    fn of(directory: &Path, server: &str) -> Self {
        let folder = directory.join(format!("ss-{server}"));
        let certificate = std::fs::read(folder.join("auth.der")).expect("a certificate");
        let keys = KeyDir::open(&folder.join("keys")).expect("a folder");
        Identity { certificate, key: keys.load_or_create("auth", Algorithm::EcdsaP256Sha256).expect("a key") }
    }

    fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.key.pkcs8_der().to_vec());
        (vec![CertificateDer::from(self.certificate.clone())], PrivateKeyDer::Pkcs8(key))
    }

    fn client(&self) -> Client {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let (chain, key) = self.parts();
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_client_auth_cert(chain, key)
            .expect("an identity");
        Client::tls(config)
    }

    fn server_config(&self) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let (chain, key) = self.parts();
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("an identity")
    }
}

/// The caller is the one under no test: whom it talks to is known by the port.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
