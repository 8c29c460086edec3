//! The portal's inbox: what was said to a person, in every language, read or not.

use crate::Notify;
use crate::refusal::{Failure, Refusal, refuse};
use base::{Fault, Id, Localized, Timestamp};
use host::args;
use host::store::Row;

/// One message in a person's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: Id,
    pub title: Localized,
    pub body: Localized,
    /// Where in the portal to go on: a path.
    pub link: Option<String>,
    pub at: Timestamp,
    pub read_at: Option<Timestamp>,
}

/// A page of the inbox shows at most so many.
pub const PAGE_MAX: i64 = 50;

macro_rules! select_message {
    ($rest:literal) => {
        concat!("SELECT id, title, body, link, at, read_at FROM notify_message ", $rest)
    };
}

impl Notify {
    /// The person's messages, newest first, at most `limit` (and [`PAGE_MAX`]). `before` is the last message of the page
    /// before.
    pub async fn inbox(&self, person: &str, before: Option<&Message>, limit: i64) -> Result<Vec<Message>, Fault> {
        let limit = limit.clamp(1, PAGE_MAX);
        let rows = match before {
            None => {
                let sql = select_message!("WHERE person = $1 ORDER BY at DESC, id DESC LIMIT $2");
                self.store().query(sql, &args![person, limit]).await?
            }
            Some(last) => {
                let sql = select_message!(
                    "WHERE person = $1 AND (at < $2 OR (at = $2 AND id < $3)) ORDER BY at DESC, id DESC LIMIT $4"
                );
                self.store().query(sql, &args![person, last.at, &last.id, limit]).await?
            }
        };
        Ok(rows.iter().map(read).collect())
    }

    pub async fn unread(&self, person: &str) -> Result<i64, Fault> {
        let sql = "SELECT COUNT(*) AS number FROM notify_message WHERE person = $1 AND read_at IS NULL";
        let row = self.store().query_opt(sql, &args![person]).await?;
        Ok(row.map_or(0, |row| row.int("number")))
    }

    /// One message of the person; somebody else's is unknown.
    pub async fn message(&self, person: &str, message: &Id) -> Result<Message, Failure> {
        let sql = select_message!("WHERE id = $1 AND person = $2");
        let row = self.store().query_opt(sql, &args![message, person]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::MessageUnknown), |row| Ok(read(row)))
    }

    /// Marks the message as read now. The first time counts; again changes nothing.
    pub async fn mark_read(&self, person: &str, message: &Id) -> Result<(), Failure> {
        if self.message(person, message).await?.read_at.is_some() {
            return Ok(());
        }
        let mut tx = self.store().begin().await?;
        tx.execute(
            "UPDATE notify_message SET read_at = $1 WHERE id = $2 AND person = $3 AND read_at IS NULL",
            &args![self.now(), message, person],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

fn read(row: &Row) -> Message {
    let text = |column: &str| serde_json::from_str(row.text(column)).expect("written as texts");
    Message {
        id: row.id("id"),
        title: text("title"),
        body: text("body"),
        link: row.opt_text("link").map(str::to_owned),
        at: row.time("at"),
        read_at: row.opt_time("read_at"),
    }
}
