//! A pair of security servers on loopback with everything that they need, in the situation that a case asks for.

use super::{
    authority::Authority,
    identity::{Identity, SystemIdentities, client},
    played::Stage,
    population::Population,
    setup::{Server, Service, Shows, Situation},
};
use crate::vectors::Codes;
use base::{Chance, Clock, Fault, ManualClock, SystemChance};
use bytes::Bytes;
use exchange::{
    certificates::PROFILE,
    country::{Country, CountryError},
    fault::Spelling,
    management::Asked,
    server::Settings,
    setup::{Exchange, Plan, ServerPorts, TrustServices, prepare},
};
use formats::{
    ocsp::{CertId, OcspRequest},
    verify::Digest,
};
use host::{
    http::{Client, Shutdown},
    store::Location,
    testing::TempDir,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const CONSUMER: &str = "consumer";
const PROVIDER: &str = "provider";
const NOON: &str = "2026-11-23T12:00:00Z";
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(20);

/// One request as HTTP.
pub struct Sending<'a> {
    /// To the provider's server as the consumer's; else to the consumer's server as its information system.
    pub to_provider: bool,
    pub shows: Shows,
    pub method: &'a str,
    pub content_type: &'a str,
    pub soap_action: Option<&'a str>,
    pub body: &'a [u8],
}

pub struct World {
    directory: TempDir,
    ports: BTreeMap<String, ServerPorts>,
    shutdown: Shutdown,
    authority: Arc<Authority>,
    systems: SystemIdentities,
    /// Kept, because the servers run in it.
    exchange: Arc<Exchange>,
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
    let address = listener.local_addr().expect("bound").to_string();
    (listener, address)
}

fn acceptor(identity: &Identity) -> TlsAcceptor {
    TlsAcceptor::from(Arc::new(identity.server_config()))
}

impl World {
    /// An error is a country of which nothing can be made.
    pub async fn start(
        situation: Situation,
        codes: Codes,
        people: &Population,
        stage: &Arc<Stage>,
    ) -> Result<World, String> {
        let clock = Arc::new(ManualClock::at(NOON.parse().expect("an instant")));
        let shutdown = Shutdown::new();
        let authority = Authority::new(clock.clone(), !situation.no_statuses).expect("an authority");
        let (listener, trust) = listen().await;
        tokio::spawn(host::http::serve(listener, authority.router(), shutdown.clone()));
        let systems = SystemIdentities::new(clock.now());
        let service = start_service(situation.service, &systems, stage).await;
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
        let country = country(situation, people, &systems).map_err(|error| error.to_string())?;
        let providers = people.providers.iter().map(|provider| (provider.clone(), service.clone()));
        let stores = directory.path().to_owned();
        let plan = Plan {
            runs_servers: true,
            tokens: Vec::new(),
            management: country.management.as_ref().map(|_| format!("127.0.0.1:{}", free_ports())),
            country,
            directory: directory.path().to_owned(),
            location: Box::new(move |domain| Location::Sqlite(stores.join(format!("{domain}.db")))),
            central: format!("127.0.0.1:{}", free_ports()),
            servers: ports.clone(),
            systems: providers.collect(),
            trust: trust_services(&trust, &authority),
            settings: settings(codes),
        };
        let clock: Arc<dyn Clock> = clock;
        let exchange = prepare(plan, &*authority, clock, Arc::new(SystemChance)).await.expect("prepared");
        let world = World { directory, ports, shutdown, authority, systems, exchange: Arc::new(exchange) };
        world.run(situation.server, stage).await;
        Ok(world)
    }

    async fn run(&self, server: Server, stage: &Arc<Stage>) {
        let mut listeners = self.exchange.bind().await.expect("free ports");
        let played = match server {
            Server::Itself | Server::InMaintenance => None,
            Server::Played => Some(Identity::of_server(self.directory.path(), PROVIDER)),
            Server::Stranger => Some(self.systems.other.clone()),
            Server::Another => Some(Identity::of_server(self.directory.path(), CONSUMER)),
        };
        if let Some(identity) = played {
            let mut taken = listeners.take(PROVIDER).expect("a server");
            // Only messages are played: statuses come from the server itself, which gets another port for messages.
            let message = std::mem::replace(&mut taken.message, listen().await.0);
            tokio::spawn(stage.clone().serve(message, Some(acceptor(&identity))));
            let (server, ending) = (self.exchange.server(PROVIDER).expect("a server").clone(), self.shutdown.clone());
            tokio::spawn(async move { server.run(taken, ending).await.expect("the server runs") });
        }
        let (running, ending) = (self.exchange.clone(), self.shutdown.clone());
        tokio::spawn(async move { running.run(listeners, ending).await.expect("the exchange runs") });
        if server == Server::InMaintenance {
            self.go_into_maintenance().await;
        }
    }

