//! `pencere central`: the operator's desk of the central server. It works on the store and the keys, beside a central server
//! that runs or without one; what is changed is published with the next edition.

use crate::cli::{Central, CentralTask, KeyPurpose};
use crate::commands::serve::Configuration;
use crate::wiring::Stores;
use crate::wiring::folder::CountryFolder;
use base::{Failure, Refusal, SystemClock};
use exchange::CENTRAL_MIGRATIONS;
use exchange::central::{ConfigurationKey, Desk, KeyRefusal, KeyState, KeyStore, Purpose};
use exchange::management::{ManagementFault, Status};
use host::store::{Location, Store};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Who acted, in the central server's log.
const OPERATOR: &str = "operator at the command line";
/// Characters of a key that must be said at least.
const KEY_BEGINNING_MIN: usize = 8;

pub async fn run(central: Central) -> Result<ExitCode, String> {
    let (desk, interval_s) = open(&central).await?;
    let later = format!("published within {interval_s} s if the central server runs, otherwise at its next start");
    match central.task {
        CentralTask::Anchor { external, to } => anchor(&desk, external, &to).await,
        CentralTask::Partners => partners(&desk).await,
        CentralTask::Trust { file, hash } => trust(&desk, &file, hash.as_deref(), &later).await,
        CentralTask::Forget { instance } => {
            if !desk.forget_anchor(&instance, OPERATOR).await.map_err(sentence)? {
                return Err(format!("{} is not federated with {instance}", desk.instance));
            }
            say(&format!("{} is federated with {instance} no more; {later}", desk.instance));
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::Requests { all } => requests(&desk, all).await,
        CentralTask::Approve { number } => {
            desk.approve(number, OPERATOR).await.map_err(declined)?;
            say(&format!("request {number} is approved; {later}"));
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::Decline { number } => {
            desk.decline(number, OPERATOR).await.map_err(declined)?;
            say(&format!("request {number} is declined"));
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::Keys => {
            for key in desk.keys().await.map_err(sentence)? {
                say(&line(&key));
            }
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::AnnounceKey { purpose } => {
            let key = desk.announce_key(purpose.into(), OPERATOR).await.map_err(sentence)?;
            say(&format!("{}; {later}", line(&key)));
            say(&format!("it may be activated {} s after it was published", desk.validity_s));
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::ActivateKey { key } => {
            let key = find(&desk, &key).await?;
            desk.activate_key(&key.digest, OPERATOR).await.map_err(|failure| refused(failure, &desk))?;
            say(&format!("{} signs for {}; {later}", key.digest, key.purpose.name()));
            Ok(ExitCode::SUCCESS)
        }
        CentralTask::RetireKey { key } => {
            let key = find(&desk, &key).await?;
            desk.retire_key(&key.digest, OPERATOR).await.map_err(|failure| refused(failure, &desk))?;
            say(&format!("{} is trusted no more; {later}", key.digest));
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl From<KeyPurpose> for Purpose {
    fn from(purpose: KeyPurpose) -> Purpose {
        match purpose {
            KeyPurpose::Internal => Purpose::Internal,
            KeyPurpose::External => Purpose::External,
        }
    }
}

/// The desk, and how often the central server publishes.
async fn open(central: &Central) -> Result<(Desk, u64), String> {
    let (data, country, stores) = match &central.config {
        Some(file) => {
            let Configuration { data, country, stores, .. } = Configuration::read(file)?;
            (data, country, stores)
        }
        None => (central.data.clone(), central.country.clone(), Stores::Files),
    };
    let keys = data.join("exchange/central/keys");
    let location = stores.location(&data.join("stores"), "central");
    let elsewhere = || {
        let place = data.display();
        format!(
            "no central server ever ran in {place}, or its stores are elsewhere: name its configuration with --config"
        )
    };
    if !keys.is_dir() || matches!(&location, Location::Sqlite(file) if !file.exists()) {
        return Err(elsewhere());
    }
    owned_by_us(&keys)?;
    let country = CountryFolder::load(&country).map_err(|problems| problems.join("\n"))?.exchange;
    let limits = country.limits;
    let desk = Desk {
        keys: KeyStore::open(&keys, &country.instance).map_err(sentence)?,
        instance: country.instance,
        store: Store::open(&location, CENTRAL_MIGRATIONS).await.map_err(|cause| cause.to_string())?,
        clock: Arc::new(SystemClock),
        validity_s: limits.configuration_validity_s,
    };
    match desk.published_instance().await.map_err(sentence)? {
        None => Err(elsewhere()),
        Some(instance) if instance != desk.instance => {
            Err(format!("the country folder is of {}, and the central server publishes {instance}", desk.instance))
        }
        Some(_) => Ok((desk, limits.configuration_interval_s)),
    }
}

/// What is made here must be readable for the central server: both are the same user.
fn owned_by_us(keys: &Path) -> Result<(), String> {
    let owner = |path: &Path| {
        std::fs::metadata(path).map(|it| it.uid()).map_err(|cause| format!("{}: {cause}", path.display()))
    };
    // A process's own folder there is its effective user's.
    match (owner(keys)?, owner(Path::new("/proc/self"))?) {
        (owner, us) if owner == us => Ok(()),
        (owner, _) => Err(format!("{} belongs to user {owner}: run this as that user (sudo -u)", keys.display())),
    }
}

fn sentence(fault: base::Fault) -> String {
    fault.to_string()
}

fn refused(failure: Failure<KeyRefusal>, desk: &Desk) -> String {
    match failure {
        Failure::Failed(fault) => sentence(fault),
        Failure::Refused(refusal) => {
            let why = match refusal {
                KeyRefusal::Unknown => "this node does not hold the key".to_owned(),
                KeyRefusal::TooYoung => {
                    let wait_s = desk.validity_s;
                    format!("members may not have heard of the key: {wait_s} s must pass after it was first published")
                }
                KeyRefusal::Active => "the key signs now".to_owned(),
            };
            format!("{why} ({})", refusal.code())
        }
    }
}

fn declined(failure: Failure<ManagementFault>) -> String {
    match failure {
        Failure::Failed(fault) => sentence(fault),
        Failure::Refused(refusal) => format!("{} ({})", refusal.text, refusal.refusal.wire()),
    }
}

async fn requests(desk: &Desk, all: bool) -> Result<ExitCode, String> {
    let status = (!all).then_some(Status::Waiting);
    let mut before = None;
    loop {
        let page = desk.requests(status, before).await.map_err(sentence)?;
        let Some(oldest) = page.last() else { return Ok(ExitCode::SUCCESS) };
        before = Some(oldest.number);
        for view in page {
            let (kind, client) = (view.request.asked.service_code(), view.request.asked.client());
            let client = client.map_or_else(String::new, |client| format!(" of {client}"));
            let decided = view.decided_by.map_or_else(String::new, |by| format!(" by {by}"));
            let (number, server, at) = (view.number, view.request.server, view.at);
            say(&format!("{number} {kind}{client} on {server}, asked {at}: {}{decided}", view.status.name()));
        }
    }
}

async fn anchor(desk: &Desk, external: bool, to: &Path) -> Result<ExitCode, String> {
    let purpose = if external { Purpose::External } else { Purpose::Internal };
    let anchor = desk.anchor_file(purpose).await.map_err(sentence)?;
    let path: PathBuf = to.join(&anchor.name);
    std::fs::write(&path, &anchor.bytes).map_err(|cause| format!("{}: {cause}", path.display()))?;
    say(&format!("{}", path.display()));
    say(&format!("hash {}", anchor.hash));
    Ok(ExitCode::SUCCESS)
}

async fn partners(desk: &Desk) -> Result<ExitCode, String> {
    for partner in desk.partners().await.map_err(sentence)? {
        say(&format!("{} since {}, hash {}", partner.anchor.instance, partner.since, partner.hash));
        for source in partner.anchor.sources {
            say(&format!("  {}", source.url));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Trusts nothing before a person compared the hash.
async fn trust(desk: &Desk, file: &Path, told: Option<&str>, later: &str) -> Result<ExitCode, String> {
    let document = std::fs::read(file).map_err(|cause| format!("{}: {cause}", file.display()))?;
    let hash = formats::globalconf::anchor_hash(&document);
    match told {
        None => {
            return Err(format!(
                "the hash of {} is {hash}: ask the partner on the telephone for it, and say it with --hash",
                file.display()
            ));
        }
        Some(told) if !told.eq_ignore_ascii_case(&hash) => {
            return Err(format!("{} is not what the partner wrote: its hash is {hash}", file.display()));
        }
        Some(_) => {}
    }
    let outcome = desk.trust_anchor(&document, OPERATOR).await.map_err(sentence)?;
    let instance = outcome.map_err(|error| format!("{}: {error}", file.display()))?;
    say(&format!("{} is federated with {instance}; {later}", desk.instance));
    Ok(ExitCode::SUCCESS)
}

async fn find(desk: &Desk, beginning: &str) -> Result<ConfigurationKey, String> {
    if beginning.len() < KEY_BEGINNING_MIN {
        return Err(format!("say at least {KEY_BEGINNING_MIN} characters of the key"));
    }
    let keys = desk.keys().await.map_err(sentence)?;
    let mut found = keys.into_iter().filter(|key| key.digest.starts_with(&beginning.to_ascii_lowercase()));
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(format!("more than one key begins with {beginning}")),
        (None, _) => Err(format!("no key begins with {beginning}")),
    }
}

fn line(key: &ConfigurationKey) -> String {
    let state = match key.state {
        KeyState::Announced => "announced",
        KeyState::Active => "signs",
    };
    format!("{} {} {state} since {} at {}", key.digest, key.purpose.name(), key.since, key.address)
}

#[expect(clippy::print_stdout, reason = "the lines are the command's answer")]
fn say(line: &str) {
    println!("{line}");
}
