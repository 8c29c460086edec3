//! Notices to people: reads the outbox that every part writes, keeps the portal's inbox, sends mail. Decides nothing about
//! cases or money, and is the only reader of the outbox.

mod consent;
mod contact;
mod delivery;
mod inbox;
mod mail;
mod refusal;
mod schema;
mod template;

pub use consent::{CONSENTS_MAX, Consent, MAIL_NOTICES};
pub use contact::{Contact, Known};
pub use inbox::{Message, PAGE_MAX};
pub use mail::{Mail, Post, Posted, SmtpPost};
pub use refusal::{Failure, Refusal};
pub use schema::MIGRATIONS;
pub use template::Templates;

use base::{Chance, Clock, Timestamp};
use host::store::Store;
use std::sync::Arc;

/// Everything that notices need of the world.
pub struct Setup {
    pub store: Store,
    pub templates: Templates,
    pub post: Arc<dyn Post>,
    /// Named in mails as where to log in: `http://127.0.0.1:8800`.
    pub portal_origin: String,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Woken after a commit that enqueued a mail (`Worker::waker`).
    pub wake: Option<Arc<tokio::sync::Notify>>,
}

/// The use cases of notices; cloning shares them.
#[derive(Clone)]
pub struct Notify {
    setup: Arc<Setup>,
}

impl Notify {
    pub fn new(setup: Setup) -> Notify {
        Notify { setup: Arc::new(setup) }
    }

    pub fn templates(&self) -> &Templates {
        &self.setup.templates
    }

    fn store(&self) -> &Store {
        &self.setup.store
    }

    fn post(&self) -> &dyn Post {
        self.setup.post.as_ref()
    }

    fn portal_origin(&self) -> &str {
        &self.setup.portal_origin
    }

    fn now(&self) -> Timestamp {
        self.setup.clock.now()
    }

    fn chance(&self) -> &dyn Chance {
        self.setup.chance.as_ref()
    }

    fn wake(&self) {
        if let Some(wake) = &self.setup.wake {
            wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
