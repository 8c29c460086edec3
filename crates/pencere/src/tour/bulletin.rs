//! The bulletin as anybody reads it, on its page, as CSV and as JSON, and the same figures counted again from the events that
//! the cases wrote: by other queries, over other tables than the bulletin's own.

use super::browser::Browser;
use super::{Country, html};
use crate::wiring;
use base::Timestamp;
use host::args;
use host::store::{Row, Store};
use monitor::Month;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// One month's bulletin, read without logging in.
pub struct Bulletin {
    pub month: String,
    pub json: Json,
    pub csv: Vec<String>,
    pub page: String,
    /// Whether all three forms were given to a stranger, at their own address and as what they are.
    pub open: bool,
}

impl Bulletin {
    pub fn published(&self) -> bool {
        self.json["published_at"].is_string()
    }

    pub fn rows(&self) -> &[Json] {
        self.json["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    pub fn usage(&self, service: &str) -> Option<&Map<String, Json>> {
        self.rows().iter().find(|row| row["service"] == service)?["usage"].as_object()
    }

    pub fn number(&self, name: &str) -> usize {
        self.json[name].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
    }

    /// The cells of the page's table of services, a row a service.
    pub fn table(&self) -> Vec<Vec<String>> {
        let rows =
            self.page.split("<tr>").filter(|row| row.contains("<th scope=\"row\">") && row.matches("<td").count() == 4);
        let cells = |row: &str| {
            let cells = row.split("<td").map(|cell| {
                html::text(
                    cell.split_once('>').map_or(cell, |(_, inside)| inside.split("</td>").next().unwrap_or_default()),
                )
            });
            cells.collect()
        };
        rows.map(cells).collect()
    }
}

/// The bulletin that the portal shows by itself, and the month that is running.
pub async fn both(country: &Country) -> Result<[Bulletin; 2], String> {
    let mut anybody = Browser::new();
    anybody.open(&format!("{}/en/bulletin", country.portal)).await?;
    let links = html::links(&anybody.page.html()).into_iter();
    let months = links.filter_map(|(href, _)| Some(href.split("/en/bulletin/").nth(1)?.get(..7)?.to_owned()));
    let running = months.max().ok_or("the bulletin names no month")?;
    let shown = anybody.page.link(".csv")?;
    let shown = shown.split("/bulletin/").nth(1).and_then(|rest| rest.strip_suffix(".csv")).map(str::to_owned);
    let shown = shown.ok_or("the bulletin has no CSV of its month")?;
    Ok([read(country, &shown).await?, read(country, &running).await?])
}

/// Each form by a visitor who was never here before.
async fn read(country: &Country, month: &str) -> Result<Bulletin, String> {
    let mut forms = Vec::new();
    let mut open = true;
    for (dot, kind) in [("", "text/html"), (".csv", "text/csv"), (".json", "application/json")] {
        let mut anybody = Browser::new();
        let address = format!("{}/en/bulletin/{month}{dot}", country.portal);
        anybody.open(&address).await?;
        let page = &anybody.page;
        open &= page.status == 200 && page.url == address && page.content_type.starts_with(kind);
        forms.push(page.html());
    }
    let json = forms.pop().unwrap_or_default();
    let csv = forms.pop().unwrap_or_default().lines().map(str::to_owned).collect();
    let page = forms.pop().unwrap_or_default();
    let json = serde_json::from_str(&json).unwrap_or_default();
    Ok(Bulletin { month: month.to_owned(), json, csv, page, open })
}

/// What the events of one service in one month add up to.
type Recount = BTreeMap<&'static str, i64>;

/// Figures of the bulletin that the events do not bear out.
pub async fn untraced(country: &Country, bulletin: &Bulletin, utc_offset_hours: i8) -> Result<Vec<String>, String> {
    let store = wiring::window_store_in(&country.data).await?;
    let month: Month = bulletin.month.parse().map_err(|_| format!("{} is no month", bulletin.month))?;
    let mut found = Vec::new();
    let mut sums = Recount::new();
    for row in bulletin.rows() {
        let service = row["service"].as_str().unwrap_or_default();
        let counted = recount(&store, service, month, utc_offset_hours).await.map_err(|fault| fault.to_string())?;
        for (figure, value) in row["usage"].as_object().into_iter().flatten() {
            found.extend(differs(figure, value, &counted).map(|why| format!("{} {service}: {why}", bulletin.month)));
            if let (Some(value), Some((name, _))) = (value.as_i64(), counted.get_key_value(figure.as_str())) {
                *sums.entry(name).or_default() += value;
            }
        }
    }
    for (figure, value) in bulletin.json["total"].as_object().into_iter().flatten() {
        found.extend(differs(figure, value, &sums).map(|why| format!("{} in all: {why}", bulletin.month)));
    }
    Ok(found)
}

/// A figure that is not there says "no data"; a small group is hidden; everything else must have been counted.
fn differs(figure: &str, value: &Json, counted: &Recount) -> Option<String> {
    let shown = match value {
        Json::Null => return None,
        Json::String(hidden) if hidden == "hidden" => return None,
        Json::Object(cell) => cell.get("shown").and_then(Json::as_i64),
        value => value.as_i64(),
    };
    let expected = counted.get(figure).copied();
    (shown.is_none() || shown != expected).then(|| format!("{figure} is {value}, its events give {expected:?}"))
}

async fn recount(store: &Store, service: &str, month: Month, hours: i8) -> Result<Recount, base::Fault> {
    let (now, before) = (month.window(hours), month.previous().window(hours));
    let submitted = acts(store, service, (now.from, now.until), &["submitted"]).await?;
    let earlier = acts(store, service, (before.from, before.until), &["submitted"]).await?;
    let decided = acts(store, service, (now.from, now.until), &["approved", "refused"]).await?;
    let offline = store
        .query(
            "SELECT users FROM monitor_offline WHERE service = $1 AND month = $2",
            &args![service, month.to_string()],
        )
        .await?;
    let ratings = store
        .query(
            "SELECT reference FROM services_feedback WHERE service = $1 AND at >= $2 AND at < $3",
            &args![service, now.from, now.until],
        )
        .await?;
    let count = |acts: &[Act], wanted: fn(&Act) -> bool| {
        i64::try_from(acts.iter().filter(|act| wanted(act)).count()).unwrap_or(i64::MAX)
    };
    let people = |acts: &[Act]| {
        let people: std::collections::BTreeSet<&str> = acts.iter().map(|act| act.pin.as_str()).collect();
        i64::try_from(people.len()).unwrap_or(i64::MAX)
    };
    let mut counted = Recount::from([
        ("users", people(&submitted)),
        ("users_before", people(&earlier)),
        ("submissions", count(&submitted, |_| true)),
        ("by_companies", count(&submitted, |act| act.company)),
        ("by_citizens", count(&submitted, |act| !act.company)),
        ("decisions", count(&decided, |_| true)),
        ("granted", count(&decided, |act| act.event == "approved")),
        ("refused", count(&decided, |act| act.event == "refused")),
        ("decided_late", count(&decided, |act| act.late)),
        ("ratings", i64::try_from(ratings.len()).unwrap_or(i64::MAX)),
    ]);
    counted.extend(offline.first().map(|row| ("offline_users", row.int("users"))));
    counted.extend(median(&decided).map(|seconds| ("median_s", seconds)));
    Ok(counted)
}

/// Something that happened to a case, out of its history.
struct Act {
    event: String,
    pin: String,
    company: bool,
    late: bool,
    /// Whole seconds since the application.
    took_s: i64,
}

async fn acts(
    store: &Store,
    service: &str,
    (from, until): (Timestamp, Timestamp),
    events: &[&str],
) -> Result<Vec<Act>, base::Fault> {
    let rows = store
        .query(
            "SELECT e.event AS event, c.pin AS pin, c.tin AS tin, c.late AS late, e.at AS at, s.at AS submitted_at
             FROM services_event e JOIN services_case c ON c.reference = e.reference
             LEFT JOIN services_event s ON s.reference = e.reference AND s.event = 'submitted'
             WHERE c.service = $1 AND e.at >= $2 AND e.at < $3",
            &args![service, from, until],
        )
        .await?;
    let act = |row: &Row| Act {
        event: row.text("event").to_owned(),
        pin: row.text("pin").to_owned(),
        company: row.opt_text("tin").is_some(),
        late: row.bool("late"),
        took_s: row
            .opt_time("submitted_at")
            .map_or(0, |at| (row.time("at").as_microsecond() - at.as_microsecond()) / 1_000_000),
    };
    Ok(rows.iter().map(act).filter(|act| events.contains(&act.event.as_str())).collect())
}

/// The lower one of two in the middle.
fn median(decided: &[Act]) -> Option<i64> {
    let mut seconds: Vec<i64> = decided.iter().map(|act| act.took_s).collect();
    seconds.sort_unstable();
    seconds.get(seconds.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_figure_is_hidden_unknown_or_counted() {
        let counted = Recount::from([("users", 3)]);
        for fine in [json!(null), json!("hidden"), json!(3), json!({ "shown": 3 })] {
            assert_eq!(differs("users", &fine, &counted), None, "{fine}");
        }
        for wrong in [json!(4), json!({ "shown": 2 }), json!("3"), json!(3.5)] {
            assert!(differs("users", &wrong, &counted).is_some(), "{wrong}");
        }
        assert!(differs("of nowhere", &json!(3), &counted).is_some());
    }
}
