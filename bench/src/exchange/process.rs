//! The measured processes: this same program in another role, and what the kernel counts for it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The kernel's clock tick in `/proc` (USER_HZ), the same on every Linux architecture that we run on.
const TICK_US: f64 = 10_000.0;

/// A running role; killed when dropped.
pub struct Role {
    child: Child,
}

/// What a role prints when its ports are open.
pub const READY: &str = "ready";

impl Role {
    /// Starts `role` over the specification in `file` and waits until it is ready.
    pub fn start(role: &str, file: &Path) -> Role {
        Role::start_in(None, role, file)
    }

    /// The same in a network namespace.
    pub fn start_in(namespace: Option<&str>, role: &str, file: &Path) -> Role {
        let mut command = match namespace {
            // `ip` becomes the program, so the process is the same one.
            Some(namespace) => {
                let mut ip = Command::new("ip");
                ip.args(["netns", "exec", namespace]).arg(program());
                ip
            }
            None => Command::new(program()),
        };
        let mut child =
            command.args(["role", role]).arg(file).stdout(Stdio::piped()).spawn().expect("this program starts again");
        let mut line = String::new();
        let output = child.stdout.take().expect("asked for a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), READY, "{role} did not start");
        Role { child }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let told = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()), "the process was there to be told");
    }

    /// CPU time of the process with all its threads, those that ended included: user and system.
    pub fn cpu_us(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a running process");
        // The name may hold anything; the fields begin behind its closing parenthesis with the third (proc(5)).
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |number: usize| fields[number - 3].parse::<f64>().expect("a number");
        (ticks(14) + ticks(15)) * TICK_US
    }

    pub fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says it");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024.0
    }
}

/// This program.
pub fn program() -> PathBuf {
    std::env::current_exe().expect("a running program has a path")
}

impl Drop for Role {
    fn drop(&mut self) {
        // One that ended by itself needs no end.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Said by a role once its ports are open.
pub fn say_ready() {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    writeln!(out, "{READY}").and_then(|()| out.flush()).expect("the parent reads");
}
