//! A PostgreSQL of the tests' own: its own folder, its own port, gone afterwards.

use crate::run;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Postgres {
    folder: PathBuf,
    pub url: String,
}

/// The folder of initdb and pg_ctl of the newest installed version.
pub fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("initdb").exists()).max()
}

impl Postgres {
    pub fn start() -> Result<Postgres, String> {
        let folder = std::env::temp_dir().join(format!("pencere-postgres-{}", std::process::id()));
        let port = free_port()?;
        println!("starting PostgreSQL on 127.0.0.1:{port} in {}", folder.display());
        std::fs::create_dir_all(&folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
        if run::is_root() {
            run::must(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let data = folder.join("data");
        let initdb = format!("initdb -D {} -A trust -U postgres --no-sync >{}", data.display(), log(&folder));
        command(&initdb)?;
        // Durability is what the SQLite suite and the kill test check; here speed.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -k {} -c fsync=off -c max_connections=400",
            folder.display()
        );
        command(&format!("pg_ctl -D {} -w -l {} -o '{options}' start", data.display(), log(&folder)))?;
        Ok(Postgres { folder, url: format!("postgres://postgres@127.0.0.1:{port}/postgres") })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(sentence) = command(&format!("pg_ctl -D {} -m immediate stop", self.folder.join("data").display())) {
            println!("{sentence}");
        }
        if let Err(cause) = std::fs::remove_dir_all(&self.folder) {
            println!("{} stays: {cause}", self.folder.display());
        }
    }
}

fn log(folder: &Path) -> String {
    folder.join("log").display().to_string()
}

/// PostgreSQL refuses to run as root, so root steps down to the package's own user.
fn command(line: &str) -> Result<(), String> {
    let binaries = binaries().ok_or("PostgreSQL is not installed: apt-get install postgresql")?;
    let line = format!("{}/{line}", binaries.display());
    if run::is_root() {
        run::must(Command::new("runuser").args(["-u", "postgres", "--", "sh", "-c", &line]).current_dir("/"))
    } else {
        run::must(Command::new("sh").args(["-c", &line]))
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|cause| format!("no free port: {cause}"))?;
    Ok(listener.local_addr().map_err(|cause| format!("no free port: {cause}"))?.port())
}
