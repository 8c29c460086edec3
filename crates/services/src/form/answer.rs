//! Answers: typed text in, canonical text out, and which steps and fields these answers lead through. Pure functions.

use super::{Field, Form, Kind, Step};
use crate::{
    refusal::FieldProblem,
    rule::{Rule, Verdict},
};
use base::{Date, Money};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Field id → canonical answer: trimmed text, date `2026-11-23`, `yes`|`no`, money `1100.00`, phone `+994501234567`.
pub type Answers = BTreeMap<String, String>;

/// Telephone numbers of the country: +994 and nine digits; other countries' as E.164 allows (at most 15 digits).
const PHONE_DIGITS_MAX: usize = 15;
const PHONE_DIGITS_MIN: usize = 9;
/// RFC 5321 §4.5.3.1.3: a path of at most 256 octets, less its brackets.
const EMAIL_OCTETS_MAX: usize = 254;

/// The canonical form of what was typed, or why it does not stand. Empty input is `None`; whether that is allowed is for
/// `required` to say. Files are not typed and have no canonical text.
pub fn canonical(field: &Field, typed: &str, today: Date) -> Result<Option<String>, FieldProblem> {
    let typed = typed.trim();
    let no = |code| Err(FieldProblem::new(&field.id, code));
    if typed.is_empty() {
        return Ok(None);
    }
    if typed.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        return no("services.field_letters");
    }
    let canonical = match &field.kind {
        Kind::Text { letters_max } if typed.chars().count() > *letters_max => return no("services.field_too_long"),
        Kind::Text { .. } if typed.contains(['\n', '\r']) => return no("services.field_letters"),
        Kind::Longtext { letters_max } if typed.chars().count() > *letters_max => {
            return no("services.field_too_long");
        }
        Kind::Text { .. } => typed.to_owned(),
        Kind::Longtext { .. } => typed.replace("\r\n", "\n"),
        Kind::Choice { options } if options.iter().any(|option| option.value == typed) => typed.to_owned(),
        Kind::Choice { .. } => return no("services.field_not_a_choice"),
        Kind::Yesno if matches!(typed, "yes" | "no") => typed.to_owned(),
        Kind::Yesno => return no("services.field_not_a_choice"),
        Kind::Number { min, max } => match number(typed) {
            Some(number) if (*min..=*max).contains(&number) => number.to_string(),
            Some(_) => return no("services.field_number_range"),
            None => return no("services.field_not_a_number"),
        },
        Kind::Date { days_min, days_max } => match date(typed) {
            Some(day) if in_range(day, today, *days_min, *days_max) => day.to_string(),
            Some(_) => return no("services.field_date_range"),
            None => return no("services.field_not_a_date"),
        },
        Kind::Money { max } => match money(typed) {
            Some(amount) if amount >= Money::ZERO && amount <= *max => amount.decimal(),
            Some(_) => return no("services.field_money_range"),
            None => return no("services.field_not_money"),
        },
        Kind::Phone => match phone(typed) {
            Some(phone) => phone,
            None => return no("services.field_not_a_phone"),
        },
        Kind::Email if email(typed) => typed.to_owned(),
        Kind::Email => return no("services.field_not_an_email"),
        Kind::File { .. } => return no("services.field_is_a_file"),
    };
    Ok(Some(canonical))
}

fn number(typed: &str) -> Option<i64> {
    let digits: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    digits.parse().ok()
}

/// `2026-11-23` as browsers send it, `23.11.2026` as people write it.
fn date(typed: &str) -> Option<Date> {
    if let Some((day, rest)) = typed.split_once('.') {
        let (month, year) = rest.split_once('.')?;
        return Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok();
    }
    (typed.len() == 10).then(|| typed.parse().ok()).flatten()
}

fn in_range(day: Date, today: Date, days_min: Option<i64>, days_max: Option<i64>) -> bool {
    let distance = i64::from((day - today).get_days());
    days_min.is_none_or(|least| distance >= least) && days_max.is_none_or(|most| distance <= most)
}

/// "1 100,50", "1100.50" and "1100" are the same amount.
fn money(typed: &str) -> Option<Money> {
    let plain: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().replace(',', ".");
    let plain = match plain.split_once('.') {
        Some((whole, cents)) if cents.len() == 1 => format!("{whole}.{cents}0"),
        _ => plain,
    };
    Money::parse_decimal(&plain)
}

/// Spaces, hyphens and brackets are forgiven; a number without a country is Azerbaijan's (its leading 0 falls away).
fn phone(typed: &str) -> Option<String> {
    let plain: String = typed.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '\u{a0}')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let international = match (plain.starts_with('+'), digits.strip_prefix('0')) {
        (true, _) => digits.to_owned(),
        (false, Some(national)) if national.len() == 9 => format!("994{national}"),
        (false, None) if digits.len() == 9 => format!("994{digits}"),
        (false, None) if digits.starts_with("994") => digits.to_owned(),
        _ => return None,
    };
    let right = match international.strip_prefix("994") {
        Some(national) => national.len() == 9,
        None => (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&international.len()),
    };
    right.then(|| format!("+{international}"))
}

/// One `@`, something before it, a dotted name after it: whether mail arrives is known only by sending one.
fn email(typed: &str) -> bool {
    let Some((local, domain)) = typed.rsplit_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    typed.len() <= EMAIL_OCTETS_MAX
        && !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|letter| letter.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(letter))
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Whether a condition lets its step or field be asked. An unknown fact hides: nothing is asked in vain.
fn asked(when: Option<&str>, rules: &BTreeMap<String, Rule>, facts: &Json) -> bool {
    when.is_none_or(|source| rules.get(source).is_some_and(|rule| rule.holds(facts) == Verdict::Known(true)))
}

