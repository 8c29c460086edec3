//! Log-in with the phone: a push goes out, the page shows the code and asks again by itself until the phone has answered.

use super::{
    begin::Shown,
    phone::{self, Signed, Status},
};
use crate::{
    Refusal,
    attempt::{self, Attempt, PhonePush, later},
    browser::Browser,
    history::Method,
    limits::{self, Bucket},
    pages::{self, Again, Stop},
    ports::Carrier,
    provider::Provider,
    registry::PhoneMethod,
    session::Person,
};
use axum::{
    extract::{FromRequest, Path, Query, State},
    response::Response,
};
use base::{Failure, Fault, Pin, Refusal as _};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use formats::verify::sha256;
use http::{Extensions, HeaderMap, header};
use std::sync::Arc;

/// How long the page waits for the phone; the service gives up after the same time.
const PUSH_LIFE_S: i64 = 120;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    token: String,
    phone: String,
    pin: String,
}

pub async fn push(
    State(provider): State<Arc<Provider>>,
    Path(id): Path<String>,
    request: axum::extract::Request,
) -> Response {
    let (headers, extensions) = (request.headers().clone(), request.extensions().clone());
    let form = axum::Form::<Asked>::from_request(request, &()).await;
    let form = form.map(|axum::Form(form)| form).unwrap_or_default();
    let result = provider.push(&headers, &extensions, &id, &form).await;
    provider.respond(&headers, &id, result).await
}

