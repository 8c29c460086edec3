//! Mail about a message in the inbox. It says whose portal has news and under which title, greets by name, and nothing else:
//! no content, no link with a secret.
//!
//! Towards a mail server nothing is exactly once: after its "250" and before our commit there is a moment in which a crash
//! makes us send again. The moment is as short as one commit, and every sending of a mail has the same Message-ID (RFC 5322
//! §3.6.4), derived from the notice's key, so that receivers fold the copies into one.

use crate::contact::Contact;
use crate::refusal::Failure;
use crate::template::fill;
use crate::{Message, Notify};
use base::{Fault, Id, Timestamp};
use host::args;
use host::jobs::{Claimed, Done, Worker};
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// Kind of the job that sends one mail.
pub(crate) const JOB: &str = "notify.mail";

/// Whole time for one conversation with the mail server; well under a job's lease.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub message_id: String,
    pub sender: String,
    pub name: Option<String>,
    pub address: String,
    pub subject: String,
    pub text: String,
    pub at: Timestamp,
}

/// What the mail server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    Accepted,
    /// Never to be tried again (a 5xx answer, RFC 5321 §4.2.1).
    Refused(String),
}

/// The way to the mail server; a port, so that tests need none.
pub trait Post: Send + Sync {
    fn send<'a>(&'a self, mail: &'a Mail) -> Pin<Box<dyn Future<Output = Result<Posted, Fault>> + Send + 'a>>;
}

/// SMTP to a relay on this machine or in its own network: without TLS, as such relays speak. Not for the open internet.
pub struct SmtpPost {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpPost {
    pub fn new(host: &str, port: u16) -> SmtpPost {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port);
        SmtpPost { transport: builder.timeout(Some(SEND_TIMEOUT)).build() }
    }
}

impl Post for SmtpPost {
    fn send<'a>(&'a self, mail: &'a Mail) -> Pin<Box<dyn Future<Output = Result<Posted, Fault>> + Send + 'a>> {
        Box::pin(async move {
            let unusable = |cause: &dyn std::fmt::Display| Posted::Refused(cause.to_string());
            let sender: Mailbox = mail.sender.parse().map_err(|cause| Fault::new("read the mail's sender", cause))?;
            let address = match mail.address.parse() {
                Ok(address) => address,
                Err(cause) => return Ok(unusable(&cause)),
            };
            let message = lettre::Message::builder()
                .message_id(Some(format!("<{}>", mail.message_id)))
                .date(instant(mail.at))
                .from(sender)
                .to(Mailbox::new(mail.name.clone(), address))
                .subject(&mail.subject)
                // RFC 3834 §5: no robot should answer a robot.
                .header(AutoSubmitted)
                .header(ContentType::TEXT_PLAIN)
                .body(mail.text.clone())
                .map_err(|cause| Fault::new("write a mail", cause))?;
            match tokio::time::timeout(SEND_TIMEOUT, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(Posted::Accepted),
                Ok(Err(error)) if error.is_permanent() => Ok(unusable(&error)),
                Ok(Err(error)) => Err(Fault::passing("send a mail", error)),
                Err(_) => Err(Fault::passing("send a mail", "no answer in time")),
            }
        })
    }
}

#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

fn instant(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

impl Notify {
    /// Registers the job that sends mails.
    pub fn register(&self, worker: Worker) -> Worker {
        let notify = self.clone();
        worker.on(JOB, move |job| {
            let notify = notify.clone();
            async move { notify.mail_job(job).await }
        })
    }

    async fn mail_job(&self, job: Claimed) -> Result<Done, Fault> {
        let message = job.payload["message"].as_str().and_then(Id::parse).expect("enqueued with the message's id");
        let sql = "SELECT m.person AS person, m.notice_key AS notice_key FROM notify_message m
                   JOIN notify_mail s ON s.message_id = m.id WHERE m.id = $1 AND s.state = 'queued'";
        let Some(row) = self.store().query_opt(sql, &args![&message]).await? else { return Ok(Done::Finished) };
        let contact = self.contact(row.text("person")).await?;
        let message = match self.message(row.text("person"), &message).await {
            Ok(message) => message,
            Err(Failure::Failed(fault)) => return Err(fault),
            Err(Failure::Refused(_)) => panic!("the row was found under this person a moment ago"),
        };
        let (state, because) = match self.compose(&message, &contact, row.text("notice_key")) {
            // Switched off, or the address gone, since the notice came: the inbox has it.
            None => ("unwanted", None),
            Some(mail) => match self.post().send(&mail).await? {
                Posted::Accepted => ("sent", None),
                Posted::Refused(because) => ("refused", Some(because)),
            },
        };
        let mut tx = self.store().begin().await?;
        tx.execute(
            "UPDATE notify_mail SET state = $1, ended_at = $2, refused_because = $3
             WHERE message_id = $4 AND state = 'queued'",
            &args![state, self.now(), because, &message.id],
        )
        .await?;
        tx.commit().await?;
        Ok(Done::Finished)
    }

    fn compose(&self, message: &Message, contact: &Contact, notice_key: &str) -> Option<Mail> {
        let address = contact.email.clone().filter(|_| contact.mail_on)?;
        let words = &self.templates().mail;
        let lang = contact.lang;
        let greeting = match &contact.name {
            Some(name) => fill(words.greeting.in_lang(lang), &[("name", name)]),
            None => words.greeting_without_name.in_lang(lang).to_owned(),
        };
        let title = message.title.in_lang(lang);
        let text = fill(words.text.in_lang(lang), &[("title", title), ("portal", self.portal_origin())]);
        let closing = words.closing.in_lang(lang);
        let domain = words.sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain.trim_end_matches('>'));
        Some(Mail {
            message_id: format!("{}@{domain}", message_name(notice_key)),
            sender: words.sender.clone(),
            name: contact.name.clone(),
            address,
            subject: title.to_owned(),
            text: format!("{greeting}\n\n{}\n\n{}\n", text.trim(), closing.trim()),
            at: message.at,
        })
    }
}

/// The same for every sending of one notice's mail, and telling nothing of the notice.
fn message_name(notice_key: &str) -> String {
    let digest = formats::verify::sha256(format!("pencere notice {notice_key}").as_bytes());
    base::hex(&digest[..16])
}
