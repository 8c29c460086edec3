//! A small country for the stories: an authority with OCSP and time-stamps over HTTP, two agencies with a server each, and
//! the information system of one of them. Every port is real and on loopback; the clock is moved by hand.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::{any, get, post},
};
use base::{Chance, Clock, Fault, ManualClock, Signer, SystemChance, Timestamp};
use exchange::{
    certificates::PROFILE,
    client::ExchangeClient,
    country::Country,
    server::Settings,
    setup::{
        CertificateOrder, Exchange, IssueCertificates, Issuing, Listeners, Plan, ServerPorts, ServerToken,
        TrustServices, prepare,
    },
};
use formats::{
    asn1::oid,
    identifier::ClientId,
    ocsp::{CertStatus, OcspRequest, ResponseDraft, SingleStatus},
    soap::{self, Parsed},
    tsp::{self, TimeStamp, TimeStampRequest},
    x509::{Certificate, Issuer, NameBuilder, Profile, Template, sign_tbs},
};
use host::{http::Shutdown, keys::SoftKey, store::Location, testing::TempDir};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::net::TcpListener;

const AGENCIES: &str = r#"
[[class]]
code = "GOV"
name = { az = "Dövlət", en = "Government", ru = "Государство" }
[[member]]
class = "GOV"
code = "1"
name = { az = "Soruşan", en = "Asker", ru = "Спрашивающий" }
[[member.subsystem]]
code = "desk"
name = { az = "Masa", en = "Desk", ru = "Стол" }
[[member]]
class = "GOV"
code = "2"
name = { az = "Saxlayan", en = "Keeper", ru = "Хранитель" }
[[member.subsystem]]
code = "book"
name = { az = "Kitab", en = "Book", ru = "Книга" }
[[member]]
class = "GOV"
code = "3"
name = { az = "Kənar", en = "Outsider", ru = "Посторонний" }
[[member.subsystem]]
code = "none"
name = { az = "Heç nə", en = "Nothing", ru = "Ничего" }
"#;

const EXCHANGE: &str = r#"
instance = "AZ"
inquiry_bytes_max = 10240
answer_bytes_max = 65536
configuration_validity_s = 600
configuration_interval_s = 60
ocsp_freshness_s = 3600
time_stamping_interval_s = 60
time_stamping_failure_period_s = 14400
[management]
provider = "AZ/GOV/2"
[[server]]
code = "asker"
owner = "AZ/GOV/1"
clients = ["AZ/GOV/1/desk"]
[[server]]
code = "keeper"
owner = "AZ/GOV/2"
clients = ["AZ/GOV/2/book"]
[[service]]
provider = "AZ/GOV/2/book"
code = "page"
version = "v1"
clients = ["AZ/GOV/1/desk"]
[[service]]
provider = "AZ/GOV/2/book"
code = "stuck"
version = "v1"
clients = ["AZ/GOV/1/desk"]
[[service]]
provider = "AZ/GOV/2/book"
code = "secret"
version = "v1"
clients = []
[[service]]
provider = "AZ/GOV/2/book"
code = "shut"
version = "v1"
clients = ["AZ/GOV/1/desk"]
disabled = true
[[service]]
provider = "AZ/GOV/1/desk"
code = "unplugged"
version = "v1"
clients = ["AZ/GOV/1/desk"]
"#;

pub const NOON: &str = "2026-11-23T12:00:00Z";

/// The certificate centre, its responder and its time-stamping authority.
pub struct Authority {
    key: Arc<SoftKey>,
    pub certificate: Certificate,
    tsa_key: Arc<SoftKey>,
    pub tsa: Certificate,
    clock: Arc<ManualClock>,
    serial: AtomicU64,
    pub revoked: Mutex<HashSet<Vec<u8>>>,
    pub ocsp_down: AtomicBool,
    pub tsa_down: AtomicBool,
}

