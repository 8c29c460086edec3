//! The window with real parts over one store; what lies beyond it is in `beyond`.

use super::beyond::{Beyond, Registers, Signing, words};
use crate::{
    App, Origins, Setup,
    ports::{Country, RegisterCard},
    session::Area,
};
use base::{Algorithm, ManualClock, Pin, SystemChance};
use host::{blobs::Blobs, keys::KeyDir, keys::SoftKey, store::Store, testing::TempDir};
use identity::{
    Office, Representee,
    client::{Claims, LoggedIn, Registration, RelyingParty},
};
use monitor::Monitor;
use notify::Notify;
use payments::Payments;
use safe::Safe;
use services::{Services, catalogue::Catalogue};
use std::{path::PathBuf, sync::Arc};

pub struct World {
    pub app: App,
    pub clock: Arc<ManualClock>,
    _folder: TempDir,
}

fn country() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../countries/az")
}

/// What the parts of the window stand on.
struct Ground<'a> {
    store: Store,
    blobs: Blobs,
    keys: KeyDir,
    catalogue: Arc<Catalogue>,
    clock: &'a Arc<ManualClock>,
    chance: Arc<SystemChance>,
    origins: Origins,
}

impl<'a> Ground<'a> {
    fn over(store: Store, clock: &'a Arc<ManualClock>, folder: &TempDir) -> Ground<'a> {
        Ground {
            store,
            blobs: Blobs::open(&folder.path().join("blobs")).expect("a folder"),
            keys: KeyDir::open(&folder.path().join("keys")).expect("a folder"),
            catalogue: Arc::new(services::catalogue::load(&country()).expect("the country's services are valid")),
            clock,
            chance: Arc::new(SystemChance),
            origins: Origins {
                portal: "http://127.0.0.1:8800".into(),
                office: "http://127.0.0.1:8801".into(),
                identity: "http://127.0.0.1:8802".into(),
                card: Some("http://127.0.0.1:8803/card".into()),
                bank: "http://127.0.0.1:8804".into(),
            },
        }
    }

    fn services(&self) -> Services {
        Services::open(services::Setup {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            catalogue: self.catalogue.clone(),
            data: Arc::new(Registers),
            signing: Arc::new(Signing),
            fees: Arc::new(Beyond),
            safe: Arc::new(Beyond),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
        })
    }

    fn payments(&self) -> Payments {
        let key = Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
        let tariff = std::fs::read_to_string(country().join("payments.toml")).expect("the tariff");
        Payments::new(payments::Setup {
            store: self.store.clone(),
            tariff: payments::Tariff::parse(&tariff).expect("the tariff is valid"),
            gateway: payments::Gateway {
                merchant: "PENCERE".into(),
                bank: "TESTBANK".into(),
                bank_key: base::Signer::public_key_der(&*key).to_vec(),
                key,
                bank_origin: self.origins.bank.clone(),
                portal_origin: self.origins.portal.clone(),
                line: Arc::new(Beyond),
            },
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            wake: None,
        })
    }

    fn safe(&self) -> Safe {
        Safe::new(safe::Setup {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            master: safe::Key::master(&self.keys, &SystemChance).expect("a key"),
            judge: Arc::new(Beyond),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
        })
    }

    fn monitor(&self) -> Monitor {
        let cards = self.catalogue.cards();
        let registered = cards.iter().map(|card| monitor::Registered {
            id: card.id.clone(),
            name: card.title.clone(),
            agency: words(&card.agency),
            online: card.online,
        });
        let methodology = monitor::Methodology::load(&country().join("methodology")).expect("the method is valid");
        Monitor::new(
            self.store.clone(),
            self.clock.clone(),
            Arc::new(methodology),
            Arc::new(monitor::Register::new(registered.collect())),
            Arc::new(monitor::Sources::default()),
        )
    }

    fn notify(&self) -> Notify {
        Notify::new(notify::Setup {
            store: self.store.clone(),
            templates: notify::Templates::load(&country().join("notices")).expect("the notices are valid"),
            post: Arc::new(Beyond),
            portal_origin: self.origins.portal.clone(),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            wake: None,
        })
    }

    /// A client of the log-in: the portal or the back office.
    fn party(&self, client: &str, origin: &str) -> Arc<RelyingParty> {
        let registration = Registration {
            issuer: "http://127.0.0.1:8802".into(),
            client_id: client.into(),
            redirect_uri: format!("{origin}/signin/return"),
            post_logout_redirect_uri: format!("{origin}/signed-out"),
            scopes: vec!["openid"],
        };
        let key = Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
        let (clock, chance) = (self.clock.clone(), self.chance.clone());
        Arc::new(RelyingParty::new(registration, key, Arc::new(Beyond), clock, chance))
    }

    fn window(self) -> App {
        App::new(Setup {
            services: Arc::new(self.services()),
            payments: self.payments(),
            safe: self.safe(),
            monitor: self.monitor(),
            notify: self.notify(),
            registers: Arc::new(Registers),
            operations: Arc::new(Beyond),
            citizens: self.party("portal", &self.origins.portal),
            officials: self.party("backoffice", &self.origins.office),
            phones: None,
            country: Country {
                client: "AZ/GOV/10001/portal".into(),
                registers: vec![RegisterCard {
                    id: "iamas".into(),
                    subsystem: "AZ/GOV/10003/iamas".into(),
                    name: words("İAMAS"),
                    holder: words("DİN"),
                }],
                members: vec![("10002".into(), words("Əmək Nazirliyi"))],
                utc_offset_hours: 4,
            },
            clock: self.clock.clone(),
            origins: self.origins,
            store: self.store,
            chance: self.chance,
        })
    }
}

/// A world on SQLite and one on PostgreSQL.
pub async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    let migrations = [
        services::MIGRATIONS,
        payments::MIGRATIONS,
        safe::MIGRATIONS,
        monitor::MIGRATIONS,
        notify::MIGRATIONS,
        crate::MIGRATIONS,
    ];
    for store in host::testing::stores(&migrations).await {
        let clock = Arc::new(ManualClock::at("2026-11-23T10:02:00Z".parse().expect("a timestamp")));
        let folder = TempDir::new();
        worlds.push(World { app: Ground::over(store, &clock, &folder).window(), clock, _folder: folder });
    }
    worlds
}

impl World {
    /// The cookie of a session as the log-in would have begun it.
    pub async fn logged_in(&self, area: Area, pin: &str, offices: &[(&str, &str)], company: Option<&str>) -> String {
        let pin = Pin::parse(pin).expect("a PIN");
        let offices = offices.iter().map(|(agency, role)| Office { agency: (*agency).into(), role: (*role).into() });
        let claims = Claims {
            sub: "sub".into(),
            sid: format!("sid-{}", pin.as_str()),
            auth_time: base::Clock::now(&*self.clock),
            acr: "high".into(),
            amr: vec!["sc".into(), "pin".into()],
            pin: Some(pin.clone()),
            given_name: Some("Aytən".into()),
            surname: Some("Məmmədova".into()),
            acting_for: company.map(|name| Representee {
                tin: "1400123451".into(),
                name: name.into(),
                basis: "director".into(),
            }),
            offices: offices.collect(),
        };
        let person = LoggedIn { claims, id_token: "id-token".into(), access_token: "access".into() };
        self.app.log_in(area, &person, &pin).await.expect("a session")
    }
}
