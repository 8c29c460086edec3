//! Which rows are measured, and in which order: the floor first, because the others are compared with it.

use crate::country::{self, LIMITS, SMALL, Size, WIDE};
use crate::floor::{Floor, Mode};
use crate::load::Load;
use crate::logged::fill;
use crate::measure::{CONNECTIONS, loaded, until_answered};
use crate::process::Role;
use crate::question::{Wording, question};
use crate::row::{Row, head};
use crate::stream;
use crate::world::World;
use base::{Chance, SystemChance};
use host::testing::TempDir;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

const SIZES: [(&str, usize); 2] = [("1 kB", 1_000), ("10 kB", 10_000)];
const TEN_THOUSAND: Size = Size { members: 10_000, services: 99, clients_per_service: 1_000 };

/// From the command line.
#[derive(Debug, Clone)]
pub struct Options {
    json: bool,
    time: Duration,
    /// For a look at a few rows; their ratios are then not known.
    without_floor: bool,
    /// Records that are in both logs before the rows of a long log begin; those rows are not measured without.
    logged: u64,
    /// Only rows whose name holds one of these.
    only: Vec<String>,
}

impl Options {
    pub fn read(words: &[&str]) -> Options {
        let mut options =
            Options { json: false, time: Duration::from_secs(5), without_floor: false, logged: 0, only: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--json" => options.json = true,
                "--without-floor" => options.without_floor = true,
                "--seconds" => {
                    let seconds = words.next().and_then(|number| number.parse().ok()).expect("--seconds N");
                    options.time = Duration::from_secs(seconds);
                }
                "--logged" => {
                    options.logged = words.next().and_then(|number| number.parse().ok()).expect("--logged N");
                }
                other => options.only.push(other.to_owned()),
            }
        }
        options
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Rows as they come, and the floor's figures for the ratio.
struct Report {
    options: Options,
    floor: BTreeMap<(String, usize), f64>,
}

impl Report {
    fn say(&self, row: &Row) {
        if self.options.json {
            println!("{}", serde_json::to_string(row).expect("rows are JSON"));
        } else {
            println!("{}", row.line());
        }
    }

    /// With the ratio to the floor of this size and kind of signature.
    fn compared(&self, mut row: Row, mode: Mode, size_bytes: usize) -> Row {
        let floor = self.floor.get(&(mode.name().to_owned(), size_bytes));
        row.ratio_to_floor = row.cpu_us_per_exchange.zip(floor).map(|(ours, floor)| ours / floor);
        row
    }
}

pub async fn measure_all(options: &Options) {
    let mut report = Report { options: options.clone(), floor: BTreeMap::new() };
    if !options.json {
        println!("{}", head());
    }
    if !options.without_floor {
        for mode in [Mode::Tls, Mode::Ecdsa, Mode::RsaBatched] {
            measure_floor(&mut report, mode).await;
        }
    }
    let ecdsa =
        Case { what: "ecdsa, sqlite", mode: Mode::Ecdsa, size: SMALL, limits: LIMITS, postgres: None, logged: 0 };
    measure_exchange(&report, &ecdsa).await;
    measure_exchange(&report, &Case { what: "rsa batched, sqlite", mode: Mode::RsaBatched, ..ecdsa.clone() }).await;
    if let Some(url) = postgres_url() {
        measure_exchange(&report, &Case { what: "ecdsa, postgres", postgres: Some(url), ..ecdsa.clone() }).await;
    }
    let large = Case { what: "ecdsa, sqlite, 10 000 members", size: TEN_THOUSAND, ..ecdsa.clone() };
    measure_exchange(&report, &large).await;
    if options.logged > 0 {
        let what = format!("ecdsa, sqlite, {} logged", options.logged);
        measure_exchange(&report, &Case { what: &what, logged: options.logged, ..ecdsa.clone() }).await;
    }
    measure_streams(&report, &Case { what: "rest 100 MB", limits: WIDE, ..ecdsa }).await;
}

/// One country that is measured.
#[derive(Clone)]
struct Case<'a> {
    what: &'a str,
    mode: Mode,
    size: Size,
    limits: &'a str,
    postgres: Option<String>,
    /// Records that both logs hold before.
    logged: u64,
}

/// Its processes.
struct Running {
    world: World,
    asker: Role,
    keeper: Role,
    _world: Role,
    _directory: TempDir,
}

impl Case<'_> {
    async fn start(&self) -> Running {
        let directory = TempDir::new();
        let world = self.world(&directory, free_ports(13));
        let file = specification(directory.path(), &world);
        let services = Role::start("world", &file);
        if self.logged > 0 {
            let (asker, keeper) = (fill(&world, "asker", self.logged), fill(&world, "keeper", self.logged));
            tokio::join!(Box::pin(asker), Box::pin(keeper));
        }
        let (asker, keeper) = (Role::start("asker", &file), Role::start("keeper", &file));
        Running { world, asker, keeper, _world: services, _directory: directory }
    }

    fn world(&self, directory: &TempDir, first: u16) -> World {
        World {
            directory: directory.path().to_owned(),
            postgres: self.postgres.clone().map(|url| (url, format!("bench_{}", SystemChance.hex(6)))),
            hosts: BTreeMap::new(),
            rsa: self.mode == Mode::RsaBatched,
            trust: first,
            central: first + 1,
            system: first + 2,
            servers: BTreeMap::from([("asker".to_owned(), first + 3), ("keeper".to_owned(), first + 6)]),
            agencies: country::agencies(self.size),
            exchange: country::exchange(self.size, self.limits),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "as the tests are, a measurement is told where PostgreSQL is")]
