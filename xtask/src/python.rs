//! Others' programs in Python that tests of the exchange speak with: an environment of their own in the target folder, made
//! from one list of versions and made anew when the list changes.

use crate::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is installed, beside the scripts that use it.
const LIST: &str = "crates/exchange/tests/python/requirements.txt";
/// Interpreters by preference, and what they must be able to do. Debian's needs a package of its own to make environments.
const INTERPRETERS: &[&str] = &["python3", "/usr/bin/python3"];
const ABLE: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";

/// An interpreter that can make the environment.
fn interpreter() -> Option<&'static str> {
    let able =
        |name: &&&str| Command::new(name).args(["-I", "-c", ABLE]).output().is_ok_and(|out| out.status.success());
    INTERPRETERS.iter().find(able).copied()
}

/// The Debian package without which there is none.
pub fn missing() -> Option<&'static str> {
    if installed() || interpreter().is_some() { None } else { Some("python3-venv") }
}

/// Where the tests look for it too: beside the folders of the profiles.
fn folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|cause| format!("where xtask lies: {cause}"))?;
    let target = program.ancestors().nth(2).ok_or("xtask does not lie in a target folder")?;
    Ok(target.join("python"))
}

/// The list that was installed lies in the environment, written last; it is the key.
fn installed() -> bool {
    let (Ok(folder), Ok(list)) = (folder(), std::fs::read(run::root().join(LIST))) else { return false };
    let same = std::fs::read(folder.join("requirements.txt")).is_ok_and(|installed| installed == list);
    same && folder.join("bin/python").exists()
}

pub fn ensure() -> Result<(), String> {
    if installed() {
        return Ok(());
    }
    let (folder, list) = (folder()?, run::root().join(LIST));
    let python = interpreter().ok_or("there is no Python of 3.10 or later with venv: apt-get install python3-venv")?;
    println!("installing others' programs from {LIST} into {}", folder.display());
    let failed = |path: &Path, cause: std::io::Error| format!("{}: {cause}", path.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|cause| failed(&folder, cause))?;
    }
    run::must(Command::new(python).args(["-I", "-m", "venv"]).arg(&folder))?;
    let mut install = Command::new(folder.join("bin/python"));
    install.args(["-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]);
    // Nothing is built, so nothing of theirs runs before a test runs it.
    install.args(["--only-binary", ":all:", "--requirement"]).arg(&list);
    run::must(&mut install)?;
    let installed = folder.join("requirements.txt");
    std::fs::copy(&list, &installed).map(|_| ()).map_err(|cause| failed(&installed, cause))
}
