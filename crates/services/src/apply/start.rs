//! Opening an application, or coming back to the one that is being filled in.

use crate::{
    case::{
        Case, Dossier, State,
        parts::{Actor, next_number, record},
    },
    catalogue::Card,
    refusal::{Outcome, Refusal},
    services::{Services, refuse},
    view::{ActingFor, Applicant},
};
use host::{args, store::Tx};
use serde_json::Map;

impl Services {
    /// Opens an application and asks the registers; the reference. Asking twice, from two tabs or by a double click, gives
    /// the same application.
    pub async fn start(&self, who: &Applicant, service: &str) -> Outcome<String> {
        let Some(card) = self.catalogue().card(service) else { return refuse(Refusal::UnknownService) };
        let Some(definition) = self.catalogue().definition(service).cloned() else { return refuse(Refusal::NotOnline) };
        if card.company_only && who.company.is_none() {
            return refuse(Refusal::CompanyNeeded);
        }
        // A service for citizens is asked for in one's own name, whatever company one acts for at the moment.
        let company = who.company.as_ref().filter(|_| card.audience != crate::catalogue::Audience::Citizen);
        let tin = company.map(|company| company.tin.clone());
        let now = self.now();
        let draft_key = Case::draft_key_of(service, who.pin.as_str(), tin.as_deref());
        let mut tx = self.setup.store.begin().await?;
        if let Some(reference) = unfinished(&mut tx, &draft_key).await? {
            tx.rollback().await;
            return Ok(reference);
        }
        if card.one_at_a_time
            && let Some(reference) = under_way(&mut tx, service, who.pin.as_str()).await?
        {
            // Another tab may have committed between the two looks; then it is our own application, to be gone on with.
            let own = unfinished(&mut tx, &draft_key).await?;
            tx.rollback().await;
            return own.map_or_else(|| refuse(Refusal::AlreadyOpen { reference }), Ok);
        }
        let case = self.new_draft(&mut tx, who, company, card, draft_key.clone()).await?;
        if !case.insert(&mut tx).await? {
            // Another tab was first between our look and our insert; PostgreSQL lets both look.
            tx.rollback().await;
            let sql = "SELECT reference FROM services_case WHERE draft_key = $1";
            let found = self.setup.store.query_opt(sql, &args![&draft_key]).await?;
            return found.map(|row| row.text("reference").to_owned()).ok_or(base::Failure::Refused(Refusal::Stale));
        }
        let actor = Actor::Applicant { pin: case.pin.clone() };
        record(&mut tx, &case, "services.started", &actor, Map::new(), now).await?;
        self.count(&mut tx, &case, "started", None).await?;
        let reference = case.reference.clone();
        let dossier =
            Dossier { case, definition, answers: Default::default(), files: Vec::new(), evidence: Vec::new() };
        self.plan_evidence(&mut tx, &dossier).await?;
        tx.commit().await?;
        self.gather(&reference).await;
        Ok(reference)
    }

    async fn new_draft(
        &self,
        tx: &mut Tx,
        who: &Applicant,
        company: Option<&ActingFor>,
        card: &Card,
        draft_key: String,
    ) -> Outcome<Case> {
        let (now, year) = (self.now(), self.today().year());
        let prefix = &self.catalogue().reference_prefix;
        let number = next_number(tx, &format!("{prefix}-{year}")).await?;
        Ok(Case {
            reference: format!("{prefix}-{year}-{number:06}"),
            draft_key: Some(draft_key),
            service: card.id.clone(),
            service_version: card.version.clone(),
            agency: card.agency.clone(),
            pin: who.pin.as_str().to_owned(),
            name: who.name.clone(),
            tin: company.map(|company| company.tin.clone()),
            company_name: company.map(|company| company.name.clone()),
            state: State::Draft,
            version: 1,
            started_at: now,
            changed_at: now,
            submitted_at: None,
            decided_at: None,
            submitted_on: None,
            period_days: card.period.as_ref().map_or(1, |period| period.working_days),
            paused_days: 0,
            paused_on: None,
            warned_percent: 0,
            late: false,
            officer_pin: None,
            officer_name: None,
            receipt_number: None,
            debt_code: None,
            fee_paid_at: None,
            fee_receipt: None,
            correction: None,
            decision: None,
        })
    }
}

async fn unfinished(tx: &mut Tx, draft_key: &str) -> Outcome<Option<String>> {
    let row = tx.query_opt("SELECT reference FROM services_case WHERE draft_key = $1", &args![draft_key]).await?;
    Ok(row.map(|row| row.text("reference").to_owned()))
}

async fn under_way(tx: &mut Tx, service: &str, pin: &str) -> Outcome<Option<String>> {
    let rows = tx
        .query(
            "SELECT reference FROM services_case WHERE service = $1 AND pin = $2
             AND state NOT IN ('approved', 'refused', 'withdrawn') ORDER BY reference LIMIT 1",
            &args![service, pin],
        )
        .await?;
    Ok(rows.first().map(|row| row.text("reference").to_owned()))
}
