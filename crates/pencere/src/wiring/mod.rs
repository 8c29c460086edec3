//! The one wiring file of the binary and its rooms: which parts exist, what each is given, in which order they start. Parts
//! meet here and nowhere else.

mod evidence;
pub mod folder;
mod mandates;
mod operations;
mod papers;
mod phones;
mod ready;
mod receipts;
mod registers_part;
mod simulators;
mod stores;
mod tokens;
mod trust_services;
mod window;

pub use stores::Stores;
pub use tokens::TokenSettings;
pub use window::store_in as window_store_in;

use crate::place::Place;
use crate::ports::{Door, Ports, listen};
use axum::Router;
use base::{Chance, Clock, SystemChance, SystemClock};
use exchange::setup::{Exchange, Listeners, Plan, ports_from, prepare};
use folder::CountryFolder;
use host::http::{Shutdown, serve};
use registers_part::Registers;
use simulators::Simulators;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use trust::Centre;
use window::Window;

/// What a process can be told to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Trust,
    Exchange,
    Registers,
    Window,
    Simulators,
}

impl Role {
    pub const ALL: [Role; 5] = [Role::Trust, Role::Exchange, Role::Registers, Role::Window, Role::Simulators];
}

/// How a country is run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub country: PathBuf,
    pub people: u32,
    pub ports: Ports,
    pub stores: Stores,
    pub tokens: Vec<TokenSettings>,
}

/// Time and chance, handed to every part.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
}

/// In the data directory: the ready line, for those who come later.
pub const READY_FILE: &str = "ready.json";

/// A country that runs until it is told to stop.
pub struct Running {
    shutdown: Shutdown,
    tasks: JoinSet<()>,
    ready: ready::Ready,
    registers: Vec<ServedRegister>,
}

/// A register's information system with a stop of its own.
struct ServedRegister {
    code: String,
    register: Arc<registers::Register>,
    port: u16,
    stop: Shutdown,
    serving: tokio::task::JoinHandle<()>,
}

impl ServedRegister {
    fn start(code: &str, register: Arc<registers::Register>, port: u16, listener: TcpListener) -> ServedRegister {
        let stop = Shutdown::new();
        let serving = tokio::spawn(serve(listener, register.router(), stop.clone()));
        ServedRegister { code: code.to_owned(), register, port, stop, serving }
    }
}

impl Running {
    /// The ready line as one JSON object.
    pub fn ready(&self) -> String {
        self.ready.json()
    }

    /// The ready line for people.
    pub fn greeting(&self) -> String {
        self.ready.greeting()
    }

    /// Stops one register's information system: a fault that the rest of the country must bear.
    pub async fn silence(&mut self, code: &str) -> Result<(), String> {
        let served = self.registers.iter_mut().find(|served| served.code == code);
        let served = served.ok_or_else(|| format!("no register {code} runs here"))?;
        served.stop.trigger();
        (&mut served.serving).await.map_err(|cause| cause.to_string())
    }

    /// Lets a silenced register answer again.
    pub async fn answer_again(&mut self, code: &str) -> Result<(), String> {
        let served = self.registers.iter_mut().find(|served| served.code == code);
        let served = served.ok_or_else(|| format!("no register {code} runs here"))?;
        let listener = listen(served.port).await?;
        *served = ServedRegister::start(code, served.register.clone(), served.port, listener);
        Ok(())
    }

