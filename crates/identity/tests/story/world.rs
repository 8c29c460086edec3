//! The world of the stories: everything outside the provider, under the test's control.

use base::{
    Algorithm, Clock, Failure, Fault, Lang, Localized, ManualClock, Pin, Signer, SystemChance, clock::from_micros,
};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use formats::verify::sha256;
use host::{keys::SoftKey, store::Store};
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use identity::{
    Answer, Audience, CardMethod, Carrier, CertificateRefusal, Certificates, CertifiedPerson, Client, Limits, Mandates,
    Office, Offices, Parts, PhoneMethod, Provider, Representee, Scope, Settings, Transport,
    client::{Callback, LoggedIn, Pending, Registration, RelyingParty, Wish},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tower::ServiceExt;

pub const ISSUER: &str = "http://127.0.0.1:8802";
pub const PORTAL: &str = "http://127.0.0.1:8800";
pub const OFFICE: &str = "http://127.0.0.1:8801";

/// A key with a certificate that the world's judge knows.
pub struct Chip {
    pub signer: SoftKey,
    pub certificate: Vec<u8>,
}

/// What the phone service of the world says next.
#[derive(Clone)]
pub enum PhoneSays {
    Running,
    Result(&'static str),
    Signs(Arc<Chip>),
}

/// Everything that answers outside the provider.
#[derive(Default)]
pub struct Outside {
    certificates: Mutex<BTreeMap<Vec<u8>, Result<CertifiedPerson, CertificateRefusal>>>,
    pub mandates: Mutex<Option<Vec<Representee>>>,
    pub phone: Mutex<Option<PhoneSays>>,
    pub pushed: Mutex<Vec<Value>>,
    /// Logout tokens that reached the clients, by origin.
    pub notices: Mutex<Vec<(String, String)>>,
    pub dead: Mutex<Vec<String>>,
    provider: Mutex<Option<axum::Router>>,
    /// The access token that the next question for the claims is asked with instead.
    pub swapped: Mutex<Option<String>>,
    /// `Some` while token requests are recorded.
    tokens: Mutex<Option<Vec<String>>>,
}

impl Certificates for Outside {
    fn judge<'a>(
        &'a self,
        der: &'a [u8],
        _: Carrier,
        _: base::Timestamp,
    ) -> Answer<'a, Result<CertifiedPerson, Failure<CertificateRefusal>>> {
        let known = self.certificates.lock().expect("a lock").get(der).cloned();
        Box::pin(async move { known.unwrap_or(Err(CertificateRefusal::Untrusted)).map_err(Failure::Refused) })
    }
}

impl Mandates for Outside {
    fn of<'a>(&'a self, _: &'a Pin) -> Answer<'a, Result<Vec<Representee>, Fault>> {
        let known = self.mandates.lock().expect("a lock").clone();
        Box::pin(async move { known.ok_or_else(|| Fault::passing("ask the register", "silent")) })
    }
}

impl Offices for Outside {
    fn of(&self, person: &Pin) -> Vec<Office> {
        let held = person.as_str() == "LEYLA03";
        held.then(|| Office { agency: "10002".into(), role: "official".into() }).into_iter().collect()
    }
}

impl Transport for Outside {
    fn send<'a>(
        &'a self,
        mut request: Request<Bytes>,
        _: usize,
        _: Duration,
    ) -> Answer<'a, Result<Response<Bytes>, Fault>> {
        Box::pin(async move {
            let address = request.uri().to_string();
            let dead = self.dead.lock().expect("a lock").iter().any(|origin| address.starts_with(origin));
            if dead {
                return Err(Fault::passing("send an HTTP request", "connection refused"));
            }
            let swapped = self.swapped.lock().expect("a lock").take_if(|_| address.ends_with("/userinfo"));
            if let Some(token) = swapped {
                request
                    .headers_mut()
                    .insert(header::AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
            }
            if address.starts_with(ISSUER) {
                if let Some(recorded) =
                    self.tokens.lock().expect("a lock").as_mut().filter(|_| address.ends_with("/token"))
                {
                    recorded.push(String::from_utf8(request.body().to_vec()).expect("text"));
                }
                let router = self.provider.lock().expect("a lock").clone().expect("the provider runs");
                return Ok(exchange(&router, request).await);
            }
            if address.contains("/mid-api/") {
                return Ok(self.phone_service(&request));
            }
            let token = form_of(request.body()).remove("logout_token").expect("only logout tokens are posted");
            let origin = address.split("/backchannel").next().expect("an origin").to_owned();
            self.notices.lock().expect("a lock").push((origin, token));
            Ok(answer(200, ""))
        })
    }
}

