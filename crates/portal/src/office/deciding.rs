//! A decision about a correction on its way: kept before the register hears of it, sent, and told to the person. Whatever
//! breaks off between, a job goes on; a register answers the same decision the same, so sending twice decides once.

use crate::{App, ports::RegisterCard, texts::Words};
use base::{
    Fault, Id, Lang, Pin, Timestamp, clock,
    dataservice::{AskError, Question, Wording},
};
use host::{
    args,
    audit::Entry,
    jobs::{Claimed, Done, Job, Worker},
    outbox::Notice,
    store::{Row, Tx},
};
use serde_json::json;
use std::collections::BTreeMap;

/// Kind of the job that carries a decision to its end.
const JOB: &str = "portal.correction";
/// So long the clerk's own request has to do it; then the job does.
const JOB_AFTER_S: i64 = 30;

/// What a clerk decided.
#[derive(Debug, Clone)]
pub struct Decision {
    pub register: String,
    pub reference: String,
    pub accept: bool,
    pub reason: String,
    /// `PIN:…`.
    pub clerk: String,
    message_id: String,
}

/// How the register took it.
#[derive(Debug)]
pub enum Taken {
    Told,
    Refused {
        code: String,
    },
    /// It did not answer; the job asks again.
    Later,
}

impl App {
    /// Runs decisions that were left on their way.
    pub fn jobs(&self, worker: Worker) -> Worker {
        let app = self.clone();
        worker.on(JOB, move |job| {
            let app = app.clone();
            async move { app.go_on(job).await }
        })
    }

    /// Keeps the decision, then carries it out.
    pub(crate) async fn decide_correction(
        &self,
        register: &RegisterCard,
        reference: &str,
        accept: bool,
        reason: &str,
        clerk: String,
    ) -> Result<Taken, Fault> {
        let now = self.clock.now();
        let decision = Decision {
            register: register.id.clone(),
            reference: reference.to_owned(),
            accept,
            reason: reason.to_owned(),
            clerk,
            message_id: Id::new(now, &*self.chance).to_string(),
        };
        self.keep(&decision, now).await?;
        self.carry_out(register, &decision).await
    }

