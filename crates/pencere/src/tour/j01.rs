//! J01: unemployment status and allowance without paper certificates.

use super::looks::{Look, Words, looks};
use super::people::{approve, fill_in, in_state, log_in, look_until, notice, reference, sign};
use super::report::{Crossings, Walk, unmet};
use super::traffic::Question;
use super::{Country, browser::Browser, html};
use crate::wiring::{self, Running};
use host::args;
use std::time::Instant;

const CITIZEN: &str = "AYTEN01";
const OFFICIAL: &str = "LEYLA03";
const SERVICE: &str = "1.1";
const REASONS: &str = "Bütün şərtlər yerinə yetirilib.";
/// What papers were asked for, by their stems: none of it may stand among what the citizen brings.
const CERTIFICATES: [&str; 4] = ["pension", "salar", "entrepreneur", "business"];
/// What the three certificates said, and the register that says it now.
const INSTEAD: [(&str, &str); 3] = [
    ("Receives a pension", "State Social Protection Fund"),
    ("Last day of employment", "State Social Protection Fund"),
    ("Runs a business", "AVIS"),
];
/// What Labour must be on record for, at the fund and at the tax administration.
const ASKED: [(&str, &str); 3] = [
    ("AZ/GOV/10005/insurance", "pensionStatus"),
    ("AZ/GOV/10005/insurance", "salaries"),
    ("AZ/GOV/10004/avis", "entrepreneurStatus"),
];
const LABOUR: &str = "AZ/GOV/10002/employment";
const PURPOSE: &str = "unemployment-allowance";
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
    let (case, mut papers) = walk
        .step("the form of service 1.1 is filled in from the registers; she adds what only she knows", started)
        .await?;
    let form = citizen.page.form(&format!("/apply/{case}/sign"))?;
    let signed = sign(country, &mut citizen, form, CITIZEN).await;
    walk.step("she signs with her card and has a receipt at once", signed).await?;
    let at_once = citizen.page.url.ends_with(&format!("/cases/{case}/receipt"));
    let receipt = receipt_number(&citizen.page.text()).filter(|_| at_once);

    let case_page = format!("{}/en/cases/{case}", country.portal);
    let ready = look_until(&mut citizen, &case_page, "the review", |page| in_state(page, "in_review")).await;
    walk.step("the fund and the tax register are asked over the exchange; the case goes to an official", ready).await?;
    papers.extend(asked_on(&citizen));

    let logged_in = log_in(country, &country.back_office, OFFICIAL, None).await;
    let mut official = walk.step("the official of the labour ministry logs in", logged_in).await?;
    let decided = approve(country, &mut official, &case, OFFICIAL, REASONS).await;
    walk.step("she reviews the evidence, decides and signs", decided).await?;
    let arrived = look_until(&mut citizen, &case_page, "the decision", |page| in_state(page, "approved")).await;
    walk.step("the citizen sees the decision", arrived).await?;
    papers.extend(asked_on(&citizen));
    papers.extend(not_from_registers(&citizen));
    papers.extend(uploaded(country, &case).await?);
    let decision = citizen.page.text();
    let safe = format!("{}/en/safe", country.portal);
    let number = decision_number(&decision).unwrap_or_else(|| "no number".into());
    let in_safe = look_until(&mut citizen, &safe, "delivery", |page| page.contains(&number)).await;
    walk.step("the signed decision lies in her e-Safe", in_safe).await?;
    let told = notice(country, &mut citizen, "case-granted", &case).await;
    walk.step("she is told in her inbox and by e-mail", told).await?;
    let mail = mail_arrived(country).await;
    walk.step("the mail has arrived", mail).await?;

    let began = Instant::now();
    let waited = super::outage::walk(country, running).await;
    walk.aside(began.elapsed());
    let silent =
        walk.step("other citizens apply while the fund, then the tax register does not answer", waited).await?;
    let looked = looks(country, &mut citizen, |line| line.contains(&case)).await;
    let looked = walk.step("she looks at who saw her data for this case, and takes the proofs", looked).await?;

    walk.must(
        "no certificate on pension, entrepreneurship or salary was asked from or uploaded by the citizen",
        &papers,
    );
    let visible = unmet(&[
        ("the receipt has a number at once, and the case's page states the same", {
            receipt.is_some_and(|receipt| decision.contains(&format!("Receipt {receipt}")))
        }),
        ("the decision is visible, with its reasons", decision.contains("Approved") && decision.contains(REASONS)),
        ("the decision's number and date are visible", numbered_and_dated(&decision)),
    ]);
    walk.must("the receipt number, the decision and its date are visible to the citizen", &visible);
    walk.must("a fund or tax register that is silent makes the case wait, and this is recorded", &silent);
    let questions = walk.questions().await?;
    let held = unrecorded(&Words::of(country)?, &looked, &questions, &case);
    walk.must("the fund and the tax register hold a record that Labour asked, when and why", &held);
    Ok(())
}

