//! The personal identification number: the key under which the state knows a person for life.

use std::fmt;

/// Seven characters, digits and Latin capitals without I and O (which a hand-written 1 and 0 would be taken for).
/// `Debug` shows no part of it: a PIN in a log is personal data in a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pin(String);

impl Pin {
    /// The alphabet, in its order.
    pub const ALPHABET: &'static str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    pub const LENGTH: usize = 7;

    /// Reads what a person typed: surrounding spaces and lower case are forgiven, other letters are not.
    pub fn parse(typed: &str) -> Option<Self> {
        let pin = typed.trim().to_ascii_uppercase();
        let right = pin.len() == Self::LENGTH && pin.chars().all(|letter| Self::ALPHABET.contains(letter));
        right.then_some(Pin(pin))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pin {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Pin::parse(&text).ok_or("not a PIN")
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> String {
        pin.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pin(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_forms_are_forgiven() {
        assert_eq!(Pin::parse(" 5f3k9zq ").expect("a PIN").as_str(), "5F3K9ZQ");
    }

    #[test]
    fn what_is_no_pin_is_none() {
        for typed in ["", "123456", "12345678", "12345I7", "12345O7", "12345Ə7", "12 4567", "1234-67"] {
            assert_eq!(Pin::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Pin::parse("5F3K9ZQ").expect("a PIN")), "Pin(…)");
    }
}
