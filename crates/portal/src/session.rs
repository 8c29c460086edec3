//! The browser's session: an unguessable cookie, of which only the digest is stored, and whom it was given to at log-in.
//! The cookie changes at log-in, so that a cookie planted before it is worth nothing after it (session fixation).

use crate::app::App;
use base::{Fault, Pin, Timestamp, clock};
use host::{args, jobs::Job, store::Row};
use http::{HeaderMap, header};
use identity::{Office, client::LoggedIn};
use services::view::{ActingFor, Applicant, Official};

/// Ends after this long without a page, and in any case after a working day.
const IDLE_S: i64 = 30 * 60;
const LIFE_S: i64 = 12 * 3600;
/// The last look is written down no oftener than this: a page should not cost a write.
const SEEN_EVERY_S: i64 = 60;

/// Which of the two windows a session belongs to; the cookie's name keeps them apart on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Citizen,
    Office,
}

impl Area {
    pub fn word(self) -> &'static str {
        match self {
            Area::Citizen => "citizen",
            Area::Office => "office",
        }
    }

    pub fn cookie(self) -> &'static str {
        match self {
            Area::Citizen => "pencere_visit",
            Area::Office => "pencere_office",
        }
    }
}

/// A person who has logged in.
#[derive(Debug, Clone)]
pub struct Session {
    pub pin: Pin,
    pub name: String,
    pub company: Option<ActingFor>,
    pub offices: Vec<Office>,
    pub id_token: String,
}

impl Session {
    pub fn applicant(&self) -> Applicant {
        Applicant { pin: self.pin.clone(), name: self.name.clone(), company: self.company.clone() }
    }

    /// The post in which this person decides cases, if any.
    pub fn official(&self) -> Option<Official> {
        let office = self.offices.iter().find(|office| office.role == "official")?;
        let position = None;
        Some(Official { pin: self.pin.clone(), name: self.name.clone(), agency: office.agency.clone(), position })
    }

    pub fn is_operator(&self) -> bool {
        self.offices.iter().any(|office| office.role == "operator")
    }

    /// The owner of documents and debts: the company acted for, else the person.
    pub fn owner(&self) -> String {
        match &self.company {
            Some(company) => format!("TIN:{}", company.tin),
            None => self.user(),
        }
    }

    /// `PIN:…`, as audit entries and data services name a person.
    pub fn user(&self) -> String {
        format!("PIN:{}", self.pin.as_str())
    }
}

/// The value of the area's cookie, if it has the form that we give it.
pub fn cookie_of(headers: &HeaderMap, area: Area) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == area.cookie())?;
    (value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| value.to_owned())
}

/// The header that gives a browser its cookie. `Secure` follows the portal's own scheme: on loopback there is no TLS.
pub fn set_cookie(app: &App, area: Area, value: &str) -> String {
    let secure = if app.origins.portal.starts_with("https:") { "; Secure" } else { "" };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}", area.cookie())
}

pub fn digest_of(cookie: &str) -> String {
    base::hex(&formats::verify::sha256(cookie.as_bytes()))
}

/// The token of this visit's forms: whoever can compute it knows the cookie, which no other site does.
pub fn token_of(cookie: &str) -> String {
    base::hex(&formats::verify::sha256(format!("form:{cookie}").as_bytes())[..16])
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    clock::from_micros(at.as_microsecond() + seconds * 1_000_000)
}

/// Kind of the job that learns how a person is reached, after a log-in; its payload is `{"pin", "name"}`. The binary's wiring
/// runs it, because only it knows the way to the register.
pub const CONTACT_JOB: &str = "portal.contact";

impl App {
    /// Who this visit is, unless nobody logged in or the time is up.
    pub(crate) async fn session(&self, cookie: &str, area: Area) -> Result<Option<Session>, Fault> {
        let (hash, now) = (digest_of(cookie), self.clock.now());
        let sql = "SELECT pin, name, tin, company, offices, id_token, seen_at, expires_at
                   FROM portal_session WHERE visit_hash = $1 AND area = $2";
        let Some(row) = self.store.query_opt(sql, &args![hash.as_str(), area.word()]).await? else { return Ok(None) };
        let seen = row.time("seen_at");
        if row.time("expires_at") <= now || later(seen, IDLE_S) <= now {
            return Ok(None);
        }
        if later(seen, SEEN_EVERY_S) <= now {
            let mut tx = self.store.begin().await?;
            tx.execute("UPDATE portal_session SET seen_at = $1 WHERE visit_hash = $2", &args![now, hash]).await?;
            tx.commit().await?;
        }
        Ok(read(&row))
    }

