//! What must hold of a service before it is published: words in every language, ids that exist once, rules that compile and
//! read only what there is, placeholders that name a fact.

use super::{card::Card, definition::Definition};
use crate::{
    calendar::PERIOD_DAYS_MAX,
    decision::{Template, placeholders},
    evidence::FactKind,
    form::{Field, Kind},
    rule::Rule,
};
use base::{Lang, Localized};
use std::collections::{BTreeMap, BTreeSet};

/// The variables that rules may read.
const VARIABLES: [&str; 7] = ["answers", "evidence", "applicant", "company", "fees", "today", "computed"];
/// The decision's own facts, for placeholders.
const DECISION_FACTS: [&str; 6] = ["number", "date", "reasons", "officer", "case", "valid_to"];

/// Problems of a card, each one sentence.
pub fn card(card: &Card) -> Vec<String> {
    let mut problems = Vec::new();
    let mut words = vec![("title", &card.title), ("summary", &card.summary), ("keywords", &card.keywords)];
    for (name, text) in [("who", &card.who), ("result", &card.result), ("if_late", &card.if_late)] {
        match text {
            Some(text) => words.push((name, text)),
            None if card.online => problems.push(format!("{name} is missing, and the service is online")),
            None => {}
        }
    }
    words.extend(card.you_bring.iter().map(|text| ("you_bring", text)));
    words.extend(card.we_fetch.iter().map(|text| ("we_fetch", text)));
    words.extend(card.legal_basis.iter().map(|text| ("legal_basis", text)));
    words.extend(card.report.recommendations.iter().map(|text| ("recommendations", text)));
    words.extend(card.period.iter().map(|period| ("period.note", &period.note)));
    for (name, text) in words {
        if !text.is_complete() {
            problems.push(format!("{name} is empty in a language"));
        }
    }
    match &card.period {
        Some(period) if !(1..=PERIOD_DAYS_MAX).contains(&period.working_days) => {
            problems.push(format!("a period of {} working days is not possible", period.working_days));
        }
        None if card.online => problems.push("period is missing, and the service is online".to_owned()),
        _ => {}
    }
    for (name, grade) in [
        ("maturity", card.report.maturity),
        ("participation", card.report.participation),
        ("transparency", card.report.transparency),
    ] {
        if !(0..=grade.max).contains(&grade.score) {
            problems.push(format!("report.{name}: {} of {} is not possible", grade.score, grade.max));
        }
    }
    problems
}

/// Compiles the rules into the definition; problems with the name of their file.
pub fn definition(definition: &mut Definition) -> Vec<(&'static str, String)> {
    let mut rules = BTreeMap::new();
    let mut problems = Vec::new();
    for (file, place, source) in sources(definition) {
        match Rule::compile(&source) {
            Err(why) => problems.push((file, format!("{place}: {why}"))),
            Ok(rule) => {
                for stranger in rule.variables().iter().filter(|name| !VARIABLES.contains(&name.as_str())) {
                    // Variables of map and filter are short names that the rule itself binds.
                    if stranger.len() > 1 && !stranger.starts_with('@') {
                        problems.push((file, format!("{place}: nothing is called {stranger:?}")));
                    }
                }
                rules.insert(source, rule);
            }
        }
    }
    definition.rules = rules;
    problems.extend(form_problems(definition));
    problems.extend(evidence_problems(definition).map(|what| ("evidence.toml", what)));
    problems.extend(decision_problems(definition).map(|what| ("decision.toml", what)));
    problems
}

/// Every rule of a service: file, place, source.
fn sources(definition: &Definition) -> Vec<(&'static str, String, String)> {
    let mut sources = Vec::new();
    let mut add = |file, place: String, source: &Option<String>| {
        if let Some(source) = source {
            sources.push((file, place, source.clone()));
        }
    };
    for step in &definition.form.steps {
        add("form.toml", format!("step {}", step.id), &step.when);
        for field in &step.fields {
            add("form.toml", format!("field {}", field.id), &field.when);
            add("form.toml", format!("field {}", field.id), &field.check);
        }
    }
    for question in &definition.evidence.questions {
        add("evidence.toml", format!("question {}", question.id), &question.when);
        for source in question.input.values() {
            add("evidence.toml", format!("question {}", question.id), &Some(source.clone()));
        }
    }
    for check in &definition.decision.checks {
        add("decision.toml", format!("check {}", check.id), &Some(check.rule.clone()));
    }
    for line in &definition.decision.computations {
        add("decision.toml", format!("compute {}", line.id), &Some(line.rule.clone()));
    }
    sources
}

fn twice<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.filter(|id| !seen.insert(id.as_str())).map(|id| format!("the id {id:?} stands twice")).collect()
}

fn incomplete<'a>(texts: impl IntoIterator<Item = (String, &'a Localized)>) -> Vec<String> {
    texts
        .into_iter()
        .filter(|(_, text)| !text.is_complete())
        .map(|(place, _)| format!("{place}: a text is empty in a language"))
        .collect()
}

fn form_problems(definition: &Definition) -> Vec<(&'static str, String)> {
    let form = &definition.form;
    let mut problems = twice(form.steps.iter().map(|step| &step.id));
    problems.extend(twice(form.fields().map(|field| &field.id)));
    problems.extend(incomplete([("declaration".to_owned(), &form.declaration)]));
    for step in &form.steps {
        problems.extend(incomplete(
            [Some(&step.title), step.hint.as_ref()]
                .into_iter()
                .flatten()
                .map(|text| (format!("step {}", step.id), text)),
        ));
        for question in &step.evidence {
            if definition.evidence.question(question).is_none() {
                problems.push(format!("step {}: no question is called {question:?}", step.id));
            }
        }
    }
    form.fields().for_each(|field| problems.extend(field_problems(field)));
    problems.into_iter().map(|what| ("form.toml", what)).collect()
}

