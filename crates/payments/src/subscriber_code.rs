//! The unified subscriber code of a debt: what a payer types at a bank, a kiosk or the portal. Fourteen digits: the payee's
//! number (4), the debt's number (8) and two check digits by ISO 7064 MOD 97-10, which catch every single wrong digit and
//! every swap of neighbours.

use crate::refusal::Refusal;
use base::Chance;
use std::fmt;

/// A code whose check digits are right. Whether such a debt exists is another question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriberCode(String);

const PAYEE_DIGITS: usize = 4;
const NUMBER_DIGITS: usize = 8;
const LENGTH: usize = PAYEE_DIGITS + NUMBER_DIGITS + 2;

impl SubscriberCode {
    /// Draws a code of the payee. The number is random, so that codes cannot be counted or guessed from one another.
    /// `payee_number` is the four digits of the tariff file.
    pub fn draw(payee_number: &str, chance: &dyn Chance) -> Self {
        assert!(payee_number.len() == PAYEE_DIGITS && digits_only(payee_number), "the tariff checks payee numbers");
        let body = format!("{payee_number}{:08}", chance.below(100_000_000));
        SubscriberCode(with_check_digits(&body))
    }

    /// Reads what a person typed; spaces and dashes are forgiven.
    pub fn parse(typed: &str) -> Result<Self, Refusal> {
        let digits: String =
            typed.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '\u{2011}')).collect();
        let right = digits.len() == LENGTH && has_right_check_digits(&digits);
        if right { Ok(SubscriberCode(digits)) } else { Err(Refusal::CodeMistyped) }
    }

    /// The plain digits, as stored and sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In groups, as printed: `0015 4821 7730 42`. The spaces do not break lines.
    pub fn grouped(&self) -> String {
        let groups: Vec<&str> = [0..4, 4..8, 8..12, 12..14].into_iter().map(|range| &self.0[range]).collect();
        groups.join("\u{a0}")
    }
}

impl fmt::Display for SubscriberCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for SubscriberCode {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        SubscriberCode::parse(&text).map_err(|_| "not a subscriber code")
    }
}

impl From<SubscriberCode> for String {
    fn from(code: SubscriberCode) -> String {
        code.0
    }
}

fn digits_only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn modulo_97(digits: &str) -> u64 {
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97)
}

/// Appends the two check digits of ISO 7064 MOD 97-10 (§6: pure system, the whole is then 1 modulo 97).
pub(crate) fn with_check_digits(digits: &str) -> String {
    assert!(digits_only(digits), "only digits have check digits");
    let check = 98 - modulo_97(&format!("{digits}00"));
    format!("{digits}{check:02}")
}

pub(crate) fn has_right_check_digits(digits: &str) -> bool {
    digits.len() > 2 && digits_only(digits) && modulo_97(digits) == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    /// Known pairs: ISO 7064's own example (794 → 44), and an IBAN's digits (ISO 13616 uses the same rule).
    #[test]
    fn check_digits_are_those_of_the_standard() {
        assert_eq!(with_check_digits("794"), "79444");
        assert!(has_right_check_digits("3214282912345698765432161182"));
    }

    #[test]
    fn typed_forms_are_forgiven() {
        let code = SubscriberCode::draw("0015", &SeededChance::new(1));
        let typed = format!(" {}", code.grouped().replace('\u{a0}', "-"));
        assert_eq!(SubscriberCode::parse(&typed), Ok(code.clone()));
        assert_eq!(SubscriberCode::parse(&code.grouped()), Ok(code));
    }

    #[test]
    fn every_wrong_digit_and_every_swap_of_neighbours_is_caught() {
        let chance = SeededChance::new(2);
        for _ in 0..50 {
            let code = SubscriberCode::draw("0015", &chance).0;
            for place in 0..LENGTH {
                for digit in b'0'..=b'9' {
                    let mut wrong = code.clone().into_bytes();
                    wrong[place] = digit;
                    let wrong = String::from_utf8(wrong).expect("digits");
                    assert_eq!(SubscriberCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
                }
                if place + 1 < LENGTH {
                    let mut wrong = code.clone().into_bytes();
                    wrong.swap(place, place + 1);
                    let wrong = String::from_utf8(wrong).expect("digits");
                    assert_eq!(SubscriberCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for typed in ["", "123", "0015482177304", "001548217730421", "0015 4821 773O 42", "００１５48217730"] {
            assert_eq!(SubscriberCode::parse(typed), Err(Refusal::CodeMistyped), "{typed}");
        }
    }
}
