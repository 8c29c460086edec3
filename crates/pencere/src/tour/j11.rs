//! J11: a citizen sees who viewed her data and has an error corrected.

use super::people::{log_in, look_until};
use super::report::{Crossings, Walk};
use super::{Country, browser::Browser};
use crate::commands::verify;
use serde_json::Value as Json;

const CITIZEN: &str = "AYTEN01";
/// Who decides corrections where the register's holder has no clerk of its own.
const CLERK: &str = "NARMN05";
const FIELD: &str = "person.phone";
const RIGHT: &str = "+994505559901";

pub async fn walk<C: Crossings>(country: &Country, walk: &mut Walk<'_, C>) -> Result<(), String> {
    let logged_in = log_in(country, &country.portal, CITIZEN, None).await;
    let mut citizen = walk.step("the citizen logs in", logged_in).await?;
    let opened = my_data(country, &mut citizen).await;
    let old = walk.step("she opens 'my data' and sees what each register holds", opened).await?;
    let who = super::j01::who_looked(country, &mut citizen).await;
    let who = walk.step("she sees every use: who, why, when", who).await?;
    let proof = proof(country, &mut citizen).await;
    let proof = walk.step("she takes the proof of one use home", proof).await?;
    let asked = ask_correction(country, &mut citizen).await;
    let reference = walk.step("she asks for a correction of her telephone number", asked).await?;
    let decided = decide(country, &reference).await;
    walk.step("the register's clerk corrects it", decided).await?;
    let data = format!("{}/en/data", country.portal);
    let seen = look_until(&mut citizen, &data, "the correction", |page| page.contains(RIGHT)).await;
    walk.step("she sees the new value", seen).await?;
    let kept = citizen.page.text().contains(&old);
    let consent = consent(country, &mut citizen).await;
    let consent = walk.step("she withdraws her consent to mail and gives it again", consent).await?;

    let registers = ["IAMAS", "social insurance"];
    let listed = registers.iter().all(|register| who.iter().any(|line| line.contains(register)));
    walk.check("each exchange over the earlier journeys is in the right person's list", listed && !who.is_empty());
    let trusted = country.data.join("trusted");
    let holds = verify::judge(&proof, &trusted)?.valid;
    let forged = String::from_utf8_lossy(&proof).replace("own-data", "police-data").into_bytes();
    let forged = if forged == proof { changed(&proof) } else { forged };
    let caught = !verify::judge(&forged, &trusted)?.valid;
    walk.check("nobody, not even the holder, can edit an entry unnoticed", holds && caught);
    walk.check("the correction keeps the old value in history", kept);
    walk.check("consent given or withdrawn is visible", consent);
    Ok(())
}

/// What the register of persons holds as her telephone number.
async fn my_data(country: &Country, citizen: &mut Browser) -> Result<String, String> {
    citizen.open(&format!("{}/en/data", country.portal)).await?;
    let text = citizen.page.text();
    let number =
        text.split("+994").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    number.map(|digits| format!("+994{digits}")).ok_or_else(|| format!("no telephone number in: {text}"))
}

async fn proof(country: &Country, citizen: &mut Browser) -> Result<Vec<u8>, String> {
    citizen.open(&format!("{}/en/data/who", country.portal)).await?;
    let form = citizen.page.form("/data/proof")?;
    citizen.send(&form).await?;
    match citizen.page.body.starts_with(b"{") {
        true => Ok(citizen.page.body.to_vec()),
        false => Err(format!("no proof: {}", citizen.page.text())),
    }
}

fn changed(proof: &[u8]) -> Vec<u8> {
    let mut forged: Json = serde_json::from_slice(proof).unwrap_or_default();
    let leaf = forged["leaf"].as_str().unwrap_or_default().replace("\"at\":\"20", "\"at\":\"19");
    forged["leaf"] = leaf.into();
    forged.to_string().into_bytes()
}

async fn ask_correction(country: &Country, citizen: &mut Browser) -> Result<String, String> {
    citizen.open(&format!("{}/en/data/correction/iamas/{FIELD}", country.portal)).await?;
    let mut form = citizen.page.form("/data/correction/")?;
    form.set("claimed", RIGHT);
    form.set("reason", "I have a new number.");
    citizen.send(&form).await?;
    let sent = citizen.page.url.split("sent=").nth(1).map(str::to_owned);
    sent.ok_or_else(|| format!("the request was not taken: {}", citizen.page.text()))
}

/// The clerk's decision, on the page of the back office.
async fn decide(country: &Country, reference: &str) -> Result<(), String> {
    let mut clerk = log_in(country, &country.back_office, CLERK, None).await?;
    clerk.open(&format!("{}/en/corrections", country.back_office)).await?;
    let mut form = clerk.page.form(&format!("/corrections/iamas/{reference}"))?;
    form.set(&format!("reason-{reference}"), "Confirmed with the mobile operator.");
    form.set("do", "accept");
    clerk.send(&form).await?;
    match clerk.page.form(&format!("/corrections/iamas/{reference}")) {
        Ok(_) => Err(format!("the request is still open: {}", clerk.page.text())),
        Err(_) => Ok(()),
    }
}

/// Mail is switched off and on again on the profile page; both acts are seen there afterwards.
async fn consent(country: &Country, citizen: &mut Browser) -> Result<bool, String> {
    let profile = format!("{}/en/profile", country.portal);
    for choice in ["no", "yes"] {
        citizen.open(&profile).await?;
        let mut form = citizen.page.form("/profile")?;
        form.set("mail", choice);
        citizen.send(&form).await?;
    }
    citizen.open(&profile).await?;
    let text = citizen.page.text();
    Ok(text.contains("Consent withdrawn") && text.contains("Consent given"))
}
