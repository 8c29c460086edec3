//! `pencere serve`: chosen parts as a process of their own, over the same data directory or one PostgreSQL.

use super::demo::run_until_told;
use crate::cli::Serve;
use crate::place::Place;
use crate::ports::Ports;
use crate::wiring::{self, Settings, Stores, TokenSettings};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The configuration file (docs/CONFIGURATION.md).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    pub data: PathBuf,
    pub country: PathBuf,
    #[serde(default = "default_people")]
    pub people: u32,
    #[serde(default = "default_port_base")]
    pub port_base: u16,
    #[serde(default = "default_stores")]
    pub stores: Stores,
    #[serde(default, rename = "token")]
    pub tokens: Vec<TokenSettings>,
}

fn default_people() -> u32 {
    10_000
}

fn default_port_base() -> u16 {
    8800
}

fn default_stores() -> Stores {
    Stores::Files
}

impl Configuration {
    pub fn read(file: &Path) -> Result<Configuration, String> {
        let text = std::fs::read_to_string(file).map_err(|cause| format!("{}: {cause}", file.display()))?;
        toml::from_str(&text).map_err(|cause| format!("{}: {cause}", file.display()))
    }
}

pub async fn run(serve: Serve) -> Result<ExitCode, String> {
    let configuration = Configuration::read(&serve.config)?;
    let place = Place::open_for(&configuration.data, &roles_name(&serve.role))?;
    let settings = Settings {
        country: configuration.country,
        people: configuration.people,
        ports: Ports::from_base(configuration.port_base),
        stores: configuration.stores,
        tokens: configuration.tokens,
    };
    run_until_told(Box::pin(wiring::start(&settings, &place, &serve.role)), |_| say(&serve.role)).await
}

/// Processes of one country share its directory; the same role twice does not.
fn roles_name(roles: &[wiring::Role]) -> String {
    let names = roles.iter().map(|role| format!("{role:?}").to_lowercase());
    names.collect::<Vec<_>>().join("-")
}

#[expect(clippy::print_stdout, reason = "the ready line is the command's answer")]
fn say(roles: &[wiring::Role]) {
    println!("ready: {}", roles_name(roles));
}

#[cfg(test)]
mod tests {
    use super::{Configuration, Stores};

    #[test]
    fn the_examples_of_the_document_are_configurations() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md");
        let document = std::fs::read_to_string(document).expect("the document is there");
        let examples: Vec<Configuration> = document
            .split("```toml\n")
            .skip(1)
            .map(|rest| toml::from_str(rest.split("```").next().unwrap_or_default()).expect("an example"))
            .collect();
        assert_eq!(examples.len(), 3);
        assert!(matches!(examples[0].stores, Stores::Files) && matches!(examples[1].stores, Stores::Postgres(_)));
        assert_eq!(examples.iter().map(|example| example.tokens.len()).collect::<Vec<_>>(), [0, 0, 1]);
        // What the second example leaves out, the first one says.
        assert_eq!((examples[0].people, examples[0].port_base), (examples[1].people, examples[1].port_base));
        assert!(toml::from_str::<Configuration>("data = 'd'\ncountry = 'c'\nunknown = 1").is_err());
    }
}
