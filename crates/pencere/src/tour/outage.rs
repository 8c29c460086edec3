//! The part of J01 in which a register is silent: walked in the country itself when it runs in this process, otherwise in a
//! small one of its own, so that a register can be stopped without disturbing anybody.

use super::Country;
use super::people::{fill_in, in_state, log_in, look_until, reference, sign};
use crate::place::Place;
use crate::ports::Ports;
use crate::wiring::{self, Role, Settings, Stores};
use base::Chance;

/// A sole trader: his application waits as anybody's, and is decided by nobody here.
const CITIZEN: &str = "TURAL06";
const SILENT: &str = "insurance";
const PEOPLE: u32 = 100;

/// Whether the case waited while the fund was silent, said so, and went on by itself when it answered again.
pub async fn walk(country: &Country, running: Option<&mut wiring::Running>) -> Result<bool, String> {
    if let Some(running) = running {
        return silence(country, running).await;
    }
    let data = std::env::temp_dir().join(format!("pencere-outage-{}", base::SystemChance.hex(8)));
    let place = Place::open(&data)?;
    let settings = Settings {
        country: country.folder.clone(),
        people: PEOPLE,
        ports: Ports::from_base(crate::ports::free_base()?),
        stores: Stores::Files,
    };
    let mut running = wiring::start(&settings, &place, &Role::ALL).await?;
    let own = Country::running_in(&data, &country.folder)?;
    let outcome = silence(&own, &mut running).await;
    running.stop().await;
    // A rest in the temporary folder harms nobody.
    let _left = std::fs::remove_dir_all(&data);
    outcome
}

async fn silence(country: &Country, running: &mut wiring::Running) -> Result<bool, String> {
    let mut citizen = log_in(country, &country.portal, CITIZEN, None).await?;
    citizen.open(&format!("{}/en/services/1.1/start", country.portal)).await?;
    let case = reference(&citizen)?;
    fill_in(&mut citizen, super::j01::ANSWERS, &[]).await?;
    running.silence(SILENT).await?;
    let form = citizen.page.form(&format!("/apply/{case}/sign"))?;
    sign(country, &mut citizen, form, CITIZEN).await?;
    let case_page = format!("{}/en/cases/{case}", country.portal);
    look_until(&mut citizen, &case_page, "waiting for the register", |page| in_state(page, "awaiting_evidence"))
        .await?;
    let recorded = super::html::text(&citizen.page.html()).contains("did not answer");
    running.answer_again(SILENT).await?;
    look_until(&mut citizen, &case_page, "the late answer", |page| in_state(page, "in_review")).await?;
    Ok(recorded)
}