fn key() -> Arc<SoftKey> {
    Arc::new(SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key"))
}

fn micros(seconds: i64) -> Timestamp {
    base::clock::from_micros(seconds * 1_000_000)
}

impl Authority {
    pub fn new(clock: Arc<ManualClock>) -> Arc<Self> {
        let (key, tsa_key) = (key(), key());
        let name = |text: &str| NameBuilder::new().with(oid::COUNTRY, "AZ").with(oid::COMMON_NAME, text).build();
        let template = |subject, spki: &[u8], profile, serial: u8| Template {
            serial: vec![serial],
            subject,
            public_key_der: spki.to_vec(),
            not_before: micros(clock.now().as_second() - 3600),
            not_after: micros(clock.now().as_second() + 365 * 24 * 3600),
            profile,
            host_names: Vec::new(),
            policies: Vec::new(),
        };
        let itself = Issuer {
            name: name("Members"),
            public_key_der: key.public_key_der().to_vec(),
            algorithm: key.algorithm(),
            ocsp_url: String::new(),
            certificate_url: String::new(),
        };
        let root = template(name("Members"), key.public_key_der(), Profile::RootAuthority, 1);
        let certificate = sign_tbs(&root.tbs(&itself).expect("content"), &*key).expect("signed");
        let tsa = template(name("Time"), tsa_key.public_key_der(), Profile::TimeStamping, 2);
        let tsa = sign_tbs(&tsa.tbs(&itself).expect("content"), &*key).expect("signed");
        Arc::new(Authority {
            key,
            certificate,
            tsa_key,
            tsa,
            clock,
            serial: AtomicU64::new(10),
            revoked: Mutex::default(),
            ocsp_down: AtomicBool::new(false),
            tsa_down: AtomicBool::new(false),
        })
    }

    pub fn sign(&self, order: &CertificateOrder) -> Certificate {
        let serial = self.serial.fetch_add(1, Ordering::SeqCst);
        let template = Template {
            serial: vec![1, u8::try_from(serial % 256).expect("a byte")],
            subject: order.subject.clone(),
            public_key_der: order.public_key_der.clone(),
            not_before: micros(self.clock.now().as_second() - 60),
            not_after: micros(self.clock.now().as_second() + 300 * 24 * 3600),
            profile: order.profile,
            host_names: order.host_names.clone(),
            policies: Vec::new(),
        };
        let issuer = Issuer {
            name: self.certificate.subject().clone(),
            public_key_der: self.key.public_key_der().to_vec(),
            algorithm: self.key.algorithm(),
            ocsp_url: String::new(),
            certificate_url: String::new(),
        };
        sign_tbs(&template.tbs(&issuer).expect("content"), &*self.key).expect("signed")
    }

    pub fn revoke(&self, certificate: &Certificate) {
        self.revoked.lock().expect("a lock").insert(certificate.serial().to_vec());
    }

    pub fn status(&self, request: &OcspRequest) -> Vec<u8> {
        let now = self.clock.now();
        let statuses = request.certificates.iter().map(|id| SingleStatus {
            certificate: id.clone(),
            status: match self.revoked.lock().expect("a lock").contains(&id.serial) {
                true => CertStatus::Revoked { at: now, reason: None },
                false => CertStatus::Good,
            },
            this_update: now,
            next_update: None,
        });
        let draft = ResponseDraft { produced_at: now, statuses: statuses.collect(), nonce: None };
        draft.sign(&*self.key, &self.certificate).expect("signed")
    }

    fn router(self: &Arc<Self>) -> Router {
        let ocsp = |State(authority): State<Arc<Authority>>, body: Bytes| async move {
            if authority.ocsp_down.load(Ordering::SeqCst) {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            authority.status(&OcspRequest::from_der(&body).expect("a request")).into_response()
        };
        let tsa = |State(authority): State<Arc<Authority>>, body: Bytes| async move {
            if authority.tsa_down.load(Ordering::SeqCst) {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            let request = TimeStampRequest::from_der(&body).expect("a request");
            let stamp = TimeStamp {
                policy: oid::TST_INFO,
                digest: request.digest.expect("a digest"),
                imprint: request.imprint.clone(),
                serial: vec![7],
                at: authority.clock.now(),
                nonce: request.nonce.clone(),
            };
            let token = stamp.sign(&*authority.tsa_key, &authority.tsa, true).expect("signed");
            tsp::response(&token).into_response()
        };
        Router::new().route("/ocsp", post(ocsp)).route("/tsa", post(tsa)).with_state(self.clone())
    }
}

impl IssueCertificates for Authority {
    fn issue(&self, order: CertificateOrder) -> Issuing<'_> {
        Box::pin(async move { Ok::<_, Fault>(self.sign(&order).der().to_vec()) })
    }
}

/// The information system of the keeper.
#[derive(Default)]
pub struct Book {
    pub asked: AtomicU64,
    pub headers: Mutex<Vec<HeaderMap>>,
    /// What came with SOAP requests, as it came.
    pub bodies: Mutex<Vec<Bytes>>,
    /// Answers with this instead, once set.
    pub answer: Mutex<Option<(StatusCode, &'static str, Vec<u8>)>>,
}

impl Book {
    fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/soap", post(soap_service))
            .route("/rest/echo", any(echo))
            .route("/rest/echo/{*rest}", any(echo))
            .route("/rest/{service}", post(rest_service))
            .route("/wsdl/{service}", get(described))
            .with_state(self.clone())
    }

    fn instead(&self) -> Option<axum::response::Response> {
        let (status, kind, body) = self.answer.lock().expect("a lock").clone()?;
        Some((status, [("content-type", kind)], body).into_response())
    }
}

pub fn page(pin: &Value) -> Value {
    json!({ "pin": pin, "known": true, "pages": 3, "rows": [{ "line": "Ə & <ö>" }, { "line": "" }] })
}

async fn soap_service(State(book): State<Arc<Book>>, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    book.asked.fetch_add(1, Ordering::SeqCst);
    book.headers.lock().expect("a lock").push(headers);
    book.bodies.lock().expect("a lock").push(body.clone());
    if let Some(answer) = book.instead() {
        return answer;
    }
    let Ok(Parsed::Message(message)) = soap::read(body.to_vec()) else { panic!("the server sends messages") };
    if message.headers.service.code == "stuck" {
        std::future::pending::<()>().await;
    }
    let answer = soap::respond(&message, &page(&message.fields()["pin"]));
    ([("content-type", "text/xml; charset=UTF-8")], answer).into_response()
}

/// Of `page`, and of what else could be asked in the same way.
async fn described(Path(service): Path<String>) -> axum::response::Response {
    ([("content-type", "text/xml; charset=utf-8")], include_str!("page.wsdl").replace("SERVICE", &service))
        .into_response()
}

/// Gives back the body while it comes, and says what else came.
async fn echo(State(book): State<Arc<Book>>, request: axum::extract::Request) -> axum::response::Response {
    book.asked.fetch_add(1, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    book.headers.lock().expect("a lock").push(parts.headers.clone());
    if let Some(answer) = book.instead() {
        return answer;
    }
    let mut response = axum::response::Response::new(Body::from_stream(body.into_data_stream()));
    let seen = format!("{} {}", parts.method, parts.uri);
    response.headers_mut().insert("x-seen", seen.parse().expect("a header"));
    response.headers_mut().append("x-many", "one".parse().expect("a header"));
    response.headers_mut().append("x-many", "two".parse().expect("a header"));
    response
}

async fn rest_service(
    State(book): State<Arc<Book>>,
    Path(service): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    book.asked.fetch_add(1, Ordering::SeqCst);
    book.headers.lock().expect("a lock").push(headers);
    if let Some(answer) = book.instead() {
        return answer;
    }
    assert_eq!(service, "page");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    ([("content-type", "application/json")], page(&body["pin"]).to_string()).into_response()
}

/// Everything running.
pub struct World {
    pub directory: TempDir,
    pub clock: Arc<ManualClock>,
    pub authority: Arc<Authority>,
    pub exchange: Arc<Exchange>,
    pub book: Arc<Book>,
    pub client: ExchangeClient,
    pub ports: BTreeMap<String, ServerPorts>,
    pub shutdown: Shutdown,
    pub listeners: Option<Listeners>,
    plan: PlanFacts,
}

#[derive(Clone)]
struct PlanFacts {
    /// Prefix of the schemas when the stores are PostgreSQL's.
    postgres: Option<String>,
    central: String,
    management: String,
    systems: HashMap<ClientId, String>,
    trust: TrustServices,
    country: String,
    tokens: Vec<ServerToken>,
    settings: fn(std::path::PathBuf) -> Settings,
}

/// Places that a story of this run has been given: it may not listen there yet.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port with `count - 1` free ones above it.
fn free_ports(count: u16) -> u16 {
    for _ in 0..1_000 {
        // Below the ports that the system gives to clients, or one of them could be taken a moment later.
        let base = 20_000 + u16::try_from(SystemChance.below(3_000)).expect("small") * 4;
        let bound: Vec<_> =
            (0..count).map_while(|n| std::net::TcpListener::bind(("127.0.0.1", base + n)).ok()).collect();
        if bound.len() == usize::from(count) && GIVEN.lock().expect("a lock").insert(base) {
            return base;
        }
    }
    panic!("no free ports");
}

async fn serve(router: Router, shutdown: &Shutdown) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(host::http::serve(listener, router, shutdown.clone()));
    address
}

pub fn id(text: &str) -> ClientId {
    ClientId::parse(text).expect("a client")
}

impl World {
    /// Prepared and bound, not yet running.
    pub async fn prepared() -> World {
        World::prepared_on(None).await
    }

    /// With every store in PostgreSQL.
    pub async fn running_on_postgres() -> World {
        World::running_with("", true).await
    }

    /// With more lines of `exchange.toml`, its stores in files or in PostgreSQL.
    pub async fn running_with(more: &str, postgres: bool) -> World {
        let postgres = postgres.then(|| format!("exchange_{}", SystemChance.hex(6)));
        let mut world = World::prepared_as(postgres, format!("{EXCHANGE}{more}"), Settings::new).await;
        world.start();
        world
    }

    /// Running, with `services` added and bodies up to a gigabyte, on servers with these settings.
    pub async fn running_wide(services: &str, settings: fn(std::path::PathBuf) -> Settings) -> World {
        let mut world = World::prepared_wide(services, settings).await;
        world.start();
        world
    }

    /// With the file of the exchange changed.
    pub async fn running_as(change: &dyn Fn(&str) -> String) -> World {
        let mut world = World::prepared_as(None, change(EXCHANGE), Settings::new).await;
        world.start();
        world
    }

    pub async fn prepared_wide(services: &str, settings: fn(std::path::PathBuf) -> Settings) -> World {
        let wide = EXCHANGE
            .replace("inquiry_bytes_max = 10240", "inquiry_bytes_max = 1073741824")
            .replace("answer_bytes_max = 65536", "answer_bytes_max = 1073741824");
        // The log keeps what is exchanged.
        let log = "[message_log]\nmessage_body_bytes_max = 1073741824\n";
        World::prepared_as(None, format!("{wide}{services}{log}"), settings).await
    }

    /// Another information system for the keeper, before anything runs.
    pub async fn with_system(&mut self, address: &str) {
        self.listeners = None;
        self.plan.systems.insert(id("AZ/GOV/2/book"), address.to_owned());
        self.exchange = self.again().await;
        self.listeners = Some(self.exchange.bind().await.expect("free ports"));
        self.client = self.exchange.client();
    }

    /// The same country under another name, with more lines for its `exchange.toml`.
    pub async fn running_of(instance: &str, extra: &str) -> World {
        let country = EXCHANGE.replace("\"AZ", &format!("\"{instance}"));
        let mut world = World::prepared_as(None, format!("{country}{extra}"), Settings::new).await;
        world.start();
        world
    }

    async fn prepared_on(postgres: Option<String>) -> World {
        World::prepared_as(postgres, EXCHANGE.to_owned(), Settings::new).await
    }

    /// Running, with certificates that name members by this profile.
    pub async fn running_by_profile(profile: &str) -> World {
        let mut world = World::prepared_in(None, EXCHANGE.to_owned(), Settings::new, profile, Vec::new()).await;
        world.start();
        world
    }

    /// With keys of its servers in tokens.
    pub async fn running_with_tokens(tokens: Vec<ServerToken>) -> World {
        let mut world = World::prepared_in(None, EXCHANGE.to_owned(), Settings::new, PROFILE, tokens).await;
        world.start();
        world
    }

    async fn prepared_as(
        postgres: Option<String>,
        country: String,
        settings: fn(std::path::PathBuf) -> Settings,
    ) -> World {
        World::prepared_in(postgres, country, settings, PROFILE, Vec::new()).await
    }

    async fn prepared_in(
        postgres: Option<String>,
        country: String,
        settings: fn(std::path::PathBuf) -> Settings,
        profile: &str,
        tokens: Vec<ServerToken>,
    ) -> World {
        let clock = Arc::new(ManualClock::at(NOON.parse().expect("an instant")));
        let (authority, book, shutdown) = (Authority::new(clock.clone()), Arc::new(Book::default()), Shutdown::new());
        let trust_address = serve(authority.router(), &shutdown).await;
        let book_address = serve(book.router(), &shutdown).await;
        let instance = Country::parse(AGENCIES, &country).expect("a country").instance;
        let plan = PlanFacts {
            postgres,
            central: format!("127.0.0.1:{}", free_ports(1)),
            management: format!("127.0.0.1:{}", free_ports(1)),
            systems: HashMap::from([(id(&format!("{instance}/GOV/2/book")), book_address)]),
            trust: TrustServices {
                authority: authority.certificate.der().to_vec(),
                authority_name: "Members".to_owned(),
                profile: profile.to_owned(),
                ocsp_url: format!("{trust_address}/ocsp"),
                ocsp_responder: None,
                tsa_name: "Time".to_owned(),
                tsa_url: format!("{trust_address}/tsa"),
                tsa_certificate: authority.tsa.der().to_vec(),
            },
            country,
            tokens,
            settings,
        };
        let country = Country::parse(AGENCIES, &plan.country).expect("a country");
        let port = |server: &exchange::country::Server| {
            let message = free_ports(4);
            let ports =
                ServerPorts { host: "127.0.0.1".to_owned(), message, system: message + 1, system_tls: message + 3 };
            (server.code.clone(), ports)
        };
        let ports: BTreeMap<String, ServerPorts> = country.servers.iter().map(port).collect();
        let directory = TempDir::new();
        let exchange = build(&directory, &plan, &ports, &authority, &clock).await;
        let listeners = Some(exchange.bind().await.expect("free ports"));
        let client = exchange.client();
        World { directory, clock, authority, exchange, book, client, ports, shutdown, listeners, plan }
    }

    pub async fn running() -> World {
        let mut world = World::prepared().await;
        world.start();
        world
    }

    pub fn start(&mut self) {
        let (exchange, shutdown) = (self.exchange.clone(), self.shutdown.clone());
        let listeners = self.listeners.take().expect("not yet running");
        tokio::spawn(async move { exchange.run(listeners, shutdown).await.expect("the exchange runs") });
    }

    /// Opens everything again from the same directory.
    pub async fn again(&self) -> Arc<Exchange> {
        build(&self.directory, &self.plan, &self.ports, &self.authority, &self.clock).await
    }

    /// Where the authority's responder and its time-stamping are.
    pub fn trust_address(&self) -> &str {
        self.plan.trust.tsa_url.trim_end_matches("/tsa")
    }

    /// The address of one of a server's ports: 0 message, 1 information system, 2 OCSP.
    pub fn port(&self, code: &str, which: u16) -> String {
        format!("127.0.0.1:{}", self.ports[code].message + which)
    }
}

async fn build(
    directory: &TempDir,
    plan: &PlanFacts,
    ports: &BTreeMap<String, ServerPorts>,
    authority: &Arc<Authority>,
    clock: &Arc<ManualClock>,
) -> Arc<Exchange> {
    let (stores, postgres) = (directory.path().to_owned(), plan.postgres.clone());
    let plan = Plan {
        country: Country::parse(AGENCIES, &plan.country).expect("a country"),
        directory: directory.path().to_owned(),
        location: Box::new(move |domain| match &postgres {
            None => Location::Sqlite(stores.join(format!("{domain}.db"))),
            Some(prefix) => Location::Postgres {
                url: host::testing::postgres_url(),
                schema: format!("{prefix}_{}", domain.replace('-', "_")),
            },
        }),
        central: plan.central.clone(),
        management: Some(plan.management.clone()),
        servers: ports.clone(),
        systems: plan.systems.clone(),
        trust: plan.trust.clone(),
        runs_servers: true,
        tokens: plan.tokens.clone(),
        settings: plan.settings,
    };
    let clock: Arc<dyn Clock> = clock.clone();
    Arc::new(prepare(plan, &**authority, clock, Arc::new(SystemChance)).await.expect("prepared"))
}
