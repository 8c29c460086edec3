//! `pencere verify FILE`: the judgement on a paper of this state, without asking anybody. Exit 0 valid, 1 not.

use crate::cli::Verify;
use base::Clock;
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
    let bytes = std::fs::read(file).map_err(unreadable)?;
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
    let parameters = read(trusted.join("../exchange").join(exchange::setup::OFFLINE_PARAMETERS))?;
    let configuration = exchange::archive::offline_configuration(&parameters)
        .map_err(|reason| format!("the shared parameters cannot be read: {reason}"))?;
    let verdict = exchange::archive::verify(bytes, &configuration);
    let valid = verdict.is_valid();
    let mut lines = verdict.reasons;
    lines.extend(verdict.signer.map(|signer| format!("signed by {signer}")));
    lines.extend(verdict.message_id.map(|id| format!("message {id}")));
    lines.extend(verdict.at.map(|at| format!("time-stamped {at}")));
    Ok(Finding { valid, lines })
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