fn field_problems(field: &Field) -> Vec<String> {
    let place = || format!("field {}", field.id);
    let mut texts = vec![&field.label];
    texts.extend(field.hint.iter().chain(&field.check_message));
    let mut problems = Vec::new();
    match &field.kind {
        Kind::Choice { options } => {
            texts.extend(options.iter().flat_map(|option| [Some(&option.label), option.hint.as_ref()]).flatten());
            problems.extend(twice(options.iter().map(|option| &option.value)));
            if options.is_empty() {
                problems.push(format!("{}: a choice needs options", place()));
            }
        }
        Kind::File { accept, size_bytes_max, files_max }
            if accept.is_empty() || *size_bytes_max == 0 || *files_max == 0 =>
        {
            problems.push(format!("{}: a file field needs accept, size_bytes_max and files_max", place()));
        }
        _ => {}
    }
    if field.check.is_some() != field.check_message.is_some() {
        problems.push(format!("{}: check and check_message belong together", place()));
    }
    problems.extend(incomplete(texts.into_iter().map(|text| (place(), text))));
    problems
}

fn evidence_problems(definition: &Definition) -> impl Iterator<Item = String> {
    let plan = &definition.evidence;
    let mut problems = twice(plan.questions.iter().map(|question| &question.id));
    for question in &plan.questions {
        let place = || format!("question {}", question.id);
        problems.extend(twice(question.facts.iter().map(|fact| &fact.id)));
        let labels = question.facts.iter().flat_map(|fact| {
            std::iter::once(&fact.label)
                .chain(fact.words.values())
                .chain(fact.columns.iter().map(|column| &column.label))
        });
        let texts = [&question.title, &question.register, &question.reason].into_iter().chain(labels);
        problems.extend(incomplete(texts.map(|text| (place(), text))));
        if question.service.split('/').count() != 6 {
            problems.push(format!("{}: {:?} is not a data service", place(), question.service));
        }
        for fact in &question.facts {
            if (fact.kind == FactKind::Rows) == fact.columns.is_empty() {
                problems.push(format!("{}: fact {}: rows have columns, and only they", place(), fact.id));
            }
        }
    }
    let patience = plan.patience;
    if patience.first_retry_seconds < 1 || patience.longest_retry_seconds < patience.first_retry_seconds {
        problems.push("patience: retries begin after at least a second and grow".to_owned());
    }
    problems.into_iter()
}

fn decision_problems(definition: &Definition) -> impl Iterator<Item = String> {
    let plan = &definition.decision;
    let mut problems = twice(plan.checks.iter().map(|check| &check.id));
    problems.extend(twice(plan.computations.iter().map(|line| &line.id)));
    problems.extend(twice(plan.reasons.iter().map(|reason| &reason.id)));
    let labels = plan.checks.iter().flat_map(|check| std::iter::once(&check.label).chain(&check.legal_basis));
    let labels = labels.chain(plan.computations.iter().map(|line| &line.label));
    let labels = labels.chain(plan.reasons.iter().map(|reason| &reason.text)).chain(&plan.follow_up);
    problems
        .extend(incomplete(labels.chain(plan.links.iter().map(|link| &link.title)).map(|text| ("texts".into(), text))));
    for (name, template) in [("approval", &plan.approval), ("refusal", &plan.refusal)] {
        for text in template_texts(template) {
            problems.extend(incomplete([(name.to_owned(), text)]));
            for path in Lang::ALL.iter().flat_map(|lang| placeholders(text.in_lang(*lang))) {
                if !names_a_fact(definition, path) {
                    problems.push(format!("{name}: the placeholder {{{path}}} names no fact"));
                }
            }
        }
    }
    if let Some(grant) = &plan.grant
        && !plan.computations.iter().any(|line| line.id == grant.amount)
    {
        problems.push(format!("grant: no computation is called {:?}", grant.amount));
    }
    for path in plan.record.iter().flat_map(|record| record.body.values()).flat_map(|text| placeholders(text)) {
        if !names_a_fact(definition, path) {
            problems.push(format!("record: the placeholder {{{path}}} names no fact"));
        }
    }
    problems.into_iter()
}

fn template_texts(template: &Template) -> Vec<&Localized> {
    let rows = template.rows.iter().flat_map(|row| [&row.label, &row.value]);
    [&template.title, &template.lead, &template.legal_basis, &template.note]
        .into_iter()
        .chain(rows)
        .chain(&template.paragraphs)
        .collect()
}

fn names_a_fact(definition: &Definition, path: &str) -> bool {
    let path = path.split('|').next().unwrap_or(path);
    let mut parts = path.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("answers"), Some(field), None, None) => definition.form.field(field).is_some(),
        (Some("evidence"), Some(question), Some(fact), None) => definition
            .evidence
            .question(question)
            .is_some_and(|question| question.facts.iter().any(|known| known.id == fact)),
        (Some("applicant"), Some("pin" | "name" | "holder"), None, None) => true,
        (Some("company"), Some("tin" | "name"), None, None) => true,
        (Some("fees"), Some(amount), None, None) => definition.amounts.contains_key(amount),
        (Some("computed"), Some(line), None, None) => {
            definition.decision.computations.iter().any(|known| known.id == line)
        }
        (Some("decision"), Some(name), None, None) => DECISION_FACTS.contains(&name),
        _ => false,
    }
}
