//! The portal operator's side: log-in, e-services, payments, e-Safe, notices, monitoring and the windows themselves, over one
//! store, so that rows, audit entries and notices of one act are one transaction.

use super::evidence::{CatalogueFacts, RegisterRecords, Traffic, WindowRecords, register_of_services};
use super::folder::CountryFolder;
use super::mandates::{OwnQuestions, Posts};
use super::operations::Machine;
use super::papers::{Debts, SafeDeposits, Seals};
use super::phones::MobileSignature;
use super::receipts::Receipts;
use super::registers_part::Registers;
use super::trust_services::{self, Containers, Documents};
use super::{Stores, World};
use crate::place::Place;
use crate::ports::{Door, Ports};
use base::dataservice::DataServices;
use base::{Algorithm, Lang, Pin, Signer};
use exchange::setup::Exchange;
use host::blobs::Blobs;
use host::http::Client;
use host::jobs::{Done, Worker};
use host::keys::KeyDir;
use host::store::{Location, Migration, Store};
use identity::client::{Registration, RelyingParty};
use std::path::Path;
use std::sync::Arc;
use trust::{Authority, Centre};

/// Tables of everything that shares the store.
pub(super) const TABLES: &[&[Migration]] = &[
    identity::MIGRATIONS,
    payments::MIGRATIONS,
    safe::MIGRATIONS,
    services::MIGRATIONS,
    notify::MIGRATIONS,
    monitor::MIGRATIONS,
    portal::MIGRATIONS,
];

/// Under this name the portal asks phones to sign, and the bank knows the merchant.
pub const RELYING_PARTY_UUID: &str = "00000000-0000-4000-8000-000000000001";
pub const RELYING_PARTY_NAME: &str = "PENCERE";
pub const MERCHANT: &str = "pencere";
pub const BANK: &str = "test-bank";

/// What the window is made from.
pub struct Given<'a> {
    pub place: &'a Place,
    pub stores: &'a Stores,
    pub world: &'a World,
    pub ports: Ports,
    pub country: &'a CountryFolder,
    pub centre: Arc<Centre>,
    pub exchange: Arc<Exchange>,
    pub registers: &'a Registers,
    /// SubjectPublicKeyInfo of the bank's key.
    pub bank_key: Vec<u8>,
}

/// The window, ready to be served.
pub struct Window {
    pub store: Store,
    pub app: portal::App,
    pub provider: Arc<identity::Provider>,
    pub notify: notify::Notify,
    pub worker: Worker,
    pub monitor: monitor::Monitor,
    pub log_key: Arc<dyn Signer>,
    /// SubjectPublicKeyInfo with which the bank checks our orders.
    pub merchant_key: Vec<u8>,
}

/// The parts while they are being joined.
struct Joined {
    store: Store,
    payments: payments::Payments,
    safe: safe::Safe,
    receipts: Receipts,
    services: services::Services,
    notify: notify::Notify,
    monitor: monitor::Monitor,
    questions: OwnQuestions,
}

