//! The country's lists from which people are made: `people/names.toml`, `places.toml`, `figures.toml`, `records.toml`,
//! and `demo.toml`.

use super::demo::Demo;
use base::Fault;
use std::path::Path;

/// Everything that the generator reads.
#[derive(Debug)]
pub struct Lists {
    pub(super) names: Names,
    pub(super) places: Places,
    pub(super) figures: Figures,
    pub(super) records: Vec<RecordRule>,
    pub demo: Demo,
}

impl Lists {
    /// `country` is the country's folder: `countries/az`.
    pub fn load(country: &Path) -> Result<Lists, Fault> {
        let people = country.join("people");
        let lists = Lists {
            names: read(&people.join("names.toml"))?,
            places: read(&people.join("places.toml"))?,
            figures: read(&people.join("figures.toml"))?,
            records: read::<Records>(&people.join("records.toml"))?.record,
            demo: Demo::load(country)?,
        };
        match lists.gap() {
            None => Ok(lists),
            Some(gap) => Err(Fault::new("read the lists of the population", format!("there are no {gap}"))),
        }
    }

    /// What people are drawn from and is not there.
    fn gap(&self) -> Option<&'static str> {
        let (names, figures) = (&self.names, &self.figures);
        let places = &self.places.place;
        [
            ("given names", names.given.male.is_empty() || names.given.female.is_empty()),
            ("surnames", names.surnames.pairs.is_empty()),
            ("places with a share", places.iter().all(|place| place.share == 0)),
            ("streets in one of the places", places.iter().any(|place| place.streets.is_empty())),
            ("ages with a share", figures.ages.iter().all(|band| band.share == 0)),
            ("legal forms with a share", figures.tax.legal_forms.iter().all(|form| form.share == 0)),
            ("activities", figures.tax.activities.is_empty()),
            ("words for company names", figures.tax.name_first.is_empty() || figures.tax.name_second.is_empty()),
            ("companies to work for", self.demo.companies.is_empty()),
        ]
        .into_iter()
        .find_map(|(what, missing)| missing.then_some(what))
    }
}

#[cfg(test)]
impl Lists {
    /// For tests of one register: no other one is filled.
    pub(crate) fn keep_only(&mut self, register: &str) {
        self.records.retain(|rule| rule.register == register);
    }
}

pub(super) fn read<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, Fault> {
    let broken = |cause: String| Fault::new("read the lists of the population", format!("{}: {cause}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|cause| broken(cause.to_string()))?;
    toml::from_str(&text).map_err(|cause| broken(cause.to_string()))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub patronymic: BySex<String>,
    pub given: BySex<Vec<String>>,
    pub surnames: Surnames,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BySex<T> {
    pub male: T,
    pub female: T,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Surnames {
    /// Of a man, of a woman.
    pub pairs: Vec<[String; 2]>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Places {
    pub form: AddressForm,
    pub place: Vec<Place>,
}

/// The words for house and flat.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressForm {
    pub house: String,
    pub flat: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub code: String,
    pub name: String,
    pub share: u64,
    pub districts: Vec<String>,
    pub streets: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    pub ages: Vec<AgeBand>,
    pub identity: IdentityFigures,
    pub tax: TaxFigures,
    pub insurance: InsuranceFigures,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgeBand {
    pub from: u64,
    pub to: u64,
    pub share: u64,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityFigures {
    pub citizenship: String,
    pub old_card: String,
    pub new_card: String,
    pub new_from: i16,
    pub valid_years: u64,
    pub phone: String,
    pub mail_domain: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaxFigures {
    pub company_number: String,
    pub person_number: String,
    pub sole_traders: u64,
    pub companies: u64,
    pub activities: Vec<String>,
    pub legal_forms: Vec<LegalForm>,
    pub name_first: Vec<String>,
    pub name_second: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LegalForm {
    pub code: String,
    pub suffix: String,
    pub share: u64,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InsuranceFigures {
    pub working_from: i16,
    pub working_to: i16,
    pub employed: u64,
    pub salary_from: u64,
    pub salary_to: u64,
    pub months: i64,
    pub disability_pensions: u64,
    pub retirement: BySex<i16>,
    pub pension_from: u64,
    pub pension_to: u64,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    record: Vec<RecordRule>,
}

/// Which part of the population becomes which records of which register.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordRule {
    pub of: String,
    pub register: String,
    pub entity: String,
}
