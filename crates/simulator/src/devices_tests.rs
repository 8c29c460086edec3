//! Cards and phones over HTTP, on both databases. The trust services are played by a closure whose "certificate" is the key.

use crate::{Device, Devices, MIGRATIONS, PIN1, PIN2, People, Person, Purpose, RelyingParty, Settings};
use axum::body::{Body, Bytes};
use base::{Clock, Lang, Localized, ManualClock, Pin, SystemChance, clock::from_micros};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use formats::verify::{Digest, Family, PublicKey, Scheme, sha256};
use host::{store::Store, testing::TempDir};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tower::ServiceExt;

const IDENTITY: &str = "http://127.0.0.1:8802";
const ES256: Scheme = Scheme { family: Family::EcdsaFixed, digest: Digest::Sha256 };

struct World {
    devices: Arc<Devices>,
    clock: Arc<ManualClock>,
    store: Store,
    folder: TempDir,
}

fn people() -> Vec<Person> {
    let about = Localized { az: "vətəndaş".into(), en: "citizen".into(), ru: "гражданка".into() };
    let person = |pin: &str, given: &str, phone: &str| Person {
        pin: Pin::parse(pin).expect("a PIN"),
        given_name: given.into(),
        surname: "Məmmədova".into(),
        phone: phone.into(),
        lang: Lang::Az,
        about: about.clone(),
    };
    vec![person("AYTEN01", "Aytən", "+994501111111"), person("TURAL06", "Tural", "+994502222222")]
}

async fn open(store: &Store, folder: &TempDir, clock: &Arc<ManualClock>) -> (Arc<Devices>, usize) {
    let issued = AtomicUsize::new(0);
    let keys = folder.path().join("people");
    let people = People::load_or_issue(store, &keys, people(), |wanted| {
        issued.fetch_add(1, Ordering::SeqCst);
        async move { Ok(wanted.public_key_der) }
    });
    let people = people.await.expect("people");
    let settings = Settings {
        origins: vec![IDENTITY.into(), "http://127.0.0.1:8800".into()],
        relying_parties: vec![RelyingParty { uuid: "uuid".into(), name: "Pencere".into() }],
        stylesheet: b"body {}",
    };
    let shared: Arc<dyn Clock> = clock.clone();
    let devices = Devices::new(settings, people, store.clone(), shared, Arc::new(SystemChance));
    (devices, issued.load(Ordering::SeqCst))
}

impl World {
    async fn all() -> Vec<World> {
        let mut worlds = Vec::new();
        for store in host::testing::stores(&[MIGRATIONS]).await {
            let (folder, clock) = (TempDir::new(), Arc::new(ManualClock::at(from_micros(1_790_000_000_000_000))));
            let (devices, issued) = open(&store, &folder, &clock).await;
            assert_eq!(issued, 8, "four chips for each of two people");
            worlds.push(World { devices, clock, store, folder });
        }
        worlds
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String, String) {
        let answer = self.devices.router().oneshot(request).await.expect("never fails");
        let location = answer.headers().get(header::LOCATION).map(|value| value.to_str().expect("text").to_owned());
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, location.unwrap_or_default(), String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let (status, _, text) = self.send(Request::get(path).body(Body::empty()).expect("a request")).await;
        (status, text)
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.join("&"))).expect("a request")).await
    }

    async fn call(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path).body(Body::from(Bytes::from(body.to_string()))).expect("a request");
        let (status, _, text) = self.send(request).await;
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    async fn status(&self, kind: &str, session: &str) -> Value {
        let (_, text) = self.get(&format!("/mid-api/{kind}/session/{session}?timeoutMs=1")).await;
        serde_json::from_str(&text).expect("JSON")
    }

    /// Opens a request on the card page.
    async fn asked(&self, kind: &str, more: &[(&str, &str)]) -> String {
        let back = format!("{IDENTITY}/back");
        let fields = [&[("return", back.as_str()), ("state", "s-1"), ("lang", "en")], more].concat();
        let (status, location, text) = self.post(&format!("/card/{kind}"), &fields).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
        location
    }

    fn key(&self, pin: &str, device: Device, purpose: Purpose) -> PublicKey {
        let person = self.devices.people.by_pin(pin).expect("known");
        PublicKey::from_spki(&self.devices.people.chip(person, device, purpose).certificate).expect("a key")
    }
}

