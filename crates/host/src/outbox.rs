//! Notices that parts leave for people, in the same transaction as what they tell. Only `notify` reads them.

use crate::args;
use crate::store::{Migration, Store, Tx};
use base::{Fault, Timestamp};
use std::collections::BTreeMap;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "host_outbox",
    number: 1,
    sql: "CREATE TABLE host_outbox (
    notice_key TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    template TEXT NOT NULL,
    template_values TEXT NOT NULL,
    link TEXT,
    at BIGINT NOT NULL,
    taken BIGINT NOT NULL
);
CREATE INDEX host_outbox_waiting ON host_outbox (taken, at);",
}];

/// What a person must learn.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Exactly once: a second notice with this key is the same notice.
    pub key: String,
    /// The PIN of whom it is for.
    pub person: String,
    /// Name of the text in the country folder.
    pub template: String,
    pub values: BTreeMap<String, String>,
    /// Where in the portal to go on: a path without personal data.
    pub link: Option<String>,
    pub at: Timestamp,
}

impl Tx {
    /// True when the notice is new.
    pub async fn notice(&mut self, notice: &Notice) -> Result<bool, Fault> {
        let values = serde_json::to_string(&notice.values).expect("a map of texts is JSON");
        let inserted = self
            .execute(
                "INSERT INTO host_outbox (notice_key, person, template, template_values, link, at, taken)
                 VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (notice_key) DO NOTHING",
                &args![
                    notice.key.as_str(),
                    notice.person.as_str(),
                    notice.template.as_str(),
                    values,
                    notice.link.clone(),
                    notice.at
                ],
            )
            .await?;
        Ok(inserted == 1)
    }

    /// The oldest waiting notices, marked as taken in this transaction: whoever commits it has them, exactly once.
    pub async fn take_notices(&mut self, most: i64) -> Result<Vec<Notice>, Fault> {
        let rows = self
            .query(
                "SELECT notice_key, person, template, template_values, link, at FROM host_outbox
                 WHERE taken = 0 ORDER BY at, notice_key LIMIT $1",
                &args![most],
            )
            .await?;
        let mut taken = Vec::new();
        for row in rows {
            let mine = self
                .execute(
                    "UPDATE host_outbox SET taken = 1 WHERE notice_key = $1 AND taken = 0",
                    &args![row.text("notice_key")],
                )
                .await?;
            if mine == 1 {
                taken.push(Notice {
                    key: row.text("notice_key").to_owned(),
                    person: row.text("person").to_owned(),
                    template: row.text("template").to_owned(),
                    values: serde_json::from_str(row.text("template_values")).expect("written as a map of texts"),
                    link: row.opt_text("link").map(str::to_owned),
                    at: row.time("at"),
                });
            }
        }
        Ok(taken)
    }
}

/// How many notices wait, for health.
pub async fn waiting(store: &Store) -> Result<i64, Fault> {
    let row = store.query_opt("SELECT COUNT(*) AS number FROM host_outbox WHERE taken = 0", &args![]).await?;
    Ok(row.map_or(0, |row| row.int("number")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::stores;
    use base::clock;

    #[tokio::test]
    async fn a_notice_is_taken_exactly_once() {
        for store in stores(&[]).await {
            let notice = Notice {
                key: "case-1/decided".into(),
                person: "AYTEN01".into(),
                template: "case-decided".into(),
                values: BTreeMap::from([("reference".into(), "R-1".into())]),
                link: Some("/cases/R-1".into()),
                at: clock::from_micros(5),
            };
            let mut tx = store.begin().await.expect("begun");
            assert!(tx.notice(&notice).await.expect("left"));
            assert!(!tx.notice(&notice).await.expect("known"));
            tx.commit().await.expect("committed");
            assert_eq!(waiting(&store).await.expect("counted"), 1);

            let mut lost = store.begin().await.expect("begun");
            assert_eq!(lost.take_notices(10).await.expect("taken").len(), 1);
            lost.rollback().await;

            let mut tx = store.begin().await.expect("begun");
            let taken = tx.take_notices(10).await.expect("taken");
            tx.commit().await.expect("committed");
            assert_eq!(taken.len(), 1);
            assert_eq!(taken[0].values, notice.values);
            assert_eq!(waiting(&store).await.expect("counted"), 0);
        }
    }
}
