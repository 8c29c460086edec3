//! Working days: `calendar.toml` says which weekdays rest, which days are holidays and which days were moved. A legal
//! period is counted from the day after the event; a day for which the calendar has no data is reckoned by weekday only and
//! the result is marked as uncertain.

use base::{Date, Localized, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// A public holiday.
    Holiday,
    /// A working day that rests because a holiday fell on a day of rest, or by a decision of the government.
    MovedOff,
    /// A day of rest that is worked in exchange.
    Working,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    pub on: Date,
    pub kind: DayKind,
    pub name: Localized,
}

/// `calendar.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    time_zone: String,
    /// Days of rest, Monday is 1.
    rest: Vec<i8>,
    /// Years whose holidays are all listed.
    years: BTreeSet<i16>,
    #[serde(rename = "day")]
    days: Vec<Day>,
}

#[derive(Debug, Clone)]
pub struct Calendar {
    zone: jiff::tz::TimeZone,
    rest: Vec<i8>,
    years: BTreeSet<i16>,
    days: BTreeMap<Date, Day>,
}

/// A counted day, and whether the calendar knew every year on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub on: Date,
    pub certain: bool,
}

/// No legal period is longer; a larger number is a slip in a file.
pub const PERIOD_DAYS_MAX: i64 = 2_000;

impl Calendar {
    /// Reads the file's text; each problem is one sentence.
    pub fn parse(text: &str) -> Result<Calendar, Vec<String>> {
        let file: File = toml::from_str(text).map_err(|error| vec![error.to_string().trim().replace('\n', " ")])?;
        let mut problems = Vec::new();
        let zone = fixed_zone(&file.time_zone);
        if zone.is_none() {
            problems.push(format!("time_zone {:?} is not an offset such as +04:00", file.time_zone));
        }
        if file.rest.iter().any(|day| !(1..=7).contains(day)) || file.rest.len() > 6 {
            problems.push("rest lists days from 1 (Monday) to 7 (Sunday), at most six of them".to_owned());
        }
        let mut days = BTreeMap::new();
        for day in file.days {
            if !day.name.is_complete() {
                problems.push(format!("{}: the name is missing in a language", day.on));
            }
            let rests = file.rest.contains(&day.on.weekday().to_monday_one_offset());
            match day.kind {
                DayKind::Working if !rests => problems.push(format!("{}: is a working day anyway", day.on)),
                DayKind::MovedOff if rests => problems.push(format!("{}: is a day of rest anyway", day.on)),
                _ => {}
            }
            if !file.years.contains(&day.on.year()) {
                problems.push(format!("{}: its year is not listed in years", day.on));
            }
            if let Some(twice) = days.insert(day.on, day) {
                problems.push(format!("{}: stands twice", twice.on));
            }
        }
        match zone {
            Some(zone) if problems.is_empty() => Ok(Calendar { zone, rest: file.rest, years: file.years, days }),
            _ => Err(problems),
        }
    }

    /// The civil day in the country.
    pub fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Day and time of day in the country, as documents state it: `23.11.2026 14:02`.
    pub fn stamp(&self, at: Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        format!("{:02}.{:02}.{} {:02}:{:02}", zoned.day(), zoned.month(), zoned.year(), zoned.hour(), zoned.minute())
    }

