//! What the portal needs of parts it must not depend on, in its own words; the binary's wiring joins them.

use base::{Fault, Lang, Localized, Pin, Timestamp};
use std::{future::Future, pin::Pin as Pinned};

/// The shape of every asynchronous answer of a port.
pub type Answer<'a, T> = Pinned<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Debug, Clone)]
pub struct Member {
    /// `AZ/GOV/10002`.
    pub id: String,
    pub name: Localized,
    /// Codes of its subsystems with the server that hosts each.
    pub subsystems: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub struct Server {
    pub code: String,
    pub owner: Localized,
    pub address: String,
    /// Whether it answered just now.
    pub alive: bool,
}

#[derive(Debug, Clone)]
pub struct CertificateLine {
    pub subject: String,
    /// What it is used for, in the standard's word: `sign`, `auth`, `tls`, `ocsp`, `tsa`.
    pub usage: String,
    pub serial: String,
    pub valid_to: Timestamp,
    /// The responder's last word: `good`, `revoked`, `unknown`; empty if it was not asked.
    pub status: String,
}

/// Messages of one data service by one client over the last 24 hours.
#[derive(Debug, Clone)]
pub struct TrafficLine {
    pub service: String,
    pub client: String,
    pub messages: i64,
    pub failed: i64,
    /// From the question to the answer, on the average of all, failed ones too.
    pub mean_ms: Option<i64>,
}

/// A kind of job or the outbox.
#[derive(Debug, Clone)]
pub struct QueueHealth {
    pub kind: String,
    pub waiting: i64,
    /// Failed so often that somebody must look.
    pub stuck: i64,
    pub oldest: Option<Timestamp>,
}

/// What the operator sees of exchange, trust services and the machine room.
pub trait Operations: Send + Sync {
    fn members(&self) -> Answer<'_, Result<Vec<Member>, Fault>>;
    fn servers(&self) -> Answer<'_, Result<Vec<Server>, Fault>>;
    fn certificates(&self) -> Answer<'_, Result<Vec<CertificateLine>, Fault>>;
    fn traffic(&self) -> Answer<'_, Result<Vec<TrafficLine>, Fault>>;
    fn queues(&self) -> Answer<'_, Result<Vec<QueueHealth>, Fault>>;
}

/// Why no signature came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneRefusal {
    NotANumber,
    /// No mobile signature is known for this number and person.
    NotAClient,
    UserCancelled,
    TimedOut,
}

/// What the phone answered, unless the world failed on the way.
pub type FromPhone<'a, T> = Answer<'a, Result<Result<T, PhoneRefusal>, Fault>>;

/// Signing with a phone, server to server (Mobile-ID REST in the demo).
pub trait PhoneSigning: Send + Sync {
    /// The signing certificate of that person's phone, DER. `number` is as the person typed it.
    fn certificate<'a>(&'a self, number: &'a str, person: &'a Pin) -> FromPhone<'a, Vec<u8>>;

    /// Asks the phone to sign; returns the session to ask for, and the code that the phone shows too.
    fn begin<'a>(
        &'a self,
        number: &'a str,
        person: &'a Pin,
        digest: &'a [u8; 32],
        lang: Lang,
    ) -> FromPhone<'a, (String, String)>;

    /// `None` while the phone has not answered. Waits a second or so for it.
    fn poll<'a>(&'a self, session: &'a str) -> FromPhone<'a, Option<Vec<u8>>>;
}

/// A register that holds data on persons, as the page "my data" shows it.
#[derive(Debug, Clone)]
pub struct RegisterCard {
    /// `iamas`.
    pub id: String,
    /// `AZ/GOV/10003/iamas`: the subsystem whose `recordOf`, `accessLog`, `accessProof` and `requestCorrection` are asked.
    pub subsystem: String,
    pub name: Localized,
    pub holder: Localized,
}

/// What the portal must know of the country; read from its folder by the wiring.
#[derive(Debug, Clone)]
pub struct Country {
    /// The portal's own subsystem: `AZ/GOV/10001/portal`.
    pub client: String,
    pub registers: Vec<RegisterCard>,
    /// Code of the member (`10002`) and its name.
    pub members: Vec<(String, Localized)>,
    /// Hours ahead of UTC, all year.
    pub utc_offset_hours: i8,
}

impl Country {
    pub fn member(&self, code: &str) -> Option<&Localized> {
        self.members.iter().find(|(known, _)| known == code).map(|(_, name)| name)
    }

    pub fn register(&self, id: &str) -> Option<&RegisterCard> {
        self.registers.iter().find(|register| register.id == id)
    }
}

impl RegisterCard {
    /// Code of the member that holds the register: `10003`.
    pub fn member(&self) -> &str {
        self.subsystem.split('/').nth(2).unwrap_or_default()
    }

    /// `AZ/GOV/10003/iamas/recordOf/v1`.
    pub fn service(&self, code: &str) -> String {
        format!("{}/{code}/v1", self.subsystem)
    }
}
