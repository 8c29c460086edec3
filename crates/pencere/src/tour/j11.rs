//! J11: a citizen sees who viewed her data and has an error corrected.

use super::looks::{List, Look, Words, differences, looks};
use super::people::{log_in, look_until};
use super::report::{Crossings, Walk, unmet};
use super::{Country, browser::Browser, holder, html};
use crate::commands::verify;
use serde_json::Value as Json;

const CITIZEN: &str = "AYTEN01";
/// Who decides corrections where the register's holder has no clerk of its own.
const CLERK: &str = "NARMN05";
const FIELD: &str = "person.phone";
/// Two numbers, so that each walk in one country asks for a change.
const RIGHT: [&str; 2] = ["+994505559901", "+994505559902"];
/// Consent to what, on the profile page.
const CONSENT: &str = "Notices by e-mail";

pub async fn walk<C: Crossings>(country: &Country, walk: &mut Walk<'_, C>) -> Result<(), String> {
    let logged_in = log_in(country, &country.portal, CITIZEN, None).await;
    let mut citizen = walk.step("the citizen logs in", logged_in).await?;
    let opened = my_data(country, &mut citizen).await;
    let old = walk.step("she opens 'my data' and sees what each register holds", opened).await?;
    let asked = walk.questions().await?;
    let words = Words::of(country)?;
    let read = lists(country, &words).await;
    let lists =
        walk.step("everybody opens the list of who looked at their data, and takes the proofs home", read).await?;
    let all = walk.questions().await?;

    let right = RIGHT.into_iter().find(|number| *number != old).unwrap_or_default();
    let asked_for = ask_correction(country, &mut citizen, right).await;
    let reference = walk.step("she asks for a correction of her telephone number", asked_for).await?;
    let decided = decide(country, &reference).await;
    walk.step("the register's clerk corrects it", decided).await?;
    let data = format!("{}/en/data", country.portal);
    let seen = look_until(&mut citizen, &data, "the correction", |page| telephone(page).contains(right)).await;
    walk.step("she sees the new value", seen).await?;
    let row = telephone(&citizen.page.html());
    let consent = consent(country, &mut citizen).await;
    let consent = walk.step("she withdraws her consent to mail and gives it again", consent).await?;

    let mut differ = differences(&words, &lists, &asked, &all);
    differ.extend(unmet(&[("something was asked over the exchange", asked.iter().any(|one| !one.about.is_empty()))]));
    walk.must("each exchange over the earlier journeys is in the right person's list, and in no other", &differ);
    let own = lists.into_iter().find(|list| list.person == CITIZEN).map(|list| list.looks).unwrap_or_default();
    let mut unnoticed = holder::unnoticed(country).await?;
    unnoticed.extend(changed_since(country, &mut citizen, &own).await?);
    walk.must("nobody, not even the holder, can edit or delete an entry unnoticed", &unnoticed);
    let kept = unmet(&[
        ("the new value is not the old one", right != old),
        ("the new value stands", row.contains(right)),
        ("the old value stands behind it", row.contains(&format!("before: {old}"))),
    ]);
    walk.must("the correction keeps the old value in history", &kept);
    walk.must("consent given or withdrawn is visible", &consent);
    Ok(())
}

/// The lists of everybody who can log in.
async fn lists(country: &Country, words: &Words) -> Result<Vec<List>, String> {
    let mut lists = Vec::new();
    for person in words.people() {
        let mut browser = log_in(country, &country.portal, &person, None).await?;
        let looks = looks(country, &mut browser, |_| true).await.map_err(|reason| format!("{person}: {reason}"))?;
        lists.push(List { person, looks });
    }
    Ok(lists)
}

/// The proofs that the citizen took home, against what the register says now: the same entry, in a log that has only grown; and
/// a proof that somebody wrote over.
async fn changed_since(country: &Country, citizen: &mut Browser, own: &[Look]) -> Result<Vec<String>, String> {
    let trusted = country.data.join("trusted");
    let now = looks(country, citizen, |_| true).await?;
    let leaf = |look: &Look| serde_json::from_slice::<Json>(&look.proof).unwrap_or_default()["leaf"].clone();
    let mut found = unmet(&[("she has proofs at home", !own.is_empty())]);
    for look in own {
        // A correction request and its decision carry one message each; a look is known by what its leaf says.
        if !now.iter().any(|later| leaf(later) == leaf(look)) {
            found.push(format!("the entry of {} is no longer in her list", look.message_id));
        }
    }
    for (what, from, to) in [
        ("another year", "\\\"at\\\":\\\"20", "\\\"at\\\":\\\"19"),
        ("another register", "AZ/GOV/10003/iamas", "AZ/GOV/10004/avis"),
        ("another person", CITIZEN, "AYTEN02"),
    ] {
        let proof = own.iter().map(|look| String::from_utf8_lossy(&look.proof)).find(|proof| proof.contains(from));
        let proof = proof.ok_or_else(|| format!("no proof speaks of {from}"))?;
        if verify::judge(proof.replace(from, to).as_bytes(), &trusted)?.valid {
            found.push(format!("a proof that was changed to {what} is taken for true"));
        }
    }
    Ok(found)
}

/// The telephone number's line on the page of her data.
fn telephone(page: &str) -> String {
    let field = format!("/data/correction/iamas/{FIELD}");
    page.split("<li>").find(|item| item.contains(&field)).map(html::text).unwrap_or_default()
}

/// What the register of persons holds as her telephone number.
async fn my_data(country: &Country, citizen: &mut Browser) -> Result<String, String> {
    citizen.open(&format!("{}/en/data", country.portal)).await?;
    let line = telephone(&citizen.page.html());
    let number = line.split_whitespace().find(|word| word.starts_with("+994")).map(str::to_owned);
    number.ok_or_else(|| format!("no telephone number in: {}", citizen.page.text()))
}

async fn ask_correction(country: &Country, citizen: &mut Browser, right: &str) -> Result<String, String> {
    citizen.open(&format!("{}/en/data/correction/iamas/{FIELD}", country.portal)).await?;
    let mut form = citizen.page.form("/data/correction/")?;
    form.set("claimed", right);
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

/// Mail is switched off and on again on the profile page; each act is seen there as a line more, with its time and purpose.
async fn consent(country: &Country, citizen: &mut Browser) -> Result<Vec<String>, String> {
    let profile = format!("{}/en/profile", country.portal);
    let mut found = Vec::new();
    for (choice, act) in [("no", "Consent withdrawn"), ("yes", "Consent given")] {
        citizen.open(&profile).await?;
        let before = acts(&citizen.page.html(), act);
        let mut form = citizen.page.form("/profile")?;
        form.set("mail", choice);
        citizen.send(&form).await?;
        citizen.open(&profile).await?;
        if acts(&citizen.page.html(), act) != before + 1 {
            found.push(format!("\"{act}\" is not a line more on the profile page"));
        }
    }
    Ok(found)
}

/// Lines of the profile page that say the act, for what and when.
fn acts(page: &str, act: &str) -> usize {
    let rows = page.split("<tr>").map(html::text);
    rows.filter(|row| row.contains(act) && row.contains(CONSENT) && row.contains(|sign: char| sign.is_ascii_digit()))
        .count()
}
