//! Money in the smallest unit, as whole numbers only.

use crate::lang::Lang;

/// An amount in qəpik, a hundredth of a manat (ISO 4217: AZN, two decimals). May be negative in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Money {
    qepik: i64,
}

impl Money {
    pub const ZERO: Money = Money { qepik: 0 };

    pub const fn from_qepik(qepik: i64) -> Self {
        Money { qepik }
    }

    pub const fn qepik(self) -> i64 {
        self.qepik
    }

    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.qepik.checked_add(other.qepik).map(Money::from_qepik)
    }

    pub fn checked_sub(self, other: Money) -> Option<Money> {
        self.qepik.checked_sub(other.qepik).map(Money::from_qepik)
    }

    /// "1100.00": for machines (bank interface, CSV, XML), never for people.
    pub fn decimal(self) -> String {
        let sign = if self.qepik < 0 { "-" } else { "" };
        let qepik = self.qepik.unsigned_abs();
        format!("{sign}{}.{:02}", qepik / 100, qepik % 100)
    }

    /// Reads `decimal`'s form: digits, optionally a point and exactly two digits.
    pub fn parse_decimal(text: &str) -> Option<Money> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, "00"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(cents) || cents.len() != 2 {
            return None;
        }
        let whole = whole.parse::<i64>().ok()?.checked_mul(100)?;
        Some(Money::from_qepik(sign * whole.checked_add(cents.parse().ok()?)?))
    }

    /// As people of the language write it: "1 100,00 AZN" (az, ru), "1,100.00 AZN" (en). Spaces are no-break.
    pub fn display(self, lang: Lang) -> String {
        let (group, point) = match lang {
            Lang::Az | Lang::Ru => ('\u{a0}', ','),
            Lang::En => (',', '.'),
        };
        let qepik = self.qepik.unsigned_abs();
        let whole = (qepik / 100).to_string();
        let mut text = String::from(if self.qepik < 0 { "\u{2212}" } else { "" });
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                text.push(group);
            }
            text.push(digit);
        }
        text.push(point);
        text.push_str(&format!("{:02}\u{a0}AZN", qepik % 100));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_trip() {
        for (qepik, text) in [(110_000, "1100.00"), (5, "0.05"), (-250, "-2.50"), (0, "0.00")] {
            assert_eq!(Money::from_qepik(qepik).decimal(), text);
            assert_eq!(Money::parse_decimal(text), Some(Money::from_qepik(qepik)));
        }
        assert_eq!(Money::parse_decimal("1100"), Some(Money::from_qepik(110_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", "1.", ".5", "1.5", "1.505", "1,00", "+1", "1e3", " 1", "99999999999999999999"] {
            assert_eq!(Money::parse_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn people_read_it_in_their_own_way() {
        let fee = Money::from_qepik(110_000);
        assert_eq!(fee.display(Lang::Az), "1\u{a0}100,00\u{a0}AZN");
        assert_eq!(fee.display(Lang::En), "1,100.00\u{a0}AZN");
        assert_eq!(Money::from_qepik(-123_456_789).display(Lang::Ru), "\u{2212}1\u{a0}234\u{a0}567,89\u{a0}AZN");
    }
}