impl Given<'_> {
    pub async fn open(self) -> Result<Window, String> {
        let store = self.stores.open(self.place, "window", TABLES).await?;
        let keys = KeyDir::open(&self.place.room("keys")?.join("window")).map_err(text)?;
        let key = |name: &str| -> Result<Arc<dyn Signer>, String> {
            Ok(keys.load_or_create(name, Algorithm::EcdsaP256Sha256).map_err(text)?)
        };
        let worker = Worker::new(store.clone(), self.world.clock.clone());
        let joined = self.join(&store, &keys, &worker)?;
        let provider = self.provider(&store, &keys, &joined.questions)?;
        let citizens = self.client(Area::Portal, key("client-portal")?)?;
        let officials = self.client(Area::BackOffice, key("client-backoffice")?)?;
        let log_key = key("log")?;
        let file = self.place.room("trusted")?.join("log-window.der");
        std::fs::write(&file, log_key.public_key_der()).map_err(|cause| format!("{}: {cause}", file.display()))?;
        let worker = joined.services.jobs(provider.jobs(joined.payments.register(joined.notify.register(worker))));
        let worker = joined.receipts.clone().register(on_paid(worker, joined.services.clone()));
        let worker = on_contact(worker, joined.questions.clone(), joined.notify.clone(), store.clone());
        joined.services.start_watch().await.map_err(text)?;
        provider.schedule().await.map_err(text)?;
        let merchant_key = key("merchant")?.public_key_der().to_vec();
        let window = (joined.notify.clone(), joined.monitor.clone());
        let app = self.app(joined, citizens, officials);
        let worker = app.jobs(worker);
        Ok(Window { store, app, provider, notify: window.0, worker, monitor: window.1, log_key, merchant_key })
    }

    /// The parts that hold the country's cases, money and documents.
    fn join(&self, store: &Store, keys: &KeyDir, worker: &Worker) -> Result<Joined, String> {
        let World { clock, chance } = self.world.clone();
        let data: Arc<dyn DataServices> = Arc::new(self.exchange.client());
        let merchant = keys.load_or_create("merchant", Algorithm::EcdsaP256Sha256).map_err(text)?;
        let bank = self.ports.url(Door::Bank);
        let payments = payments::Payments::new(payments::Setup {
            store: store.clone(),
            tariff: self.country.tariff.clone(),
            gateway: payments::Gateway {
                merchant: MERCHANT.into(),
                bank: BANK.into(),
                key: merchant,
                bank_key: self.bank_key.clone(),
                bank_origin: bank.clone(),
                portal_origin: self.ports.url(Door::Portal),
                line: Arc::new(payments::gateway::HttpLine::new(Client::plain(), bank)),
            },
            clock: clock.clone(),
            chance: chance.clone(),
            wake: Some(worker.waker()),
        });
        let safe = safe::Safe::new(safe::Setup {
            store: store.clone(),
            blobs: Blobs::open(&self.place.room("documents")?).map_err(text)?,
            master: safe::Key::master(keys, chance.as_ref()).map_err(text)?,
            judge: Arc::new(Containers { centre: self.centre.clone(), world: self.world.clone() }),
            clock: clock.clone(),
            chance: chance.clone(),
        });
        let signing = trust_services::signing(&self.centre, &self.ports.url(Door::Trust), self.world);
        let seals = Arc::new(Seals {
            centre: self.centre.clone(),
            signing: trust_services::signing(&self.centre, &self.ports.url(Door::Trust), self.world),
            keys: keys.clone(),
        });
        let services = services::Services::open(services::Setup {
            store: store.clone(),
            blobs: Blobs::open(&self.place.room("uploads")?).map_err(text)?,
            catalogue: self.country.catalogue.clone(),
            data: data.clone(),
            signing: Arc::new(Documents(signing)),
            fees: Arc::new(Debts(payments.clone())),
            safe: Arc::new(SafeDeposits {
                safe: safe.clone(),
                store: store.clone(),
                portal_origin: self.ports.url(Door::Portal),
                world: self.world.clone(),
                seals: seals.clone(),
            }),
            clock: clock.clone(),
            chance: chance.clone(),
        });
        let notify = notify::Notify::new(notify::Setup {
            store: store.clone(),
            templates: self.country.notices.clone(),
            post: Arc::new(notify::SmtpPost::new("127.0.0.1", self.ports.of(Door::Smtp))),
            portal_origin: self.ports.url(Door::Portal),
            clock,
            chance,
            wake: Some(worker.waker()),
        });
        let receipts = self.receipts(store, &payments, &safe, seals);
        let monitor = self.monitor(store);
        let questions = OwnQuestions { data, portal: self.country.portal.clone(), world: self.world.clone() };
        Ok(Joined { store: store.clone(), payments, safe, receipts, services, notify, monitor, questions })
    }

    fn receipts(&self, store: &Store, payments: &payments::Payments, safe: &safe::Safe, seals: Arc<Seals>) -> Receipts {
        Receipts {
            payments: payments.clone(),
            safe: safe.clone(),
            store: store.clone(),
            catalogue: self.country.catalogue.clone(),
            seals,
            world: self.world.clone(),
            portal_origin: self.ports.url(Door::Portal),
            operator: self.country.portal.operator().to_owned(),
        }
    }

    fn monitor(&self, store: &Store) -> monitor::Monitor {
        let servers = self.exchange.servers().map(|(_, server)| server.store().clone()).collect();
        monitor_with(self.country, store.clone(), servers, self.registers.stores(), self.world.clock.clone())
    }

    fn provider(
        &self,
        store: &Store,
        keys: &KeyDir,
        questions: &OwnQuestions,
    ) -> Result<Arc<identity::Provider>, String> {
        let secret = keys.secret_or_create("subjects", || {
            let mut secret = vec![0; 32];
            self.world.chance.fill(&mut secret);
            Ok(secret)
        });
        let simulators = self.ports.url(Door::Simulators);
        let settings = identity::Settings {
            issuer: self.ports.url(Door::Identity),
            clients: vec![self.registered(Area::Portal, keys)?, self.registered(Area::BackOffice, keys)?],
            card: Some(identity::CardMethod { simulator: Some(format!("{simulators}/card/login")) }),
            phone: Some(identity::PhoneMethod {
                service: format!("{simulators}/mid-api"),
                relying_party_uuid: RELYING_PARTY_UUID.into(),
                relying_party_name: RELYING_PARTY_NAME.into(),
                simulator: Some(format!("{simulators}/phone")),
            }),
            limits: identity::Limits::default(),
            subject_secret: secret.map_err(text)?,
            stylesheet: portal::STYLESHEET,
        };
        let token_key = keys.load_or_create("tokens", Algorithm::EcdsaP256Sha256).map_err(text)?;
        let ocsp = Arc::new(trust_services::ocsp_client(&self.ports.url(Door::Trust), self.world));
        let issuing = [Authority::Persons, Authority::Officials].map(|known| self.centre.authority(known).clone());
        let certificates = identity::TrustedCertificates::new(issuing.to_vec(), ocsp, self.centre.settings());
        let parts = identity::Parts {
            store: store.clone(),
            clock: self.world.clock.clone(),
            chance: self.world.chance.clone(),
            keys: vec![token_key],
            transport: Arc::new(Client::plain()),
            mandates: Arc::new(questions.clone()),
            offices: Arc::new(Posts::of_demo(&self.country.people.demo.people)),
            certificates,
        };
        identity::Provider::new(settings, parts).map_err(text)
    }

    fn registered(&self, area: Area, keys: &KeyDir) -> Result<identity::Client, String> {
        use identity::Scope;
        let key = keys.load_or_create(area.key(), Algorithm::EcdsaP256Sha256).map_err(text)?;
        let origin = self.ports.url(area.door());
        let (name, scopes, audience) = match area {
            Area::Portal => (
                self.country.portal.portal_name.clone(),
                vec![Scope::Openid, Scope::Profile, Scope::Pin, Scope::Representation],
                identity::Audience::Everyone,
            ),
            Area::BackOffice => (
                self.country.portal.back_office_name.clone(),
                vec![Scope::Openid, Scope::Profile, Scope::Pin, Scope::Offices],
                identity::Audience::Officials,
            ),
        };
        Ok(identity::Client {
            id: area.client_id().into(),
            name,
            redirect_uris: vec![format!("{origin}/signin/return")],
            post_logout_redirect_uris: vec![format!("{origin}/signed-out")],
            backchannel_logout_uri: Some(format!("{origin}/signin/ended")),
            keys: identity::Client::keys_of(key.as_ref()).map_err(text)?,
            scopes,
            audience,
        })
    }

    fn client(&self, area: Area, key: Arc<dyn Signer>) -> Result<Arc<RelyingParty>, String> {
        let origin = self.ports.url(area.door());
        let scopes = match area {
            Area::Portal => vec!["openid", "profile", "pin", "representation"],
            Area::BackOffice => vec!["openid", "profile", "pin", "offices"],
        };
        let registration = Registration {
            issuer: self.ports.url(Door::Identity),
            client_id: area.client_id().into(),
            redirect_uri: format!("{origin}/signin/return"),
            post_logout_redirect_uri: format!("{origin}/signed-out"),
            scopes,
        };
        let World { clock, chance } = self.world.clone();
        Ok(Arc::new(RelyingParty::new(registration, key, Arc::new(Client::plain()), clock, chance)))
    }

    fn app(&self, joined: Joined, citizens: Arc<RelyingParty>, officials: Arc<RelyingParty>) -> portal::App {
        let simulators = self.ports.url(Door::Simulators);
        portal::App::new(portal::Setup {
            store: joined.store.clone(),
            clock: self.world.clock.clone(),
            chance: self.world.chance.clone(),
            services: Arc::new(joined.services),
            payments: joined.payments,
            safe: joined.safe,
            monitor: joined.monitor,
            notify: joined.notify,
            registers: joined.questions.data.clone(),
            operations: Arc::new(Machine::new(
                self.exchange.clone(),
                self.centre.clone(),
                joined.store,
                self.world.clock.clone(),
            )),
            citizens,
            officials,
            phones: Some(Arc::new(MobileSignature {
                service: format!("{simulators}/mid-api"),
                relying_party_uuid: RELYING_PARTY_UUID.into(),
                relying_party_name: RELYING_PARTY_NAME.into(),
                client: Client::plain(),
            })),
            country: self.portal_country(),
            origins: portal::Origins {
                portal: self.ports.url(Door::Portal),
                office: self.ports.url(Door::BackOffice),
                identity: self.ports.url(Door::Identity),
                card: Some(format!("{simulators}/card")),
                bank: self.ports.url(Door::Bank),
            },
        })
    }

    fn portal_country(&self) -> portal::ports::Country {
        let card = |(id, register): (&String, &Arc<registers::Register>)| portal::ports::RegisterCard {
            id: id.clone(),
            subsystem: register.schema().identifier.clone(),
            name: register.schema().name.clone(),
            holder: register.schema().owner.clone(),
        };
        let member = |member: &exchange::country::Member| (member.code.clone(), member.name.clone());
        portal::ports::Country {
            client: self.country.portal.client.clone(),
            registers: self.registers.all.iter().map(card).collect(),
            members: self.exchange.country().members.iter().map(member).collect(),
            utc_offset_hours: self.country.portal.utc_offset_hours,
        }
    }
}