    /// The intent and the job that sees to it, before anybody outside hears of it. A second thought before the register has
    /// answered takes the place of the first; which of them counts is for the register to say.
    async fn keep(&self, decision: &Decision, now: Timestamp) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        tx.execute(
            "INSERT INTO portal_correction (register, reference, accept, reason, clerk, message_id, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (register, reference) DO UPDATE
             SET accept = excluded.accept, reason = excluded.reason, clerk = excluded.clerk,
                 message_id = excluded.message_id, at = excluded.at",
            &args![
                &decision.register,
                &decision.reference,
                decision.accept,
                &decision.reason,
                &decision.clerk,
                &decision.message_id,
                now
            ],
        )
        .await?;
        let payload = json!({ "register": decision.register, "reference": decision.reference });
        let run_at = clock::from_micros(now.as_microsecond() + JOB_AFTER_S * 1_000_000);
        tx.enqueue(&Job { kind: JOB, key: Some(decision.message_id.clone()), payload, run_at }).await?;
        tx.commit().await
    }

    async fn carry_out(&self, register: &RegisterCard, decision: &Decision) -> Result<Taken, Fault> {
        let question = Question {
            client: self.country.client.clone(),
            service: register.service("decideCorrection"),
            wording: Wording::Rest,
            body: json!({ "reference": decision.reference, "accept": decision.accept, "reason": decision.reason }),
            user: Some(decision.clerk.clone()),
            case_reference: Some(decision.reference.clone()),
            purpose: super::corrections::PURPOSE.to_owned(),
            message_id: decision.message_id.clone(),
        };
        match self.registers.ask(question).await {
            Ok(answer) => {
                // The register names the person: what a form carries could be somebody else.
                let about = answer.body["pin"].as_str().and_then(Pin::parse);
                let about = about.ok_or_else(|| Fault::new("tell of a correction", "the register named nobody"))?;
                self.tell(register, decision, &about).await?;
                Ok(Taken::Told)
            }
            Err(AskError::Refused { code, .. }) => {
                let mut tx = self.store.begin().await?;
                settle(&mut tx, decision).await?;
                tx.commit().await?;
                Ok(Taken::Refused { code })
            }
            Err(AskError::Unreachable(fault)) => {
                tracing::warn!(
                    register = register.id,
                    attempt = fault.attempt,
                    cause = fault.cause,
                    "to be sent again"
                );
                Ok(Taken::Later)
            }
        }
    }

    /// One audit entry and one notice of a decision, however often it is carried out.
    async fn tell(&self, register: &RegisterCard, decision: &Decision, about: &Pin) -> Result<(), Fault> {
        let outcome = if decision.accept { "corrections.outcome_accepted" } else { "corrections.outcome_refused" };
        let mut values = BTreeMap::from([
            ("reference".to_owned(), decision.reference.clone()),
            ("reason".to_owned(), decision.reason.clone()),
        ]);
        for lang in Lang::ALL {
            values.insert(format!("register.{lang}"), register.name.in_lang(lang).to_owned());
            values.insert(format!("outcome.{lang}"), Words::of(lang).text(outcome).to_owned());
        }
        let at = self.clock.now();
        let notice = Notice {
            key: format!("correction-decided/{}/{}", register.id, decision.reference),
            person: about.as_str().to_owned(),
            template: "correction-decided".to_owned(),
            values,
            link: Some("/data".to_owned()),
            at,
        };
        let entry = Entry {
            at,
            actor: decision.clerk.clone(),
            action: "portal.correction_decided",
            subject: decision.reference.clone(),
            detail: json!({ "register": register.id, "accepted": decision.accept }),
        };
        let mut tx = self.store.begin().await?;
        if tx.notice(&notice).await? {
            tx.audit(&entry).await?;
        }
        settle(&mut tx, decision).await?;
        tx.commit().await
    }

    async fn go_on(&self, job: Claimed) -> Result<Done, Fault> {
        const ATTEMPT: &str = "carry out a decision about a correction";
        let named = |field: &str| job.payload[field].as_str().unwrap_or_default().to_owned();
        let sql = "SELECT register, reference, accept, reason, clerk, message_id FROM portal_correction
                   WHERE register = $1 AND reference = $2";
        let row = self.store.query_opt(sql, &args![named("register"), named("reference")]).await?;
        // Settled by the clerk's own request, as nearly always.
        let Some(decision) = row.as_ref().map(read) else { return Ok(Done::Finished) };
        let register = self.country.register(&decision.register);
        let register = register.ok_or_else(|| Fault::new(ATTEMPT, "the country has no such register"))?;
        match self.carry_out(register, &decision).await? {
            Taken::Told => Ok(Done::Finished),
            Taken::Refused { code } => {
                tracing::warn!(register = register.id, code, "a decision about a correction was refused later");
                Ok(Done::Finished)
            }
            Taken::Later => Err(Fault::passing(ATTEMPT, "the register does not answer")),
        }
    }
}

/// Nothing is left to do for this decision; a later one that took its place stays.
async fn settle(tx: &mut Tx, decision: &Decision) -> Result<(), Fault> {
    let sql = "DELETE FROM portal_correction WHERE register = $1 AND reference = $2 AND message_id = $3";
    tx.execute(sql, &args![&decision.register, &decision.reference, &decision.message_id]).await?;
    Ok(())
}

fn read(row: &Row) -> Decision {
    Decision {
        register: row.text("register").to_owned(),
        reference: row.text("reference").to_owned(),
        accept: row.bool("accept"),
        reason: row.text("reason").to_owned(),
        clerk: row.text("clerk").to_owned(),
        message_id: row.text("message_id").to_owned(),
    }
}
