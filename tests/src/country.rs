//! The demo country as a process of its own, started and killed as an operator or a power cut would.

use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a start may take in a debug build on a busy machine before it counts as failed.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// Ports that a country uses above its base.
const PORTS: u16 = 60;

/// A running country; killed when dropped.
pub struct Country {
    child: Child,
    pub ready: Json,
    pub data: PathBuf,
    /// From the start of the process to its ready line.
    pub took: Duration,
}

/// The program under test: built before, in the same profile. Test binaries lie in `deps`, one folder below it.
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().expect("a running test has a path");
    let mut folders = here.ancestors().skip(1).take(2);
    let found = folders.find_map(|folder| Some(folder.join("pencere")).filter(|program| program.is_file()));
    found.expect("the program is not built: run `cargo xtask test`")
}

/// The country folder of the checkout.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the checkout").join("countries/az")
}

/// A base above which all the country's ports are free right now, and which no other test of this process was given.
pub fn free_ports() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 150).expect("below 150") * 50;
    let free = |base: &u16| (0..PORTS).all(|distance| TcpListener::bind(("127.0.0.1", base + distance)).is_ok());
    loop {
        let base = start + GIVEN.fetch_add(PORTS, Ordering::SeqCst);
        assert!(base < 31_900, "sixty free ports in a row, below the ports that the system gives to clients");
        if free(&base) {
            return base;
        }
    }
}

impl Country {
    /// Starts the country over this data directory and waits for its ready line.
    pub fn start(data: &Path, port_base: u16, people: u32) -> Country {
        Country::start_of(&folder(), data, port_base, people)
    }

    /// The same for another country folder.
    pub fn start_of(country: &Path, data: &Path, port_base: u16, people: u32) -> Country {
        let began = Instant::now();
        let mut child = Command::new(binary())
            .args(["demo", "--json"])
            .arg("--data")
            .arg(data)
            .arg("--country")
            .arg(country)
            .args(["--port-base", &port_base.to_string(), "--people", &people.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("asked for a pipe");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The receiver goes away once the ready line came; the rest is drained so that the program never blocks.
                let _gone = sender.send(line);
            }
        });
        let line = receiver.recv_timeout(START_TIMEOUT).expect("the country is ready in time");
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a ready line: {line}"));
        Country { child, ready, data: data.to_owned(), took: began.elapsed() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An address of the ready line.
    pub fn address(&self, name: &str) -> String {
        self.ready[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.ready)).to_owned()
    }

    /// What a power cut does to a process.
    pub fn kill(mut self) -> PathBuf {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ended");
        self.data.clone()
    }

    /// What Ctrl-C does; it must end by itself, in time and without an error.
    pub fn interrupt(mut self) {
        end_politely(&mut self.child);
    }
}

impl Drop for Country {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Interrupts a process, which must then end by itself, in time and without an error.
pub fn end_politely(child: &mut Child) {
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.is_ok_and(|status| status.success()), "the process was there to be told");
    let began = Instant::now();
    while began.elapsed() < STOP_TIMEOUT {
        if let Some(status) = child.try_wait().expect("its own child") {
            assert!(status.success(), "a process that was told to end ended with {status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("a process did not end in {} s", STOP_TIMEOUT.as_secs());
}
