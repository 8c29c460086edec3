//! J12: the minister sees the monthly bulletin.

use super::browser::Browser;
use super::bulletin::{self, Bulletin, untraced};
use super::looks::Words;
use super::people::log_in;
use super::report::{Crossings, Walk, unmet};
use super::{Country, html};
use serde_json::Value as Json;
use std::collections::BTreeSet;

const OFFICIAL: &str = "LEYLA03";
/// What the report's own answers give (its index, by its own method).
const INDEX_OF_THE_REPORT: &str = "5";

pub async fn walk<C: Crossings>(country: &Country, walk: &mut Walk<'_, C>) -> Result<(), String> {
    let entered = counters(country).await;
    walk.step("an agency enters how many came to its counters this month", entered).await?;
    let opened = bulletin::both(country).await;
    let bulletins =
        walk.step("anybody opens the bulletin on its page, as CSV and as JSON, without logging in", opened).await?;
    let scores = scores(country).await;
    let scores = walk.step("the scoreboard shows the report's results and today's, with the evidence", scores).await?;
    let registered = registered(country).await;
    let (services, in_all) = walk.step("the register of services is counted", registered).await?;

    let sums: Vec<String> = bulletins.iter().flat_map(|bulletin| sums(bulletin, &services, in_all)).collect();
    walk.must("the sum of services in the bulletin is the number in the register of services", &sums);
    let words = Words::of(country)?;
    let mut traced = Vec::new();
    for bulletin in &bulletins {
        traced.extend(untraced(country, bulletin, words.utc_offset_hours()).await?);
        for (form, text) in
            [("page", bulletin.page.clone()), ("CSV", bulletin.csv.join("\n")), ("JSON", bulletin.json.to_string())]
        {
            let who = words.personal().into_iter().filter(|data| text.contains(data));
            traced.extend(who.map(|data| format!("{}, {form}: somebody's {data} is shown", bulletin.month)));
        }
    }
    traced.extend(without_evidence(&scores));
    let text = scores.to_string();
    let who = words.personal().into_iter().filter(|data| text.contains(data));
    traced.extend(who.map(|data| format!("scores: somebody's {data} is shown")));
    walk.must("each figure can be traced to its counted events; personal data are not shown", &traced);
    let index = &scores["report"]["infrastructure"];
    let five = index.as_str() == Some(INDEX_OF_THE_REPORT);
    let index = (!five).then(|| format!("it is {index}"));
    walk.must("the infrastructure index of the report's own answers is 5", index.as_slice());
    let open = unmet(&[
        ("the bulletin shown is a published one", bulletins[0].published()),
        ("a stranger gets it on its page, as CSV and as JSON", bulletins[0].open),
    ]);
    walk.must("the published bulletin is open to everybody", &open);
    Ok(())
}

/// Where the bulletin and the register of services do not agree.
fn sums(bulletin: &Bulletin, services: &BTreeSet<String>, in_all: usize) -> Vec<String> {
    let itemised: BTreeSet<String> =
        bulletin.rows().iter().filter_map(|row| Some(row["service"].as_str()?.to_owned())).collect();
    let rows = bulletin.rows().len();
    let number = bulletin.number("services_in_register");
    let against = unmet(&[
        ("every service of the register has one row, and no other", itemised == *services && rows == itemised.len()),
        ("rows and services without a row add up", rows + bulletin.number("services_not_itemised") == number),
        ("the sum is the number that the register states", number == in_all),
        ("the page has a row a service", bulletin.table().len() == rows),
        ("the CSV has a line a service", bulletin.csv.len() == rows + 1),
        ("the page states the number", html::main_text(&bulletin.page).contains(&format!("register {number}"))),
    ]);
    against.into_iter().map(|why| format!("{}: {why}", bulletin.month)).collect()
}

/// The labour ministry's official says how many people came in person for service 1.1.
async fn counters(country: &Country) -> Result<(), String> {
    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    official.open(&format!("{}/en/counters", country.back_office)).await?;
    let form = official.page.form("/counters/")?;
    let shown = form.action.split("/counters/").nth(1).map(str::to_owned);
    let link = html::links(&official.page.html()).into_iter().map(|(href, _)| href);
    // The latest of the months that can be entered is the running one, whose numbers are not published yet.
    let link = link.filter(|href| href.contains("/counters?month=")).max();
    let months = [shown, link.as_ref().and_then(|href| href.split("month=").nth(1)).map(str::to_owned)];
    if months[1] > months[0] {
        official.open(&link.unwrap_or_default()).await?;
    }
    let mut form = official.page.form("/counters/")?;
    form.set("users-1.1", "0");
    official.send(&form).await?;
    match official.page.status {
        200 => Ok(()),
        status => Err(format!("{status}: {}", official.page.text())),
    }
}

async fn scores(country: &Country) -> Result<Json, String> {
    let mut anybody = Browser::new();
    anybody.open(&format!("{}/en/scores.json", country.portal)).await?;
    serde_json::from_slice(&anybody.page.body).map_err(|cause| cause.to_string())
}

/// The services that the catalogue's page lists, and how many it says there are in all.
async fn registered(country: &Country) -> Result<(BTreeSet<String>, usize), String> {
    let mut anybody = Browser::new();
    anybody.open(&format!("{}/en/services", country.portal)).await?;
    let links = html::links(&anybody.page.html()).into_iter();
    let ids = links.filter_map(|(href, _)| href.split("/en/services/").nth(1)?.split('?').next().map(str::to_owned));
    let services = ids.filter(|id| !id.is_empty()).collect();
    let text = anybody.page.text();
    let stated = text.split("The register lists ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    Ok((services, stated.ok_or_else(|| format!("the register's number is not stated: {text}"))?))
}

/// Criteria that are said to be met and do not say where that was counted.
fn without_evidence(scores: &Json) -> Vec<String> {
    let services = scores["live"]["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    let marks =
        services.iter().flat_map(|service| ["maturity", "participation", "transparency"].map(|mark| &service[mark]));
    let criteria = marks.flat_map(|mark| mark["criteria"].as_array().into_iter().flatten());
    let met: Vec<&Json> = criteria.filter(|criterion| criterion["state"] == "met").collect();
    let bare = |criterion: &&&Json| criterion["evidence"].as_array().is_none_or(Vec::is_empty);
    let mut found = unmet(&[("the scoreboard has criteria that are met", !met.is_empty())]);
    found.extend(met.iter().filter(bare).map(|criterion| format!("{} is met and has no evidence", criterion["text"])));
    found
}
