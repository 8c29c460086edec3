//! From drafts to certificates: record the intent, sign, compare, store.

use super::{Authority, Centre, Order, State, authority::Authorities};
use crate::{Failure, Refusal};
use base::{Chance, Clock, Fault, Signer, Timestamp};
use der::asn1::ObjectIdentifier;
use formats::{
    verify::sha256,
    x509::{Certificate, Name, Profile, Template, sign_tbs},
};
use host::{
    args,
    audit::Entry,
    store::{Row, Store, Tx},
};
use serde_json::json;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT serial, authority, profile, subject, state, not_before, not_after, certificate ",
            "FROM trust_certificate WHERE certificate IS NOT NULL AND ",
            $rest
        )
    };
}

/// Most orders in one call: one transaction holds them all.
pub const ORDERS_MAX: usize = 500;
const DAY_S: i64 = 24 * 3600;
/// Serial numbers: 16 bytes of chance with the first bit clear and the second set, so that all have the same length.
const SERIAL_BYTES: usize = 16;

/// Everything that decides a certificate's content but its serial number and its time.
pub(super) struct Draft {
    pub authority: Authority,
    pub profile: Profile,
    pub subject: Name,
    pub holder: String,
    pub public_key_der: Vec<u8>,
    pub host_names: Vec<String>,
    pub policies: Vec<ObjectIdentifier>,
}

impl Draft {
    /// What makes two orders the same.
    fn digest(&self) -> String {
        let policies: Vec<String> = self.policies.iter().map(ToString::to_string).collect();
        let parts = [
            self.authority.code().as_bytes(),
            self.profile.name().as_bytes(),
            self.subject.der(),
            &self.public_key_der,
            self.host_names.join("\n").as_bytes(),
            policies.join("\n").as_bytes(),
        ]
        .map(|part| [&part.len().to_be_bytes()[..], part].concat())
        .concat();
        base::hex(&sha256(&parts))
    }

    /// Authorities begin an hour before their founding, so that what they issue at once begins after them.
    fn validity(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (before_s, days) = match self.profile {
            Profile::RootAuthority => (3600, 20 * 365),
            Profile::IssuingAuthority => (3600, 12 * 365),
            Profile::TimeStamping => (60, 6 * 365),
            Profile::PersonAuthentication | Profile::PersonSigning | Profile::Seal => (60, 3 * 365),
            Profile::OcspResponder | Profile::MemberSigning | Profile::MemberAuthentication | Profile::TlsServer => {
                (60, 2 * 365)
            }
        };
        let second = |second: i64| base::clock::from_micros(second.saturating_mul(1_000_000));
        let begin = now.as_second() - before_s;
        (second(begin), second(begin + days * DAY_S - 1))
    }
}

/// A certificate as the centre's records show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Hexadecimal.
    pub serial: String,
    pub authority: Authority,
    pub profile: Profile,
    /// RFC 4514.
    pub subject: String,
    pub state: State,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub certificate: Certificate,
}

impl Centre {
    /// Issues one certificate, or finds the one that the same order gave before.
    pub async fn issue(&self, order: &Order) -> Result<Certificate, Failure> {
        let mut issued = self.issue_all(std::slice::from_ref(order)).await?;
        Ok(issued.pop().expect("one certificate for every order"))
    }

    /// Issues many at once, all or none recorded, in the order of the orders.
    pub async fn issue_all(&self, orders: &[Order]) -> Result<Vec<Certificate>, Failure> {
        if orders.len() > ORDERS_MAX {
            return Err(base::Failure::Refused(Refusal::RequestTooLarge));
        }
        let drafts: Result<Vec<Draft>, Refusal> = orders.iter().map(|order| order.decide(&self.settings)).collect();
        let drafts = drafts.map_err(base::Failure::Refused)?;
        Ok(issue(&self.store, &self.authorities, &*self.clock, &*self.chance, &drafts).await?)
    }

    /// Every certificate of a holder (`PIN:…`, `ORG:…`, `AZ/GOV/10001`, `HOST:…`), newest first.
    pub async fn issued_to(&self, holder: &str) -> Result<Vec<Issued>, Fault> {
        let rows = self.store.query(select!("holder = $1 ORDER BY recorded_at DESC, serial"), &args![holder]).await?;
        rows.iter().map(read).collect()
    }

