//! The checks of what a data service gives: each output comes from one place that exists.

use super::check::Checker;
use super::load::{Problems, RawOutput, RawService};
use super::{Entity, FieldType, Input, Output, Rule, Source, View};
use base::Localized;
use std::collections::BTreeSet;
use toml::Spanned;

/// What a computed output may say that it is; the rule decides what it really is.
const RESULTS: [&str; 3] = ["bool", "integer", "text"];

impl Checker {
    pub(super) fn view(
        &self,
        raw: &RawService,
        entities: &[Entity],
        input: &[Input],
        problems: &mut Problems<'_>,
    ) -> Option<View> {
        let at = raw.code.span().start;
        let index = self.entity_index(raw.entity.as_ref(), at, problems)?;
        let entity = &entities[index];
        let Some(by) = &raw.by else {
            problems.add(at, "“by” must name the field that finds the records");
            return None;
        };
        let single = raw.kind.get_ref() == "record";
        let findable = entity
            .field(by.get_ref())
            .is_some_and(|field| if single { field.code == entity.key } else { field.indexed });
        if !findable {
            let wanted = if single { "the key" } else { "an indexed field" };
            problems.add(by.span().start, format!("“{}” must be {wanted} of the entity", by.get_ref()));
        }
        if !input.iter().any(|input| &input.code == by.get_ref() && !input.optional) {
            problems.add(by.span().start, format!("“{}” must be an input that cannot be left out", by.get_ref()));
        }
        let outputs = raw.output.as_deref().unwrap_or_default();
        if outputs.is_empty() {
            problems.add(at, "a view without output");
        }
        let output: Vec<Output> =
            outputs.iter().filter_map(|output| self.output(output, at, entity, entities, input, problems)).collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = output.iter().find(|output| !seen.insert(&output.code)) {
            problems.add(at, format!("the output “{}” stands twice", twice.code));
        }
        Some(View { entity: index, by: by.get_ref().clone(), output })
    }

    fn output(
        &self,
        raw: &RawOutput,
        at: usize,
        entity: &Entity,
        entities: &[Entity],
        input: &[Input],
        problems: &mut Problems<'_>,
    ) -> Option<Output> {
        let code = |default: &str| raw.code.as_ref().map_or(default.to_owned(), |code| code.get_ref().clone());
        match (&raw.input, &raw.field, &raw.rule) {
            (Some(given), None, None) => {
                let name = given.get_ref();
                if !input.iter().any(|input| &input.code == name) {
                    problems.add(given.span().start, format!("there is no input “{name}”"));
                }
                let label = entity.field(name).map_or_else(|| plain(name), |field| field.label.clone());
                Some(Output { code: code(name), label, source: Source::Input(name.clone()) })
            }
            (None, Some(path), None) => {
                let (label, source) = self.field_output(raw, path, entity, entities, problems)?;
                let last = path.get_ref().rsplit('.').next().unwrap_or_default();
                Some(Output { code: code(last), label, source })
            }
            (None, None, Some(rule)) => {
                let (Some(code), Some(label)) = (&raw.code, &raw.label) else {
                    problems.add(rule.span().start, "a computed output needs a code and a label");
                    return None;
                };
                problems.localized(rule.span().start, "the output", label);
                if let Some(kind) = raw.kind.as_ref().filter(|kind| !RESULTS.contains(&kind.get_ref().as_str())) {
                    problems.add(kind.span().start, format!("a rule gives no “{}”", kind.get_ref()));
                }
                let rule = compile(rule, problems)?;
                Some(Output { code: code.get_ref().clone(), label: label.clone(), source: Source::Derived(rule) })
            }
            _ => {
                problems.add(at, "an output comes from exactly one of input, field and rule");
                None
            }
        }
    }

    fn field_output(
        &self,
        raw: &RawOutput,
        path: &Spanned<String>,
        entity: &Entity,
        entities: &[Entity],
        problems: &mut Problems<'_>,
    ) -> Option<(Localized, Source)> {
        let when = raw.when.as_ref().map(|rule| compile(rule, problems));
        let filter = raw.filter.as_ref().map(|rule| compile(rule, problems));
        let (when, filter) = (when.flatten(), filter.flatten());
        let (first, rest) =
            path.get_ref().split_once('.').map_or((path.get_ref().as_str(), None), |(a, b)| (a, Some(b)));
        let Some(field) = entity.field(first) else {
            problems.add(path.span().start, format!("the entity has no field “{first}”"));
            return None;
        };
        match (&field.kind, rest) {
            (FieldType::Reference { entity: target }, Some(rest)) => {
                let Some(joined) = entities.get(*target).and_then(|entity| entity.field(rest)) else {
                    problems.add(path.span().start, format!("the entity behind “{first}” has no field “{rest}”"));
                    return None;
                };
                let (reference, field) = (first.to_owned(), rest.to_owned());
                Some((joined.label.clone(), Source::Joined { reference, entity: *target, field }))
            }
            (_, Some(_)) => {
                problems.add(path.span().start, format!("“{first}” is no reference"));
                None
            }
            (FieldType::Rows { .. }, None) => {
                Some((field.label.clone(), Source::RowsField { field: first.to_owned(), filter }))
            }
            (_, None) => Some((field.label.clone(), Source::Field { field: first.to_owned(), when })),
        }
    }
}

fn compile(rule: &Spanned<String>, problems: &mut Problems<'_>) -> Option<Rule> {
    Rule::compile(rule.get_ref()).map_err(|why| problems.add(rule.span().start, why)).ok()
}

fn plain(text: &str) -> Localized {
    Localized { az: text.to_owned(), en: text.to_owned(), ru: text.to_owned() }
}