    /// As its administrator would: the server asks the central server, and the consumer's server learns of it.
    async fn go_into_maintenance(&self) {
        let server = |code| self.exchange.server(code).expect("a server");
        let asked = Asked::MaintenanceModeEnable { message: Some("until the evening".to_owned()) };
        server(PROVIDER).ask_management(asked).await.expect("in maintenance");
        server(CONSUMER).renew_configuration().await.expect("renewed");
    }

    pub fn stop(&self) {
        self.shutdown.trigger();
    }

    /// The status of the consumer's server's own certificate.
    pub fn consumer_status(&self) -> Vec<u8> {
        let identity = Identity::of_server(self.directory.path(), CONSUMER);
        let id = CertId::of(&identity.certificate, &self.authority.certificate, Digest::Sha1);
        let request = OcspRequest { certificates: vec![id], nonce: None };
        self.authority.status(&request.to_der()).expect("a status")
    }

    pub async fn send(&self, sending: &Sending<'_>) -> Result<http::Response<Bytes>, Fault> {
        let (consumer, provider) = (&self.ports[CONSUMER], &self.ports[PROVIDER]);
        let (client, address) = if sending.to_provider {
            let identity = Identity::of_server(self.directory.path(), CONSUMER);
            (client(Some(&identity)), format!("https://127.0.0.1:{}/", provider.message))
        } else {
            match self.systems.client(sending.shows) {
                Some(client) => (client, format!("https://127.0.0.1:{}/", consumer.system_tls)),
                None => (Client::plain(), format!("http://127.0.0.1:{}/", consumer.system)),
            }
        };
        let request = http::Request::builder().method(sending.method).uri(address);
        let mut request = request.header("content-type", sending.content_type);
        if let Some(action) = sending.soap_action {
            request = request.header("soapaction", action);
        }
        let request = request.body(Bytes::copy_from_slice(sending.body));
        let request = request.map_err(|error| Fault::new("send a vector", error))?;
        client.send(request, ANSWER_BYTES_MAX, TIMEOUT).await
    }
}

/// Starts the provider's information system; its address.
async fn start_service(service: Service, systems: &SystemIdentities, stage: &Arc<Stage>) -> String {
    let (listener, address) = listen().await;
    let (scheme, tls) = match service {
        Service::Nowhere => return "http://nowhere.invalid".to_owned(),
        Service::Http => ("http", None),
        Service::Https | Service::HttpsOtherRegistered | Service::HttpsNoneRegistered | Service::HttpsUnchecked => {
            ("https", Some(acceptor(&systems.registered)))
        }
    };
    tokio::spawn(stage.clone().serve(listener, tls));
    format!("{scheme}://{address}")
}

fn country(situation: Situation, people: &Population, systems: &SystemIdentities) -> Result<Country, CountryError> {
    let mut exchange = people.exchange(CONSUMER, PROVIDER);
    if situation.server == Server::InMaintenance {
        // The server of the management services may not be the one in maintenance.
        exchange.push_str(&format!("[management]\nprovider = {:?}\n", people.owner_of_clients()));
    }
    let expected: Vec<&Identity> = match situation.service {
        Service::Https => vec![&systems.registered],
        Service::HttpsOtherRegistered | Service::HttpsUnchecked => vec![&systems.other],
        Service::Http | Service::Nowhere | Service::HttpsNoneRegistered => Vec::new(),
    };
    let verify = situation.service != Service::HttpsUnchecked;
    let mut everybody: BTreeMap<_, (bool, Vec<&Identity>)> = BTreeMap::new();
    people.providers.iter().for_each(|id| drop(everybody.insert(id, (false, expected.clone()))));
    for id in people.clients.iter().filter(|_| situation.demanding) {
        let (demanding, registered) = everybody.entry(id).or_default();
        *demanding = true;
        registered.extend([&systems.registered, &systems.expired]);
    }
    for (id, (demanding, registered)) in everybody {
        let pems: Vec<String> = registered.iter().map(|known| format!("\"\"\"{}\"\"\"", known.pem())).collect();
        let authentication = if demanding { "certificate" } else { "none" };
        exchange.push_str(&format!(
            "[[system]]\nclient = {:?}\nauthentication = {authentication:?}\nverify = {verify}\ncertificates = [{}]\n",
            id.to_string(),
            pems.join(", ")
        ));
    }
    Country::parse(&people.agencies(), &exchange)
}

fn settings(codes: Codes) -> fn(PathBuf) -> Settings {
    match codes {
        Codes::Current => Settings::new,
        Codes::Before => |folder| Settings { spelling: Spelling::Legacy, ..Settings::new(folder) },
    }
}

fn trust_services(address: &str, authority: &Authority) -> TrustServices {
    TrustServices {
        authority: authority.certificate.der().to_vec(),
        authority_name: "Members".to_owned(),
        profile: PROFILE.to_owned(),
        ocsp_url: format!("http://{address}/ocsp"),
        ocsp_responder: None,
        tsa_name: "Time".to_owned(),
        tsa_url: format!("http://{address}/tsa"),
        tsa_certificate: authority.stamping.der().to_vec(),
    }
}