fn field(text: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let start = text.find(&mark).unwrap_or_else(|| panic!("no field {name} in {text}")) + mark.len();
    text[start..].split('"').next().expect("a value").replace("&#34;", "\"").replace("&#38;", "&")
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64.decode(text).expect("base64")
}

fn push(person: &str, digest: &[u8]) -> Value {
    json!({ "relyingPartyUUID": "uuid", "relyingPartyName": "Pencere", "phoneNumber": "+994501111111",
        "nationalIdentityNumber": person, "hash": BASE64.encode(digest), "hashType": "SHA256", "language": "AZE",
        "displayText": "Pəncərəyə giriş", "displayTextFormat": "UCS-2", "unknown": true })
}

const NONCE: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";

#[tokio::test]
async fn a_card_signs_a_log_in_for_the_origin_that_asks() {
    for world in World::all().await {
        let page = world.asked("login", &[("origin", IDENTITY), ("nonce", NONCE)]).await;
        let (_, shown) = world.get(&page).await;
        assert!(shown.contains("This is a simulator") && shown.contains(IDENTITY) && shown.contains("Aytən Məmmədova"));
        let (_, _, done) = world.post(&page, &[("person", "TURAL06"), ("code", PIN1), ("lang", "en")]).await;
        assert_eq!(field(&done, "state"), "s-1");
        let token: Value = serde_json::from_str(&field(&done, "auth_token")).expect("JSON");
        let value = [sha256(IDENTITY.as_bytes()), sha256(NONCE.as_bytes())].concat();
        let key = world.key("TURAL06", Device::Card, Purpose::Authentication);
        assert!(key.verifies(ES256, &value, &decoded(token["signature"].as_str().expect("text"))));
        assert_eq!(token["format"], "web-eid:1.0");
        let (_, again) = world.get(&page).await;
        assert_eq!(field(&again, "auth_token"), field(&done, "auth_token"), "a reload gives the same answer");
    }
}

#[tokio::test]
async fn a_card_shows_what_it_signs_and_signs_exactly_that() {
    for world in World::all().await {
        let digests = [sha256(b"one"), sha256(b"two")].map(|digest| BASE64.encode(digest));
        let documents =
            [("digest", digests[0].as_str()), ("title", "Ərizə"), ("digest", &digests[1]), ("title", "Çertyoj")];
        let page = world.asked("sign", &[&documents[..], &[("person", "TURAL06")]].concat()).await;
        let (_, shown) = world.get(&page).await;
        assert!(shown.contains("Ərizə") && shown.contains("Çertyoj") && shown.contains("7692c3ad 3540bb80"));
        let chosen = shown.find("value=\"TURAL06\"").expect("offered");
        assert!(shown[chosen..chosen + 60].contains("checked"), "the expected person's card lies in the reader");
        let (_, _, wrong) = world.post(&page, &[("person", "TURAL06"), ("code", PIN1)]).await;
        assert!(wrong.contains("role=\"alert\""), "PIN1 does not sign");
        let (_, _, done) = world.post(&page, &[("person", "TURAL06"), ("code", PIN2)]).await;
        let key = world.key("TURAL06", Device::Card, Purpose::Signature);
        assert_eq!(decoded(&field(&done, "certificate")), key.spki());
        let second = done.rfind("name=\"signature\"").expect("two signatures");
        for (message, part) in [(&b"one"[..], &done[..]), (b"two", &done[second..])] {
            assert!(key.verifies_digest(ES256, &sha256(message), &decoded(&field(part, "signature"))));
        }
    }
}

#[tokio::test]
async fn a_certificate_is_read_without_a_code() {
    for world in World::all().await {
        let page = world.asked("certificate", &[]).await;
        let (_, _, done) = world.post(&page, &[("person", "AYTEN01")]).await;
        let key = world.key("AYTEN01", Device::Card, Purpose::Signature);
        assert_eq!(decoded(&field(&done, "certificate")), key.spki());
        assert!(!done.contains("name=\"signature\""));
    }
}

