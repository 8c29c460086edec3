//! The exchange under trouble: two security servers, the information system and the rest of the country, each a process in a
//! network namespace of its own, asked all the time while links go down, processes freeze and are killed. At the end both
//! logs are held against what the asking side saw. Run through `cargo xtask soak`; a short form runs in every test.

mod asking;
mod network;
mod trouble;
mod verdict;

pub use asking::ask_until_told;

use crate::country::{self, SMALL};
use crate::process::Role;
use crate::world::World;
use asking::Asked;
use base::SeededChance;
use host::testing::TempDir;
use network::Network;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trouble::Trouble;

/// As the measured country, but stamped often and with configurations that outlive a frozen central server.
const LIMITS: &str = "inquiry_bytes_max = 65536\nanswer_bytes_max = 131072\nconfiguration_validity_s = 600\n\
    configuration_interval_s = 5\nocsp_freshness_s = 3600\ntime_stamping_interval_s = 2\n\
    time_stamping_failure_period_s = 14400\n";
/// What a server may hold in memory under load: the product's bound. A debug build holds more (200 MiB were seen beside
/// other tests), and its bound only finds what grows without end.
const RESIDENT_MIB_MAX: f64 = if cfg!(debug_assertions) { 512.0 } else { 150.0 };
/// How soon after the end of a trouble a question must be answered again.
const RECOVERY_MAX: Duration = Duration::from_secs(20);
/// Pause between two troubles.
const CALM: Duration = Duration::from_millis(700);
const ROLES: [&str; 4] = ["world", "echo", "keeper", "asker"];

/// From the command line.
pub struct Options {
    time: Duration,
    seed: u64,
}

impl Options {
    pub fn read(words: &[&str]) -> Options {
        let number = |name: &str, usual: u64| {
            let place = words.iter().position(|word| *word == name);
            place.map_or(usual, |place| words.get(place + 1).and_then(|text| text.parse().ok()).expect(name))
        };
        Options { time: Duration::from_secs(number("--seconds", 600)), seed: number("--seed", 1) }
    }
}

/// The processes by role, and where they run.
struct Stage {
    network: Network,
    specification: PathBuf,
    running: BTreeMap<&'static str, Role>,
    /// The most that each server held in memory.
    resident_mib: f64,
}

impl Stage {
    fn start(&mut self, role: &'static str) {
        let started = Role::start_in(Some(&self.network.namespace(role)), role, &self.specification);
        self.running.insert(role, started);
    }

    fn note_memory(&mut self) {
        for role in ["asker", "keeper"] {
            if let Some(process) = self.running.get(role) {
                self.resident_mib = self.resident_mib.max(process.resident_mib());
            }
        }
    }

    /// Does the trouble and its end.
    fn suffer(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::LinkDown(role, pause) => {
                self.network.link(role, false);
                std::thread::sleep(pause);
                self.network.link(role, true);
            }
            Trouble::LinkFlapping(role, times) => {
                for _ in 0..times {
                    self.network.link(role, false);
                    std::thread::sleep(Duration::from_millis(20));
                    self.network.link(role, true);
                    std::thread::sleep(Duration::from_millis(60));
                }
            }
            Trouble::Frozen(role, pause) => {
                self.running[role].signal("STOP");
                std::thread::sleep(pause);
                self.running[role].signal("CONT");
            }
            Trouble::Killed(role, pause) => {
                drop(self.running.remove(role));
                std::thread::sleep(pause);
                self.start(role);
            }
        }
    }
}

/// Walks through the trouble; an error says what was lost, doubled or not recovered.
pub async fn run(options: &Options) -> Result<String, String> {
    let directory = TempDir::new();
    let network = Network::lay()?;
    let world = world(directory.path(), &network);
    let specification = directory.path().join("specification.json");
    std::fs::write(&specification, serde_json::to_vec(&world).expect("JSON")).expect("a folder");
    let mut stage = Stage { network, specification, running: BTreeMap::new(), resident_mib: 0.0 };
    for role in ROLES {
        stage.start(role);
    }
    let asking = asking::Asking::start(&stage.network.namespace("asker"), &stage.specification);
    asking.answered_within(Duration::from_secs(60)).map_err(|why| format!("at the start: {why}"))?;

    let chance = SeededChance::new(options.seed);
    let begun = Instant::now();
    let mut suffered = 0_u32;
    let mut slowest = Duration::ZERO;
    while begun.elapsed() < options.time {
        let trouble = Trouble::draw(&chance);
        stage.suffer(trouble);
        suffered += 1;
        let recovery = asking.answered_within(RECOVERY_MAX);
        slowest = slowest.max(recovery.map_err(|why| format!("after {trouble:?} (number {suffered}): {why}"))?);
        stage.note_memory();
        std::thread::sleep(CALM);
    }
    let asked = asking.end();
    stage.running.clear();
    let verdict = verdict::judge(&world, &asked).await?;
    if stage.resident_mib > RESIDENT_MIB_MAX {
        return Err(format!("a server held {:.0} MiB", stage.resident_mib));
    }
    Ok(format!(
        "{suffered} troubles in {:.0} s, seed {}: {verdict}; slowest recovery {:.1} s; at most {:.0} MiB in a server",
        begun.elapsed().as_secs_f64(),
        options.seed,
        slowest.as_secs_f64(),
        stage.resident_mib
    ))
}

fn world(directory: &Path, network: &Network) -> World {
    World {
        rsa: false,
        directory: directory.to_owned(),
        postgres: None,
        hosts: ROLES.iter().map(|role| ((*role).to_owned(), network.address(role))).collect(),
        trust: 5_001,
        central: 5_002,
        system: 5_003,
        servers: BTreeMap::from([("asker".to_owned(), 5_500), ("keeper".to_owned(), 5_600)]),
        agencies: country::agencies(SMALL),
        exchange: country::exchange(SMALL, LIMITS),
    }
}