/// A paid debt goes back to the part that made it; only e-services make debts here.
fn on_paid(worker: Worker, services: services::Services) -> Worker {
    worker.on(payments::PAID_JOB, move |job| {
        let services = services.clone();
        async move {
            const ATTEMPT: &str = "tell a case that its fee is paid";
            let paid: payments::DebtPaid =
                serde_json::from_value(job.payload).map_err(|cause| base::Fault::new(ATTEMPT, cause))?;
            let Some(reference) = paid.case_reference else { return Ok(Done::Finished) };
            let told = services::ports::Paid {
                at: paid.paid_at,
                amount: base::Money::from_qepik(paid.qepik),
                receipt_number: paid.receipt,
            };
            match services.fee_paid(&reference, &told).await {
                Ok(()) => Ok(Done::Finished),
                Err(base::Failure::Failed(fault)) => Err(fault),
                Err(base::Failure::Refused(refusal)) => Err(base::Fault::new(ATTEMPT, base::Refusal::code(&refusal))),
            }
        }
    })
}

/// How a person is reached, from the register of persons, after a log-in.
fn on_contact(worker: Worker, questions: OwnQuestions, notify: notify::Notify, store: Store) -> Worker {
    worker.on(portal::CONTACT_JOB, move |job| {
        let (questions, notify, store) = (questions.clone(), notify.clone(), store.clone());
        async move {
            const ATTEMPT: &str = "learn how a person is reached";
            let pin = job.payload["pin"].as_str().and_then(Pin::parse);
            let pin = pin.ok_or_else(|| base::Fault::new(ATTEMPT, "the job names no person"))?;
            let (_, email) = questions.contact(&pin).await?;
            let name = job.payload["name"].as_str().map(str::to_owned);
            let known = notify::Known { person: pin.as_str().to_owned(), name, email };
            let mut tx = store.begin().await?;
            match notify.put_contact(&mut tx, &known, Lang::default()).await {
                Ok(()) => tx.commit().await.map(|()| Done::Finished),
                Err(base::Failure::Failed(fault)) => Err(fault),
                // An address that no mail can reach: the inbox is the legal record, mail stays off.
                Err(base::Failure::Refused(_)) => Ok(Done::Finished),
            }
        }
    })
}