    pub async fn find(&self, serial: &str) -> Result<Option<Issued>, Fault> {
        let row = self.store.query_opt(select!("serial = $1"), &args![serial]).await?;
        row.as_ref().map(read).transpose()
    }

    /// How many certificates there are of each profile and state, for the operator.
    pub async fn counts(&self) -> Result<Vec<(String, String, i64)>, Fault> {
        let rows = self
            .store
            .query("SELECT profile, state, COUNT(*) AS many FROM trust_certificate GROUP BY profile, state ORDER BY profile, state", &args![])
            .await?;
        Ok(rows.iter().map(|row| (row.text("profile").into(), row.text("state").into(), row.int("many"))).collect())
    }
}

pub(super) fn read(row: &Row) -> Result<Issued, Fault> {
    const ATTEMPT: &str = "read the records of certificates";
    Ok(Issued {
        serial: row.text("serial").to_owned(),
        authority: Authority::parse(row.text("authority")).ok_or_else(|| Fault::new(ATTEMPT, "unknown authority"))?,
        profile: Profile::parse(row.text("profile")).ok_or_else(|| Fault::new(ATTEMPT, "unknown profile"))?,
        subject: row.text("subject").to_owned(),
        state: State::parse(row.text("state")).ok_or_else(|| Fault::new(ATTEMPT, "unknown state"))?,
        not_before: row.time("not_before"),
        not_after: row.time("not_after"),
        certificate: Certificate::from_der(row.blob("certificate")).map_err(|error| Fault::new(ATTEMPT, error))?,
    })
}

/// What the first transaction left to do for one draft.
enum Recorded {
    Finished(Box<Certificate>),
    /// The content that is to be signed, by its serial number.
    Intended {
        serial: String,
        tbs: Vec<u8>,
    },
}

