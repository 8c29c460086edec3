//! The monthly bulletin: every service of the register with its usage, and the sum that must agree with the register. A
//! published bulletin is never changed; the current month can be looked at as a draft.

mod csv;

use crate::{month::Month, register::Registered, usage::Usage};
use base::{Lang, Localized, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulletin {
    pub month: Month,
    /// Absent on a draft.
    pub published_at: Option<Timestamp>,
    /// Services in the state register of services, itemised here or not.
    pub services_in_register: u32,
    /// Services of the register without a row: nothing is known of their use.
    pub services_not_itemised: u32,
    pub rows: Vec<Row>,
    pub total: Usage,
    /// Digest of the method whose definitions the figures follow.
    pub methodology: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub service: String,
    pub name: Localized,
    pub agency: Localized,
    pub online: bool,
    pub usage: Usage,
}

impl Bulletin {
    /// Puts a month's usage together. `usage` has one entry per service of `services`, in its order.
    pub(crate) fn of(
        month: Month,
        in_register: u32,
        services: &[Registered],
        usage: Vec<Usage>,
        methodology: &str,
    ) -> Bulletin {
        assert_eq!(services.len(), usage.len(), "one usage per service");
        let itemised = u32::try_from(services.len()).unwrap_or(u32::MAX);
        let total = total(&usage);
        let rows = services.iter().zip(usage).map(|(service, usage)| Row {
            service: service.id.clone(),
            name: service.name.clone(),
            agency: service.agency.clone(),
            online: service.online,
            usage,
        });
        Bulletin {
            month,
            published_at: None,
            services_in_register: in_register.max(itemised),
            services_not_itemised: in_register.saturating_sub(itemised),
            rows: rows.collect(),
            total,
            methodology: methodology.into(),
        }
    }

    pub fn row(&self, service: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.service == service)
    }

    /// RFC 4180 with a header row; names in `lang`.
    pub fn csv(&self, lang: Lang) -> String {
        csv::write(self, lang)
    }

    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers only")
    }
}

/// Only plain totals are added: persons who used two services are counted in each (users are per service), medians and
/// breakdowns have no sum.
fn total(usage: &[Usage]) -> Usage {
    let sum = |figure: fn(&Usage) -> Option<i64>| {
        let known: Vec<i64> = usage.iter().filter_map(figure).collect();
        (!known.is_empty()).then(|| known.iter().fold(0_i64, |sum, count| sum.saturating_add(*count)))
    };
    Usage {
        users: sum(|usage| usage.users),
        users_before: sum(|usage| usage.users_before),
        submissions: sum(|usage| usage.submissions),
        decisions: sum(|usage| usage.decisions),
        decided_late: sum(|usage| usage.decided_late),
        ratings: sum(|usage| usage.ratings),
        offline_users: sum(|usage| usage.offline_users),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_services_is_the_number_in_the_register() {
        let name = Localized { az: "a".into(), en: "a".into(), ru: "a".into() };
        let service = |id: &str| Registered { id: id.into(), name: name.clone(), agency: name.clone(), online: true };
        let services = [service("1.1"), service("15.1")];
        let month = Month::new(2026, 10).expect("a month");
        let usage = |users| Usage { users: Some(users), ..Usage::default() };
        let bulletin = Bulletin::of(month, 449, &services, vec![usage(3), usage(4)], "m");
        let counted = bulletin.rows.len() + bulletin.services_not_itemised as usize;
        assert_eq!(counted, bulletin.services_in_register as usize);
        assert_eq!((bulletin.total.users, bulletin.total.decisions), (Some(7), None));
        assert!(bulletin.row("15.1").is_some());
    }
}
