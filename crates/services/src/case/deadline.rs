//! The legal clock of a case, as a plain function of stored inputs: a changed calendar gives a new answer for every case.

use crate::{calendar::Calendar, view::DueView};
use base::Date;

/// What the clock is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub submitted_on: Date,
    pub period_days: i64,
    /// Working days for which it stood still, over all pauses that have ended.
    pub paused_days: i64,
    /// Since when it stands still, if it does.
    pub paused_on: Option<Date>,
}

/// Percentages of the period at which the official is warned.
pub const WARNINGS: [i64; 3] = [50, 80, 100];

/// The clock as it stands on `today`; a decided case passes the day of its decision.
pub fn due(calendar: &Calendar, clock: &Clock, today: Date) -> DueView {
    let pausing = clock.paused_on.map_or(0, |since| calendar.working_days_between(since, today));
    let paused = clock.paused_days + pausing;
    let last = calendar.add_working_days(clock.submitted_on, clock.period_days + paused);
    let used = calendar.working_days_between(clock.submitted_on, today) - paused;
    DueView {
        on: last.on,
        working_days: clock.period_days,
        used_percent: (used.max(0) * 100) / clock.period_days.max(1),
        paused: clock.paused_on.is_some(),
        late: today > last.on,
        certain: last.certain,
    }
}

/// The clock after a pause has begun or ended; asking twice changes nothing.
pub fn pause(clock: &Clock, today: Date) -> Clock {
    Clock { paused_on: clock.paused_on.or(Some(today)), ..*clock }
}

pub fn resume(calendar: &Calendar, clock: &Clock, today: Date) -> Clock {
    let paused = clock.paused_on.map_or(0, |since| calendar.working_days_between(since, today));
    Clock { paused_on: None, paused_days: clock.paused_days + paused, ..*clock }
}

/// The highest warning that is due and was not given.
pub fn warning(due: &DueView, warned_percent: i64) -> Option<i64> {
    let reached = if due.late { i64::MAX } else { due.used_percent };
    WARNINGS.into_iter().rev().find(|percent| *percent > warned_percent && reached >= *percent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn calendar() -> Calendar {
        Calendar::parse(include_str!("../../../../countries/az/calendar.toml"))
            .expect("the country's calendar is right")
    }

    const START: Date = jiff::civil::date(2026, 11, 23);

    fn clock() -> Clock {
        Clock { submitted_on: START, period_days: 10, paused_days: 0, paused_on: None }
    }

    #[test]
    fn ten_working_days_run_out() {
        let calendar = calendar();
        for (today, percent, late) in [
            (date(2026, 11, 23), 0, false),
            (date(2026, 11, 30), 50, false),
            (date(2026, 12, 3), 80, false),
            (date(2026, 12, 7), 100, false),
            (date(2026, 12, 8), 110, true),
        ] {
            let due = due(&calendar, &clock(), today);
            assert_eq!((due.on, due.used_percent, due.late), (date(2026, 12, 7), percent, late), "{today}");
        }
    }

    #[test]
    fn a_pause_moves_the_last_day_and_uses_none_of_the_period() {
        let calendar = calendar();
        let paused = pause(&pause(&clock(), date(2026, 11, 25)), date(2026, 11, 26));
        let during = due(&calendar, &paused, date(2026, 12, 2));
        assert_eq!((during.used_percent, during.paused, during.late), (20, true, false));
        let resumed = resume(&calendar, &paused, date(2026, 12, 2));
        assert_eq!(resumed, Clock { paused_days: 5, ..clock() });
        let after = due(&calendar, &resumed, date(2026, 12, 2));
        assert_eq!((after.on, after.used_percent, after.paused), (date(2026, 12, 14), 20, false));
    }

    #[test]
    fn each_warning_is_given_once_and_a_late_case_always_has_one() {
        let calendar = calendar();
        for (today, warned, expected) in [
            (date(2026, 11, 27), 0, None),
            (date(2026, 11, 30), 0, Some(50)),
            (date(2026, 11, 30), 50, None),
            (date(2026, 12, 8), 50, Some(100)),
            (date(2026, 12, 8), 100, None),
        ] {
            assert_eq!(warning(&due(&calendar, &clock(), today), warned), expected, "{today} {warned}");
        }
    }
}