    /// Begins a session under a new cookie, which is returned.
    pub(crate) async fn log_in(&self, area: Area, person: &LoggedIn, pin: &Pin) -> Result<String, Fault> {
        let (cookie, now, claims) = (self.chance.hex(32), self.clock.now(), &person.claims);
        let name = [&claims.given_name, &claims.surname].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let acting = claims.acting_for.as_ref();
        let offices = serde_json::to_string(&claims.offices).map_err(|error| Fault::new("write a session", error))?;
        let method = if claims.amr.iter().any(|method| method == "sc") { "card" } else { "phone" };
        let mut tx = self.store.begin().await?;
        tx.execute("DELETE FROM portal_session WHERE expires_at <= $1", &args![now]).await?;
        tx.execute(
            "INSERT INTO portal_session (visit_hash, area, sid, sub, pin, name, tin, company, offices, method, id_token,
             created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            &args![
                digest_of(&cookie),
                area.word(),
                claims.sid.as_str(),
                claims.sub.as_str(),
                pin,
                name.as_str(),
                acting.map(|company| company.tin.clone()),
                acting.map(|company| company.name.clone()),
                offices,
                method,
                person.id_token.as_str(),
                now,
                now,
                later(now, LIFE_S)
            ],
        )
        .await?;
        if area == Area::Citizen {
            // Once a day is often enough to learn of a new address; the register logs every look.
            let day = now.to_zoned(self.zone().clone()).date();
            let key = Some(format!("{}/{day}", pin.as_str()));
            let payload = serde_json::json!({ "pin": pin.as_str(), "name": name });
            tx.enqueue(&Job { kind: CONTACT_JOB, key, payload, run_at: now }).await?;
        }
        tx.commit().await?;
        Ok(cookie)
    }

    pub(crate) async fn log_out(&self, cookie: &str) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        tx.execute("DELETE FROM portal_session WHERE visit_hash = $1", &args![digest_of(cookie)]).await?;
        tx.commit().await
    }

    /// Ends the sessions that the log-in service says are over.
    pub(crate) async fn end_sessions(&self, sid: Option<&str>, sub: Option<&str>) -> Result<u64, Fault> {
        let mut tx = self.store.begin().await?;
        let ended = match (sid, sub) {
            (Some(sid), _) => tx.execute("DELETE FROM portal_session WHERE sid = $1", &args![sid]).await?,
            (None, Some(sub)) => tx.execute("DELETE FROM portal_session WHERE sub = $1", &args![sub]).await?,
            (None, None) => 0,
        };
        tx.commit().await?;
        Ok(ended)
    }

    /// Open sessions of a person in this area, newest first: (since, method, until).
    pub(crate) async fn sessions_of(
        &self,
        pin: &Pin,
        area: Area,
    ) -> Result<Vec<(Timestamp, String, Timestamp)>, Fault> {
        let sql = "SELECT created_at, method, expires_at FROM portal_session
                   WHERE pin = $1 AND area = $2 AND expires_at > $3 ORDER BY created_at DESC LIMIT 20";
        let rows = self.store.query(sql, &args![pin, area.word(), self.clock.now()]).await?;
        let line = |row: &Row| (row.time("created_at"), row.text("method").to_owned(), row.time("expires_at"));
        Ok(rows.iter().map(line).collect())
    }
}

/// A row that no longer reads (an older version's) is no session: the person logs in again.
fn read(row: &Row) -> Option<Session> {
    let company = match (row.opt_text("tin"), row.opt_text("company")) {
        (Some(tin), Some(name)) => Some(ActingFor { tin: tin.to_owned(), name: name.to_owned() }),
        _ => None,
    };
    Some(Session {
        pin: Pin::parse(row.text("pin"))?,
        name: row.text("name").to_owned(),
        company,
        offices: serde_json::from_str(row.text("offices")).ok()?,
        id_token: row.text("id_token").to_owned(),
    })
}
