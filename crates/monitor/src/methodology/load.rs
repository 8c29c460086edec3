//! Reads the methodology folder and checks it as a whole: every reference must lead somewhere, every text must exist in
//! every language, every scale must cover its numbers. `pencere check` shows all problems at once.

use super::{
    Infrastructure, Maturity, Methodology, Origins, Questionnaire, Reading, Report, ServiceQuestion, Statistics,
};
use crate::probe::{Criterion, Scope};
use base::Localized;
use serde::{Deserialize, de::DeserializeOwned};
use std::{collections::BTreeSet, fmt, path::Path};

/// Why a folder is not a methodology. Every problem names its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    pub problems: Vec<String>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for LoadError {}

/// The folder's files as texts.
#[derive(Debug, Clone)]
pub struct Texts {
    pub infrastructure: String,
    pub maturity: String,
    pub transparency: String,
    pub participation: String,
    pub report: String,
    pub readings: String,
    pub criteria: String,
    pub statistics: String,
    pub sources: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Readings {
    reading: Vec<Reading>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Criteria {
    criterion: Vec<Criterion>,
}

impl Texts {
    /// Reads the files; whether they are a methodology is for `Methodology::parse` to say.
    pub fn read(folder: &Path) -> Result<Texts, LoadError> {
        let file = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path)
                .map_err(|cause| LoadError { problems: vec![format!("{}: {cause}", path.display())] })
        };
        Ok(Texts {
            infrastructure: file("infrastructure.toml")?,
            maturity: file("maturity.toml")?,
            transparency: file("transparency.toml")?,
            participation: file("participation.toml")?,
            report: file("report.toml")?,
            readings: file("readings.toml")?,
            criteria: file("criteria.toml")?,
            statistics: file("statistics.toml")?,
            sources: file("sources.toml")?,
        })
    }

    fn in_order(&self) -> [&str; 9] {
        [
            &self.infrastructure,
            &self.maturity,
            &self.transparency,
            &self.participation,
            &self.report,
            &self.readings,
            &self.criteria,
            &self.statistics,
            &self.sources,
        ]
    }

    /// Each text is preceded by its length, so that moving a line from one file to the next changes the digest.
    fn digest(&self) -> String {
        let mut all = Vec::new();
        for text in self.in_order() {
            all.extend_from_slice(&(text.len() as u64).to_be_bytes());
            all.extend_from_slice(text.as_bytes());
        }
        base::hex(&formats::verify::sha256(&all))
    }
}

impl Methodology {
    /// Reads `countries/<country>/methodology`.
    pub fn load(folder: &Path) -> Result<Methodology, LoadError> {
        Methodology::parse(&Texts::read(folder)?)
    }