    pub async fn stop(mut self) {
        self.shutdown.trigger();
        for served in self.registers {
            served.stop.trigger();
            if let Err(bug) = served.serving.await {
                tracing::error!(%bug, "a register's information system ended badly");
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Sockets first, so that a taken port is known before anything is written.
#[derive(Default)]
struct Doors {
    routers: Vec<(TcpListener, Router)>,
    smtp: Option<(TcpListener, simulator::mailbox::Shelf)>,
}

impl Doors {
    fn spawn(self, tasks: &mut JoinSet<()>, shutdown: &Shutdown) {
        for (listener, router) in self.routers {
            tasks.spawn(serve(listener, router, shutdown.clone()));
        }
        if let Some((listener, shelf)) = self.smtp {
            tasks.spawn(simulator::mailbox::serve(listener, shelf, shutdown.clone()));
        }
    }
}

/// Everything that was opened, before it runs.
struct Opened {
    exchange: Arc<Exchange>,
    registers: Registers,
    window: Window,
    simulators: Simulators,
}

/// Starts the roles; the error is one sentence for the operator.
pub async fn start(settings: &Settings, place: &Place, roles: &[Role]) -> Result<Running, String> {
    let mut country = CountryFolder::load(&settings.country).map_err(|problems| problems.join("\n"))?;
    let world = World { clock: Arc::new(SystemClock), chance: Arc::new(SystemChance) };
    let shutdown = Shutdown::new();
    let mut tasks = JoinSet::new();
    let listeners = Sockets::open(settings.ports, roles, country.registers.len()).await?;
    let trust_address = settings.ports.url(Door::Trust);
    let stores = &settings.stores;
    let centre = trust_services::open(place, stores, &world, country.trust.clone(), &trust_address).await?;
    let (mut doors, mut sockets) = (Doors::default(), listeners);
    // OCSP and time-stamps are asked for by everybody who starts after this.
    if let Some(listener) = sockets.trust.take() {
        let router = trust::endpoints::endpoints(centre.clone());
        tasks.spawn(serve(listener, router, shutdown.clone()));
    }
    let exchange = open_exchange(settings, place, &world, &country, centre.clone(), roles).await?;
    let exchange_listeners = match roles.contains(&Role::Exchange) {
        true => Some(exchange.bind().await.map_err(|fault| taken(&fault))?),
        false => None,
    };
    let registers = Registers::open(place, stores, &world, std::mem::take(&mut country.registers)).await?;
    if roles.contains(&Role::Registers) {
        registers.fill(&country.people, settings.people, &world).await?;
    }
    let opened = open_rest(settings, place, &world, &country, centre, exchange, registers).await?;
    let served = sockets.give_registers(&opened, settings.ports);
    sockets.give(&opened, &mut doors);
    doors.spawn(&mut tasks, &shutdown);
    if matches!(settings.stores, Stores::Files) {
        // The data directory is held by this process alone, so a lease in it is of one that died.
        for worker in [&opened.window.worker, &opened.simulators.worker] {
            worker.take_back_leases().await.map_err(|fault| fault.to_string())?;
        }
    }
    run_parts(opened, exchange_listeners, roles, &world, &mut tasks, &shutdown);
    let ready = ready::Ready::of(&country, settings.ports);
    if roles.contains(&Role::Window) {
        let file = place.folder().join(READY_FILE);
        std::fs::write(&file, ready.json()).map_err(|cause| format!("{}: {cause}", file.display()))?;
    }
    Ok(Running { shutdown, tasks, ready, registers: served })
}

async fn open_exchange(
    settings: &Settings,
    place: &Place,
    world: &World,
    country: &CountryFolder,
    centre: Arc<Centre>,
    roles: &[Role],
) -> Result<Arc<Exchange>, String> {
    let directory = place.room("exchange")?;
    let rooms = place.room("stores")?;
    let stores = settings.stores.clone();
    let plan = Plan {
        country: country.exchange.clone(),
        location: Box::new(move |domain| stores.location(&rooms, domain)),
        central: format!("127.0.0.1:{}", settings.ports.of(Door::Central)),
        management: Some(format!("127.0.0.1:{}", settings.ports.of(Door::Management))),
        servers: ports_from(&country.exchange, "127.0.0.1", settings.ports.base()),
        systems: Registers::addresses(&country.registers, settings.ports)?,
        trust: trust_services::approved(&centre, &settings.ports.url(Door::Trust)),
        runs_servers: roles.contains(&Role::Exchange),
        tokens: settings.tokens.iter().map(|token| token.in_folder(&directory)).collect(),
        directory,
        settings: exchange::server::Settings::new,
    };
    let issuer = trust_services::MemberCertificates(centre);
    let exchange = prepare(plan, &issuer, world.clock.clone(), world.chance.clone()).await;
    exchange.map(Arc::new).map_err(|fault| fault.to_string())
}

async fn open_rest(
    settings: &Settings,
    place: &Place,
    world: &World,
    country: &CountryFolder,
    centre: Arc<Centre>,
    exchange: Arc<Exchange>,
    registers: Registers,
) -> Result<Opened, String> {
    let window = window::Given {
        place,
        stores: &settings.stores,
        world,
        ports: settings.ports,
        country,
        centre: centre.clone(),
        exchange: exchange.clone(),
        registers: &registers,
        bank_key: simulators::bank_key(place)?.public_key_der().to_vec(),
    };
    let window = window.open().await?;
    let member_name = |code: &str| {
        let member = country.exchange.members.iter().find(|member| member.code == code);
        member.map_or_else(|| code.to_owned(), |member| member.name.az.clone())
    };
    let simulators = simulators::Given {
        place,
        stores: &settings.stores,
        world,
        ports: settings.ports,
        demo: &country.people.demo.people,
        utc_offset_hours: country.portal.utc_offset_hours,
        centre,
        member_name: &member_name,
        merchant_key: window.merchant_key.clone(),
    };
    let simulators = simulators.open().await?;
    Ok(Opened { exchange, registers, window, simulators })
}

/// Everything that runs without being asked over HTTP.
fn run_parts(
    opened: Opened,
    listeners: Option<Listeners>,
    roles: &[Role],
    world: &World,
    tasks: &mut JoinSet<()>,
    shutdown: &Shutdown,
) {
    if let Some(listeners) = listeners {
        let (exchange, shutdown) = (opened.exchange.clone(), shutdown.clone());
        tasks.spawn(async move {
            if let Err(fault) = exchange.run(listeners, shutdown).await {
                tracing::error!(%fault, "the exchange ended");
            }
        });
    }
    if roles.contains(&Role::Window) {
        let Window { notify, worker, monitor, log_key, store, .. } = opened.window;
        tasks.spawn(worker.run(shutdown.clone()));
        let ending = shutdown.clone();
        tasks.spawn(async move { notify.run(ending).await });
        tasks.spawn(ready::keep_up(monitor, store, log_key, world.clone(), shutdown.clone()));
    }
    if roles.contains(&Role::Simulators) {
        tasks.spawn(opened.simulators.worker.run(shutdown.clone()));
    }
}

/// The sockets of everything except the exchange, which opens its own.
struct Sockets {
    trust: Option<TcpListener>,
    registers: Vec<TcpListener>,
    window: Option<[TcpListener; 3]>,
    simulators: Option<[TcpListener; 4]>,
}

impl Sockets {
    async fn open(ports: Ports, roles: &[Role], registers: usize) -> Result<Sockets, String> {
        let has = |role: Role| roles.contains(&role);
        let trust = if has(Role::Trust) { Some(listen(ports.of(Door::Trust)).await?) } else { None };
        let mut behind = Vec::new();
        if has(Role::Registers) {
            for index in (0_u16..).take(registers) {
                behind.push(listen(ports.register(index)).await?);
            }
        }
        let window = match has(Role::Window) {
            true => Some([
                listen(ports.of(Door::Portal)).await?,
                listen(ports.of(Door::BackOffice)).await?,
                listen(ports.of(Door::Identity)).await?,
            ]),
            false => None,
        };
        let simulators = match has(Role::Simulators) {
            true => Some([
                listen(ports.of(Door::Simulators)).await?,
                listen(ports.of(Door::Bank)).await?,
                listen(ports.of(Door::Mailbox)).await?,
                listen(ports.of(Door::Smtp)).await?,
            ]),
            false => None,
        };
        Ok(Sockets { trust, registers: behind, window, simulators })
    }

    fn give_registers(&mut self, opened: &Opened, ports: Ports) -> Vec<ServedRegister> {
        let listeners = std::mem::take(&mut self.registers);
        let numbered = (0_u16..).zip(opened.registers.all.iter()).zip(listeners);
        let serve =
            |((index, (code, register)), listener): ((u16, (&String, &Arc<registers::Register>)), TcpListener)| {
                ServedRegister::start(code, register.clone(), ports.register(index), listener)
            };
        numbered.map(serve).collect()
    }

    /// Gives each socket what it serves.
    fn give(self, opened: &Opened, doors: &mut Doors) {
        if let Some([portal, office, identity]) = self.window {
            doors.routers.push((portal, portal::citizen::router(opened.window.app.clone())));
            doors.routers.push((office, portal::office::router(opened.window.app.clone())));
            doors.routers.push((identity, opened.window.provider.router()));
        }
        if let Some([devices, bank, mailbox, smtp]) = self.simulators {
            doors.routers.push((devices, opened.simulators.devices.router()));
            doors.routers.push((bank, opened.simulators.bank.router()));
            doors.routers.push((mailbox, simulator::mailbox::router(opened.simulators.mailbox.clone())));
            doors.smtp = Some((smtp, opened.simulators.mailbox.clone()));
        }
    }
}

fn taken(fault: &base::Fault) -> String {
    format!("{fault}: stop the other program, or choose other ports with --port-base")
}

/// What was found in a container: codes, whose texts are `verdict.<code>`.
pub fn findings(verdict: &formats::asice::Verdict) -> Vec<String> {
    let signatures = verdict.signatures.iter().flat_map(|signature| &signature.findings);
    verdict.findings.iter().chain(signatures).map(|finding| finding.reason.code().to_owned()).collect()
}

/// Makes every table of every store once, in a folder that goes away.
pub async fn migrations_apply() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("pencere-check-{}", SystemChance.hex(8)));
    let outcome = async {
        let place = Place::open(&folder)?;
        let all = [
            ("trust", vec![trust::MIGRATIONS]),
            ("register", vec![registers::MIGRATIONS]),
            ("window", window::TABLES.to_vec()),
            ("server", exchange::SERVER_MIGRATIONS.to_vec()),
            ("central", exchange::CENTRAL_MIGRATIONS.to_vec()),
            ("simulators", vec![simulator::MIGRATIONS]),
            ("bank", vec![simulator::bank::MIGRATIONS]),
        ];
        for (name, parts) in all {
            Stores::Files.open(&place, name, &parts).await?.close().await;
        }
        Ok(())
    };
    let outcome = outcome.await;
    // The folder is ours and of no further use; if it stays, the temporary folder's cleaner takes it.
    let _left = std::fs::remove_dir_all(&folder);
    outcome
}

/// The monitor over the records of a data directory, running or not; without one, over no records at all.
pub async fn monitor_of(country: &CountryFolder, data: &std::path::Path) -> Result<monitor::Monitor, String> {
    window::monitor_over(country, data).await
}
