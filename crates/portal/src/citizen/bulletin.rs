//! The monthly bulletin: for people as a page, for machines as CSV and JSON.

use crate::{
    kept::{self, Part},
    pages::{self, BulletinLine},
    parts::{Bar, Bars, Pager},
    shell::{Place, Shell},
    visit::{Paged, Visit},
};
use axum::{extract::Path, response::IntoResponse};
use http::header;
use monitor::{Bulletin, Month};

/// Services in the chart: a chart of thirty bars is a table.
const BARS_MAX: usize = 10;

pub async fn latest(visit: Visit) -> Paged {
    let published = visit.app.monitor.published_months().await?.into_iter().next();
    let month = published.unwrap_or_else(|| visit.app.monitor.current_month());
    Ok(visit.go(&format!("/bulletin/{month}")))
}

/// `2026-11`, `2026-11.csv`, `2026-11.json`.
pub async fn page(visit: Visit, Path(named): Path<String>) -> Paged {
    let (month, form) = named.split_once('.').unwrap_or((named.as_str(), ""));
    let bulletin = visit.app.monitor.bulletin(month).await?;
    let draw = || {
        let text = match form {
            "csv" => bulletin.csv(visit.lang),
            "json" => bulletin.json(),
            _ => {
                let page = view(visit.app.nobody(visit.lang), &bulletin, visit.app.monitor.current_month());
                return Part::of(format!("{} · {}", page.s.t("nav.bulletin"), page.month), &page);
            }
        };
        Ok(Part { title: String::new(), main: text })
    };
    // What else may stand behind the dot is the page: names that are kept are of a closed set.
    let form = if ["csv", "json"].contains(&form) { form } else { "html" };
    let name = format!("{}.{form}", bulletin.month);
    let part = visit.app.public().bulletins.part((visit.lang, &name), &bulletin, visit.app.clock.now(), draw)?;
    let open = |kind: &'static str| Ok(([(header::CONTENT_TYPE, kind)], part.main.clone()).into_response());
    match form {
        "csv" => open("text/csv; charset=utf-8"),
        "json" => open("application/json"),
        _ => kept::page(&visit, Place::Elsewhere, part),
    }
}

fn known(s: &Shell, figure: Option<i64>) -> String {
    figure.map_or_else(|| s.t("bulletin.no_data").to_owned(), |figure| s.count(figure))
}

fn growth(s: &Shell, figure: Option<i64>) -> String {
    match figure {
        Some(more) if more > 0 => format!("+{}", s.count(more)),
        other => known(s, other),
    }
}

fn view(s: Shell, bulletin: &Bulletin, current: Month) -> pages::Bulletin {
    let month = bulletin.month;
    let turn = |month: Month| (s.url(&format!("/bulletin/{month}")), s.month(&month.to_string()));
    let next = (month < current).then(|| turn(month.next()));
    let mut used: Vec<_> = bulletin.rows.iter().filter(|row| row.online).collect();
    used.sort_by_key(|row| std::cmp::Reverse(row.usage.submissions.unwrap_or(0)));
    let bar = |row: &&monitor::bulletin::Row| Bar {
        // The chart has room for a number and a few words; the table below has the whole name.
        label: row.service.clone() + " " + &row.name.in_lang(s.lang).chars().take(24).collect::<String>(),
        value: row.usage.submissions.unwrap_or(0),
        shown: known(&s, row.usage.submissions),
    };
    let line = |row: &monitor::bulletin::Row| BulletinLine {
        service: format!("{} {}", row.service, row.name.in_lang(s.lang)),
        agency: row.agency.in_lang(s.lang).to_owned(),
        online: known(&s, row.usage.submissions),
        offline: known(&s, row.usage.offline_users),
        growth: growth(&s, row.usage.growth()),
        satisfaction: row
            .usage
            .mean_rating
            .map_or_else(|| s.t("bulletin.no_data").to_owned(), |mean| mean.cut_to_hundredths()),
    };
    let online = i64::try_from(used.len()).unwrap_or(0);
    pages::Bulletin {
        month: s.month(&month.to_string()),
        lead: s.t("bulletin.lead").into(),
        months: Pager {
            label: s.t("bulletin.months").into(),
            previous: Some(turn(month.previous())),
            next,
            text: if bulletin.published_at.is_none() { s.t("bulletin.draft").into() } else { String::new() },
        },
        figures: vec![
            (s.t("bulletin.figure_services").into(), s.count(bulletin.services_in_register.into())),
            (s.t("bulletin.figure_online").into(), s.count(online)),
            (s.t("bulletin.figure_used").into(), known(&s, bulletin.total.submissions)),
            (s.t("bulletin.figure_decided").into(), known(&s, bulletin.total.decisions)),
        ],
        chart: Bars {
            title: s.t("bulletin.chart").into(),
            label_head: s.t("cases.service").into(),
            value_head: s.t("bulletin.online").into(),
            table_label: s.t("bulletin.chart_table").into(),
            rows: used.iter().take(BARS_MAX).map(bar).collect(),
        },
        rows: bulletin.rows.iter().map(line).collect(),
        rest: s.f("bulletin.rest", &[("count", &s.count(bulletin.services_not_itemised.into()))]),
        csv: s.url(&format!("/bulletin/{month}.csv")),
        json: s.url(&format!("/bulletin/{month}.json")),
        s,
    }
}