impl Outside {
    pub fn record_tokens(&self) {
        *self.tokens.lock().expect("a lock") = Some(Vec::new());
    }

    pub fn recorded_token(&self) -> String {
        self.tokens.lock().expect("a lock").take().expect("recording").pop().expect("a request")
    }

    fn phone_service(&self, request: &Request<Bytes>) -> Response<Bytes> {
        if request.method() == http::Method::POST {
            let body = serde_json::from_slice(request.body()).expect("JSON");
            self.pushed.lock().expect("a lock").push(body);
            return answer(200, r#"{"sessionID":"s-1"}"#);
        }
        let says = self.phone.lock().expect("a lock").clone().unwrap_or(PhoneSays::Running);
        let body = match says {
            PhoneSays::Running => json!({ "state": "RUNNING" }),
            PhoneSays::Result(result) => json!({ "state": "COMPLETE", "result": result }),
            PhoneSays::Signs(chip) => {
                let pushed = self.pushed.lock().expect("a lock");
                let hash = pushed.last().expect("a push")["hash"].as_str().expect("text").to_owned();
                let digest: [u8; 32] = BASE64.decode(hash).expect("base64").try_into().expect("32 bytes");
                let value = BASE64.encode(chip.signer.sign_digest(&digest).expect("signed"));
                json!({ "state": "COMPLETE", "result": "OK", "cert": BASE64.encode(&chip.certificate),
                    "signature": { "value": value, "algorithm": "SHA256WithECEncryption" } })
            }
        };
        answer(200, &body.to_string())
    }
}

fn answer(status: u16, body: &str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_owned())).expect("an answer")
}

async fn exchange(router: &axum::Router, request: Request<Bytes>) -> Response<Bytes> {
    let request = request.map(axum::body::Body::from);
    let (parts, body) = router.clone().oneshot(request).await.expect("never fails").into_parts();
    Response::from_parts(parts, body.collect().await.expect("a body").to_bytes())
}

pub fn form_of(body: &[u8]) -> BTreeMap<String, String> {
    let text = std::str::from_utf8(body).expect("text");
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex = [rest.next().expect("hex"), rest.next().expect("hex")];
                let hex = std::str::from_utf8(&hex).expect("hex").to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).expect("hex"));
            }
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).expect("text")
}

pub fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// One provider on one store, with its two clients.
pub struct World {
    pub provider: Arc<Provider>,
    pub outside: Arc<Outside>,
    pub clock: Arc<ManualClock>,
    pub store: Store,
    pub portal: RelyingParty,
    pub office: RelyingParty,
    router: axum::Router,
}

impl World {
    /// The same world on SQLite and on PostgreSQL.
    pub async fn all() -> Vec<World> {
        World::all_with(|_| {}).await
    }

    pub async fn all_with(change: impl Fn(&mut Settings)) -> Vec<World> {
        let stores = host::testing::stores(&[identity::MIGRATIONS]).await;
        stores.into_iter().map(|store| World::on(store, &change)).collect()
    }

