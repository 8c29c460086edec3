//! A month of the calendar and the window of time that it is in the country.

use crate::evidence::Window;
use base::Timestamp;
use std::{fmt, str::FromStr};

/// Written "2026-10".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

const YEAR_MIN: i16 = 2000;
const YEAR_MAX: i16 = 9000;

impl Month {
    /// `None` outside the years 2000 to 9000 and the months 1 to 12.
    pub fn new(year: i16, month: i8) -> Option<Month> {
        ((YEAR_MIN..=YEAR_MAX).contains(&year) && (1..=12).contains(&month)).then_some(Month { year, month })
    }

    /// The month in which `at` falls.
    pub fn of(at: Timestamp, utc_offset_hours: i8) -> Month {
        let date = offset(utc_offset_hours).to_datetime(at).date();
        Month { year: date.year().clamp(YEAR_MIN, YEAR_MAX), month: date.month() }
    }

    pub fn next(self) -> Month {
        match self.month {
            12 => Month { year: self.year + 1, month: 1 },
            month => Month { year: self.year, month: month + 1 },
        }
    }

    pub fn previous(self) -> Month {
        match self.month {
            1 => Month { year: self.year - 1, month: 12 },
            month => Month { year: self.year, month: month - 1 },
        }
    }

    pub fn window(self, utc_offset_hours: i8) -> Window {
        Window { from: self.begins(utc_offset_hours), until: self.next().begins(utc_offset_hours) }
    }

    fn begins(self, utc_offset_hours: i8) -> Timestamp {
        let first = jiff::civil::date(self.year, self.month, 1).at(0, 0, 0, 0);
        offset(utc_offset_hours).to_timestamp(first).expect("years 1999 to 9001 are inside the calendar")
    }
}

fn offset(hours: i8) -> jiff::tz::Offset {
    jiff::tz::offset(hours)
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = ();

    fn from_str(text: &str) -> Result<Month, ()> {
        let (year, month) = text.split_once('-').ok_or(())?;
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !plain(year) || !plain(month) {
            return Err(());
        }
        Month::new(year.parse().map_err(drop)?, month.parse().map_err(drop)?).ok_or(())
    }
}

impl serde::Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(|()| serde::de::Error::custom("not a month"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip_and_strangers_are_refused() {
        assert_eq!("2026-10".parse::<Month>().map(|month| month.to_string()), Ok("2026-10".into()));
        for text in ["2026-13", "2026-00", "26-10", "2026-1", "2026/10", "", "+026-10", "1999-12", "2026-10-01"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_of_the_country() {
        let december = Month::new(2026, 12).expect("a month");
        let window = december.window(4);
        assert_eq!(window.from.to_string(), "2026-11-30T20:00:00Z");
        assert_eq!(window.until.to_string(), "2026-12-31T20:00:00Z");
        assert_eq!(Month::of(window.from, 4), december);
        assert_eq!(Month::of(window.until, 4), december.next());
        assert_eq!(december.next().previous(), december);
    }
}
