//! A running register: one schema over one store. `ask` is the only way in which data leaves it.

use crate::access;
use crate::answer::{Reply, own, view, write};
use crate::correction::{self, Decision};
use crate::question::{self, Admitted, Question};
use crate::record::{self, AsOf, Loading, Version};
use crate::schema::{Schema, ServiceKind};
use crate::{Refusal, proof};
use base::{Chance, Clock, Date, Failure, Fault, Id, Signer, Timestamp};
use host::store::{Migration, Store};
use serde_json::Value as Json;
use std::sync::Arc;

/// The tables that a register's store needs.
pub const MIGRATIONS: &[Migration] = record::TABLES;

pub struct Register {
    store: Store,
    schema: Schema,
    signer: Arc<dyn Signer>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
}

impl Register {
    /// `store` was opened with `MIGRATIONS`; `signer` (ECDSA P-256) signs the heads of its access log.
    pub fn open(
        store: Store,
        schema: Schema,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Arc<Register> {
        Arc::new(Register { store, schema, signer, clock, chance })
    }

    /// The information system over HTTP: `POST /soap` and `POST /rest/{service}`.
    pub fn router(self: &Arc<Self>) -> axum::Router {
        crate::http::router(Arc::clone(self))
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The key under which proofs of this register's access log are judged (SubjectPublicKeyInfo, DER).
    pub fn log_key_der(&self) -> &[u8] {
        self.signer.public_key_der()
    }

    /// Under which a fault is logged and its asker can name it.
    pub(crate) fn fault_number(&self) -> String {
        self.chance.hex(8)
    }

    fn moment(&self) -> (Timestamp, Date) {
        let now = self.clock.now();
        (now, now.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// Answers a question. The access is recorded and committed before the answer is returned; if it cannot be recorded,
    /// there is no answer.
    pub async fn ask(&self, question: &Question) -> Result<Json, Failure<Refusal>> {
        let asked = question::admit(&self.schema, question).map_err(Failure::Refused)?;
        match &asked.service.kind {
            ServiceKind::Write { .. } | ServiceKind::CorrectionRequest | ServiceKind::CorrectionDecision => {
                self.change(&asked).await
            }
            _ => self.read(&asked).await,
        }
    }

    async fn read(&self, asked: &Admitted<'_>) -> Result<Json, Failure<Refusal>> {
        let (now, today) = self.moment();
        // Everything known, not everything known by now: a clock that was set back must not make records disappear.
        let at = AsOf { valid: today, known: Timestamp::MAX };
        let store = &self.store;
        let mut leaf = None;
        let reply = match &asked.service.kind {
            ServiceKind::Record { view, absent } => view::one(store, asked, view, *absent, at).await?,
            ServiceKind::Rows { view } => view::many(store, asked, view, at).await?,
            ServiceKind::AccessLog => own::access_log(store, asked).await?,
            ServiceKind::OwnRecord => own::own_record(store, asked, at).await?,
            ServiceKind::AccessProof => {
                let (reply, found) = own::find_entry(store, asked).await?;
                leaf = found;
                reply
            }
            ServiceKind::CorrectionList => correction::list(store).await?,
            ServiceKind::Write { .. } | ServiceKind::CorrectionRequest | ServiceKind::CorrectionDecision => {
                unreachable!("`ask` sends changes another way")
            }
        };
        let mut tx = store.begin().await?;
        access::record(&mut tx, asked, &reply.accesses, now, &*self.chance).await?;
        tx.commit().await?;
        if let Some(leaf) = leaf {
            return Ok(proof::prove(store, &*self.signer, &self.schema.identifier, leaf, now).await?);
        }
        let mut body = reply.body.map_err(Failure::Refused)?;
        if matches!(asked.service.kind, ServiceKind::AccessLog) {
            // Whoever looks at their log takes its signed head along: from then on nothing before it can be changed unseen.
            body["head"] = proof::signed_head(store, &*self.signer, now).await?;
        }
        Ok(body)
    }

    async fn change(&self, asked: &Admitted<'_>) -> Result<Json, Failure<Refusal>> {
        let (now, today) = self.moment();
        let mut tx = self.store.begin().await?;
        let reply: Reply = match &asked.service.kind {
            ServiceKind::Write { entity } => {
                write::enter(&mut tx, asked, &self.schema.entities[*entity], today, now).await?
            }
            ServiceKind::CorrectionRequest => {
                let at = AsOf { valid: today, known: Timestamp::MAX };
                correction::request(&mut tx, asked, at, now, Id::new(now, &*self.chance)).await?
            }
            _ => {
                let decision = Decision {
                    reference: asked.text("reference"),
                    official: asked.reader.user.as_deref().unwrap_or(""),
                    accept: asked.input["accept"].as_bool().unwrap_or(false),
                    reason: asked.text("reason"),
                };
                correction::decide(&mut tx, &self.schema, &decision, today, now).await?
            }
        };
        match reply.body {
            Err(refusal) => {
                tx.rollback().await;
                Err(Failure::Refused(refusal))
            }
            Ok(body) => {
                access::record(&mut tx, asked, &reply.accesses, now, &*self.chance).await?;
                tx.commit().await?;
                Ok(body)
            }
        }
    }

    /// Requests for corrections that wait for a clerk of this register.
    pub async fn open_corrections(&self) -> Result<Vec<correction::Correction>, Fault> {
        correction::open(&self.store).await
    }

    /// A clerk's decision, as the data service `decideCorrection` makes it, for a clerk inside the agency.
    pub async fn decide_correction(&self, decision: Decision<'_>) -> Result<(), Failure<Refusal>> {
        let input = serde_json::json!({
            "reference": decision.reference, "accept": decision.accept, "reason": decision.reason
        });
        let service =
            self.schema.services.iter().find(|service| matches!(service.kind, ServiceKind::CorrectionDecision));
        let service = service.ok_or(Failure::Refused(Refusal::UnknownService))?;
        let reader = question::Reader {
            client: self.schema.identifier.clone(),
            user: Some(decision.official.to_owned()),
            case_reference: Some(decision.reference.to_owned()),
            purpose: service.purposes.first().cloned(),
            message_id: Id::new(self.clock.now(), &*self.chance).to_string(),
        };
        self.ask(&Question { service: service.code.clone(), input, reader }).await.map(|_| ())
    }

    /// Reads the whole access log against its leaves and signed heads; empty when nothing was touched.
    pub async fn examine_log(&self) -> Result<Vec<access::Tampering>, Fault> {
        access::examine(&self.store, self.signer.public_key_der()).await
    }

    /// Every version of a record, oldest first. For the register's own clerks and for tests; never an answer.
    pub async fn history(&self, entity: &str, key: &str) -> Result<Vec<Version>, Fault> {
        record::history(&self.store, entity, key).await
    }

    /// The record as it was valid on a day, as far as it was known at a time.
    pub async fn as_of(&self, entity: &str, key: &str, at: AsOf) -> Result<Option<Version>, Fault> {
        record::as_of(&self.store, entity, key, at).await
    }

    /// What an earlier filling of that name left.
    pub async fn loaded(&self, name: &str) -> Result<Option<record::Loaded>, Fault> {
        Loading::done(&self.store, name).await
    }

    /// Starts a filling; nothing of it is there before `Loading::finish`.
    pub async fn loading(&self) -> Result<Loading, Fault> {
        Loading::begin(&self.store, self.clock.now()).await
    }
}