pub async fn wait(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Response {
    let result = provider.wait(&headers, &id, shown.lang.as_deref()).await;
    provider.respond(&headers, &id, result).await
}

impl Provider {
    fn phone_method(&self) -> Result<&PhoneMethod, Stop> {
        self.settings.phone.as_ref().ok_or(Stop::Refused(Refusal::MethodOff))
    }

    async fn push(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        id: &str,
        asked: &Asked,
    ) -> Result<Response, Stop> {
        let (_, attempt) = self.attempt_posted(headers, id, &asked.token).await?;
        let method = self.phone_method()?;
        let lang = attempt.request.lang;
        let (number, pin) = (phone::number(&asked.phone), Pin::parse(&asked.pin));
        let (bad_number, bad_pin) = (number.is_none(), pin.is_none());
        let Some((number, pin)) = number.zip(pin) else {
            let typed = (asked.phone.as_str(), asked.pin.as_str());
            let again = Again { bad_number, bad_pin, typed, ..Again::after(Refusal::PhoneUnreadable) };
            return self.method_page(headers, id, Some(lang.tag()), again).await;
        };
        let address = limits::address(extensions);
        let room = self.spend(Bucket::Address(&address)).await? && self.spend(Bucket::Identity(pin.as_str())).await?;
        if !room {
            return Err(Stop::Refused(Refusal::TooManyAttempts));
        }
        let mut message = [0; 32];
        self.parts.chance.fill(&mut message);
        let display = pages::texts(lang).phone_display.clone();
        let request = phone::authentication(method, &number, &pin, &message, lang, &display)?;
        let answer = self.parts.transport.send(request, phone::ANSWER_SIZE_BYTES_MAX, phone::TIMEOUT).await?;
        let session = match phone::session_opened(&answer) {
            Ok(session) => session,
            // A request that the service will not take must look like a phone that does not answer.
            Err(fault) if answer.status().is_client_error() => {
                tracing::warn!(%fault, "the mobile signature service declined a push");
                String::new()
            }
            Err(fault) => return Err(Stop::Failed(fault)),
        };
        let code = phone::verification_code(&sha256(&message));
        let push = PhonePush {
            session,
            message: BASE64.encode(message),
            code,
            pin: pin.as_str().to_owned(),
            sent_at: self.now(),
        };
        self.keep_push(&attempt, Some(&push)).await?;
        Ok(pages::see_other(&format!("/login/{id}/phone")))
    }

    async fn keep_push(&self, attempt: &Attempt, push: Option<&PhonePush>) -> Result<(), Fault> {
        let mut tx = self.parts.store.begin().await?;
        attempt::keep_push(&mut tx, &attempt.id, push).await?;
        tx.commit().await
    }

    async fn wait(&self, headers: &HeaderMap, id: &str, lang: Option<&str>) -> Result<Response, Stop> {
        let (browser, mut attempt) = self.attempt_of(headers, id).await?;
        let method = self.phone_method()?;
        let lang = self.in_lang(&mut attempt, lang).await?;
        let Some(push) = attempt.phone.clone() else { return Ok(pages::see_other(&format!("/login/{id}"))) };
        let status = if push.session.is_empty() { Status::Running } else { self.status(method, &push.session).await? };
        match status {
            Status::Signed(signed) => self.signed(headers, &browser, &attempt, &push, &signed).await,
            Status::Cancelled => self.not_confirmed(headers, &attempt, "cancelled").await,
            Status::Running | Status::Ended(_) if later(push.sent_at, PUSH_LIFE_S) > self.now() => {
                pages::wait_for_phone(lang, &attempt, &push, method.simulator.as_deref())
            }
            Status::Running => self.not_confirmed(headers, &attempt, "no_answer").await,
            Status::Ended(result) => {
                tracing::info!(result, "a push to a phone ended without a signature");
                self.not_confirmed(headers, &attempt, "ended_by_service").await
            }
        }
    }

    async fn status(&self, method: &PhoneMethod, session: &str) -> Result<Status, Fault> {
        let request = phone::status(method, session)?;
        phone::read_status(&self.parts.transport.send(request, phone::ANSWER_SIZE_BYTES_MAX, phone::TIMEOUT).await?)
    }

    async fn signed(
        &self,
        headers: &HeaderMap,
        browser: &Browser,
        attempt: &Attempt,
        push: &PhonePush,
        signed: &Signed,
    ) -> Result<Response, Stop> {
        match self.judge_phone(push, signed).await {
            Ok(person) => {
                let renewed = self.log_in(browser, attempt, &person, Method::Phone).await?;
                let renewed = renewed.ok_or(Stop::Refused(Refusal::AttemptOver))?;
                let mut response = pages::see_other(&format!("/login/{}/choose", attempt.id));
                response.headers_mut().append(header::SET_COOKIE, renewed.set_cookie(self.settings.is_https()));
                Ok(response)
            }
            Err(Failure::Refused(reason)) => self.not_confirmed(headers, attempt, reason).await,
            Err(Failure::Failed(fault)) => Err(Stop::Failed(fault)),
        }
    }

    /// Reference on Mobile-ID: certificate good, the same message, the person who was asked for.
    async fn judge_phone(&self, push: &PhonePush, signed: &Signed) -> Result<Person, Failure<&'static str>> {
        let judged = self.parts.certificates.judge(&signed.certificate, Carrier::Phone, self.now()).await;
        let certified = judged.map_err(|failure| failure.map(|refusal| refusal.code()))?;
        let message = BASE64.decode(&push.message).unwrap_or_default();
        if !signed.is_signed_by(&certified.public_key_der, &message) {
            return Err(Failure::Refused("signature"));
        }
        if certified.pin.as_str() != push.pin {
            return Err(Failure::Refused("another_person"));
        }
        Ok(Person { pin: certified.pin, given_name: certified.given_name, surname: certified.surname })
    }

    /// One page for every reason.
    async fn not_confirmed(
        &self,
        headers: &HeaderMap,
        attempt: &Attempt,
        reason: &'static str,
    ) -> Result<Response, Stop> {
        self.keep_push(attempt, None).await?;
        // The address was counted when the push was sent.
        self.refuse(attempt, Method::Phone, reason, "").await?;
        let lang = attempt.request.lang;
        self.method_page(headers, attempt.id.as_str(), Some(lang.tag()), Again::after(Refusal::PhoneNotConfirmed)).await
    }
}