#[tokio::test]
async fn three_wrong_codes_block_the_card_until_it_is_unblocked() {
    for world in World::all().await {
        let page = world.asked("login", &[("origin", IDENTITY), ("nonce", NONCE)]).await;
        for left in ["tries left: 2", "tries left: 1", "The card is blocked"] {
            let (_, _, text) = world.post(&page, &[("person", "AYTEN01"), ("code", "0000"), ("lang", "en")]).await;
            assert!(text.contains(left), "{left}");
        }
        let right = [("person", "AYTEN01"), ("code", PIN1), ("lang", "en")];
        assert!(world.post(&page, &right).await.2.contains("The card is blocked"), "even with the right code");
        // A restart does not unblock a chip, and nothing is issued twice.
        let (devices, issued) = open(&world.store, &world.folder, &world.clock).await;
        assert_eq!(issued, 0);
        let world = World { devices, clock: world.clock, store: world.store, folder: world.folder };
        assert!(world.post(&page, &right).await.2.contains("The card is blocked"));
        let (status, location, _) = world.post(&format!("{page}/unblock"), &[("person", "AYTEN01")]).await;
        assert_eq!((status, location), (StatusCode::SEE_OTHER, page.clone()));
        assert!(world.post(&page, &right).await.2.contains("auth_token"));
    }
}

