//! Identifiers of our own records: UUID version 7 (RFC 9562 §5.7), so that their order is their age in every store.

use crate::{chance::Chance, clock::Timestamp};
use std::fmt;

/// A record's identifier, in its 36-letter text form. Unguessable enough for an address (74 random bits), but never a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    pub fn new(now: Timestamp, chance: &dyn Chance) -> Self {
        let mut random = [0; 10];
        chance.fill(&mut random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Id(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string())
    }

    /// Reads the text form; anything else is no identifier.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = uuid::Uuid::try_parse(text).ok()?;
        let canonical = parsed.to_string();
        (canonical == text).then_some(Id(canonical))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Id {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Id::parse(&text).ok_or("not an identifier")
    }
}

impl From<Id> for String {
    fn from(id: Id) -> String {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chance::SeededChance, clock::from_micros};

    #[test]
    fn later_ids_sort_later() {
        let chance = SeededChance::new(1);
        let early = Id::new(from_micros(1_000_000_000), &chance);
        let late = Id::new(from_micros(2_000_000_000), &chance);
        assert!(early < late);
        assert_eq!(Id::parse(early.as_str()), Some(early));
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for text in ["", "1", "0190A5F4-0000-7000-8000-000000000000", "{0190a5f4-0000-7000-8000-000000000000}"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
