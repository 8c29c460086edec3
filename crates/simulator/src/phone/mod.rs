//! The phones: one per person, with the requests that wait on it. Each shows who asks, what for and the code to compare; the
//! person types the PIN or declines.

pub mod service;

use crate::{
    code::{self, Entered},
    devices::Devices,
    pages::{self, Stop},
    people::{Device, Person, Purpose},
    refusal::Refusal,
};
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection},
    response::Response,
};
use base::{Fault, Lang, Timestamp};
use formats::verify::Digest;
use host::{args, store::Row};
use http::HeaderMap;
use std::sync::Arc;

/// A request that waits on a phone, or has been answered.
#[derive(Debug, Clone)]
pub struct Pushed {
    pub id: String,
    pub person: String,
    pub purpose: Purpose,
    pub who: String,
    pub display: String,
    pub digest: Vec<u8>,
    /// `WAITING` or a result of the service.
    pub result: String,
    pub signature: Option<Vec<u8>>,
    pub expires_at: Timestamp,
}

pub const WAITING: &str = "WAITING";

impl Pushed {
    fn read(row: &Row) -> Pushed {
        let purpose = [Purpose::Authentication, Purpose::Signature];
        Pushed {
            id: row.text("id").to_owned(),
            person: row.text("person").to_owned(),
            purpose: purpose
                .into_iter()
                .find(|purpose| purpose.word() == row.text("purpose"))
                .expect("written from a purpose"),
            who: row.text("who").to_owned(),
            display: row.text("display").to_owned(),
            digest: row.blob("digest").to_vec(),
            result: row.text("result").to_owned(),
            signature: row.opt_blob("signature").map(<[u8]>::to_vec),
            expires_at: row.time("expires_at"),
        }
    }

    /// Six first and seven last bits of the digest, as four digits.
    pub fn verification_code(&self) -> String {
        let (first, last) = (self.digest.first().unwrap_or(&0), self.digest.last().unwrap_or(&0));
        format!("{:04}", (u32::from(first & 0xfc) << 5) | u32::from(last & 0x7f))
    }

    pub fn digest_hex(&self) -> String {
        debug_assert_eq!(self.digest.len(), Digest::Sha256.size_bytes());
        base::hex(&self.digest)
    }
}

pub async fn all(
    State(devices): State<Arc<Devices>>,
    headers: HeaderMap,
    Query(shown): Query<pages::Shown>,
) -> Response {
    let lang = shown.lang().unwrap_or_else(|| pages::accepted_lang(&headers));
    pages::respond(lang, devices.phones(lang).await)
}

