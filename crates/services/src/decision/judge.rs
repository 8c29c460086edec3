//! Plain functions of a case's facts: checks, computations, placeholders.

use super::{Check, Computation, Plan};
use crate::{
    evidence::{FactKind, month},
    rule::{Rule, Verdict},
    view::{CheckView, FactView, ResultLine},
};
use base::{Lang, Localized, Money};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The facts with `computed.*` added, and the lines as they are shown. A line whose facts are missing is absent.
pub fn compute(plan: &Plan, rules: &BTreeMap<String, Rule>, mut facts: Json) -> (Json, Vec<ResultLine>) {
    facts["computed"] = json!({});
    let mut lines = Vec::new();
    for line in &plan.computations {
        let value = match rules.get(&line.rule).map(|rule| rule.value(&facts)) {
            Some(Verdict::Known(value)) => value,
            _ => Json::Null,
        };
        lines.push(result_line(line, &value));
        if !value.is_null() {
            facts["computed"][&line.id] = value;
        }
    }
    (facts, lines)
}

fn result_line(line: &Computation, value: &Json) -> ResultLine {
    ResultLine { id: line.id.clone(), label: line.label.clone(), value: fact_view(line.kind, value) }
}

/// A scalar fact as it should be shown.
pub fn fact_view(kind: FactKind, value: &Json) -> FactView {
    match (kind, value) {
        (FactKind::Yesno, Json::Bool(yes)) => FactView::Yesno(*yes),
        (FactKind::Money, Json::Number(qepik)) => {
            qepik.as_i64().map_or(FactView::Absent, |qepik| FactView::Money(Money::from_qepik(qepik)))
        }
        (FactKind::Month, Json::String(text)) => {
            month(text).map_or_else(|| FactView::Text(text.clone()), FactView::Month)
        }
        (FactKind::Date, Json::String(day)) => day.parse().map_or(FactView::Absent, FactView::Date),
        (_, Json::String(text)) => FactView::Text(text.clone()),
        (_, Json::Number(number)) => FactView::Text(number.to_string()),
        _ => FactView::Absent,
    }
}

pub fn checks(plan: &Plan, rules: &BTreeMap<String, Rule>, facts: &Json) -> Vec<CheckView> {
    let met = |check: &Check| match rules.get(&check.rule).map(|rule| rule.holds(facts)) {
        Some(Verdict::Known(met)) => Some(met),
        _ => None,
    };
    let view = |check: &Check| CheckView {
        id: check.id.clone(),
        label: check.label.clone(),
        legal_basis: check.legal_basis.clone(),
        met: met(check),
        required: check.required,
    };
    plan.checks.iter().map(view).collect()
}

/// The first required check that stands in the way of an approval: not met, or not known.
pub fn blocking(checks: &[CheckView]) -> Option<&CheckView> {
    checks.iter().find(|check| check.required && check.met != Some(true))
}

/// Puts facts into a text, in the way its language writes them. A fact that is absent is shown as a dash.
pub fn fill(text: &Localized, facts: &Json) -> Localized {
    Localized {
        az: fill_one(&text.az, facts, Lang::Az),
        en: fill_one(&text.en, facts, Lang::En),
        ru: fill_one(&text.ru, facts, Lang::Ru),
    }
}

pub fn fill_each(texts: &[Localized], facts: &Json) -> Vec<Localized> {
    texts.iter().map(|text| fill(text, facts)).collect()
}

/// As `fill`, for one text of one language.
pub fn fill_one(text: &str, facts: &Json, lang: Lang) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((path, tail)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        filled.push_str(&words(path, facts, lang));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

/// Paths that a text names, for the check at publication.
pub fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(path, _)| path)).collect()
}

/// `path` or `path|money` or `path|date`.
fn words(path: &str, facts: &Json, lang: Lang) -> String {
    let (path, form) = path.split_once('|').unwrap_or((path, "text"));
    let value = path.split('.').try_fold(facts, |value, part| value.get(part)).unwrap_or(&Json::Null);
    match (form, value) {
        ("money", Json::Number(qepik)) => {
            qepik.as_i64().map_or_else(String::new, |qepik| Money::from_qepik(qepik).display(lang))
        }
        ("date", Json::String(day)) => {
            day.parse::<base::Date>().map_or_else(|_| day.clone(), |day| day.strftime("%d.%m.%Y").to_string())
        }
        // A text that the service has in every language (labels of choices).
        (_, Json::Object(texts)) => {
            texts.get(lang.tag()).and_then(Json::as_str).map_or_else(|| "—".to_owned(), str::to_owned)
        }
        (_, Json::String(text)) if !text.is_empty() => text.clone(),
        (_, Json::Number(number)) => number.to_string(),
        _ => "—".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_the_language_of_the_text() {
        let facts = json!({ "computed": {"sum": 110_000}, "day": "2026-11-23", "kind": {"az": "ev", "en": "house"},
                            "answers": {"floors": 3, "empty": ""} });
        for (text, lang, expected) in [
            ("{computed.sum|money}", Lang::Az, "1\u{a0}100,00\u{a0}AZN"),
            ("{computed.sum|money}", Lang::En, "1,100.00\u{a0}AZN"),
            ("{day|date} – {kind}", Lang::Az, "23.11.2026 – ev"),
            ("{kind}", Lang::En, "house"),
            ("{answers.floors}/{answers.empty}/{nobody.knows}", Lang::Ru, "3/—/—"),
            ("a { b", Lang::Az, "a { b"),
        ] {
            assert_eq!(fill_one(text, &facts, lang), expected, "{text}");
        }
        assert_eq!(placeholders("{a.b} and {c|money}"), ["a.b", "c|money"]);
    }

    #[test]
    fn an_unknown_check_blocks_as_a_broken_one_does() {
        let check = |met, required| CheckView {
            id: "c".into(),
            label: Localized { az: "c".into(), en: "c".into(), ru: "c".into() },
            legal_basis: None,
            met,
            required,
        };
        for (met, required, blocks) in [
            (Some(true), true, false),
            (Some(false), true, true),
            (None, true, true),
            (Some(false), false, false),
            (None, false, false),
        ] {
            assert_eq!(blocking(&[check(met, required)]).is_some(), blocks);
        }
    }
}