fn postgres_url() -> Option<String> {
    std::env::var("PENCERE_TEST_POSTGRES").ok()
}

/// `count` ports in a row that are free now.
fn free_ports(count: u16) -> u16 {
    loop {
        let base = 20_000 + u16::try_from(SystemChance.below(1_000)).expect("small") * 10;
        if (0..count).all(|above| TcpListener::bind(("127.0.0.1", base + above)).is_ok()) {
            return base;
        }
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn specification(directory: &Path, content: &impl serde::Serialize) -> PathBuf {
    let file = directory.join("specification.json");
    std::fs::write(&file, serde_json::to_vec(content).expect("JSON")).expect("a folder");
    file
}

async fn measure_floor(report: &mut Report, mode: Mode) {
    let name = |size: &str| format!("floor {} {size}", mode.name());
    let (directory, first) = (TempDir::new(), free_ports(5));
    let small = Case { what: "", mode, size: SMALL, limits: LIMITS, postgres: None, logged: 0 };
    let world = small.world(&directory, first);
    let floor = Floor {
        mode,
        directory: directory.path().to_owned(),
        a: local(first + 3),
        b: local(first + 4),
        system: world.system_address(),
    };
    crate::floor::make_keys(mode, directory.path());
    let echo_file = specification(directory.path(), &world);
    let _echo = Role::start("echo", &echo_file);
    let file = specification(directory.path(), &floor);
    let (b, a) = (Role::start("b", &file), Role::start("a", &file));
    for (label, size_bytes) in SIZES {
        let load = Load { address: floor.a.clone(), connections: CONNECTIONS, time: report.options.time, rate: None };
        let (asked, numbers) = (question(Wording::Plain, size_bytes), Arc::new(AtomicU64::new(0)));
        let (row, _) = loaded(name(label), &[&a, &b], &load, &asked, &numbers).await;
        report.floor.insert((mode.name().to_owned(), size_bytes), row.cpu_us_per_exchange.unwrap_or_default());
        report.say(&row);
    }
}

async fn measure_exchange(report: &Report, case: &Case<'_>) {
    let name = |wording: Wording, label: &str| format!("{} {label} {}", wording.name(), case.what);
    let both = [Wording::Soap, Wording::Rest];
    let wanted: Vec<(Wording, &str, usize)> = both
        .iter()
        .flat_map(|wording| SIZES.iter().map(|(label, bytes)| (*wording, *label, *bytes)))
        .filter(|(wording, label, _)| report.options.wants(&name(*wording, label)))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let running = case.start().await;
    let (world, servers) = (&running.world, [&running.asker, &running.keeper]);
    let numbers = Arc::new(AtomicU64::new(0));
    for (wording, label, size_bytes) in wanted {
        let asked = question(wording, size_bytes);
        let load = Load { address: world.asker(), connections: CONNECTIONS, time: report.options.time, rate: None };
        until_answered(&load.address, &asked, &numbers).await;
        let (row, measured) = loaded(name(wording, label), &servers, &load, &asked, &numbers).await;
        report.say(&report.compared(row, case.mode, size_bytes));
        let rate = Some(measured.per_second() / 2.0);
        let half = Load { rate, ..load.clone() };
        let alone = Load { address: world.system_address(), rate, ..load };
        let alone = alone.run(&question(Wording::Plain, size_bytes), &numbers).await;
        let name = format!("{}, added at half load", name(wording, label));
        let (mut row, measured) = loaded(name, &servers, &half, &asked, &numbers).await;
        row.p50_ms = Some(measured.quantile_ms(0.5) - alone.quantile_ms(0.5));
        row.p99_ms = Some(measured.quantile_ms(0.99) - alone.quantile_ms(0.5));
        row.note = format!("the information system alone: p50 {:.2} ms", alone.quantile_ms(0.5));
        report.say(&report.compared(row, case.mode, size_bytes));
    }
}

async fn measure_streams(report: &Report, case: &Case<'_>) {
    if !report.options.wants(case.what) {
        return;
    }
    let running = case.start().await;
    let address = running.world.asker();
    until_answered(&address, &question(Wording::Rest, 1_000), &AtomicU64::new(0)).await;
    for streams in [1, 4] {
        let name = format!("{}, {streams} at once", case.what);
        report.say(&stream::measured(name, &[&running.asker, &running.keeper], &address, streams).await);
    }
}
