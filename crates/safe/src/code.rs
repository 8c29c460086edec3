//! The public code under which anybody may check a document: twelve characters, eleven drawn at random (34^11, about 2^56)
//! and one check character by ISO 7064 MOD 37,36, which catches every single wrong character and every swap of neighbours.
//! The letters I and O never occur, so that a 1 and a 0 may be misread and are still understood.

use crate::refusal::Refusal;
use base::{Chance, Pin};
use std::fmt;

/// A code whose check character is right. Whether such a document exists is another question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerificationCode(String);

const DRAWN: usize = 11;

impl VerificationCode {
    /// Draws a new code. It is drawn before the document is made, because the document shows it.
    pub fn draw(chance: &dyn Chance) -> Self {
        let letters = Pin::ALPHABET.as_bytes();
        let bound = u64::try_from(letters.len()).expect("34 fits");
        loop {
            let drawn: String = (0..DRAWN)
                .map(|_| char::from(letters[usize::try_from(chance.below(bound)).expect("below 34")]))
                .collect();
            let check = check_character(&drawn);
            if Pin::ALPHABET.contains(check) {
                return VerificationCode(format!("{drawn}{check}"));
            }
        }
    }

    /// Reads what a person typed or scanned: lower case, spaces, dashes and the letters I and O are forgiven.
    pub fn parse(typed: &str) -> Result<Self, Refusal> {
        let letters: String = typed
            .chars()
            .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '\u{2011}'))
            .map(|letter| match letter.to_ascii_uppercase() {
                'I' => '1',
                'O' => '0',
                other => other,
            })
            .collect();
        let right = letters.len() == DRAWN + 1
            && letters.chars().all(|letter| Pin::ALPHABET.contains(letter))
            && letters.ends_with(check_character(&letters[..DRAWN]));
        if right { Ok(VerificationCode(letters)) } else { Err(Refusal::CodeMistyped) }
    }

    /// The plain characters, as stored and in addresses.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In groups, as printed: `7K2M-9QX4-TB3W`.
    pub fn grouped(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

impl fmt::Display for VerificationCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl TryFrom<String> for VerificationCode {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        VerificationCode::parse(&text).map_err(|_| "not a verification code")
    }
}

impl From<VerificationCode> for String {
    fn from(code: VerificationCode) -> String {
        code.0
    }
}

/// ISO 7064 §8, hybrid system MOD 37,36 over 0-9 and A-Z.
fn check_character(letters: &str) -> char {
    let product = letters.chars().fold(36, |product, letter| {
        let value = letter.to_digit(36).expect("only digits and Latin letters are checked");
        let sum = match (product + value) % 36 {
            0 => 36,
            sum => sum,
        };
        sum * 2 % 37
    });
    let value = (37 - product) % 36;
    char::from_digit(value, 36).expect("below 36").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::SeededChance;

    /// A Global Release Identifier (GRid Standard 2.1) carries the same check character; this is the standard's own example.
    #[test]
    fn the_check_character_is_that_of_the_standard() {
        assert_eq!(check_character("A12425GABC1234002"), 'M');
    }

    #[test]
    fn typed_forms_are_forgiven() {
        let chance = SeededChance::new(3);
        for _ in 0..100 {
            let code = VerificationCode::draw(&chance);
            let typed = format!(" {} ", code.grouped().to_lowercase().replace('0', "o").replace('1', "I"));
            assert_eq!(VerificationCode::parse(&typed), Ok(code));
        }
    }

    #[test]
    fn every_wrong_character_and_swap_of_neighbours_is_caught() {
        let chance = SeededChance::new(4);
        for _ in 0..20 {
            let code = VerificationCode::draw(&chance).0;
            for place in 0..=DRAWN {
                for letter in Pin::ALPHABET.bytes() {
                    let mut wrong = code.clone().into_bytes();
                    wrong[place] = letter;
                    let wrong = String::from_utf8(wrong).expect("ASCII");
                    assert_eq!(VerificationCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
                }
                if place < DRAWN {
                    let mut wrong = code.clone().into_bytes();
                    wrong.swap(place, place + 1);
                    let wrong = String::from_utf8(wrong).expect("ASCII");
                    assert_eq!(VerificationCode::parse(&wrong).is_ok(), wrong == code, "{wrong}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for typed in ["", "7K2M", "əəəəəəəəəəəə", "７K2M9QX4TB3W", "../../../etc", "7K2M-9QX4-TB3W-7K2M"] {
            assert_eq!(VerificationCode::parse(typed), Err(Refusal::CodeMistyped), "{typed}");
        }
    }
}
