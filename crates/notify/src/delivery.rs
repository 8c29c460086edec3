//! From the outbox to the inbox, exactly once: taking the notice, writing the message and enqueuing its mail are one
//! transaction, so a crash before the commit repeats all of it and a crash after it repeats nothing.

use crate::contact::contact_in;
use crate::{Notify, mail};
use base::{Fault, Id};
use host::args;
use host::http::Shutdown;
use host::jobs::Job;
use host::outbox::Notice;
use host::store::Tx;
use serde_json::json;
use std::time::Duration;

/// Notices delivered in one transaction: few enough not to keep other writers waiting.
const BATCH: i64 = 32;
/// How long the outbox is left alone when it was empty.
const POLL: Duration = Duration::from_millis(500);

impl Notify {
    /// Delivers until the shutdown.
    pub async fn run(&self, shutdown: Shutdown) {
        loop {
            match self.deliver_waiting().await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(fault) => tracing::error!(%fault, "delivering notices"),
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Delivers what waits now, at most a batch; how many. For tests, and the body of `run`.
    pub async fn deliver_waiting(&self) -> Result<usize, Fault> {
        // An empty outbox is the usual case; it is seen without the writer.
        if host::outbox::waiting(self.store()).await? == 0 {
            return Ok(0);
        }
        let mut tx = self.store().begin().await?;
        let notices = tx.take_notices(BATCH).await?;
        for notice in &notices {
            self.deliver(&mut tx, notice).await?;
        }
        tx.commit().await?;
        if !notices.is_empty() {
            self.wake();
        }
        Ok(notices.len())
    }

    async fn deliver(&self, tx: &mut Tx, notice: &Notice) -> Result<(), Fault> {
        let rendered = self.templates().render(&notice.template, &notice.values);
        if rendered.fell_back {
            tracing::error!(template = notice.template, "a notice names a text that does not exist");
        }
        let now = self.now();
        let id = Id::new(now, self.chance());
        let text = |text| serde_json::to_string(text).expect("texts are JSON");
        let inserted = tx
            .execute(
                "INSERT INTO notify_message (id, notice_key, person, template, title, body, link, at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (notice_key) DO NOTHING",
                &args![
                    &id,
                    &notice.key,
                    &notice.person,
                    &notice.template,
                    text(&rendered.title),
                    text(&rendered.body),
                    notice.link.clone(),
                    notice.at
                ],
            )
            .await?;
        let contact = contact_in(tx, &notice.person).await?;
        if inserted == 1 && contact.mail_on && contact.email.is_some() {
            tx.execute(
                "INSERT INTO notify_mail (message_id, state, queued_at) VALUES ($1, 'queued', $2)",
                &args![&id, now],
            )
            .await?;
            tx.enqueue(&Job {
                kind: mail::JOB,
                key: Some(id.to_string()),
                payload: json!({ "message": id }),
                run_at: now,
            })
            .await?;
        }
        Ok(())
    }
}
