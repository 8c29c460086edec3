//! What the country's file says about its trust services (`trust.toml`).

use der::asn1::ObjectIdentifier;
use serde::{Deserialize, Deserializer, de::Error};

/// Names and policies; addresses and keys come from where the services run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Two letters (ISO 3166-1): countryName of every subject, and part of the identifiers of persons and organisations.
    pub country: String,
    /// Who runs the services: organizationName of the authorities.
    pub organisation: String,
    pub names: Names,
    /// Policy of log-in certificates whose key is in a card.
    #[serde(deserialize_with = "identifier")]
    pub card_policy: ObjectIdentifier,
    /// Policy of log-in certificates whose key is in a phone.
    #[serde(deserialize_with = "identifier")]
    pub phone_policy: ObjectIdentifier,
    /// Policy of the time-stamps.
    #[serde(deserialize_with = "identifier")]
    pub time_stamping_policy: ObjectIdentifier,
}

impl Settings {
    /// Reads the country's file; what is wrong is said with its place.
    pub fn parse(text: &str) -> Result<Settings, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        if settings.country.len() != 2 || !settings.country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("country is two capital letters (ISO 3166-1)".to_owned());
        }
        let names = &settings.names;
        let all = [&settings.organisation, &names.root, &names.persons, &names.organisations, &names.officials];
        let all = all.into_iter().chain([&names.exchange, &names.responder, &names.time_stamping]);
        for name in all {
            let letters = name.chars().count();
            if name.trim() != name || !(1..=crate::centre::NAME_LETTERS_MAX).contains(&letters) {
                return Err(format!("a name is empty, too long or has spaces around it: {name:?}"));
            }
        }
        if settings.card_policy == settings.phone_policy {
            return Err("card_policy and phone_policy must differ: log-in tells the two apart by them".to_owned());
        }
        Ok(settings)
    }
}

/// Common names of the authorities and units.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    pub root: String,
    pub persons: String,
    pub organisations: String,
    pub officials: String,
    pub exchange: String,
    pub responder: String,
    pub time_stamping: String,
}

fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectIdentifier, D::Error> {
    let dotted = String::deserialize(deserializer)?;
    ObjectIdentifier::new(&dotted).map_err(|_| D::Error::custom("not a dotted object identifier"))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn what_is_wrong_is_said() {
        let good = include_str!("../../../countries/az/trust.toml");
        let settings = Settings::parse(good).expect("the country's own file");
        let (root, phone) = (settings.names.root.as_str(), settings.phone_policy.to_string());
        let card = settings.card_policy.to_string();
        for (from, to, word) in [
            ("\"AZ\"", "\"Azerbaijan\"", "country"),
            (root, "", "name"),
            (&phone, &card, "differ"),
            (&card, "card", "dotted"),
            ("[names]", "[names]\nextra = \"x\"", "extra"),
        ] {
            let error = Settings::parse(&good.replace(from, to)).expect_err("refused");
            assert!(error.contains(word), "{error}");
        }
    }
}