    fn on(store: Store, change: &impl Fn(&mut Settings)) -> World {
        let key = || Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
        let clock = Arc::new(ManualClock::at(from_micros(1_790_000_000_000_000)));
        let outside = Arc::new(Outside::default());
        *outside.mandates.lock().expect("a lock") = Some(Vec::new());
        let (portal_key, office_key) = (key(), key());
        let mut settings = settings(&*portal_key, &*office_key);
        change(&mut settings);
        let parts = Parts {
            store: store.clone(),
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            keys: vec![key()],
            transport: outside.clone(),
            mandates: outside.clone(),
            offices: outside.clone(),
            certificates: outside.clone(),
        };
        let provider = Provider::new(settings, parts).expect("a provider");
        let router = provider.router();
        *outside.provider.lock().expect("a lock") = Some(router.clone());
        let party = |id: &str, origin: &str, scopes: &[&'static str], key: Arc<SoftKey>| {
            let registration = Registration {
                issuer: ISSUER.into(),
                client_id: id.into(),
                redirect_uri: format!("{origin}/login/callback"),
                post_logout_redirect_uri: format!("{origin}/"),
                scopes: scopes.to_vec(),
            };
            RelyingParty::new(registration, key, outside.clone(), clock.clone(), Arc::new(SystemChance))
        };
        let portal = party("portal", PORTAL, &["openid", "profile", "pin", "representation"], portal_key);
        let office = party("backoffice", OFFICE, &["openid", "profile", "pin", "offices"], office_key);
        World { provider, outside, clock, store, portal, office, router }
    }

    /// A card or phone of this person whose certificate is accepted.
    pub fn chip(&self, pin: &str) -> Arc<Chip> {
        self.chip_judged(pin, None)
    }

    /// … or is refused for that reason.
    pub fn chip_judged(&self, pin: &str, refused: Option<CertificateRefusal>) -> Arc<Chip> {
        let signer = SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key");
        let certificate = sha256(signer.public_key_der()).to_vec();
        let person = CertifiedPerson {
            pin: Pin::parse(pin).expect("a PIN"),
            given_name: "Aytən".into(),
            surname: "Məmmədova".into(),
            public_key_der: signer.public_key_der().to_vec(),
        };
        let judged = refused.map_or(Ok(person), Err);
        self.outside.certificates.lock().expect("a lock").insert(certificate.clone(), judged);
        Arc::new(Chip { signer, certificate })
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookie: None }
    }

    /// Log-in at the portal with this person's card, as themselves.
    pub async fn logged_in<'a>(&'a self, browser: &mut Browser<'a>, pin: &str) -> LoggedIn {
        let started = self.portal.start(&Wish::in_lang(Lang::Az)).await.expect("started");
        let back = browser.card_login(&started.url, &self.chip(pin)).await;
        self.finished(&self.portal, &started.pending, &back).await
    }

    pub async fn finished(&self, party: &RelyingParty, pending: &Pending, address: &str) -> LoggedIn {
        party.finish(pending, &callback(address)).await.expect("logged in")
    }

    /// Actions of the audit log, oldest first.
    pub async fn audited(&self) -> Vec<(String, String)> {
        let rows = self.store.query("SELECT action, leaf FROM host_audit_entry ORDER BY leaf_index", &[]).await;
        let rows = rows.expect("rows");
        rows.iter().map(|row| (row.text("action").to_owned(), row.text("leaf").to_owned())).collect()
    }

    pub async fn get(&self, path: &str) -> Response<Bytes> {
        exchange(&self.router, Request::get(path).body(Bytes::new()).expect("a request")).await
    }

    pub async fn run_jobs(&self) -> usize {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let worker = self.provider.jobs(host::jobs::Worker::new(self.store.clone(), clock));
        worker.run_due().await.expect("jobs run")
    }
}

fn settings(portal: &dyn Signer, office: &dyn Signer) -> Settings {
    let client = |id: &str, origin: &str, key: &dyn Signer, scopes: &[Scope], audience| Client {
        id: id.into(),
        name: Localized { az: format!("{id} az"), en: format!("{id} en"), ru: format!("{id} ru") },
        redirect_uris: vec![format!("{origin}/login/callback")],
        post_logout_redirect_uris: vec![format!("{origin}/")],
        backchannel_logout_uri: Some(format!("{origin}/backchannel-logout")),
        keys: Client::keys_of(key).expect("a key"),
        scopes: scopes.to_vec(),
        audience,
    };
    let everyone = [Scope::Profile, Scope::Pin, Scope::Representation];
    let officials = [Scope::Profile, Scope::Pin, Scope::Offices];
    Settings {
        issuer: ISSUER.into(),
        clients: vec![
            client("portal", PORTAL, portal, &everyone, Audience::Everyone),
            client("backoffice", OFFICE, office, &officials, Audience::Officials),
        ],
        card: Some(CardMethod { simulator: Some("http://127.0.0.1:8803/card/login".into()) }),
        phone: Some(PhoneMethod {
            service: "http://127.0.0.1:8803/mid-api".into(),
            relying_party_uuid: "4b2b1a0e-0000-4000-8000-000000000000".into(),
            relying_party_name: "Pencere".into(),
            simulator: Some("http://127.0.0.1:8803/phone".into()),
        }),
        limits: Limits { window_s: 600, per_address: 6, per_identity: 3 },
        subject_secret: vec![7; 32],
        stylesheet: b"body {}",
    }
}

