//! What users say of a service, and how much it is used. Counts are published with their rows; no person can be read off.

use super::follow::checked_text;
use crate::{
    case::State,
    refusal::{Outcome, Refusal},
    services::{Services, refuse},
    view::{Applicant, FeedbackView, Opinion, Usage},
};
use host::{args, store::Row};
use std::collections::BTreeMap;

/// So many of the latest comments are published.
const COMMENTS_MAX: i64 = 50;

impl Services {
    /// Rating 1 to 5 and a comment, once for each decided case.
    pub async fn feedback(&self, who: &Applicant, reference: &str, rating: i64, comment: &str) -> Outcome<()> {
        if !(1..=5).contains(&rating) {
            return refuse(Refusal::RatingRange);
        }
        let comment = checked_text(comment)?;
        let dossier = self.own(who, self.dossier(reference).await?)?;
        if !matches!(dossier.case.state, State::Approved | State::Refused) {
            return refuse(Refusal::FeedbackEarly);
        }
        let mut tx = self.setup.store.begin().await?;
        let inserted = tx
            .execute(
                "INSERT INTO services_feedback (reference, service, rating, comment, at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (reference) DO NOTHING",
                &args![reference, &dossier.case.service, rating, comment, self.now()],
            )
            .await?;
        if inserted == 0 {
            return refuse(Refusal::FeedbackTwice);
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn feedback_of(&self, reference: &str) -> Outcome<Option<FeedbackView>> {
        let sql = "SELECT rating, comment, at FROM services_feedback WHERE reference = $1";
        Ok(self.setup.store.query_opt(sql, &args![reference]).await?.map(|row| feedback_view(&row)))
    }

    /// How users rated a service, with the latest comments.
    pub async fn opinion(&self, service: &str) -> Outcome<Opinion> {
        let store = &self.setup.store;
        let sql = "SELECT rating, COUNT(*) AS number FROM services_feedback WHERE service = $1 GROUP BY rating";
        let mut opinion = Opinion::default();
        for row in store.query(sql, &args![service]).await? {
            let place = usize::try_from(row.int("rating") - 1).expect("ratings are stored from 1");
            opinion.counts[place] = row.int("number");
        }
        let sql = "SELECT rating, comment, at FROM services_feedback WHERE service = $1 AND comment <> '' ORDER BY at DESC LIMIT $2";
        opinion.comments = store.query(sql, &args![service, COMMENTS_MAX]).await?.iter().map(feedback_view).collect();
        Ok(opinion)
    }

    /// Use by service and month; services without any use have a line of noughts for the present month, because zero is
    /// published too (R260).
    pub async fn usage(&self) -> Outcome<Vec<Usage>> {
        let rows =
            self.setup.store.query("SELECT service, month, kind, seconds, late FROM services_usage", &args![]).await?;
        let this_month = self.today().strftime("%Y-%m").to_string();
        let mut months: BTreeMap<(String, String), Month> = BTreeMap::new();
        for card in self.catalogue().cards().iter().filter(|card| card.online) {
            months.entry((card.id.clone(), this_month.clone())).or_default();
        }
        for row in rows {
            let key = (row.text("service").to_owned(), row.text("month").to_owned());
            let (usage, fill, decide) = months.entry(key).or_default();
            let seconds = row.opt_int("seconds");
            match row.text("kind") {
                "started" => usage.started += 1,
                "submitted" => {
                    usage.submitted += 1;
                    fill.extend(seconds);
                }
                "withdrawn" => usage.withdrawn += 1,
                decided => {
                    if decided == "approved" {
                        usage.approved += 1
                    } else {
                        usage.refused += 1
                    }
                    usage.late += row.int("late");
                    decide.extend(seconds);
                }
            }
        }
        let line = |((service, month), (usage, fill, decide))| Usage {
            service,
            month,
            fill_seconds_median: median(fill),
            decide_seconds_median: median(decide),
            ..usage
        };
        Ok(months.into_iter().map(line).collect())
    }
}

/// Counters of one service in one month, with the seconds that filling in and deciding took.
type Month = (Usage, Vec<i64>, Vec<i64>);

fn feedback_view(row: &Row) -> FeedbackView {
    FeedbackView { rating: row.int("rating"), comment: row.text("comment").to_owned(), at: row.time("at") }
}

fn median(mut numbers: Vec<i64>) -> Option<i64> {
    numbers.sort_unstable();
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(numbers[middle]),
        _ => Some((numbers[middle - 1] + numbers[middle]) / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        for (numbers, expected) in [(vec![], None), (vec![3], Some(3)), (vec![9, 1, 5], Some(5)), (vec![4, 1], Some(2))]
        {
            assert_eq!(median(numbers), expected);
        }
    }
}
