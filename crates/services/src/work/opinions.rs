//! What users say of an agency's services, at that agency's desk. That an opinion was shown is recorded once: the state's
//! monitoring asks whether opinions reach those they are about.

use crate::{
    refusal::Outcome,
    services::Services,
    view::{AgencyOpinion, Official},
};
use base::{Fault, Timestamp};
use host::{args, audit::Entry, store::Row};

/// So many opinions are shown at once, those that nobody has seen first, so that none stays unseen.
const OPINIONS_MAX: i64 = 100;

impl Services {
    /// Opinions on the official's agency, marked as shown by this look.
    pub async fn agency_opinions(&self, official: &Official) -> Outcome<Vec<AgencyOpinion>> {
        let rows = self
            .setup
            .store
            .query(
                "SELECT f.reference, f.service, f.rating, f.comment, f.at, CASE WHEN s.reference IS NULL THEN 1 ELSE 0 END AS fresh
                 FROM services_feedback f JOIN services_case c ON c.reference = f.reference
                 LEFT JOIN services_feedback_shown s ON s.reference = f.reference
                 WHERE c.agency = $1 ORDER BY fresh DESC, f.at DESC, f.reference LIMIT $2",
                &args![&official.agency, OPINIONS_MAX],
            )
            .await?;
        let fresh: Vec<&str> =
            rows.iter().filter(|row| row.int("fresh") == 1).map(|row| row.text("reference")).collect();
        if !fresh.is_empty() {
            self.mark_shown(official, &fresh, self.now()).await?;
        }
        Ok(rows.iter().map(opinion).collect())
    }

    async fn mark_shown(&self, official: &Official, references: &[&str], at: Timestamp) -> Result<(), Fault> {
        let actor = format!("PIN:{}", official.pin.as_str());
        let mut tx = self.setup.store.begin().await?;
        let entry = Entry {
            at,
            actor: actor.clone(),
            action: "services.opinions_shown",
            subject: official.agency.clone(),
            detail: serde_json::json!({ "opinions": references.len() }),
        };
        let leaf = i64::try_from(tx.audit(&entry).await?).expect("a log has fewer leaves than 2^63");
        for reference in references {
            tx.execute(
                "INSERT INTO services_feedback_shown (reference, official, at, leaf_index) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (reference) DO NOTHING",
                &args![*reference, &actor, at, leaf],
            )
            .await?;
        }
        tx.commit().await
    }
}

fn opinion(row: &Row) -> AgencyOpinion {
    AgencyOpinion {
        service: row.text("service").to_owned(),
        rating: row.int("rating"),
        comment: row.text("comment").to_owned(),
        at: row.time("at"),
        fresh: row.int("fresh") == 1,
    }
}
