//! Exact fractions of whole numbers. Scores are compared and added as they are, never as rounded decimals: the report's
//! 0.33 and 0.66 are truncated thirds, and only the exact sum gives the index that it prints.

use std::{cmp::Ordering, fmt, str::FromStr};

/// A fraction in lowest terms with a positive denominator. Written "5", "1/3", "-2/7".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    over: i64,
    under: i64,
}

impl Fraction {
    pub const ZERO: Fraction = Fraction { over: 0, under: 1 };

    pub const fn whole(number: i64) -> Fraction {
        Fraction { over: number, under: 1 }
    }

    /// `None` when the denominator is zero or the sign cannot be moved out of it.
    pub fn new(over: i64, under: i64) -> Option<Fraction> {
        Fraction::reduce(over.into(), under.into())
    }

    fn reduce(over: i128, under: i128) -> Option<Fraction> {
        if under == 0 {
            return None;
        }
        let divisor = greatest_common_divisor(over.unsigned_abs(), under.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()? * under.signum();
        Some(Fraction { over: i64::try_from(over / divisor).ok()?, under: i64::try_from(under / divisor).ok()? })
    }

    pub fn numerator(self) -> i64 {
        self.over
    }

    pub fn denominator(self) -> i64 {
        self.under
    }

    /// `None` when the exact result does not fit.
    pub fn checked_add(self, other: Fraction) -> Option<Fraction> {
        let (a, b) = (i128::from(self.over), i128::from(self.under));
        let (c, d) = (i128::from(other.over), i128::from(other.under));
        Fraction::reduce(a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?)
    }

    /// The whole percents in it, the rest cut off: the bands of the method are whole numbers.
    pub fn percent_floor(self) -> i64 {
        let percent = (i128::from(self.over) * 100).div_euclid(i128::from(self.under));
        i64::try_from(percent).unwrap_or(if percent < 0 { i64::MIN } else { i64::MAX })
    }

    /// As the report cuts it: two decimals, truncated, no trailing point ("0.33", "1").
    pub fn cut_to_hundredths(self) -> String {
        if self.under == 1 {
            return self.over.to_string();
        }
        let hundredths = i128::from(self.over) * 100 / i128::from(self.under);
        let sign = if hundredths < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.over) * i128::from(other.under);
        left.cmp(&(i128::from(other.over) * i128::from(self.under)))
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.under {
            1 => write!(out, "{}", self.over),
            under => write!(out, "{}/{under}", self.over),
        }
    }
}

impl FromStr for Fraction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (over, under) = text.split_once('/').unwrap_or((text, "1"));
        let number = |part: &str| part.parse::<i64>().map_err(|_| format!("`{text}` is not a fraction"));
        Fraction::new(number(over)?, number(under)?).ok_or_else(|| format!("`{text}` is not a fraction"))
    }
}

impl serde::Serialize for Fraction {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Fraction {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_terms_and_one_sign() {
        for (over, under, text) in [(3, 9, "1/3"), (7, 7, "1"), (-2, -4, "1/2"), (2, -4, "-1/2"), (0, -5, "0")] {
            assert_eq!(Fraction::new(over, under).expect("not zero below").to_string(), text);
        }
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::new(1, i64::MIN), None);
    }

    #[test]
    fn thirds_add_up_exactly_where_decimals_do_not() {
        let third = Fraction::new(1, 3).expect("not zero below");
        let sum = third.checked_add(third).and_then(|two| two.checked_add(third));
        assert_eq!(sum, Some(Fraction::whole(1)));
        assert_eq!(Fraction::whole(i64::MAX).checked_add(Fraction::whole(1)), None);
    }

    #[test]
    fn percents_and_printed_decimals_are_cut_not_rounded() {
        for (text, percent, printed) in
            [("2/3", 66, "0.66"), ("1/3", 33, "0.33"), ("1", 100, "1"), ("199/200", 99, "0.99")]
        {
            let fraction: Fraction = text.parse().expect("a fraction");
            assert_eq!((fraction.percent_floor(), fraction.cut_to_hundredths().as_str()), (percent, printed));
        }
    }

    #[test]
    fn order_is_exact() {
        let half: Fraction = "1/2".parse().expect("a fraction");
        assert!("50000001/100000000".parse::<Fraction>().expect("a fraction") > half);
        assert!("x/2".parse::<Fraction>().is_err());
        assert!("1/0".parse::<Fraction>().is_err());
    }
}