/// The query of a redirect to a client.
pub fn callback(address: &str) -> Callback {
    let mut query = form_of(address.split_once('?').map_or("", |(_, query)| query).as_bytes());
    Callback {
        code: query.remove("code"),
        state: query.remove("state"),
        iss: query.remove("iss"),
        error: query.remove("error"),
    }
}

/// Somebody's browser: one cookie, no scripts.
pub struct Browser<'a> {
    world: &'a World,
    pub cookie: Option<String>,
}

/// A page or redirect as the browser got it.
#[derive(Debug)]
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    pub fn location(&self) -> String {
        let location = self.headers.get(header::LOCATION).unwrap_or_else(|| panic!("a redirect, not: {}", self.text));
        location.to_str().expect("text").to_owned()
    }

    /// The value of the first form field of that name.
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let start = self.text.find(&mark).unwrap_or_else(|| panic!("no field {name} in {}", self.text)) + mark.len();
        let value = self.text[start..].split('"').next().expect("a value");
        value.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"")
    }
}

impl<'a> Browser<'a> {
    pub async fn get(&mut self, address: &str) -> Seen {
        self.send(Request::get(path(address)).body(Bytes::new())).await
    }

    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Seen {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = Request::post(path(address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(body.join("&")));
        self.send(request).await
    }

    async fn send(&mut self, request: http::Result<Request<Bytes>>) -> Seen {
        let mut request = request.expect("a request");
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().expect("a cookie"));
        }
        let answer = exchange(&self.world.router, request).await;
        if let Some(set) = answer.headers().get(header::SET_COOKIE) {
            let pair = set.to_str().expect("text").split(';').next().expect("a pair");
            self.cookie = Some(pair.to_owned());
        }
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.to_vec()).expect("text");
        Seen { status: parts.status, headers: parts.headers, text }
    }

    /// The log-in page of a started log-in.
    pub async fn login_page(&mut self, url: &str) -> (String, Seen) {
        let page = self.get(url).await.location();
        assert!(page.starts_with("/login/"), "{page}");
        let seen = self.get(&page).await;
        (page, seen)
    }

    /// Follows redirects inside the provider; the first address outside, or the page where it stays.
    pub async fn follow(&mut self, mut seen: Seen) -> Result<String, Seen> {
        while seen.status == StatusCode::SEE_OTHER {
            let location = seen.location();
            if !location.starts_with('/') {
                return Ok(location);
            }
            seen = self.get(&location).await;
        }
        Err(seen)
    }

    /// The whole way with a card: page, answer, and back to the client.
    pub async fn card_login(&mut self, url: &str, chip: &Chip) -> String {
        let (page, seen) = self.login_page(url).await;
        let token = card_token(chip, ISSUER, &seen.field("nonce"));
        let answered =
            self.post(&format!("{page}/card"), &[("state", &seen.field("state")), ("auth_token", &token)]).await;
        match self.follow(answered).await {
            Ok(location) => location,
            Err(stayed) => panic!("the log-in stayed at: {}", stayed.text),
        }
    }
}

fn path(address: &str) -> String {
    address.strip_prefix(ISSUER).unwrap_or(address).to_owned()
}

/// What a card answers (Web eID authentication token).
pub fn card_token(chip: &Chip, origin: &str, nonce: &str) -> String {
    let value = [sha256(origin.as_bytes()), sha256(nonce.as_bytes())].concat();
    json!({ "unverifiedCertificate": BASE64.encode(&chip.certificate), "algorithm": "ES256",
        "signature": BASE64.encode(chip.signer.sign(&value).expect("signed")), "format": "web-eid:1.0",
        "appVersion": "test" })
    .to_string()
}
