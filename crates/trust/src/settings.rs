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
