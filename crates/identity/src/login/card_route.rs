//! Log-in with the smart card: the answer comes in as one form and is judged in the order of the Web eID rules.

use super::card::{self, Token};
use crate::{
    Refusal,
    attempt::{self, Attempt},
    history::{Method, Outcome, Record},
    limits::{self, Bucket},
    pages::{self, Again, Stop},
    ports::{Carrier, CertifiedPerson},
    provider::Provider,
    session::Person,
};
use axum::{
    extract::{FromRequest, Path, State},
    response::Response,
};
use base::{Failure, Refusal as _};
use http::{Extensions, HeaderMap, header};
use std::sync::Arc;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Answer {
    /// Our own form token, which travelled with the challenge.
    state: String,
    /// The Web eID token, JSON.
    auth_token: String,
}

pub async fn answer(
    State(provider): State<Arc<Provider>>,
    Path(id): Path<String>,
    request: axum::extract::Request,
) -> Response {
    let (headers, extensions) = (request.headers().clone(), request.extensions().clone());
    let form = axum::Form::<Answer>::from_request(request, &()).await;
    let form = form.map(|axum::Form(form)| form).unwrap_or_default();
    let result = provider.card_answer(&headers, &extensions, &id, &form).await;
    provider.respond(&headers, &id, result).await
}

/// Why the answer was not accepted, in the words of the audit entry.
type Reason = &'static str;

impl Provider {
    async fn card_answer(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        id: &str,
        form: &Answer,
    ) -> Result<Response, Stop> {
        let (browser, attempt) = self.attempt_posted(headers, id, &form.state).await?;
        if self.settings.card.is_none() {
            return Err(Stop::Refused(Refusal::MethodOff));
        }
        let address = limits::address(extensions);
        if !self.has_room(Bucket::Address(&address)).await? {
            return Err(Stop::Refused(Refusal::TooManyAttempts));
        }
        // Rule 1: looked up and deleted in one step, before anything else is believed.
        let mut tx = self.parts.store.begin().await?;
        let nonce = attempt::take_nonce(&mut tx, &attempt, self.now()).await?;
        tx.commit().await?;
        let lang = attempt.request.lang;
        let Some(nonce) = nonce else {
            return self.method_page(headers, id, Some(lang.tag()), Again::after(Refusal::ChallengeOver)).await;
        };
        match self.judge_card(&form.auth_token, &nonce).await {
            Ok(person) => {
                let renewed = self.log_in(&browser, &attempt, &person, Method::Card).await?;
                let renewed = renewed.ok_or(Stop::Refused(Refusal::AttemptOver))?;
                let mut response = pages::see_other(&format!("/login/{id}/choose"));
                response.headers_mut().append(header::SET_COOKIE, renewed.set_cookie(self.settings.is_https()));
                Ok(response)
            }
            Err(Failure::Refused(reason)) => {
                self.refuse(&attempt, Method::Card, reason, &address).await?;
                self.method_page(headers, id, Some(lang.tag()), Again::after(Refusal::CardNotAccepted)).await
            }
            Err(Failure::Failed(fault)) => Err(Stop::Failed(fault)),
        }
    }

    /// Rules 2 to 9 of the Web eID validation.
    async fn judge_card(&self, text: &str, nonce: &str) -> Result<Person, Failure<Reason>> {
        let token: Token = card::read(text).map_err(|unreadable| {
            Failure::Refused(match unreadable {
                card::Unreadable::Form => "token_form",
                card::Unreadable::Format => "token_format",
                card::Unreadable::Algorithm => "token_algorithm",
            })
        })?;
        let judged = self.parts.certificates.judge(&token.certificate, Carrier::Card, self.now()).await;
        let certified: CertifiedPerson = judged.map_err(|failure| failure.map(|refusal| refusal.code()))?;
        if !token.is_signed_by(&certified.public_key_der, &self.settings.issuer, nonce) {
            return Err(Failure::Refused("signature"));
        }
        Ok(Person { pin: certified.pin, given_name: certified.given_name, surname: certified.surname })
    }

    /// Counts and records a refused log-in. Nobody was proven, so it stands in nobody's list.
    pub(crate) async fn refuse(
        &self,
        attempt: &Attempt,
        method: Method,
        reason: Reason,
        address: &str,
    ) -> Result<(), Stop> {
        self.spend(Bucket::Address(address)).await?;
        let mut tx = self.parts.store.begin().await?;
        let record = Record {
            outcome: Outcome::Refused,
            person: None,
            method,
            client: &attempt.request.client,
            subject: attempt.id.as_str(),
            detail: reason.into(),
        };
        self.record(&mut tx, record).await?;
        tx.commit().await?;
        Ok(())
    }
}
