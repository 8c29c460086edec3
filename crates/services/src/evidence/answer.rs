//! A register's answer → facts of the case. SOAP brings every value as text and a single row without a list; REST brings
//! typed JSON; both become the same facts.

use super::plan::{Fact, FactKind, Question};
use base::{Date, Money};
use serde_json::{Map, Value as Json};

/// Fact id → value, in one form whatever the wording: text, bool, date as `2026-11-23`, money as whole qəpik, rows as a
/// list of objects. A value that is absent, or does not have its kind's form, is null.
pub fn facts(question: &Question, body: &Json) -> Json {
    let facts = question.facts.iter().map(|fact| (fact.id.clone(), fact_value(fact, body)));
    Json::Object(facts.collect::<Map<_, _>>())
}

fn fact_value(fact: &Fact, body: &Json) -> Json {
    let value = body.get(&fact.from).unwrap_or(&Json::Null);
    match fact.kind {
        FactKind::Rows => {
            let rows = match value {
                Json::Array(rows) => rows.iter().collect(),
                Json::Object(_) => vec![value],
                _ => Vec::new(),
            };
            Json::Array(rows.into_iter().map(|row| row_value(fact, row)).collect())
        }
        kind => scalar(kind, value),
    }
}

fn row_value(fact: &Fact, row: &Json) -> Json {
    let cells = fact.columns.iter().map(|column| {
        let value = row.get(&column.from).unwrap_or(&Json::Null);
        (column.from.clone(), scalar(column.kind, value))
    });
    Json::Object(cells.collect::<Map<_, _>>())
}

fn scalar(kind: FactKind, value: &Json) -> Json {
    let text = match value {
        Json::String(text) if text.trim().is_empty() => return Json::Null,
        Json::String(text) => text.trim().to_owned(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        _ => return Json::Null,
    };
    read(kind, &text).unwrap_or(Json::Null)
}

/// Reads a text of a scalar kind; also what an official copies from an original.
pub fn read(kind: FactKind, text: &str) -> Option<Json> {
    match kind {
        FactKind::Text => Some(Json::String(text.to_owned())),
        FactKind::Yesno => match text {
            "true" | "1" | "yes" => Some(Json::Bool(true)),
            "false" | "0" | "no" => Some(Json::Bool(false)),
            _ => None,
        },
        FactKind::Date => text.get(..10).unwrap_or(text).parse::<Date>().ok().map(|day| Json::String(day.to_string())),
        FactKind::Month => month(text).map(|_| Json::String(text.to_owned())),
        FactKind::Money => text.parse::<i64>().ok().map(Json::from),
        FactKind::Rows => None,
    }
}

/// The first day of the month `2026-10`; nothing else is one.
pub fn month(text: &str) -> Option<Date> {
    let form = text.len() == 7 && text.as_bytes()[4] == b'-';
    format!("{text}-01").parse::<Date>().ok().filter(|_| form)
}

/// Rows as an official types them from an original: a row a line, cells between semicolons, money as `850.00`.
pub fn read_rows(fact: &Fact, typed: &str) -> Option<Json> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(';').map(str::trim).collect();
        if cells.len() != fact.columns.len() {
            return None;
        }
        let cells = fact.columns.iter().zip(cells).map(|(column, cell)| {
            let value = match column.kind {
                FactKind::Money => Json::from(Money::parse_decimal(cell)?.qepik()),
                kind => read(kind, cell)?,
            };
            Some((column.from.clone(), value))
        });
        cells.collect::<Option<Map<_, _>>>().map(Json::Object)
    };
    typed.lines().filter(|line| !line.trim().is_empty()).map(row).collect::<Option<Vec<_>>>().map(Json::Array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::plan::{Ask, Column};
    use base::{Localized, dataservice::Wording};
    use serde_json::json;

    fn words() -> Localized {
        Localized { az: "a".into(), en: "a".into(), ru: "a".into() }
    }

    fn question() -> Question {
        let fact = |id: &str, kind| Fact {
            id: id.into(),
            from: id.into(),
            label: words(),
            kind,
            words: Default::default(),
            columns: Vec::new(),
        };
        let column = |from: &str, kind| Column { from: from.into(), label: words(), kind };
        let mut rows = fact("rows", FactKind::Rows);
        rows.columns = vec![column("month", FactKind::Month), column("qepik", FactKind::Money)];
        Question {
            id: "q".into(),
            title: words(),
            register: words(),
            reason: words(),
            service: "s".into(),
            wording: Wording::Soap,
            ask: Ask::Start,
            when: None,
            required: true,
            input: Default::default(),
            facts: vec![fact("receives", FactKind::Yesno), fact("since", FactKind::Date), rows],
        }
    }

    #[test]
    fn both_wordings_give_the_same_facts() {
        let expected =
            json!({"receives": false, "since": "2026-10-01", "rows": [{"month": "2026-10", "qepik": 85_000}]});
        for body in [
            json!({"receives": false, "since": "2026-10-01", "rows": [{"month": "2026-10", "qepik": 85_000, "more": 1}]}),
            json!({"receives": "false", "since": " 2026-10-01 ", "rows": {"month": "2026-10", "qepik": "85000"}}),
        ] {
            assert_eq!(facts(&question(), &body), expected);
        }
    }

    #[test]
    fn what_is_not_there_is_null_and_never_guessed() {
        let expected = json!({"receives": null, "since": null, "rows": []});
        for body in [json!({}), json!({"receives": "perhaps", "since": "soon", "rows": ""}), json!(null)] {
            assert_eq!(facts(&question(), &body), expected);
        }
    }

    #[test]
    fn an_official_copies_rows_from_an_original() {
        let question = question();
        let rows = &question.facts[2];
        assert_eq!(
            read_rows(rows, "2026-10; 850.00\n\n2026-09;900"),
            Some(json!([{"month": "2026-10", "qepik": 85_000}, {"month": "2026-09", "qepik": 90_000}]))
        );
        assert_eq!(read_rows(rows, "2026-10"), None);
        assert_eq!(read_rows(rows, "2026-10; much"), None);
        for other in ["10.2026; 850", "2026-13; 850", "2026-1; 850", "2026-10-05; 850", "ay; 850", "əəəə; 850"] {
            assert_eq!(read_rows(rows, other), None, "{other}");
        }
    }
}