/// The window's store of a data directory, for those who look from outside.
pub async fn store_in(data: &Path) -> Result<Store, String> {
    match Stores::Files.location(&data.join("stores"), "window") {
        Location::Sqlite(file) if !file.exists() => {
            Err(format!("{} holds no country: start one, or name its folder with --data", data.display()))
        }
        location => Store::open(&location, TABLES).await.map_err(|error| error.to_string()),
    }
}

/// The scoreboard over a data directory, whether its country runs or not. Where a store is missing its facts are "no data".
pub(super) async fn monitor_over(country: &CountryFolder, data: &Path) -> Result<monitor::Monitor, String> {
    let stores = Stores::Files;
    let folder = data.join("stores");
    let open = async |name: &str, parts: &[&[Migration]]| -> Result<Option<Store>, String> {
        match stores.location(&folder, name) {
            Location::Sqlite(file) if !file.exists() => Ok(None),
            location => Store::open(&location, parts).await.map(Some).map_err(|error| error.to_string()),
        }
    };
    let mut servers = Vec::new();
    for server in &country.exchange.servers {
        servers.extend(open(&format!("ss-{}", server.code), exchange::SERVER_MIGRATIONS).await?);
    }
    let mut registers = Vec::new();
    for (code, schema) in &country.registers {
        let store = open(&format!("register-{code}"), &[registers::MIGRATIONS]).await?;
        registers.extend(store.map(|store| (schema.identifier.clone(), store)));
    }
    let store = store_in(data).await?;
    let world: Arc<dyn base::Clock> = Arc::new(base::SystemClock);
    Ok(monitor_with(country, store, servers, registers, world))
}