    pub fn parse(texts: &Texts) -> Result<Methodology, LoadError> {
        let methodology = Methodology {
            infrastructure: file::<Infrastructure>("infrastructure.toml", &texts.infrastructure)?,
            maturity: file::<Maturity>("maturity.toml", &texts.maturity)?,
            transparency: file::<Questionnaire>("transparency.toml", &texts.transparency)?,
            participation: file::<Questionnaire>("participation.toml", &texts.participation)?,
            report: file::<Report>("report.toml", &texts.report)?,
            readings: file::<Readings>("readings.toml", &texts.readings)?.reading,
            criteria: file::<Criteria>("criteria.toml", &texts.criteria)?.criterion,
            statistics: file::<Statistics>("statistics.toml", &texts.statistics)?,
            origins: file::<Origins>("sources.toml", &texts.sources)?,
            digest: texts.digest(),
        };
        let problems = methodology.problems();
        if problems.is_empty() { Ok(methodology) } else { Err(LoadError { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_references(&mut problems);
        self.check_scales(&mut problems);
        self.check_report(&mut problems);
        self.check_texts(&mut problems);
        problems
    }

    fn check_references(&self, problems: &mut Vec<String>) {
        let mut seen = BTreeSet::new();
        for criterion in &self.criteria {
            if !seen.insert(&criterion.id) {
                problems.push(format!("criteria.toml: `{}` stands twice", criterion.id));
            }
            if let Some(problem) = criterion.probe.problem() {
                problems.push(format!("criteria.toml: `{}`: {problem}", criterion.id));
            }
            if criterion.window_days == 0 {
                problems.push(format!("criteria.toml: `{}` has no window", criterion.id));
            }
        }
        let mut refer = |file: &str, id: &str, scope: Scope| match self.criterion(id) {
            Some(criterion) if criterion.scope == scope => {}
            Some(_) => problems.push(format!("{file}: criterion `{id}` is of another scope")),
            None => problems.push(format!("{file}: no criterion `{id}`")),
        };
        for question in self.infrastructure.component.iter().flat_map(|component| &component.question) {
            refer("infrastructure.toml", &question.criterion, Scope::Country);
        }
        for (file, questions) in self.service_questions() {
            questions.iter().for_each(|question| refer(file, &question.criterion, Scope::Service));
        }
    }

    fn service_questions(&self) -> [(&'static str, &[ServiceQuestion]); 3] {
        [
            ("maturity.toml", &self.maturity.question),
            ("transparency.toml", &self.transparency.question),
            ("participation.toml", &self.participation.question),
        ]
    }

    fn check_scales(&self, problems: &mut Vec<String>) {
        let models = self.maturity.model.iter().filter_map(super::Model::problem);
        problems.extend(models.map(|problem| format!("maturity.toml: {problem}")));
        for (file, part) in [("transparency.toml", &self.transparency), ("participation.toml", &self.participation)] {
            problems.extend(part.scale.iter().filter_map(super::Scale::problem).map(|text| format!("{file}: {text}")));
        }
        for (file, part) in [("transparency.toml", &self.transparency), ("participation.toml", &self.participation)] {
            let free = part.question.iter().filter(|question| !question.paid_only).count();
            for scale in &part.scale {
                // A scale counts the questions of paid services or those of free ones, a point each.
                if ![free, part.question.len()].contains(&(scale.maximum as usize)) {
                    problems.push(format!("{file}: no set of questions has {} points", scale.maximum));
                }
            }
        }
        for component in &self.infrastructure.component {
            if component.question.is_empty() {
                problems.push(format!("infrastructure.toml: component {} asks nothing", component.id));
            }
        }
        if self.statistics.smallest_group < 2 {
            problems.push("statistics.toml: smallest_group below 2 hides nobody".into());
        }
        if !(1..=28).contains(&self.statistics.publish_on_day) {
            problems.push("statistics.toml: publish_on_day is not in every month".into());
        }
        if !(-12..=14).contains(&self.statistics.utc_offset_hours) {
            problems.push("statistics.toml: utc_offset_hours is no offset".into());
        }
    }

    fn check_report(&self, problems: &mut Vec<String>) {
        for service in &self.report.service {
            let id = &service.id;
            let model = self.maturity.model.iter().find(|model| model.tiers == service.maturity.of);
            if model.and_then(|model| model.level(service.maturity.score)).is_none() {
                problems.push(format!("report.toml: {id} has a maturity outside its model"));
            }
            for (what, part, score) in [
                ("transparency", &self.transparency, &service.transparency),
                ("participation", &self.participation, &service.participation),
            ] {
                let scale = part.scale.iter().find(|scale| scale.maximum == score.of);
                if scale.and_then(|scale| scale.band(score.score)).is_none() {
                    problems.push(format!("report.toml: {id} has a {what} outside its scale"));
                }
            }
            let labels = [&service.maturity, &service.participation, &service.transparency].map(|score| &score.label);
            let values = service.conflict.iter().flat_map(|conflict| &conflict.value);
            let places = values.clone().map(|value| &value.place);
            for label in labels.into_iter().chain(values.map(|value| &value.label)).flatten() {
                if self.printed_label(label).is_none() {
                    problems.push(format!("report.toml: {id}: no label `{label}`"));
                }
            }
            problems.extend(
                places
                    .filter(|place| self.place(place).is_none())
                    .map(|place| format!("report.toml: {id}: no place `{place}`")),
            );
        }
    }

    fn check_texts(&self, problems: &mut Vec<String>) {
        let components = self.infrastructure.component.iter();
        let infrastructure = components.flat_map(|component| {
            std::iter::once(&component.name).chain(component.question.iter().map(|question| &question.text))
        });
        let questions = self.service_questions().into_iter().flat_map(|(_, list)| list.iter().map(|item| &item.text));
        let levels = self.maturity.model.iter().flat_map(|model| &model.level);
        let bands = [&self.transparency, &self.participation].into_iter().flat_map(|part| &part.scale);
        let texts = infrastructure
            .chain(questions)
            .chain(levels.flat_map(|level| [&level.name, &level.meaning]))
            .chain(bands.flat_map(|scale| &scale.band).map(|band| &band.name))
            .chain(self.report.place.iter().chain(&self.report.label).map(|coded| &coded.text))
            .chain(self.readings.iter().flat_map(|reading| [&reading.finding, &reading.reading]))
            .chain(self.criteria.iter().map(|criterion| &criterion.text))
            .chain(self.origins.act.iter().map(|act| &act.title))
            .chain(self.statistics.figure.iter().flat_map(|figure| [&figure.name, &figure.definition]));
        let incomplete: Vec<&Localized> = texts.filter(|text| !text.is_complete()).collect();
        problems.extend(incomplete.iter().map(|text| format!("a text lacks a language: {text:?}")));
    }
}

fn file<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, LoadError> {
    toml::from_str(text).map_err(|cause| LoadError { problems: vec![format!("{name}: {cause}")] })
}
