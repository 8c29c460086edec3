//! `pencere unseal FILE …`: archives of the message log as plain zips, for an auditor who has none of our keys.

use crate::cli::Unseal;
use exchange::archive;
use std::{
    fs::OpenOptions,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// How the name of a sealed archive ends.
const ENDING: &str = ".sealed";

pub fn run(unseal: &Unseal) -> Result<ExitCode, String> {
    let folders = match &unseal.keys {
        Some(folder) => vec![folder.clone()],
        None => key_folders(&unseal.data)?,
    };
    for file in &unseal.files {
        say(&open(file, &folders, &unseal.to)?);
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the files are the command's answer")]
fn say(opened: &Path) {
    println!("{}", opened.display());
}

/// Where the security servers of a data directory have their keys.
pub fn key_folders(data: &Path) -> Result<Vec<PathBuf>, String> {
    let exchange = data.join("exchange");
    let entries = std::fs::read_dir(&exchange)
        .map_err(|cause| format!("{}: {cause} (name the folder of keys with --keys)", exchange.display()))?;
    let servers = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut folders: Vec<PathBuf> =
        servers.map(|server| server.join("keys")).filter(|keys| has_log_key(keys)).collect();
    folders.sort();
    Ok(folders)
}

fn has_log_key(folder: &Path) -> bool {
    folder.join("log-1").is_file()
}

/// Nobody else reads what comes out, and it has its name only when it is whole.
fn open(sealed: &Path, folders: &[PathBuf], to: &Path) -> Result<PathBuf, String> {
    let name = sealed.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(ENDING).ok_or_else(|| format!("{} does not end in {ENDING}", sealed.display()))?;
    let (opened, partial) = (to.join(plain), to.join(format!("{plain}.partial")));
    let failed = |cause: std::io::Error| format!("{}: {cause}", opened.display());
    if opened.exists() {
        return Err(format!("{} is there already", opened.display()));
    }
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&partial).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let outcome = archive::unseal(sealed, folders, &mut out).map_err(|fault| format!("{}: {fault}", sealed.display()));
    let outcome = outcome.and_then(|()| out.flush().map_err(failed));
    if let Err(sentence) = outcome {
        // What could not be opened whole is worth nothing.
        let _gone = std::fs::remove_file(&partial);
        return Err(sentence);
    }
    std::fs::rename(&partial, &opened).map_err(failed)?;
    Ok(opened)
}