#[tokio::test]
async fn strange_requests_to_a_card_are_refused() {
    for world in World::all().await {
        let foreign = [("return", "https://evil.example/"), ("origin", "https://evil.example"), ("nonce", NONCE)];
        assert_eq!(world.post("/card/login", &foreign).await.0, StatusCode::FORBIDDEN);
        assert_eq!(world.post("/card/sign", &[]).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(world.get("/card/0190a5f4-0000-7000-8000-000000000000").await.0, StatusCode::NOT_FOUND);
        let page = world.asked("certificate", &[]).await;
        assert_eq!(world.post(&page, &[("person", "NOBODY7")]).await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.get("/phone/3").await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.get("/phone/0").await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.get("/nowhere").await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_phone_confirms_a_push_with_its_pin() {
    for world in World::all().await {
        let mut digest = sha256(b"challenge");
        (digest[0], digest[31]) = (0x2f, 0xb6);
        let (_, opened) = world.call("/mid-api/authentication", &push("AYTEN01", &digest)).await;
        let session = opened["sessionID"].as_str().expect("a session");
        assert_eq!(world.status("authentication", session).await["state"], "RUNNING");
        let (_, phone) = world.get("/phone/1?lang=en").await;
        assert!(phone.contains("Pencere asks") && phone.contains("1462") && phone.contains("Pəncərəyə giriş"));
        assert!(world.get("/phone?lang=en").await.1.contains("waiting requests: 1"));
        let path = format!("/phone/1/{session}");
        let (_, _, wrong) = world.post(&path, &[("code", "9999"), ("lang", "en")]).await;
        assert!(wrong.contains("Wrong code"));
        let (status, _, _) = world.post(&path, &[("code", PIN1), ("lang", "en")]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let done = world.status("authentication", session).await;
        assert_eq!((done["state"].as_str(), done["result"].as_str()), (Some("COMPLETE"), Some("OK")));
        let key = world.key("AYTEN01", Device::Phone, Purpose::Authentication);
        assert_eq!(decoded(done["cert"].as_str().expect("text")), key.spki());
        let value = decoded(done["signature"]["value"].as_str().expect("text"));
        assert!(key.verifies_digest(ES256, &digest, &value));
        assert_eq!(done["signature"]["algorithm"], "SHA256WithECEncryption");
        assert!(world.get("/phone/1?lang=en").await.1.contains("No request is waiting"));
    }
}

#[tokio::test]
async fn a_phone_signs_with_pin2_and_gives_its_certificate_only_when_asked() {
    for world in World::all().await {
        let digest = sha256(b"document");
        let (_, certificate) = world.call("/mid-api/certificate", &push("AYTEN01", &digest)).await;
        let key = world.key("AYTEN01", Device::Phone, Purpose::Signature);
        assert_eq!(decoded(certificate["cert"].as_str().expect("text")), key.spki());
        assert_eq!(world.call("/mid-api/certificate", &push("TURAL06", &digest)).await.1["result"], "NOT_FOUND");
        let (_, opened) = world.call("/mid-api/signature", &push("AYTEN01", &digest)).await;
        let session = opened["sessionID"].as_str().expect("a session");
        let (_, text) = world.get(&format!("/mid-api/authentication/session/{session}?timeoutMs=1")).await;
        assert!(text.contains("no such session"), "a signature is no authentication");
        world.post(&format!("/phone/1/{session}"), &[("code", PIN2)]).await;
        let done = world.status("signature", session).await;
        assert!(done["cert"].is_null());
        let value = decoded(done["signature"]["value"].as_str().expect("text"));
        assert!(key.verifies_digest(ES256, &digest, &value));
    }
}

#[tokio::test]
async fn every_other_end_has_its_own_result() {
    for world in World::all().await {
        let digest = sha256(b"challenge");
        let open = async |person: &str| {
            let (_, opened) = world.call("/mid-api/authentication", &push(person, &digest)).await;
            opened["sessionID"].as_str().expect("a session").to_owned()
        };
        let result = async |session: &str| world.status("authentication", session).await["result"].clone();
        let unknown = open("TURAL06").await;
        assert_eq!(result(&unknown).await, "NOT_MID_CLIENT", "his number is another one");
        let declined = open("AYTEN01").await;
        world.post(&format!("/phone/1/{declined}"), &[("decline", "yes")]).await;
        assert_eq!(result(&declined).await, "USER_CANCELLED");
        let slow = open("AYTEN01").await;
        let (second, third) = (open("AYTEN01").await, open("AYTEN01").await);
        assert_eq!(result(&open("AYTEN01").await).await, "DELIVERY_ERROR", "three requests are enough for one phone");
        world.clock.advance_s(120);
        for late in [&slow, &second, &third] {
            assert_eq!(result(late).await, "TIMEOUT");
        }
        world.post(&format!("/phone/1/{slow}"), &[("code", PIN1)]).await;
        assert_eq!(result(&slow).await, "TIMEOUT", "too late is too late");
    }
}

#[tokio::test]
async fn the_service_takes_only_whole_requests_of_registered_parties() {
    for world in World::all().await {
        let good = push("AYTEN01", &sha256(b"challenge"));
        let with = |name: &str, value: &str| {
            let mut changed = good.clone();
            changed[name] = value.into();
            changed
        };
        for (body, status) in [
            (with("relyingPartyUUID", "other"), 401),
            (with("relyingPartyName", "other"), 401),
            (with("hash", "AAAA"), 400),
            (with("hashType", "SHA1"), 400),
            (with("language", "XX"), 400),
            (with("displayTextFormat", "UTF-8"), 400),
            (with("displayText", &"ə".repeat(51)), 400),
            (with("phoneNumber", "0501111111"), 400),
            (with("nationalIdentityNumber", "x"), 400),
            (json!({}), 400),
        ] {
            let (got, answer) = world.call("/mid-api/authentication", &body).await;
            assert_eq!(got.as_u16(), status, "{body}");
            assert!(answer["error"].is_string() && answer["traceId"].is_string());
        }
        assert_eq!(world.get("/mid-api/authentication/session/none?timeoutMs=1").await.0, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn three_wrong_codes_block_a_phone_until_it_is_unblocked() {
    for world in World::all().await {
        let (_, opened) = world.call("/mid-api/authentication", &push("AYTEN01", &sha256(b"challenge"))).await;
        let path = format!("/phone/1/{}", opened["sessionID"].as_str().expect("a session"));
        for _ in 0..3 {
            world.post(&path, &[("code", "0000")]).await;
        }
        assert!(world.post(&path, &[("code", PIN1), ("lang", "ru")]).await.2.contains("заблокирована"));
        assert!(world.get("/phone/1").await.1.contains("bloklanıb"), "in the owner's language");
        world.post("/phone/1/unblock", &[("lang", "az")]).await;
        assert_eq!(world.post(&path, &[("code", PIN1)]).await.0, StatusCode::SEE_OTHER);
    }
}