/// The reference of the application, and what already asked for a paper.
async fn start(country: &Country, citizen: &mut Browser) -> Result<(String, Vec<String>), String> {
    citizen.open(&format!("{}/en/services?q=issizlik", country.portal)).await?;
    let service = citizen.page.link(&format!("/services/{SERVICE}"))?;
    citizen.open(&service).await?;
    let mut papers = brought(&citizen.page.html());
    let start = citizen.page.link("/start")?;
    citizen.open(&start).await?;
    let case = reference(citizen)?;
    if fill_in(citizen, ANSWERS, &[]).await? {
        papers.push("a step of the form asks for a file".into());
    }
    Ok((case, papers))
}

/// Certificates among what the service's page tells a person to bring.
fn brought(page: &str) -> Vec<String> {
    let words = portal::texts::Words::of(base::Lang::En).text("service.bring").to_owned();
    let facts = page.split("<dt").skip(1).map(html::text).filter(|fact| fact.contains(&words));
    let facts: Vec<String> = facts.map(|fact| fact.to_lowercase()).collect();
    let asks = |fact: &&String| CERTIFICATES.iter().any(|paper| fact.contains(paper));
    facts.iter().filter(asks).map(|fact| format!("the service's page asks: {fact}")).collect()
}

/// Papers that the case's page asks for.
fn asked_on(citizen: &Browser) -> Option<String> {
    let page = citizen.page.html();
    let asks = page.contains("/original/") || page.contains("type=\"file\"") || in_state(&page, "original_requested");
    asks.then(|| format!("the case's page asks for an original: {}", html::main_text(&page)))
}

/// What the certificates would have said and no register said.
fn not_from_registers(citizen: &Browser) -> Vec<String> {
    let page = citizen.page.html();
    let facts: Vec<String> =
        page.split("<li>").filter(|item| item.contains("class=\"from\"")).map(html::text).collect();
    let said =
        |(name, register): &&(&str, &str)| !facts.iter().any(|fact| fact.starts_with(name) && fact.contains(register));
    INSTEAD.iter().filter(said).map(|(name, register)| format!("\"{name}\" does not come from {register}")).collect()
}

/// Files that the window's store keeps for the case.
async fn uploaded(country: &Country, case: &str) -> Result<Option<String>, String> {
    let store = wiring::window_store_in(&country.data).await?;
    let files = store.query("SELECT name FROM services_file WHERE reference = $1", &args![case]).await;
    let files = files.map_err(|fault| fault.to_string())?;
    Ok((!files.is_empty()).then(|| format!("{} files were uploaded for the case", files.len())))
}

/// Questions of Labour to the two registers that the citizen's list does not hold as the exchange knows them.
fn unrecorded(words: &Words, looked: &[Look], questions: &[Question], case: &str) -> Vec<String> {
    let mut against = Vec::new();
    for (register, service) in ASKED {
        let asked = |question: &&Question| {
            question.register == register && question.service == service && question.about == CITIZEN
        };
        let Some(question) = questions.iter().find(asked) else {
            against.push(format!("{service} was not asked over the exchange"));
            continue;
        };
        let (who, why) = (question.client == LABOUR, question.purpose == PURPOSE && question.case_reference == case);
        against.extend(unmet(&[("Labour asked", who), ("for the allowance of this case", why)]));
        match looked.iter().find(|look| look.message_id == question.message_id) {
            Some(look) => against.extend(words.amiss(look, question, CITIZEN)),
            None => against.push(format!("{register} has no record of {service} {}", question.message_id)),
        }
    }
    against
}

/// Whether the page states the decision's number and, right behind it, the day on which it was issued.
fn numbered_and_dated(page: &str) -> bool {
    let digit = |word: &str| word.contains(|letter: char| letter.is_ascii_digit());
    let Some((_, stated)) = page.rsplit_once("Decision number ") else { return false };
    let words: Vec<&str> = stated.split_whitespace().take(3).collect();
    matches!(words[..], [number, "Issued", day] if digit(number) && (day == "today" || digit(day)))
}

fn decision_number(page: &str) -> Option<String> {
    let (_, stated) = page.rsplit_once("Decision number ")?;
    stated.split_whitespace().next().map(str::to_owned)
}

/// The number in "Application received, receipt QB-2026-000001".
fn receipt_number(page: &str) -> Option<String> {
    let (_, stated) = page.split_once("Application received, receipt ")?;
    let number = stated.split_whitespace().next()?;
    number.contains(|letter: char| letter.is_ascii_digit()).then(|| number.to_owned())
}

async fn mail_arrived(country: &Country) -> Result<(), String> {
    let mut mailbox = Browser::new();
    look_until(&mut mailbox, &country.mailbox, "the mail", |page| page.contains("ayten.memmedova")).await
}

#[cfg(test)]
mod tests {
    use super::{brought, numbered_and_dated, receipt_number};

    #[test]
    fn what_a_person_brings_is_read_from_the_services_page() {
        let page = |what: &str| format!("<dl><dt>Fee</dt><dd>none</dd><dt>What you bring</dt><dd>{what}</dd></dl>");
        assert!(brought(&page("No certificate at all.")).is_empty());
        assert_eq!(brought(&page("A certificate of your salary")).len(), 1);
    }

    #[test]
    fn a_receipt_has_a_number() {
        assert_eq!(receipt_number("Application received, receipt QB-1 today"), Some("QB-1".into()));
        assert_eq!(receipt_number("Application received, receipt today"), None);
    }

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
