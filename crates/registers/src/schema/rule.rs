//! Rules of the country's files, in CEL (Common Expression Language): conditions and conclusions over one record.

use base::Date;
use cel::{Context, Program, Value};
use jiff::ToSpan;
use serde_json::Value as Json;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A compiled rule. It may use `record`, `row`, `input` and `monthsBack(n)`.
pub struct Rule {
    source: String,
    program: Program,
}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Rule({})", self.source)
    }
}

/// What a rule speaks about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// `null` when the register holds none.
    pub record: &'a Json,
    pub row: &'a Json,
    pub input: &'a Json,
    pub today: Date,
}

const VARIABLES: [&str; 3] = ["record", "row", "input"];

impl Rule {
    pub fn compile(source: &str) -> Result<Rule, String> {
        let program = Program::compile(source).map_err(|problem| format!("the rule cannot be read: {problem}"))?;
        if let Some(stranger) = program.references().variables().into_iter().find(|name| !VARIABLES.contains(name)) {
            return Err(format!("the rule speaks of “{stranger}”; it may use record, row and input"));
        }
        Ok(Rule { source: source.to_owned(), program })
    }

    /// The rule's value: null, truth, whole number or text. The error is for the operator and holds no data.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Result<Json, String> {
        let mut context = Context::default();
        for (name, value) in [("record", facts.record), ("row", facts.row), ("input", facts.input)] {
            context.add_variable_from_value(name, to_cel(value));
        }
        let today = facts.today;
        context
            .add_function("monthsBack", move |months: i64| months_back(today, months))
            .map_err(|_| self.broken("monthsBack is taken"))?;
        match self.program.execute(&context) {
            Ok(Value::Null) => Ok(Json::Null),
            Ok(Value::Bool(truth)) => Ok(truth.into()),
            Ok(Value::Int(number)) => Ok(number.into()),
            Ok(Value::String(text)) => Ok(text.as_str().into()),
            Ok(_) => Err(self.broken("the result is no simple value")),
            Err(_) => Err(self.broken("it cannot be computed")),
        }
    }

    /// For conditions.
    pub fn holds(&self, facts: &Facts<'_>) -> Result<bool, String> {
        self.evaluate(facts)?.as_bool().ok_or_else(|| self.broken("the result is not true or false"))
    }

    fn broken(&self, why: &str) -> String {
        format!("rule “{}”: {why}", self.source)
    }
}

/// Whole numbers stay signed whole numbers: the library's own conversion makes them unsigned, which compare with nothing.
fn to_cel(fact: &Json) -> Value {
    match fact {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(list) => Value::List(Arc::new(list.iter().map(to_cel).collect())),
        Json::Object(fields) => {
            let fields: HashMap<String, Value> =
                fields.iter().map(|(code, fact)| (code.clone(), to_cel(fact))).collect();
            fields.into()
        }
    }
}

/// The month `months` before the month of `today`, as `2026-10`.
fn months_back(today: Date, months: i64) -> Arc<String> {
    let there = today.first_of_month().saturating_sub(months.clamp(0, 1200).months());
    Arc::new(there.strftime("%Y-%m").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(source: &str, record: Json, row: Json) -> Result<Json, String> {
        let input = json!({ "months": 12 });
        let today = jiff::civil::date(2026, 3, 31);
        Rule::compile(source).expect("a rule").evaluate(&Facts { record: &record, row: &row, input: &input, today })
    }

    #[test]
    fn conclusions_over_a_record_or_its_absence() {
        let active = "record != null && record.status == 'active'";
        assert_eq!(value(active, Json::Null, Json::Null), Ok(json!(false)));
        assert_eq!(value(active, json!({ "status": "active" }), Json::Null), Ok(json!(true)));
        assert_eq!(value(active, json!({ "status": "ended" }), Json::Null), Ok(json!(false)));
        assert_eq!(value("record.kind != null", json!({ "kind": null }), Json::Null), Ok(json!(false)));
        assert_eq!(value("record.kind != null", json!({ "kind": "age" }), Json::Null), Ok(json!(true)));
    }

    #[test]
    fn months_are_counted_from_the_month_and_not_the_day() {
        let recent = "row.month >= monthsBack(input.months)";
        for (month, holds) in [("2025-02", false), ("2025-03", true), ("2026-02", true)] {
            assert_eq!(value(recent, Json::Null, json!({ "month": month })), Ok(json!(holds)), "{month}");
        }
    }

    #[test]
    fn a_rule_that_is_none_is_refused_and_a_broken_one_says_so_without_data() {
        assert!(Rule::compile("record ==").is_err());
        assert!(Rule::compile("secret == 1").expect_err("unknown").contains("secret"));
        let broken = value("record.pin + 1", json!({ "pin": "5F3K9ZQ" }), Json::Null).expect_err("text and number");
        assert!(!broken.contains("5F3K9ZQ"));
    }
}
