//! The bulletin as comma-separated values (RFC 4180): CRLF lines, a header row, a field quoted when it holds a quote, a
//! comma or a line end. An unknown figure is an empty field, a hidden one "*"; a fraction is written exactly ("13/3").

use super::{Bulletin, Row};
use crate::usage::Cell;
use base::Lang;

const HEADER: [&str; 19] = [
    "month",
    "service",
    "name",
    "agency",
    "online",
    "users",
    "users_month_before",
    "growth",
    "offline_users",
    "online_share",
    "applications",
    "by_citizens",
    "by_companies",
    "decisions",
    "granted",
    "refused",
    "decided_late",
    "median_decision_seconds",
    "mean_rating",
];

pub(super) fn write(bulletin: &Bulletin, lang: Lang) -> String {
    let mut text = line(&HEADER.map(String::from));
    for row in &bulletin.rows {
        text.push_str(&line(&fields(bulletin, row, lang)));
    }
    text
}

fn fields(bulletin: &Bulletin, row: &Row, lang: Lang) -> [String; 19] {
    let usage = &row.usage;
    [
        bulletin.month.to_string(),
        row.service.clone(),
        row.name.in_lang(lang).into(),
        row.agency.in_lang(lang).into(),
        if row.online { "1" } else { "0" }.into(),
        known(usage.users),
        known(usage.users_before),
        known(usage.growth()),
        known(usage.offline_users),
        known(usage.online_share()),
        known(usage.submissions),
        cell(usage.by_citizens),
        cell(usage.by_companies),
        known(usage.decisions),
        cell(usage.granted),
        cell(usage.refused),
        known(usage.decided_late),
        known(usage.median_s),
        known(usage.mean_rating),
    ]
}

fn known(figure: Option<impl ToString>) -> String {
    figure.map(|figure| figure.to_string()).unwrap_or_default()
}

fn cell(cell: Option<Cell>) -> String {
    match cell {
        Some(Cell::Hidden) => "*".into(),
        Some(Cell::Shown(count)) => count.to_string(),
        None => String::new(),
    }
}

fn line(fields: &[String]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| quote(field)).collect();
    format!("{}\r\n", quoted.join(","))
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\r', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{month::Month, register::Registered, usage::Usage};
    use base::Localized;

    #[test]
    fn fields_are_quoted_as_rfc_4180_says() {
        for (field, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"yes\"", "\"say \"\"yes\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("ə ğ ı", "ə ğ ı"),
            ("", ""),
        ] {
            assert_eq!(quote(field), expected);
        }
    }

    #[test]
    fn a_row_says_what_is_zero_unknown_and_hidden() {
        let name = |text: &str| Localized { az: text.into(), en: text.into(), ru: text.into() };
        let service =
            Registered { id: "15.1".into(), name: name("Permit, \"big\""), agency: name("Committee"), online: true };
        let usage = Usage {
            users: Some(0),
            users_before: Some(2),
            by_companies: Some(Cell::Hidden),
            by_citizens: Some(Cell::Hidden),
            ..Usage::default()
        };
        let month = Month::new(2026, 10).expect("a month");
        let csv = Bulletin::of(month, 1, &[service], vec![usage], "m").csv(Lang::En);
        let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), HEADER.len());
        assert_eq!(lines[1], "2026-10,15.1,\"Permit, \"\"big\"\"\",Committee,1,0,2,-2,,,,*,*,,,,,,");
        assert_eq!(lines.len(), 2);
    }
}
