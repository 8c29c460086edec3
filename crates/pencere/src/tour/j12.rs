//! J12: the minister sees the monthly bulletin.

use super::people::log_in;
use super::report::{Crossings, Walk};
use super::{Country, browser::Browser};
use serde_json::Value as Json;

const OFFICIAL: &str = "LEYLA03";
/// What the report's own answers give (its index, by its own method).
const INDEX_OF_THE_REPORT: &str = "5";

pub async fn walk<C: Crossings>(country: &Country, walk: &mut Walk<'_, C>) -> Result<(), String> {
    let entered = counters(country).await;
    walk.step("an agency enters how many came to its counters this month", entered).await?;
    let mut anybody = Browser::new();
    let opened = open_bulletin(country, &mut anybody).await;
    let month = walk.step("anybody opens the bulletin, without logging in", opened).await?;
    let machine = bulletin_json(country, &mut anybody, &month).await;
    let bulletin = walk.step("the same numbers are there for machines, as CSV and JSON", machine).await?;
    let scores = scores(country, &mut anybody).await;
    let scores = walk.step("the scoreboard shows the report's results and today's, with the evidence", scores).await?;
    let registered = registered(country, &mut anybody).await;
    let registered = walk.step("the register of services is counted", registered).await?;

    let rows = bulletin["rows"].as_array().map_or(0, Vec::len);
    let number =
        |name: &str| bulletin[name].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
    let all = rows + number("services_not_itemised") == number("services_in_register");
    walk.check(
        "the sum of services in the bulletin is the number in the register of services",
        all && rows == registered,
    );
    let personal = bulletin.to_string();
    let people = ["AYTEN01", "RASHAD2", "Məmmədova", "Əliyev"];
    let traced = traced(&scores);
    walk.check(
        "each figure can be traced to what was counted; no personal data are shown",
        traced && !people.iter().any(|name| personal.contains(name)),
    );
    let index = scores["report"]["infrastructure"].as_str() == Some(INDEX_OF_THE_REPORT);
    walk.check("the infrastructure index of the report's own answers is 5", index);
    walk.check("the published bulletin is open to everybody", anybody.page.status == 200);
    Ok(())
}

/// The labour ministry's official says how many people came in person for service 1.1.
async fn counters(country: &Country) -> Result<(), String> {
    let mut official = log_in(country, &country.back_office, OFFICIAL, None).await?;
    official.open(&format!("{}/en/counters", country.back_office)).await?;
    let form = official.page.form("/counters/")?;
    let shown = form.action.split("/counters/").nth(1).map(str::to_owned);
    let link = super::html::links(&official.page.html()).into_iter().map(|(href, _)| href);
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

async fn open_bulletin(country: &Country, anybody: &mut Browser) -> Result<String, String> {
    anybody.open(&format!("{}/en/bulletin", country.portal)).await?;
    let link = anybody.page.link(".csv")?;
    let month = link.split("/bulletin/").nth(1).and_then(|rest| rest.strip_suffix(".csv")).map(str::to_owned);
    month.ok_or_else(|| format!("no month in {link}"))
}

async fn bulletin_json(country: &Country, anybody: &mut Browser, month: &str) -> Result<Json, String> {
    anybody.open(&format!("{}/en/bulletin/{month}.csv", country.portal)).await?;
    let lines = String::from_utf8_lossy(&anybody.page.body).lines().count();
    anybody.open(&format!("{}/en/bulletin/{month}.json", country.portal)).await?;
    let bulletin: Json = serde_json::from_slice(&anybody.page.body).map_err(|cause| cause.to_string())?;
    let services = bulletin["rows"].as_array().map_or(0, Vec::len);
    match lines > services {
        true => Ok(bulletin),
        false => Err(format!("the CSV has {lines} lines for {services} services")),
    }
}

async fn scores(country: &Country, anybody: &mut Browser) -> Result<Json, String> {
    anybody.open(&format!("{}/en/scores.json", country.portal)).await?;
    serde_json::from_slice(&anybody.page.body).map_err(|cause| cause.to_string())
}

/// How many services the catalogue's page lists.
async fn registered(country: &Country, anybody: &mut Browser) -> Result<usize, String> {
    anybody.open(&format!("{}/en/services", country.portal)).await?;
    let page = anybody.page.html();
    let mut services: Vec<String> = super::html::links(&page)
        .into_iter()
        .filter_map(|(href, _)| {
            href.split("/en/services/").nth(1).map(|rest| rest.split('?').next().unwrap_or(rest).to_owned())
        })
        .filter(|id| !id.is_empty())
        .collect();
    services.sort();
    services.dedup();
    Ok(services.len())
}

/// Every criterion that is met says where it was counted.
fn traced(scores: &Json) -> bool {
    let services = scores["live"]["services"].as_array().map(Vec::as_slice).unwrap_or_default();
    let marks =
        services.iter().flat_map(|service| ["maturity", "participation", "transparency"].map(|mark| &service[mark]));
    let criteria: Vec<&Json> = marks.flat_map(|mark| mark["criteria"].as_array().into_iter().flatten()).collect();
    let met = criteria.iter().filter(|criterion| criterion["state"] == "met");
    !criteria.is_empty() && met.clone().count() > 0 && met.clone().all(|criterion| !criterion["evidence"].is_null())
}