/// The whole way of a list of drafts; one certificate for each, in order.
pub(super) async fn issue(
    store: &Store,
    authorities: &Authorities,
    clock: &dyn Clock,
    chance: &dyn Chance,
    drafts: &[Draft],
) -> Result<Vec<Certificate>, Fault> {
    let mut tx = store.begin().await?;
    let mut recorded = Vec::with_capacity(drafts.len());
    for draft in drafts {
        recorded.push(record(&mut tx, authorities, draft, clock.now(), chance).await?);
    }
    tx.commit().await?;

    // The intents are on disk: now the keys may sign. No transaction is open meanwhile.
    let mut certificates = Vec::with_capacity(drafts.len());
    let mut signed = Vec::new();
    for (draft, recorded) in drafts.iter().zip(recorded) {
        match recorded {
            Recorded::Finished(certificate) => certificates.push(*certificate),
            Recorded::Intended { serial, tbs } => {
                let key: &dyn Signer = authorities.key(draft.authority);
                let certificate = sign_tbs(&tbs, key)?;
                signed.push((certificates.len(), serial));
                certificates.push(certificate);
            }
        }
    }
    if !signed.is_empty() {
        let mut tx = store.begin().await?;
        for (place, serial) in signed {
            certificates[place] = keep(&mut tx, &serial, &certificates[place], clock.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(certificates)
}

/// Finds what the same order left, or writes the intent of a new certificate.
async fn record(
    tx: &mut Tx,
    authorities: &Authorities,
    draft: &Draft,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Recorded, Fault> {
    let digest = draft.digest();
    let mut attempt = 0;
    let latest = tx
        .query_opt(
            "SELECT serial, attempt, tbs, certificate, state, not_after FROM trust_certificate WHERE order_digest = $1 \
             ORDER BY attempt DESC LIMIT 1",
            &args![digest.as_str()],
        )
        .await?;
    if let Some(row) = latest {
        let over = row.text("state") == State::Revoked.code() || row.time("not_after") <= now;
        if !over {
            return unfinished(&row);
        }
        attempt = row.int("attempt") + 1;
    }
    let Composed { serial, tbs, not_before, not_after } = compose(authorities, draft, now, chance)?;
    let written = tx
        .execute(
            "INSERT INTO trust_certificate (serial, authority, profile, subject, holder, order_digest, attempt, tbs, \
             certificate, not_before, not_after, state, reason, recorded_at, changed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
            &args![
                serial.as_str(),
                draft.authority.code(),
                draft.profile.name(),
                draft.subject.rfc4514(),
                draft.holder.as_str(),
                digest.as_str(),
                attempt,
                tbs.as_slice(),
                None::<Vec<u8>>,
                not_before,
                not_after,
                State::Intended.code(),
                None::<i64>,
                now,
                now
            ],
        )
        .await?;
    if written == 0 {
        // Somebody else recorded the same order meanwhile: theirs is the one.
        let row = tx
            .query_opt(
                "SELECT serial, tbs, certificate FROM trust_certificate WHERE order_digest = $1 AND attempt = $2",
                &args![digest.as_str(), attempt],
            )
            .await?
            .ok_or_else(|| Fault::passing("record a certificate", "the serial number is taken"))?;
        return unfinished(&row);
    }
    audit(tx, now, "trust.certificate_intended", &serial, draft.profile).await?;
    Ok(Recorded::Intended { serial, tbs })
}

/// The content of a new certificate.
struct Composed {
    /// Hexadecimal.
    serial: String,
    tbs: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

fn compose(authorities: &Authorities, draft: &Draft, now: Timestamp, chance: &dyn Chance) -> Result<Composed, Fault> {
    let (not_before, not_after) = draft.validity(now);
    let mut serial = vec![0; SERIAL_BYTES];
    chance.fill(&mut serial);
    serial[0] = serial[0] & 0x7f | 0x40;
    let template = Template {
        serial,
        subject: draft.subject.clone(),
        public_key_der: draft.public_key_der.clone(),
        not_before,
        not_after,
        profile: draft.profile,
        host_names: draft.host_names.clone(),
        policies: draft.policies.clone(),
    };
    let tbs = template.tbs(authorities.issuer(draft.authority));
    let tbs = tbs.map_err(|error| Fault::new("compose a certificate", error))?;
    let serial = base::hex(&template.serial);
    Ok(Composed { serial, tbs, not_before, not_after })
}

fn unfinished(row: &Row) -> Result<Recorded, Fault> {
    match row.opt_blob("certificate") {
        Some(der) => {
            let read =
                Certificate::from_der(der).map_err(|error| Fault::new("read the records of certificates", error))?;
            Ok(Recorded::Finished(Box::new(read)))
        }
        None => Ok(Recorded::Intended { serial: row.text("serial").to_owned(), tbs: row.blob("tbs").to_vec() }),
    }
}

/// Stores the signed certificate where its intent is still open; where another was quicker, theirs is the certificate.
async fn keep(tx: &mut Tx, serial: &str, certificate: &Certificate, now: Timestamp) -> Result<Certificate, Fault> {
    let written = tx
        .execute(
            "UPDATE trust_certificate SET certificate = $1, state = $2, changed_at = $3 \
             WHERE serial = $4 AND state = $5 AND tbs = $6",
            &args![certificate.der(), State::Active.code(), now, serial, State::Intended.code(), certificate.tbs()],
        )
        .await?;
    if written == 1 {
        let profile = tx.query_opt("SELECT profile FROM trust_certificate WHERE serial = $1", &args![serial]).await?;
        let profile = profile
            .and_then(|row| Profile::parse(row.text("profile")))
            .ok_or_else(|| Fault::new("store a certificate", "no record"))?;
        audit(tx, now, "trust.certificate_issued", serial, profile).await?;
        return Ok(certificate.clone());
    }
    let row = tx.query_opt("SELECT certificate FROM trust_certificate WHERE serial = $1", &args![serial]).await?;
    let stored = row.as_ref().and_then(|row| row.opt_blob("certificate"));
    let stored = stored.ok_or_else(|| Fault::new("store a certificate", "its intent is gone"))?;
    Certificate::from_der(stored).map_err(|error| Fault::new("store a certificate", error))
}

/// The subject of the entry is the serial number: names and PINs stay in the records of the centre.
async fn audit(tx: &mut Tx, at: Timestamp, action: &'static str, serial: &str, profile: Profile) -> Result<(), Fault> {
    let detail = json!({ "profile": profile.name() });
    tx.audit(&Entry { at, actor: "system".into(), action, subject: serial.to_owned(), detail }).await?;
    Ok(())
}
