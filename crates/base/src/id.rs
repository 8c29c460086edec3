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

    /// Of a record that has a number already: the same instant and number give the same identifier. The number takes the
    /// place of the last random bits (62 of them).
    pub fn numbered(at: Timestamp, number: u64) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let mut bits = [0; 10];
        bits[2..].copy_from_slice(&number.to_be_bytes());
        Id(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid().to_string())
    }

    /// The number of an identifier that was made by [`Id::numbered`]; of another one, bits of chance.
    pub fn number(&self) -> u64 {
        const VARIANT_BITS: u32 = 2;
        let low = uuid::Uuid::try_parse(&self.0).expect("the text is canonical").as_u64_pair().1;
        low << VARIANT_BITS >> VARIANT_BITS
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
    fn a_number_is_found_again_in_its_id() {
        for number in [0, 1, 255, 1 << 40, (1 << 62) - 1] {
            let id = Id::numbered(from_micros(1_790_000_000_000_000), number);
            assert_eq!((Id::parse(id.as_str()), id.number()), (Some(id.clone()), number));
            assert!(id < Id::numbered(from_micros(1_790_000_000_001_000), 0));
        }
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for text in ["", "1", "0190A5F4-0000-7000-8000-000000000000", "{0190a5f4-0000-7000-8000-000000000000}"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
