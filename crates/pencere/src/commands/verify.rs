//! `pencere verify FILE`: the judgement on a paper of this state, without asking anybody. Exit 0 valid, 1 not.

use crate::cli::Verify;
use base::Clock;
use exchange::archive;
use formats::{
    asice::exchange::Previous,
    globalconf::{ParameterError, Trust},
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What was found, as lines for people.
pub struct Finding {
    pub valid: bool,
    pub lines: Vec<String>,
}

pub fn run(verify: &Verify) -> Result<ExitCode, String> {
    let file = &verify.file;
    let unreadable = |cause: std::io::Error| format!("{}: {cause}", file.display());
    if std::fs::metadata(file).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(format!("{} is larger than anything this command judges", file.display()));
    }
    if file.extension().is_some_and(|ending| ending == "gpg") {
        return Err(format!("{} is encrypted for its recipients: one of them decrypts it first", file.display()));
    }
    let mut bytes = std::fs::read(file).map_err(unreadable)?;
    if archive::is_sealed(&bytes) {
        let folders = super::unseal::key_folders(&verify.data)?;
        bytes.clear();
        archive::unseal(file, &folders, &mut bytes).map_err(|fault| fault.to_string())?;
    }
    let trusted = verify.trust.clone().unwrap_or_else(|| verify.data.join("trusted"));
    let finding = judge(&bytes, &trusted)?;
    Ok(say(&finding))
}

#[expect(clippy::print_stdout, reason = "the judgement is the command's answer")]
fn say(finding: &Finding) -> ExitCode {
    println!("{}", if finding.valid { "VALID" } else { "NOT VALID" });
    for line in &finding.lines {
        println!("  {line}");
    }
    if finding.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Judges the bytes of a file by what lies in the folder of trusted certificates and keys.
pub fn judge(bytes: &[u8], trusted: &Path) -> Result<Finding, String> {
    if bytes.starts_with(b"{") {
        return log_proof(bytes, trusted);
    }
    if archive::is_archive(bytes) {
        return message_archive(bytes, trusted);
    }
    if is_message(bytes) {
        return message(bytes, trusted);
    }
    document(bytes, trusted)
}

/// A message container carries the exchange's message under a fixed name; a document never does.
fn is_message(bytes: &[u8]) -> bool {
    let name = b"message.xml";
    bytes.windows(name.len()).any(|window| window == name)
}

fn read(path: PathBuf) -> Result<Vec<u8>, String> {
    std::fs::read(&path).map_err(|cause| format!("{}: {cause} (name the trusted folder with --trust)", path.display()))
}

fn document(bytes: &[u8], trusted: &Path) -> Result<Finding, String> {
    let pem = String::from_utf8_lossy(&read(trusted.join("anchors.pem"))?).into_owned();
    let anchors = trust::validation::anchors_from_pem(&pem)
        .map_err(|refusal| format!("anchors.pem: {}", base::Refusal::code(&refusal)))?;
    let verdict = trust::validation::verify_document(bytes, &anchors, base::SystemClock.now());
    let mut lines: Vec<String> = verdict.findings.iter().map(ToString::to_string).collect();
    for signature in &verdict.signatures {
        let signer = signature.signer.as_ref().map_or("nobody readable", |signer| signer.name.as_str());
        let stamped = signature.stamped_at.map_or_else(String::new, |at| format!(", time-stamped {at}"));
        lines.push(format!("signed by {signer}{stamped}"));
        lines.extend(signature.findings.iter().map(|finding| format!("  {finding}")));
    }
    lines.extend(verdict.files.iter().map(|name| format!("file {name}")));
    Ok(Finding { valid: verdict.valid, lines })
}

fn message(bytes: &[u8], trusted: &Path) -> Result<Finding, String> {
    let verdict = archive::judge(bytes, &exchange_trust(trusted)?);
    Ok(Finding { valid: verdict.is_valid(), lines: message_lines(verdict) })
}

fn message_lines(verdict: archive::Verdict) -> Vec<String> {
    let mut lines = verdict.reasons;
    lines.extend(verdict.signer.map(|signer| format!("signed by {signer}")));
    lines.extend(verdict.message_id.map(|id| format!("message {id}")));
    lines.extend(verdict.at.map(|at| format!("time-stamped {at}")));
    lines.extend(verdict.unverified.iter().map(|name| format!("signed, but not in the file and not verified: {name}")));
    lines
}

/// The chain of the archive, and every container in it.
fn message_archive(bytes: &[u8], trusted: &Path) -> Result<Finding, String> {
    let verdict = archive::judge_archive(bytes, &exchange_trust(trusted)?, &Previous::Any);
    let valid = verdict.is_valid();
    let mut lines = verdict.reasons;
    if let Some(chain) = verdict.chain {
        let before = chain.previous.as_deref().unwrap_or("none, it is the first");
        lines.push(format!("{} containers chained with {}", chain.containers, chain.algorithm));
        lines.push(format!("digest of the archive before: {before}"));
        lines.push(format!("last digest: {}", chain.last));
    }
    for (name, verdict) in verdict.containers {
        lines.push(format!("{name}: {}", if verdict.is_valid() { "valid" } else { "not valid" }));
        lines.extend(message_lines(verdict).into_iter().map(|line| format!("  {line}")));
    }
    Ok(Finding { valid, lines })
}

/// The parameters that the data directory keeps beside the trusted folder; or a whole global configuration, where the
/// folder is one as security servers keep it: containers of another country are judged by theirs.
fn exchange_trust(trusted: &Path) -> Result<Trust, String> {
    let unreadable = |reason: ParameterError| format!("the global configuration cannot be read: {reason}");
    if trusted.join("instance-identifier").is_file() {
        return archive::trust_of_folder(&files_below(trusted)?).map_err(unreadable);
    }
    let parameters = read(trusted.join("../exchange").join(exchange::setup::OFFLINE_PARAMETERS))?;
    Ok(archive::trust_of(&archive::offline_configuration(&parameters).map_err(unreadable)?))
}

/// The files of a folder and of the folders in it, by their paths; as deep as a global configuration is.
fn files_below(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let failed = |cause: std::io::Error| format!("{}: {cause}", root.display());
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(root).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() {
            files.insert(name, read(entry.path())?);
            continue;
        }
        for inner in std::fs::read_dir(entry.path()).map_err(failed)? {
            let inner = inner.map_err(failed)?;
            if inner.path().is_file() {
                files.insert(format!("{name}/{}", inner.file_name().to_string_lossy()), read(inner.path())?);
            }
        }
    }
    Ok(files)
}

/// The proof names its register; the key is the one in the trusted folder, never the one in the proof.
fn log_proof(bytes: &[u8], trusted: &Path) -> Result<Finding, String> {
    let Ok(proof) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return Ok(Finding { valid: false, lines: vec!["not a JSON object".into()] });
    };
    let code = proof["register"].as_str().and_then(|register| register.rsplit('/').next()).unwrap_or_default();
    let plain = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !plain {
        return Ok(Finding { valid: false, lines: vec!["the proof names no register".into()] });
    }
    let key = read(trusted.join(format!("log-{code}.der")))?;
    match registers::proof::verify(&proof, &key) {
        Ok(proven) => Ok(Finding {
            valid: true,
            lines: vec![
                format!("entry {} of {} in the log of {}", proven.leaf_index, proven.log_size, proven.register),
                format!("{} read by {} for {} ({})", proven.at, proven.reader, proven.purpose, proven.service),
            ],
        }),
        Err(invalid) => Ok(Finding { valid: false, lines: vec![format!("{invalid:?}")] }),
    }
}
