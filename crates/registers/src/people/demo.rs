//! The fixed people of the demo (`demo.toml`): who they are and what the registers hold on them.

use base::{Date, Fault, Localized, Pin};
use std::path::Path;

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Of the whole population.
    pub seed: u64,
    #[serde(rename = "person")]
    pub people: Vec<DemoPerson>,
    #[serde(rename = "company", default)]
    pub companies: Vec<DemoCompany>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPerson {
    pub pin: Pin,
    pub sex: Sex,
    pub surname: String,
    pub given_name: String,
    /// The father's given name.
    pub father: String,
    pub birth_date: Date,
    pub document_number: String,
    pub address: DemoAddress,
    pub phone: String,
    pub email: String,
    /// `citizen`, `director`, `official`, `operator`, `entrepreneur`, `pensioner`.
    pub roles: Vec<String>,
    /// The subsystem for which an official works.
    pub works_for: Option<String>,
    /// One line for the page of demo log-ins.
    pub about: Localized,
    /// The company that the person directs.
    pub directs: Option<String>,
    pub employment: Option<DemoEmployment>,
    pub pension: Option<DemoPension>,
    pub sole_trader: Option<DemoSoleTrader>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    Male,
    Female,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoAddress {
    /// Code of a place in `places.toml`.
    pub place: String,
    pub street: String,
    pub house: u64,
    /// 0: the whole house.
    pub flat: u64,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoEmployment {
    pub employer_tin: String,
    /// Salaries of so many months, the last of them last month.
    pub months: i64,
    /// Ended with the last day of last month.
    pub ended: bool,
    pub monthly_qepik: i64,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoPension {
    pub kind: String,
    pub since: Date,
    pub monthly_qepik: i64,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoSoleTrader {
    pub tin: String,
    pub since: Date,
    pub activity: String,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoCompany {
    pub tin: String,
    pub name: String,
    pub legal_form: String,
    pub registered_on: Date,
    pub address: DemoAddress,
}

impl Demo {
    /// Only the fixed people, without the lists: `<country>/demo.toml`.
    pub fn load(country: &Path) -> Result<Demo, Fault> {
        super::lists::read(&country.join("demo.toml"))
    }
}

impl DemoPerson {
    /// "Aytən Məmmədova".
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.surname)
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|known| known == role)
    }
}
