//! Usage of one e-service in one month. Plain totals are published even when they are zero; a breakdown that would show a
//! small group of persons is hidden, and with it whatever would let a reader subtract it from a total.

use crate::fraction::Fraction;
use serde::{Deserialize, Serialize};

/// A cell of a breakdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    Shown(i64),
    /// Too few persons to be shown.
    Hidden,
}

impl Cell {
    pub fn shown(self) -> Option<i64> {
        match self {
            Cell::Shown(count) => Some(count),
            Cell::Hidden => None,
        }
    }
}

/// `None` is "nobody counts this", never zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Different persons who applied.
    pub users: Option<i64>,
    pub users_before: Option<i64>,
    pub submissions: Option<i64>,
    pub decisions: Option<i64>,
    pub decided_late: Option<i64>,
    /// Seconds from application to decision.
    pub median_s: Option<i64>,
    pub granted: Option<Cell>,
    pub refused: Option<Cell>,
    pub by_citizens: Option<Cell>,
    pub by_companies: Option<Cell>,
    pub ratings: Option<i64>,
    /// Mean satisfaction from 1 to 5; hidden below the smallest group.
    pub mean_rating: Option<Fraction>,
    /// People served at counters, as the agency entered them.
    pub offline_users: Option<i64>,
}

/// Raw counts as they come from the records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    pub users: Option<i64>,
    pub users_before: Option<i64>,
    pub submissions: Option<i64>,
    pub decisions: Option<i64>,
    pub granted: Option<i64>,
    pub decided_late: Option<i64>,
    pub median_s: Option<i64>,
    pub company_submissions: Option<i64>,
    pub ratings: Option<i64>,
    pub ratings_sum: Option<i64>,
    pub offline_users: Option<i64>,
}

impl Usage {
    pub fn publishable(counts: &Counts, smallest_group: i64) -> Usage {
        let (granted, refused) = split(counts.decisions, counts.granted, smallest_group);
        let (by_companies, by_citizens) = split(counts.submissions, counts.company_submissions, smallest_group);
        let rated_by_many = counts.ratings.is_some_and(|ratings| ratings >= smallest_group);
        let mean = counts.ratings_sum.zip(counts.ratings).filter(|_| rated_by_many);
        Usage {
            users: counts.users,
            users_before: counts.users_before,
            submissions: counts.submissions,
            decisions: counts.decisions,
            decided_late: counts.decided_late,
            // No decision has no time: a zero would be read as "at once".
            median_s: counts.median_s.filter(|_| counts.decisions != Some(0)),
            granted,
            refused,
            by_citizens,
            by_companies,
            ratings: counts.ratings,
            mean_rating: mean.and_then(|(sum, ratings)| Fraction::new(sum, ratings)),
            offline_users: counts.offline_users,
        }
    }

    /// Users more than the month before; negative when fewer.
    pub fn growth(&self) -> Option<i64> {
        self.users?.checked_sub(self.users_before?)
    }

    pub fn late_share(&self) -> Option<Fraction> {
        Fraction::new(self.decided_late?, self.decisions?)
    }

    /// Online users among all, where the agency entered its counters' number.
    pub fn online_share(&self) -> Option<Fraction> {
        Fraction::new(self.users?, self.users?.checked_add(self.offline_users?)?)
    }
}

/// A total in two parts. Both are hidden when either would show a group smaller than `smallest`, because the total is public.
fn split(total: Option<i64>, part: Option<i64>, smallest: i64) -> (Option<Cell>, Option<Cell>) {
    let Some((total, part)) = total.zip(part) else {
        return (None, None);
    };
    let rest = total - part;
    let small = |count: i64| count != 0 && count < smallest;
    if small(total) || small(part) || small(rest) {
        return (Some(Cell::Hidden), Some(Cell::Hidden));
    }
    (Some(Cell::Shown(part)), Some(Cell::Shown(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: i64, part: i64, expected: Option<(i64, i64)>) {
        let (one, other) = split(Some(total), Some(part), 10);
        let shown = one.and_then(Cell::shown).zip(other.and_then(Cell::shown));
        assert_eq!(shown, expected, "{part} of {total}");
    }

    #[test]
    fn small_groups_are_hidden_together_with_what_would_reveal_them() {
        check(0, 0, Some((0, 0)));
        check(9, 0, None);
        check(9, 9, None);
        check(10, 0, Some((0, 10)));
        check(10, 10, Some((10, 0)));
        check(20, 10, Some((10, 10)));
        check(20, 11, None);
        check(100, 9, None);
        check(100, 91, None);
        assert_eq!(split(Some(3), None, 10), (None, None));
    }

    #[test]
    fn totals_are_published_even_when_zero() {
        let zero = Some(0);
        let counts = Counts {
            users: zero,
            users_before: zero,
            submissions: zero,
            decisions: zero,
            median_s: zero,
            ..Counts::default()
        };
        let usage = Usage::publishable(&counts, 10);
        assert_eq!((usage.users, usage.growth(), usage.submissions), (zero, zero, zero));
        assert_eq!((usage.median_s, usage.late_share(), usage.offline_users), (None, None, None));
    }

    #[test]
    fn a_mean_of_few_is_hidden() {
        let counts = |ratings| Counts { ratings: Some(ratings), ratings_sum: Some(ratings * 4), ..Counts::default() };
        assert_eq!(Usage::publishable(&counts(9), 10).mean_rating, None);
        assert_eq!(Usage::publishable(&counts(10), 10).mean_rating, Some(Fraction::whole(4)));
    }

    #[test]
    fn shares_and_growth_are_exact() {
        let counts = Counts {
            users: Some(30),
            users_before: Some(40),
            decisions: Some(3),
            decided_late: Some(1),
            offline_users: Some(60),
            ..Counts::default()
        };
        let usage = Usage::publishable(&counts, 10);
        assert_eq!(usage.growth(), Some(-10));
        assert_eq!(usage.late_share().map(|share| share.to_string()), Some("1/3".into()));
        assert_eq!(usage.online_share().map(|share| share.to_string()), Some("1/3".into()));
    }
}
