//! Rules of an e-service, written in CEL in its folder: conditions, checks of the law, computations. Compiled when the
//! catalogue is loaded; a rule whose facts are not there yet is not false but unknown.

use cel::{Context, Program, Value, objects::Key};
use serde_json::Value as Json;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// Parser and evaluator are recursive and have no guard of their own. A rule within these limits runs on the 2 MiB stack
/// of a worker thread even in an unoptimised build (the last test holds them to that).
const SOURCE_LETTERS_MAX: usize = 400;
const NESTING_MAX: usize = 8;
const OPERATORS_MAX: usize = 24;
/// The generated parser needs far more stack than a worker thread has.
const COMPILER_STACK_BYTES: usize = 16 * 1024 * 1024;

/// A compiled rule.
#[derive(Clone)]
pub struct Rule {
    source: String,
    program: Arc<Program>,
    /// The facts it reads, by the name that they begin with: the others need not be turned into its values.
    reads: Arc<[String]>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Rule({})", self.source)
    }
}

/// What a rule says of the facts.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict<T> {
    Known(T),
    /// A fact it needs is not there.
    Unknown,
}

impl Rule {
    /// Compiles the source; the error is one sentence for the author of the service.
    pub fn compile(source: &str) -> Result<Rule, String> {
        if source.len() > SOURCE_LETTERS_MAX {
            return Err(format!("the rule is longer than {SOURCE_LETTERS_MAX} letters"));
        }
        if nesting(source) > NESTING_MAX {
            return Err(format!("the rule nests brackets deeper than {NESTING_MAX}"));
        }
        if operators(source) > OPERATORS_MAX {
            return Err(format!("the rule has more than {OPERATORS_MAX} operators: split it into several"));
        }
        let owned = source.to_owned();
        let compiled = std::thread::Builder::new()
            .stack_size(COMPILER_STACK_BYTES)
            .spawn(move || Program::compile(&owned).map_err(|error| error.to_string().replace('\n', " ")))
            .map_err(|error| format!("the compiler could not start: {error}"))?
            .join()
            .map_err(|_| "the rule made the compiler fail".to_owned())??;
        let reads = compiled.references().variables().into_iter().map(str::to_owned).collect();
        Ok(Rule { source: source.to_owned(), program: Arc::new(compiled), reads })
    }

    /// The variables that the rule reads, to be compared with those that exist.
    pub fn variables(&self) -> Vec<String> {
        self.reads.to_vec()
    }

    pub fn holds(&self, facts: &Json) -> Verdict<bool> {
        match self.evaluate(facts) {
            Some(Value::Bool(verdict)) => Verdict::Known(verdict),
            _ => Verdict::Unknown,
        }
    }

    pub fn value(&self, facts: &Json) -> Verdict<Json> {
        self.evaluate(facts).and_then(|value| to_json(&value)).map_or(Verdict::Unknown, Verdict::Known)
    }

    fn evaluate(&self, facts: &Json) -> Option<Value> {
        let mut context = Context::with_env(standard());
        context.add_function("sum", sum).expect("no other function is called sum");
        context.add_function("clamp", clamp).expect("no other function is called clamp");
        for name in self.reads.iter() {
            if let Some(value) = facts.get(name) {
                context.add_variable_from_value(name.clone(), from_json(value));
            }
        }
        self.program.execute(&context).ok()
    }
}

/// The standard functions, built once: a page evaluates dozens of rules.
fn standard() -> Arc<cel::Env> {
    static STANDARD: OnceLock<Arc<cel::Env>> = OnceLock::new();
    STANDARD.get_or_init(|| Arc::new(cel::Env::stdlib())).clone()
}

/// Sum of a list of whole numbers.
fn sum(numbers: Arc<Vec<Value>>) -> Result<Value, cel::ExecutionError> {
    numbers
        .iter()
        .try_fold(0_i64, |total, number| match number {
            Value::Int(number) => total.checked_add(*number),
            _ => None,
        })
        .map(Value::Int)
        .ok_or_else(|| cel::ExecutionError::function_error("sum", "not a list of whole numbers"))
}

/// The number, or the nearer end of the range if it lies outside.
fn clamp(number: i64, least: i64, most: i64) -> i64 {
    number.min(most).max(least)
}

fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for letter in source.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Operators and accesses: each may make the tree one level deeper.
fn operators(source: &str) -> usize {
    source.chars().filter(|letter| "+-*/%?.[<>=&|!".contains(*letter)).count()
}

fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int)
        }
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(from_json).collect())),
        Json::Object(entries) => {
            let map: HashMap<Key, Value> =
                entries.iter().map(|(key, value)| (Key::from(key.clone()), from_json(value))).collect();
            Value::Map(map.into())
        }
    }
}

fn to_json(value: &Value) -> Option<Json> {
    match value {
        Value::Null => Some(Json::Null),
        Value::Bool(yes) => Some(Json::Bool(*yes)),
        Value::Int(number) => Some(Json::from(*number)),
        Value::String(text) => Some(Json::String(text.to_string())),
        Value::List(items) => items.iter().map(to_json).collect::<Option<Vec<_>>>().map(Json::Array),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(source: &str, facts: Json, expected: Verdict<Json>) {
        assert_eq!(Rule::compile(source).expect(source).value(&facts), expected, "{source}");
    }

    #[test]
    fn rules_read_facts() {
        let facts = json!({
            "evidence": { "pension": { "receivesPension": false },
                          "salaries": { "rows": [{"qepik": 60_000}, {"qepik": 80_050}] } },
            "answers": { "kind": "house" },
        });
        check("!evidence.pension.receivesPension", facts.clone(), Verdict::Known(json!(true)));
        check("sum(evidence.salaries.rows.map(r, r.qepik))", facts.clone(), Verdict::Known(json!(140_050)));
        check("answers.kind == 'house' && size(evidence.salaries.rows) == 2", facts, Verdict::Known(json!(true)));
        check("clamp(9, 1, 5) + clamp(-9, 1, 5)", json!({}), Verdict::Known(json!(6)));
    }

    #[test]
    fn a_missing_fact_is_unknown_not_false() {
        check("evidence.pension.receivesPension", json!({ "evidence": {} }), Verdict::Unknown);
        check("fees.min / 0 > 1", json!({ "fees": { "min": 5 } }), Verdict::Unknown);
        assert_eq!(Rule::compile("nobody").expect("compiles").holds(&json!({})), Verdict::Unknown);
    }

    #[test]
    fn monstrous_sources_are_refused() {
        assert!(Rule::compile(&"1".repeat(SOURCE_LETTERS_MAX + 1)).is_err());
        assert!(Rule::compile(&format!("1{}", "+1".repeat(OPERATORS_MAX + 1))).is_err());
        assert!(Rule::compile(&format!("{}1{}", "(".repeat(9), ")".repeat(9))).is_err());
        assert!(Rule::compile("1 +").is_err());
    }

    #[test]
    fn the_deepest_allowed_rule_runs_on_a_small_stack() {
        let chain = format!("{}1{}{}", "(".repeat(NESTING_MAX), "+1".repeat(OPERATORS_MAX), ")".repeat(NESTING_MAX));
        let nested = format!("{}1{}", "sum([".repeat(NESTING_MAX / 2), "])".repeat(NESTING_MAX / 2));
        let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let run = worker.spawn(move || {
            check(&chain, json!({}), Verdict::Known(json!(25)));
            check(&nested, json!({}), Verdict::Known(json!(1)));
        });
        run.expect("a thread").join().expect("no overflow");
    }
}