    /// The moment at which the day begins in the country.
    pub fn start_of(&self, day: Date) -> Timestamp {
        day.to_zoned(self.zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    pub fn is_working(&self, day: Date) -> bool {
        match self.days.get(&day).map(|day| day.kind) {
            Some(DayKind::Holiday | DayKind::MovedOff) => false,
            Some(DayKind::Working) => true,
            None => !self.rest.contains(&day.weekday().to_monday_one_offset()),
        }
    }

    /// Holidays and moved days, in order; for the page that shows how a period is counted.
    pub fn days(&self) -> impl Iterator<Item = &Day> {
        self.days.values()
    }

    /// The last day of a period of `working_days` that begins on the day after `from`.
    pub fn add_working_days(&self, from: Date, working_days: i64) -> Counted {
        assert!((0..=PERIOD_DAYS_MAX).contains(&working_days), "periods are checked when they are read");
        let mut on = from;
        let mut certain = self.years.contains(&from.year());
        let mut left = working_days;
        while left > 0 {
            let Ok(next) = on.tomorrow() else { return Counted { on, certain: false } };
            on = next;
            certain &= self.years.contains(&on.year());
            left -= i64::from(self.is_working(on));
        }
        Counted { on, certain }
    }

    /// Working days after `from` up to and including `to`; 0 if `to` is not later.
    pub fn working_days_between(&self, from: Date, to: Date) -> i64 {
        let mut day = from;
        let mut count = 0;
        while day < to && count < PERIOD_DAYS_MAX {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            count += i64::from(self.is_working(day));
        }
        count
    }
}

/// An offset without a database of zones: the country's is fixed (UTC+4, no summer time since 2016).
fn fixed_zone(offset: &str) -> Option<jiff::tz::TimeZone> {
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    let seconds = match offset.as_bytes().first()? {
        b'+' => seconds,
        b'-' => -seconds,
        _ => return None,
    };
    jiff::tz::Offset::from_seconds(seconds).ok().map(jiff::tz::TimeZone::fixed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn azerbaijan() -> Calendar {
        Calendar::parse(include_str!("../../../countries/az/calendar.toml")).expect("the country's calendar is right")
    }

    #[test]
    fn periods_skip_weekends_holidays_and_moved_days() {
        let calendar = azerbaijan();
        for (from, days, on, certain, why) in [
            (date(2026, 11, 23), 0, date(2026, 11, 23), true, "no days"),
            (date(2026, 11, 23), 1, date(2026, 11, 24), true, "counted from the day after"),
            (date(2026, 11, 20), 1, date(2026, 11, 23), true, "over a weekend"),
            (date(2026, 11, 23), 10, date(2026, 12, 7), true, "two weeks"),
            (date(2026, 11, 6), 1, date(2026, 11, 11), true, "8 November is a Sunday, 9 a holiday, 10 moved off"),
            (date(2026, 3, 19), 1, date(2026, 3, 31), true, "Novruz and Ramazan together"),
            (date(2026, 12, 30), 1, date(2027, 1, 5), true, "the turn of the year, 2 January on a Saturday"),
            (date(2027, 12, 30), 1, date(2028, 1, 3), false, "no holidays known of 2028"),
        ] {
            assert_eq!(calendar.add_working_days(from, days), Counted { on, certain }, "{why}");
        }
    }

    #[test]
    fn counting_back_gives_the_same_number() {
        let calendar = azerbaijan();
        let from = date(2026, 2, 2);
        for days in [0, 1, 5, 10, 60, 200] {
            assert_eq!(calendar.working_days_between(from, calendar.add_working_days(from, days).on), days);
        }
        assert_eq!(calendar.working_days_between(from, date(2026, 1, 1)), 0);
    }

    #[test]
    fn the_country_has_its_own_midnight() {
        let calendar = azerbaijan();
        let late = "2026-11-23T21:30:00Z".parse().expect("a time");
        assert_eq!(calendar.day_of(late), date(2026, 11, 24));
        assert_eq!(calendar.stamp(late), "24.11.2026 01:30");
        assert_eq!(calendar.start_of(date(2026, 11, 24)), "2026-11-23T20:00:00Z".parse().expect("a time"));
    }

    #[test]
    fn slips_are_named() {
        let text = r#"
            time_zone = "Baku"
            rest = [6, 8]
            years = [2026]
            [[day]]
            on = "2026-11-23"
            kind = "working"
            name = { az = "", en = "x", ru = "x" }
            [[day]]
            on = "2027-11-23"
            kind = "holiday"
            name = { az = "x", en = "x", ru = "x" }
        "#;
        assert_eq!(Calendar::parse(text).expect_err("wrong").len(), 5);
        assert!(Calendar::parse("time_zone = 4").is_err());
    }
}
