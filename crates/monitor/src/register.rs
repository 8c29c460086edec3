//! The register of services as monitoring needs it: which there are, whose they are, which run. The wiring fills it from
//! the catalogue.

use base::Localized;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    pub id: String,
    pub name: Localized,
    pub agency: Localized,
    /// Whether people can apply for it here.
    pub online: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Register(Vec<Registered>);

impl Register {
    pub fn new(services: Vec<Registered>) -> Register {
        Register(services)
    }

    pub fn services(&self) -> &[Registered] {
        &self.0
    }

    pub fn find(&self, id: &str) -> Option<&Registered> {
        self.0.iter().find(|service| service.id == id)
    }

    pub fn online(&self) -> BTreeSet<String> {
        self.0.iter().filter(|service| service.online).map(|service| service.id.clone()).collect()
    }
}
