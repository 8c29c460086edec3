//! The trust services as a whole, on both databases where rows are written, judged by openssl and xmlsec1.

mod centre;
mod services;
mod signing;

use crate::{
    Carrier, Centre, Holder, MIGRATIONS, Member, Order, Person, Post, Settings,
    client::{OcspClient, TsaClient},
    endpoints::endpoints,
    signing::Signing,
};
use base::{Algorithm, Clock, ManualClock, Pin, Signer, SystemChance};
use formats::x509::{Certificate, Profile, to_pem};
use host::{
    http::{Client, Shutdown, serve},
    keys::{KeyDir, SoftKey},
    store::Store,
    testing::{TempDir, stores},
};
use std::{process::Command, sync::Arc};

/// A centre with its endpoints on loopback.
pub struct Scene {
    pub centre: Arc<Centre>,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub address: String,
    pub folder: TempDir,
    shutdown: Shutdown,
}

pub fn settings() -> Settings {
    Settings::parse(include_str!("../../../../countries/az/trust.toml")).expect("the country's settings")
}

pub fn key() -> SoftKey {
    SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key")
}

/// The machine's time once, then standing still: peers compare with the machine's.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(base::SystemClock.now()))
}

pub async fn open(store: &Store, folder: &TempDir, address: &str, clock: Arc<ManualClock>) -> Centre {
    let keys = KeyDir::open(&folder.path().join("keys")).expect("a folder of keys");
    Centre::open(store.clone(), &keys, settings(), address, clock, Arc::new(SystemChance)).await.expect("open")
}

/// One scene on each database.
pub async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for store in stores(&[MIGRATIONS]).await {
        let (folder, clock, shutdown) = (TempDir::new(), clock(), Shutdown::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let centre = Arc::new(open(&store, &folder, &address, clock.clone()).await);
        tokio::spawn(serve(listener, endpoints(centre.clone()), shutdown.clone()));
        scenes.push(Scene { centre, store, clock, address, folder, shutdown });
    }
    scenes
}

/// On the embedded database, for what writes no rows of its own.
pub async fn scene() -> Scene {
    scenes().await.swap_remove(0)
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

impl Scene {
    pub fn ocsp(&self) -> OcspClient {
        let clock: Arc<dyn Clock> = self.clock.clone();
        OcspClient::new(Client::plain(), format!("{}/ocsp", self.address), clock, Arc::new(SystemChance))
    }

    pub fn tsa(&self) -> TsaClient {
        let roots = vec![self.centre.root().clone()];
        TsaClient::new(Client::plain(), format!("{}/tsa", self.address), roots, Arc::new(SystemChance))
    }

    pub fn signing(&self) -> Signing {
        Signing::new(self.ocsp(), self.tsa(), self.centre.anchors(), self.clock.clone())
    }

    pub async fn person(&self, profile: Profile, key: &SoftKey) -> Certificate {
        self.centre.issue(&Order::new(person(), profile, key.public_key_der())).await.expect("issued")
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("a path of letters").to_owned()
    }

    pub fn put_pem(&self, name: &str, certificates: &[Certificate]) -> String {
        self.put(name, to_pem(certificates).as_bytes())
    }
}

pub fn aytan() -> Person {
    Person { pin: Pin::parse("AYTEN01").expect("a PIN"), surname: "Məmmədova".into(), given_name: "Aytən".into() }
}

pub fn person() -> Holder {
    Holder::Person { person: aytan(), carrier: Carrier::Card }
}

pub fn official() -> Holder {
    let post =
        Post {
            organisation: "Əmək nazirliyi".into(), organisation_number: "10002".into(), title: "məsləhətçi".into()
        };
    Holder::Official { person: aytan(), carrier: Carrier::Card, post }
}

pub fn organisation() -> Holder {
    Holder::Organisation { name: "Əmək nazirliyi".into(), number: "10002".into() }
}

pub fn member() -> Holder {
    Holder::Member(Member {
        instance: "AZ".into(),
        class: "GOV".into(),
        code: "10002".into(),
        name: "Əmək nazirliyi".into(),
        server: "portal".into(),
    })
}

/// Runs a peer; a missing peer fails the test.
pub async fn peer(command: &'static str, arguments: &[&str]) -> (bool, String) {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    // Off the runtime's thread: the peer may ask the endpoints that run on it.
    let run =
        move || Command::new(command).args(arguments).output().unwrap_or_else(|error| panic!("{command}: {error}"));
    let output = tokio::task::spawn_blocking(run).await.expect("the peer ran");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}
