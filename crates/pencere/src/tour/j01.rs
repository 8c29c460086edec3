//! J01: unemployment status and allowance without paper certificates.

use super::people::{approve, fill_in, in_state, log_in, look_until, reference, sign};
use super::report::{Crossings, Walk};
use super::{Country, browser::Browser};
use crate::wiring::Running;
use std::time::Instant;

const CITIZEN: &str = "AYTEN01";
const OFFICIAL: &str = "LEYLA03";
const SERVICE: &str = "1.1";
pub const ANSWERS: &[(&str, &str)] = &[
    ("occupation", "Mühasib"),
    ("region", "baku"),
    ("ready", "yes"),
    ("iban", "AZ77DEMO00000000000000000001"),
    ("channel", "email"),
];

pub async fn walk<C: Crossings>(
    country: &Country,
    walk: &mut Walk<'_, C>,
    running: Option<&mut Running>,
) -> Result<(), String> {
    let logged_in = log_in(country, &country.portal, CITIZEN, None).await;
    let mut citizen = walk.step("the citizen logs in once, with her card", logged_in).await?;
    let started = start(country, &mut citizen).await;
    let (case, papers) = walk
        .step("the form of service 1.1 is filled in from the registers; she adds what only she knows", started)
        .await?;
    let form = citizen.page.form(&format!("/apply/{case}/sign"))?;
    let signed = sign(country, &mut citizen, form, CITIZEN).await;
    walk.step("she signs with her card and has a receipt at once", signed).await?;
    let receipt_at_once = citizen.page.url.ends_with(&format!("/cases/{case}/receipt"));

    let case_page = format!("{}/en/cases/{case}", country.portal);
    let ready = look_until(&mut citizen, &case_page, "the review", |page| in_state(page, "in_review")).await;
    walk.step("the fund and the tax register are asked over the exchange; the case goes to an official", ready).await?;
    let crossed = walk.crossed();

    let logged_in = log_in(country, &country.back_office, OFFICIAL, None).await;
    let mut official = walk.step("the official of the labour ministry logs in", logged_in).await?;
    let decided = approve(country, &mut official, &case, OFFICIAL, "Bütün şərtlər yerinə yetirilib.").await;
    walk.step("she reviews the evidence, decides and signs", decided).await?;
    let arrived = look_until(&mut citizen, &case_page, "the decision", |page| in_state(page, "approved")).await;
    walk.step("the citizen sees the decision", arrived).await?;
    let decision = citizen.page.text();
    let safe = format!("{}/en/safe", country.portal);
    let in_safe = look_until(&mut citizen, &safe, "delivery", |page| page.matches("/en/safe/").count() >= 2).await;
    walk.step("the signed decision lies in her e-Safe", in_safe).await?;
    let inbox = format!("{}/en/inbox", country.portal);
    let told = look_until(&mut citizen, &inbox, "the notice", |page| page.contains("decision")).await;
    walk.step("she is told in her inbox and by e-mail", told).await?;
    let mail = mail_arrived(country).await;
    walk.step("the mail has arrived", mail).await?;

    let began = Instant::now();
    let waited = super::outage::walk(country, running).await;
    walk.aside(began.elapsed());
    let silent = walk.step("another citizen applies while the fund does not answer", waited).await?;
    let who = who_looked(country, &mut citizen).await;
    let who = walk.step("she looks at who saw her data", who).await?;

    walk.check("no certificate was asked from or uploaded by the citizen", !papers && !decision.contains("original"));
    let receipt = receipt_number(&decision);
    let dated = numbered_and_dated(&decision);
    walk.check("the receipt number, the decision and its date are visible", receipt && receipt_at_once && dated);
    walk.check("a register that is silent makes the case wait, and this is recorded", silent);
    let held = ["social insurance", "AVIS"].iter().all(|register| {
        who.iter().any(|line| line.contains(register) && line.contains("Labour") && line.contains(&case))
    });
    walk.check("the fund and the tax register hold a record that Labour asked, when and why", held && crossed >= 5);
    Ok(())
}

async fn start(country: &Country, citizen: &mut Browser) -> Result<(String, bool), String> {
    citizen.open(&format!("{}/en/services?q=issizlik", country.portal)).await?;
    let service = citizen.page.link(&format!("/services/{SERVICE}"))?;
    citizen.open(&service).await?;
    let start = citizen.page.link("/start")?;
    citizen.open(&start).await?;
    let case = reference(citizen)?;
    let papers = fill_in(citizen, ANSWERS, &[]).await?;
    Ok((case, papers))
}

/// Whether the page states the decision's number and, right behind it, the day on which it was issued.
fn numbered_and_dated(page: &str) -> bool {
    let digit = |word: &str| word.contains(|letter: char| letter.is_ascii_digit());
    let Some((_, stated)) = page.rsplit_once("Decision number ") else { return false };
    let words: Vec<&str> = stated.split_whitespace().take(3).collect();
    matches!(words[..], [number, "Issued", day] if digit(number) && (day == "today" || digit(day)))
}

fn receipt_number(page: &str) -> bool {
    page.split("QB-").nth(1).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// One line for each look: everything from one time of day to the next.
pub async fn who_looked(country: &Country, citizen: &mut Browser) -> Result<Vec<String>, String> {
    citizen.open(&format!("{}/en/data/who", country.portal)).await?;
    let page = citizen.page.html();
    let rows = page.split("<tr").skip(2).map(super::html::text_of_row);
    Ok(rows.collect())
}

async fn mail_arrived(country: &Country) -> Result<(), String> {
    let mut mailbox = Browser::new();
    look_until(&mut mailbox, &country.mailbox, "the mail", |page| page.contains("ayten.memmedova")).await
}

#[cfg(test)]
mod tests {
    use super::numbered_and_dated;

    #[test]
    fn a_decision_needs_its_number_and_its_day() {
        assert!(numbered_and_dated("Decision Decision number IM-2026-000001 Issued today 12:01 Monthly allowance"));
        assert!(numbered_and_dated("Decision number IM-2026-000001 Issued 23 November 2026"));
        for missing in
            ["Decision by 7 December 2026 today 12:01", "Decision number Issued today", "Decision number 1 today"]
        {
            assert!(!numbered_and_dated(missing), "{missing}");
        }
    }
}
