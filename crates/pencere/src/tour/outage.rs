//! The part of J01 in which a register is silent, first the fund's, then the tax administration's: walked in the country itself
//! when it runs in this process, otherwise in a small one of its own, so that a register can be stopped without disturbing anybody.

use super::browser::Browser;
use super::people::{fill_in, in_state, log_in, look_until, reference, sign};
use super::report::unmet;
use super::{Country, html};
use crate::place::Place;
use crate::ports::Ports;
use crate::wiring::{self, Role, Settings, Stores};
use base::Chance;

/// A register that falls silent, who applies meanwhile, and what the case's page then says of it. Nobody decides these cases.
struct Outage {
    register: &'static str,
    applicant: &'static str,
    name: &'static str,
}

const OUTAGES: [Outage; 2] = [
    Outage { register: "insurance", applicant: "TURAL06", name: "State Social Protection Fund" },
    Outage { register: "avis", applicant: "GUNAY07", name: "AVIS" },
];
const OFFICIAL: &str = "LEYLA03";
const PEOPLE: u32 = 100;

/// What was not as it must be while a register was silent and when it answered again.
pub async fn walk(country: &Country, running: Option<&mut wiring::Running>) -> Result<Vec<String>, String> {
    if let Some(running) = running {
        return silences(country, running).await;
    }
    let data = std::env::temp_dir().join(format!("pencere-outage-{}", base::SystemChance.hex(8)));
    let place = Place::open(&data)?;
    let settings = Settings {
        country: country.folder.clone(),
        people: PEOPLE,
        ports: Ports::from_base(crate::ports::free_base()?),
        stores: Stores::Files,
        tokens: Vec::new(),
    };
    let mut running = wiring::start(&settings, &place, &Role::ALL).await?;
    let own = Country::running_in(&data, &country.folder)?;
    let outcome = silences(&own, &mut running).await;
    running.stop().await;
    // A rest in the temporary folder harms nobody.
    let _left = std::fs::remove_dir_all(&data);
    outcome
}

async fn silences(country: &Country, running: &mut wiring::Running) -> Result<Vec<String>, String> {
    let mut against = Vec::new();
    for outage in &OUTAGES {
        // What does not happen at all speaks against the line as much as what happens wrongly.
        let found = silence(country, running, outage).await.unwrap_or_else(|reason| vec![reason]);
        against.extend(found.iter().map(|why| format!("{} is silent: {why}", outage.name)));
    }
    Ok(against)
}

async fn silence(country: &Country, running: &mut wiring::Running, outage: &Outage) -> Result<Vec<String>, String> {
    let mut citizen = log_in(country, &country.portal, outage.applicant, None).await?;
    citizen.open(&format!("{}/en/services/1.1/start", country.portal)).await?;
    let case = reference(&citizen)?;
    fill_in(&mut citizen, super::j01::ANSWERS, &[]).await?;
    let form = citizen.page.form(&format!("/apply/{case}/sign"))?;
    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    running.silence(outage.register).await?;
    let waited = wait(country, &mut citizen, &mut official, (&case, outage), form).await;
    running.answer_again(outage.register).await?;
    let against = waited?;
    let case_page = format!("{}/en/cases/{case}", country.portal);
    look_until(&mut citizen, &case_page, "the late answer", |page| in_state(page, "in_review")).await?;
    Ok(against)
}

/// The case waits for the register, says so to its applicant, and cannot be decided.
async fn wait(
    country: &Country,
    citizen: &mut Browser,
    official: &mut Browser,
    (case, outage): (&str, &Outage),
    form: html::Form,
) -> Result<Vec<String>, String> {
    sign(country, citizen, form, outage.applicant).await?;
    let case_page = format!("{}/en/cases/{case}", country.portal);
    // Whether the register is waited for or the original asked for is the country's patience (instruction 9 of the decree).
    let waits = |page: &str| {
        (in_state(page, "awaiting_evidence") || in_state(page, "original_requested")) && page.contains("did not answer")
    };
    look_until(citizen, &case_page, "waiting for the register", waits).await?;
    let page = citizen.page.html();
    let moments: Vec<String> = page.split("<li").map(html::text).collect();
    let recorded = |words: &str| {
        moments.iter().any(|moment| moment.contains(outage.name) && moment.contains(words) && moment.contains("today"))
    };
    official.open(&format!("{}/en/cases/{case}", country.back_office)).await?;
    if let Ok(take) = official.page.form("/take") {
        official.send(&take).await?;
    }
    let decidable = official.page.form("/decide").is_ok();
    if let Ok(release) = official.page.form("/release") {
        official.send(&release).await?;
    }
    Ok(unmet(&[
        ("the case's history names the silent register, with the time", recorded("did not answer")),
        ("the page says whose answer or what paper the case waits for", {
            let text = html::main_text(&page);
            text.contains("Waiting for an answer from:") || text.contains("The next step is yours")
        }),
        ("nobody can decide the case meanwhile", !decidable),
    ]))
}