pub async fn show(
    State(devices): State<Arc<Devices>>,
    Path(number): Path<String>,
    Query(shown): Query<pages::Shown>,
) -> Response {
    let result = devices.show_phone(&number, shown.lang(), None).await;
    pages::respond(shown.lang().unwrap_or_default(), result)
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Typed {
    code: String,
    /// Present when the person declined.
    decline: Option<String>,
    lang: String,
}

pub async fn answer(
    State(devices): State<Arc<Devices>>,
    Path((number, id)): Path<(String, String)>,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = form.map(|Form(typed)| typed).unwrap_or_default();
    let result = devices.phone_typed(&number, &id, &typed).await;
    pages::respond(Lang::parse(&typed.lang).unwrap_or_default(), result)
}

pub async fn unblock(
    State(devices): State<Arc<Devices>>,
    Path(number): Path<String>,
    form: Result<Form<Typed>, FormRejection>,
) -> Response {
    let typed = form.map(|Form(typed)| typed).unwrap_or_default();
    let result = devices.phone_unblocked(&number, &typed).await;
    pages::respond(Lang::parse(&typed.lang).unwrap_or_default(), result)
}

impl Devices {
    /// Phones are numbered from 1 in the order of the people, because a PIN does not belong into an address.
    fn owner(&self, number: &str) -> Result<&Person, Stop> {
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        place.and_then(|place| self.people.all().get(place)).ok_or(Stop::Refused(Refusal::Unknown))
    }

    async fn phones(&self, lang: Lang) -> Result<Response, Stop> {
        let mut waiting = Vec::new();
        for person in self.people.all() {
            waiting.push(self.waiting_for(person).await?.len());
        }
        pages::phones(lang, self.people.all(), &waiting)
    }

    pub(crate) async fn waiting_for(&self, person: &Person) -> Result<Vec<Pushed>, Fault> {
        let rows = self
            .store
            .query(
                "SELECT * FROM simulator_phone_request WHERE person = $1 AND result = $2 AND expires_at > $3
                 ORDER BY created_at, id",
                &args![&person.pin, WAITING, self.now()],
            )
            .await?;
        Ok(rows.iter().map(Pushed::read).collect())
    }

    async fn show_phone(
        &self,
        number: &str,
        lang: Option<Lang>,
        tried: Option<(String, Entered)>,
    ) -> Result<Response, Stop> {
        let person = self.owner(number)?;
        let waiting = self.waiting_for(person).await?;
        let mut blocked = false;
        for purpose in [Purpose::Authentication, Purpose::Signature] {
            blocked |= code::is_blocked(&self.store, person, Device::Phone, purpose).await?;
        }
        pages::phone(lang.unwrap_or(person.lang), number, person, &waiting, blocked, tried)
    }

    async fn phone_typed(&self, number: &str, id: &str, typed: &Typed) -> Result<Response, Stop> {
        let person = self.owner(number)?;
        let lang = Lang::parse(&typed.lang);
        let pushed = self.waiting_for(person).await?.into_iter().find(|pushed| pushed.id == id);
        let back = format!("/phone/{number}?lang={}", lang.unwrap_or(person.lang));
        // Answered in another tab or too late: the phone shows what there is now.
        let Some(pushed) = pushed else { return Ok(pages::see_other(&back)) };
        if typed.decline.is_some() {
            self.settle(&pushed.id, "USER_CANCELLED", None).await?;
            return Ok(pages::see_other(&back));
        }
        let entered = code::enter(&self.store, person, Device::Phone, pushed.purpose, &typed.code).await?;
        if entered != Entered::Right {
            return self.show_phone(number, lang, Some((pushed.id, entered))).await;
        }
        let chip = self.people.chip(person, Device::Phone, pushed.purpose);
        let digest: [u8; 32] = pushed
            .digest
            .as_slice()
            .try_into()
            .map_err(|_| Fault::new("sign with a phone", "the digest is not SHA-256"))?;
        let signature = chip.signer.sign_digest(&digest)?;
        self.settle(&pushed.id, "OK", Some(&signature)).await?;
        Ok(pages::see_other(&back))
    }

    async fn phone_unblocked(&self, number: &str, typed: &Typed) -> Result<Response, Stop> {
        let person = self.owner(number)?;
        code::unblock(&self.store, person, Device::Phone).await?;
        let lang = Lang::parse(&typed.lang).unwrap_or(person.lang);
        Ok(pages::see_other(&format!("/phone/{number}?lang={lang}")))
    }

    /// Gives a waiting request its result, once.
    pub(crate) async fn settle(&self, id: &str, result: &str, signature: Option<&[u8]>) -> Result<(), Fault> {
        let mut tx = self.store.begin().await?;
        tx.execute(
            "UPDATE simulator_phone_request SET result = $1, signature = $2 WHERE id = $3 AND result = $4",
            &args![result, signature, id, WAITING],
        )
        .await?;
        tx.commit().await?;
        self.answered.notify_waiters();
        Ok(())
    }

    pub(crate) async fn pushed(&self, id: &str) -> Result<Option<Pushed>, Fault> {
        let row = self.store.query_opt("SELECT * FROM simulator_phone_request WHERE id = $1", &args![id]).await?;
        Ok(row.as_ref().map(Pushed::read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_the_published_example() {
        let mut digest = vec![0; 32];
        (digest[0], digest[31]) = (0x2f, 0xb6);
        let now = base::clock::from_micros(0);
        let pushed = Pushed {
            id: String::new(),
            person: String::new(),
            purpose: Purpose::Authentication,
            who: String::new(),
            display: String::new(),
            digest,
            result: WAITING.into(),
            signature: None,
            expires_at: now,
        };
        assert_eq!(pushed.verification_code(), "1462");
    }
}
