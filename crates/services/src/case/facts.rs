//! A case with everything that hangs on it, and its facts as rules and templates read them.

use super::{Case, parts, row::Source};
use crate::{
    catalogue::Definition,
    evidence::Evidence,
    form::{Answers, Kind, is_visible_field, is_visible_step, visible_fields, visible_steps},
    refusal::Outcome,
    view::FileView,
};
use base::{Date, Fault, Money};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// A case as the decisions see it.
#[derive(Debug, Clone)]
pub(crate) struct Dossier {
    pub case: Case,
    pub definition: Arc<Definition>,
    pub answers: Answers,
    pub files: Vec<FileView>,
    pub evidence: Vec<Evidence>,
}

impl Dossier {
    pub async fn load(
        source: &mut Source<'_>,
        reference: &str,
        definition: impl Fn(&Case) -> Option<Arc<Definition>>,
    ) -> Outcome<Dossier> {
        let case = Case::load(source, reference).await?;
        let gone = || Fault::new("read the service of a case", format!("{} is no longer online", case.service));
        let definition = definition(&case).ok_or_else(gone)?;
        Ok(Dossier {
            answers: parts::answers(source, reference).await?,
            files: parts::files(source, reference).await?,
            evidence: Evidence::of_case(source, reference).await?,
            definition,
            case,
        })
    }

    /// Everything that rules may read. A field that is not asked has no value, whatever was typed before.
    pub fn facts(&self, today: Date) -> Json {
        let mut facts = json!({
            "answers": {},
            "evidence": self.evidence_facts(),
            "applicant": { "pin": self.case.pin, "name": self.case.name, "holder": self.holder() },
            "company": self.company(),
            "fees": self.definition.amounts.iter().map(|(id, amount)| (id.clone(), json!(amount.qepik()))).collect::<Map<_, _>>(),
            "today": today.to_string(),
        });
        // In order: a condition reads only answers of steps and fields before it.
        let rules = &self.definition.rules;
        for step in &self.definition.form.steps {
            if !is_visible_step(step, rules, &facts) {
                continue;
            }
            for field in &step.fields {
                if let Some(value) = self.answer_fact(&field.kind, &field.id)
                    && is_visible_field(field, rules, &facts)
                {
                    facts["answers"][&field.id] = value;
                }
            }
        }
        facts
    }

    /// As `facts`, with choices and yes/no in words of every language: for documents.
    pub fn worded(&self, mut facts: Json, yes: &base::Localized, no: &base::Localized) -> Json {
        for field in self.definition.form.fields() {
            let words = match (&field.kind, &facts["answers"][&field.id]) {
                (Kind::Choice { options }, Json::String(value)) => {
                    options.iter().find(|option| option.value == *value).map(|option| option.label.clone())
                }
                (Kind::Yesno, Json::Bool(answer)) => Some(if *answer { yes.clone() } else { no.clone() }),
                _ => None,
            };
            if let Some(words) = words {
                facts["answers"][&field.id] = json!(words);
            }
        }
        facts
    }

    fn answer_fact(&self, kind: &Kind, id: &str) -> Option<Json> {
        if let Kind::File { .. } = kind {
            return Some(json!(self.files_of(id).count()));
        }
        let answer = self.answers.get(id)?;
        Some(match kind {
            Kind::Yesno => json!(answer == "yes"),
            Kind::Number { .. } => json!(answer.parse::<i64>().ok()?),
            Kind::Money { .. } => json!(Money::parse_decimal(answer)?.qepik()),
            _ => json!(answer),
        })
    }

    fn evidence_facts(&self) -> Json {
        let known = self.evidence.iter().filter(|evidence| evidence.is_known());
        let facts = known.filter_map(|evidence| Some((evidence.question.clone(), evidence.facts.clone()?)));
        Json::Object(facts.collect())
    }

    fn company(&self) -> Json {
        match (&self.case.tin, &self.case.company_name) {
            (Some(tin), Some(name)) => json!({ "tin": tin, "name": name }),
            _ => json!({}),
        }
    }

    /// In whose name the case runs.
    pub fn holder(&self) -> &str {
        self.case.company_name.as_deref().unwrap_or(&self.case.name)
    }

    pub fn files_of(&self, field: &str) -> impl Iterator<Item = &FileView> {
        self.files.iter().filter(move |file| file.field == field)
    }

    pub fn evidence_of(&mut self, question: &str) -> Option<&mut Evidence> {
        self.evidence.iter_mut().find(|evidence| evidence.question == question)
    }

    /// Visible steps with a required field that has no answer.
    pub fn missing_steps(&self, today: Date) -> Vec<String> {
        let facts = self.facts(today);
        let rules = &self.definition.rules;
        let lacking = |step: &&crate::form::Step| {
            visible_fields(step, rules, &facts)
                .iter()
                .any(|field| field.required && !self.is_answered(&field.kind, &field.id))
        };
        visible_steps(&self.definition.form, rules, &facts)
            .into_iter()
            .filter(lacking)
            .map(|step| step.id.clone())
            .collect()
    }

    fn is_answered(&self, kind: &Kind, id: &str) -> bool {
        match kind {
            Kind::File { .. } => self.files_of(id).next().is_some(),
            _ => self.answers.contains_key(id),
        }
    }
}