fn monitor_with(
    country: &CountryFolder,
    store: Store,
    servers: Vec<Store>,
    registers: Vec<(String, Store)>,
    clock: Arc<dyn base::Clock>,
) -> monitor::Monitor {
    let members = country.exchange.members.iter().map(|member| member.code.clone()).collect();
    let origins = country.methodology.origins.register.clone();
    let evidence = monitor::Sources::default()
        .with(WindowRecords(store.clone()))
        .with(CatalogueFacts { catalogue: country.catalogue.clone(), members })
        .with(Traffic { servers, registers: origins.clone() })
        .with(RegisterRecords { stores: registers, registers: origins });
    let services = Arc::new(register_of_services(&country.catalogue));
    monitor::Monitor::new(store, clock, country.methodology.clone(), services, Arc::new(evidence))
}

/// The two windows as clients of the log-in.
#[derive(Clone, Copy)]
enum Area {
    Portal,
    BackOffice,
}

impl Area {
    fn client_id(self) -> &'static str {
        match self {
            Area::Portal => "portal",
            Area::BackOffice => "backoffice",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Area::Portal => "client-portal",
            Area::BackOffice => "client-backoffice",
        }
    }

    fn door(self) -> Door {
        match self {
            Area::Portal => Door::Portal,
            Area::BackOffice => Door::BackOffice,
        }
    }
}

fn text(fault: base::Fault) -> String {
    fault.to_string()
}