/// The steps that these facts lead through, in order.
pub fn visible_steps<'a>(form: &'a Form, rules: &BTreeMap<String, Rule>, facts: &Json) -> Vec<&'a Step> {
    form.steps.iter().filter(|step| is_visible_step(step, rules, facts)).collect()
}

pub fn is_visible_step(step: &Step, rules: &BTreeMap<String, Rule>, facts: &Json) -> bool {
    asked(step.when.as_deref(), rules, facts)
}

/// The fields of a step that these facts lead through.
pub fn visible_fields<'a>(step: &'a Step, rules: &BTreeMap<String, Rule>, facts: &Json) -> Vec<&'a Field> {
    step.fields.iter().filter(|field| is_visible_field(field, rules, facts)).collect()
}

pub fn is_visible_field(field: &Field, rules: &BTreeMap<String, Rule>, facts: &Json) -> bool {
    asked(field.when.as_deref(), rules, facts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{ChoiceOption, FileKind};
    use base::Localized;

    fn words(text: &str) -> Localized {
        Localized { az: text.into(), en: text.into(), ru: text.into() }
    }

    fn check(kind: Kind, table: &[(&str, Result<&str, &'static str>)]) {
        let field = Field {
            id: "f".into(),
            label: words("F"),
            hint: None,
            kind,
            required: true,
            when: None,
            check: None,
            check_message: None,
        };
        let today = jiff::civil::date(2026, 11, 23);
        for (typed, expected) in table {
            let got = canonical(&field, typed, today).map_err(|problem| problem.code);
            assert_eq!(got, expected.map(|text| (!text.is_empty()).then(|| text.to_owned())), "{typed:?}");
        }
    }

    #[test]
    fn texts() {
        check(
            Kind::Text { letters_max: 5 },
            &[
                ("  ", Ok("")),
                (" Gəncə ", Ok("Gəncə")),
                ("Naxçıvan", Err("services.field_too_long")),
                ("a\u{0}b", Err("services.field_letters")),
                ("a\nb", Err("services.field_letters")),
            ],
        );
        check(
            Kind::Longtext { letters_max: 9 },
            &[("a\r\nb", Ok("a\nb")), ("0123456789", Err("services.field_too_long"))],
        );
    }

    #[test]
    fn dates() {
        check(
            Kind::Date { days_min: Some(-365), days_max: Some(0) },
            &[
                ("2026-11-23", Ok("2026-11-23")),
                ("01.11.2026", Ok("2026-11-01")),
                ("2026-11-24", Err("services.field_date_range")),
                ("2025-11-22", Err("services.field_date_range")),
                ("31.02.2026", Err("services.field_not_a_date")),
                ("yesterday", Err("services.field_not_a_date")),
            ],
        );
    }

    #[test]
    fn amounts_numbers_and_choices() {
        check(
            Kind::Money { max: Money::from_qepik(200_000) },
            &[
                ("1 100,5", Ok("1100.50")),
                ("1100", Ok("1100.00")),
                ("2000,01", Err("services.field_money_range")),
                ("-1", Err("services.field_money_range")),
                ("on manat", Err("services.field_not_money")),
            ],
        );
        check(
            Kind::Number { min: 1, max: 40 },
            &[("4", Ok("4")), ("41", Err("services.field_number_range")), ("4.5", Err("services.field_not_a_number"))],
        );
        check(
            Kind::Choice { options: vec![ChoiceOption { value: "a".into(), label: words("A"), hint: None }] },
            &[("a", Ok("a")), ("b", Err("services.field_not_a_choice"))],
        );
        check(Kind::Yesno, &[("yes", Ok("yes")), ("maybe", Err("services.field_not_a_choice"))]);
        check(
            Kind::File { accept: vec![FileKind::Pdf], size_bytes_max: 1, files_max: 1 },
            &[("plan.pdf", Err("services.field_is_a_file"))],
        );
    }

    #[test]
    fn ways_to_reach_a_person() {
        check(
            Kind::Phone,
            &[
                ("050 123 45 67", Ok("+994501234567")),
                ("+994 (50) 123-45-67", Ok("+994501234567")),
                ("+90 532 123 45 67", Ok("+905321234567")),
                ("+99450123456", Err("services.field_not_a_phone")),
                ("12345", Err("services.field_not_a_phone")),
                ("telefon", Err("services.field_not_a_phone")),
            ],
        );
        check(
            Kind::Email,
            &[
                ("ayten@numune.az", Ok("ayten@numune.az")),
                ("ayten@numune", Err("services.field_not_an_email")),
                ("a b@numune.az", Err("services.field_not_an_email")),
                ("@numune.az", Err("services.field_not_an_email")),
                ("a@-x.az", Err("services.field_not_an_email")),
            ],
        );
    }

    #[test]
    fn files_are_known_by_their_content() {
        for (content, expected) in [
            (&b"%PDF-1.7\n..."[..], Some(FileKind::Pdf)),
            (b"AC1032\0\0\0", Some(FileKind::Dwg)),
            (b"AC10xx\0\0", None),
            (b"MZ\x90\0", None),
            (b"<html>", None),
            (b"", None),
            (b"\xff\xd8\xff\xe0", Some(FileKind::Jpeg)),
        ] {
            assert_eq!(FileKind::sniff(content), expected);
        }
    }
}
