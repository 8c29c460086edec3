//! From the country's files to a `Schema`, or to everything that is wrong with them. Reads `<folder>/register.toml` and,
//! beside the folder, `purposes.toml` and `every.toml` (the data services that each register offers).

use super::check::Checker;
use super::{Absent, Problem, Purpose, Schema};
use base::Localized;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A register's file as written; `check` turns it into the schema.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegister {
    pub identifier: Spanned<String>,
    pub name: Localized,
    pub owner: Localized,
    #[serde(default)]
    pub formats: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub entity: Vec<RawEntity>,
    #[serde(default)]
    pub service: Vec<RawService>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEntity {
    pub code: Spanned<String>,
    pub name: Localized,
    pub key: Spanned<String>,
    pub person: Spanned<String>,
    #[serde(default)]
    pub field: Vec<RawField>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub code: Spanned<String>,
    #[serde(rename = "type")]
    pub kind: Spanned<String>,
    pub label: Localized,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub indexed: bool,
    #[serde(default)]
    pub unique: bool,
    #[serde(default)]
    pub correctable: bool,
    pub length_max: Option<usize>,
    pub format: Option<Spanned<String>>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub options: Option<Vec<RawOption>>,
    pub entity: Option<Spanned<String>>,
    pub columns: Option<Vec<RawField>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOption {
    pub code: Spanned<String>,
    pub label: Localized,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    pub code: Spanned<String>,
    pub version: String,
    pub kind: Spanned<String>,
    pub name: Localized,
    pub legal_basis: Localized,
    pub purposes: Vec<Spanned<String>>,
    pub entity: Option<Spanned<String>>,
    pub by: Option<Spanned<String>>,
    pub absent: Option<Absent>,
    pub input: Option<Vec<RawInput>>,
    pub output: Option<Vec<RawOutput>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInput {
    pub code: Spanned<String>,
    #[serde(rename = "type")]
    pub kind: Spanned<String>,
    #[serde(default)]
    pub optional: bool,
    pub length_max: Option<usize>,
    pub format: Option<Spanned<String>>,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutput {
    pub code: Option<Spanned<String>>,
    pub input: Option<Spanned<String>>,
    pub field: Option<Spanned<String>>,
    pub rule: Option<Spanned<String>>,
    pub when: Option<Spanned<String>>,
    #[serde(rename = "where")]
    pub filter: Option<Spanned<String>>,
    /// Of a computed output, for whoever reads the file.
    #[serde(rename = "type")]
    pub kind: Option<Spanned<String>>,
    pub label: Option<Localized>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPurposes {
    purpose: Vec<RawPurpose>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPurpose {
    code: Spanned<String>,
    name: Localized,
    needs_case: bool,
    needs_user: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvery {
    service: Vec<RawService>,
}

/// Reads and checks one register's folder: `countries/az/registers/iamas`.
pub fn load(folder: &Path) -> Result<Schema, Vec<Problem>> {
    let beside = folder.parent().unwrap_or(folder);
    let (register_file, purposes_file, every_file) =
        (folder.join("register.toml"), beside.join("purposes.toml"), beside.join("every.toml"));
    let (register, register_text) = read::<RawRegister>(&register_file)?;
    let (purposes, purposes_text) = read::<RawPurposes>(&purposes_file)?;
    let (every, every_text) = read::<RawEvery>(&every_file)?;

    let mut problems = Problems::new(&purposes_file, &purposes_text);
    let purposes = check_purposes(purposes, &mut problems);
    let mut own = Problems::new(&register_file, &register_text);
    let mut common = Problems::new(&every_file, &every_text);
    let schema = Checker::new(purposes).schema(register, &mut own, every.service, &mut common);
    let mut found = problems.found;
    found.append(&mut own.found);
    found.append(&mut common.found);
    if found.is_empty() { Ok(schema) } else { Err(found) }
}

fn check_purposes(raw: RawPurposes, problems: &mut Problems<'_>) -> BTreeMap<String, Purpose> {
    let mut purposes = BTreeMap::new();
    for purpose in raw.purpose {
        let at = purpose.code.span().start;
        problems.localized(at, "the purpose", &purpose.name);
        let RawPurpose { code, name, needs_case, needs_user } = purpose;
        let code = code.into_inner();
        let known = purposes.insert(code.clone(), Purpose { code: code.clone(), name, needs_case, needs_user });
        if known.is_some() {
            problems.add(at, format!("the purpose “{code}” stands twice"));
        }
    }
    purposes
}

fn read<Raw: serde::de::DeserializeOwned>(file: &Path) -> Result<(Raw, String), Vec<Problem>> {
    let whole = |what: String| vec![Problem { file: file.to_owned(), line: 0, what }];
    let text = std::fs::read_to_string(file).map_err(|cause| whole(format!("cannot be read: {cause}")))?;
    match toml::from_str(&text) {
        Ok(raw) => Ok((raw, text)),
        Err(error) => {
            let line = error.span().map_or(0, |span| line_of(&text, span.start));
            Err(vec![Problem { file: file.to_owned(), line, what: error.message().to_owned() }])
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Collects what is wrong with one file.
pub(super) struct Problems<'a> {
    file: PathBuf,
    text: &'a str,
    pub found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    fn new(file: &Path, text: &'a str) -> Self {
        Problems { file: file.to_owned(), text, found: Vec::new() }
    }

    /// `at` is a place in the text, as `Spanned` gives it.
    pub fn add(&mut self, at: usize, what: impl Into<String>) {
        self.found.push(Problem { file: self.file.clone(), line: line_of(self.text, at), what: what.into() });
    }

    pub fn localized(&mut self, at: usize, whose: &str, text: &Localized) {
        if !text.is_complete() {
            self.add(at, format!("{whose} lacks a text in one of the languages"));
        }
    }
}
