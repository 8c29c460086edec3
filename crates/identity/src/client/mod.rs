//! The relying party's side of OpenID Connect, as the portal and the back office use it: start a log-in, finish it, log out,
//! and believe a logout token. Code flow with PKCE and private_key_jwt only (reference: OpenID Connect Core 1.0, RFC 7636,
//! RFC 7523, RFC 9207, Back-Channel Logout 1.0).
//!
//! ```text
//! let started = party.start(&Wish::in_lang(lang)).await?;     // keep started.pending in the browser's session; redirect to started.url
//! let person = party.finish(&pending, &callback).await?;      // person.claims.pin, .acting_for, .offices, .sid
//! redirect to party.logout_url(&person.id_token, "state").await?
//! let ended = party.logout_notice(&form.logout_token).await?; // end every local session with ended.sid; answer 200, no-store
//! ```

mod provider;
mod tokens;

use crate::ports::{Office, Representee, Transport};
use base::{Chance, Clock, Failure, Fault, Lang, Pin, Signer, Timestamp};
use provider::KnownProvider;
use std::sync::Arc;

/// How the client is registered with the provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Byte for byte as in the provider's discovery document: `http://127.0.0.1:8802`.
    pub issuer: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub post_logout_redirect_uri: String,
    /// `openid` and those of `profile`, `pin`, `representation`, `offices` to which the client is entitled.
    pub scopes: Vec<&'static str>,
}

/// What the client wants of this log-in.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub lang: Lang,
    /// Ask for card or phone again even within a session (`prompt=login`): before weighty acts.
    pub again: bool,
    /// Show the choice of whom to act for again, without a new signature (`prompt=select_account`).
    pub choose_again: bool,
    /// Only if a session exists; otherwise come back with `Refusal::LoginRequired` (`prompt=none`).
    pub quiet: bool,
    /// The oldest log-in that is good enough.
    pub max_age_s: Option<u32>,
}

impl Wish {
    pub fn in_lang(lang: Lang) -> Self {
        Wish { lang, ..Wish::default() }
    }
}

/// What the client must keep, in the same browser's session and nowhere else, until the person comes back. Use it once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pending {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

#[derive(Debug, Clone)]
pub struct Started {
    /// Where to send the browser.
    pub url: String,
    pub pending: Pending,
}

/// The query of the redirect address.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Callback {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// What the provider says about the person, verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Pairwise: means nothing to anybody else.
    pub sub: String,
    /// The provider's session, named again in the logout token.
    pub sid: String,
    pub auth_time: Timestamp,
    pub acr: String,
    /// `["sc","pin"]` for a card, `["mca","pin"]` for a phone.
    pub amr: Vec<String>,
    /// Only for a client entitled to it.
    pub pin: Option<Pin>,
    pub given_name: Option<String>,
    pub surname: Option<String>,
    /// `None`: acts for themselves.
    pub acting_for: Option<Representee>,
    /// Only for the back office.
    pub offices: Vec<Office>,
}

#[derive(Debug, Clone)]
pub struct LoggedIn {
    pub claims: Claims,
    /// Kept for `logout_url`.
    pub id_token: String,
    /// Kept for `userinfo`.
    pub access_token: String,
}

/// A session that the provider has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// End the local sessions of this provider session; if absent, all of `sub`.
    pub sid: Option<String>,
    pub sub: Option<String>,
    /// Remember for ten minutes: the same notice twice is a replay, and harmless.
    pub jti: String,
}

/// Why a log-in or a logout notice is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The callback does not belong to a log-in that this browser started.
    StateMismatch,
    /// The answer names another issuer (RFC 9207: mix-up).
    IssuerMismatch,
    /// No session, and the client asked for no questions.
    LoginRequired,
    /// The person or the provider declined.
    Declined,
    /// The provider does not exchange this code (used, expired, not ours).
    CodeRefused,
    /// The provider's token is not what it must be.
    TokenInvalid,
    /// The access token no longer works: the session ended or the mandate was lost.
    SessionEnded,
    LogoutTokenInvalid,
}

impl Refusal {
    pub const ALL: [Refusal; 8] = [
        Refusal::StateMismatch,
        Refusal::IssuerMismatch,
        Refusal::LoginRequired,
        Refusal::Declined,
        Refusal::CodeRefused,
        Refusal::TokenInvalid,
        Refusal::SessionEnded,
        Refusal::LogoutTokenInvalid,
    ];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::StateMismatch => "identity.state_mismatch",
            Refusal::IssuerMismatch => "identity.issuer_mismatch",
            Refusal::LoginRequired => "identity.login_required",
            Refusal::Declined => "identity.declined",
            Refusal::CodeRefused => "identity.code_refused",
            Refusal::TokenInvalid => "identity.token_invalid",
            Refusal::SessionEnded => "identity.session_ended",
            Refusal::LogoutTokenInvalid => "identity.logout_token_invalid",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::LoginRequired | Refusal::SessionEnded => 401,
            Refusal::Declined => 403,
            _ => 400,
        }
    }
}

/// One registered client of the provider.
pub struct RelyingParty {
    registration: Registration,
    key: Arc<dyn Signer>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    known: KnownProvider,
}

impl RelyingParty {
    /// Asks nobody: the provider is met at the first log-in, so the order in which processes start does not matter.
    pub fn new(
        registration: Registration,
        key: Arc<dyn Signer>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Self {
        let known = KnownProvider::new(registration.issuer.clone());
        RelyingParty { registration, key, transport, clock, chance, known }
    }

    /// The address to send the browser to, and what to keep until it comes back.
    pub async fn start(&self, wish: &Wish) -> Result<Started, Fault> {
        let endpoints = self.known.endpoints(&*self.transport).await?;
        let pending = Pending {
            state: self.chance.hex(32),
            nonce: self.chance.hex(32),
            // RFC 7636 §4.1: 43 to 128 unreserved characters.
            verifier: self.chance.hex(32),
        };
        let url = tokens::authorization_url(&endpoints.authorization_endpoint, &self.registration, wish, &pending);
        Ok(Started { url, pending })
    }

    /// Exchanges the code that came back and verifies what it bought. The person is asked for with the access token: the ID
    /// token knows the log-in only.
    pub async fn finish(&self, pending: &Pending, callback: &Callback) -> Result<LoggedIn, Failure<Refusal>> {
        let code = tokens::check_callback(&self.registration, pending, callback).map_err(Failure::Refused)?;
        let bought = self.exchange(code, pending).await?;
        let login = self.verified(&bought.id_token, Some(&pending.nonce)).await?;
        let person = self.userinfo(&bought.access_token).await?;
        let claims = tokens::merged(login, person).map_err(Failure::Refused)?;
        Ok(LoggedIn { claims, id_token: bought.id_token, access_token: bought.access_token })
    }

    /// The claims as they are now: asks the registers again whether the person still acts for the company.
    pub async fn userinfo(&self, access_token: &str) -> Result<Claims, Failure<Refusal>> {
        let endpoints = self.known.endpoints(&*self.transport).await?;
        let request = tokens::userinfo_request(&endpoints.userinfo_endpoint, access_token)?;
        let answer = self.transport.send(request, tokens::ANSWER_SIZE_BYTES_MAX, tokens::TIMEOUT).await?;
        tokens::read_userinfo(&answer)
    }

    /// Where to send the browser to end the session everywhere. `state` comes back to the post-logout address.
    pub async fn logout_url(&self, id_token: &str, state: &str) -> Result<String, Fault> {
        let endpoints = self.known.endpoints(&*self.transport).await?;
        Ok(tokens::logout_url(&endpoints.end_session_endpoint, &self.registration, id_token, state))
    }

    /// Verifies a logout token that was posted to the back-channel address.
    pub async fn logout_notice(&self, logout_token: &str) -> Result<LogoutNotice, Failure<Refusal>> {
        let payload =
            self.signed_by_provider(logout_token, crate::oidc::backchannel::TYP, Refusal::LogoutTokenInvalid).await?;
        tokens::check_logout_token(&payload, &self.registration, self.clock.now()).map_err(Failure::Refused)
    }

    async fn exchange(&self, code: &str, pending: &Pending) -> Result<tokens::Bought, Failure<Refusal>> {
        let endpoints = self.known.endpoints(&*self.transport).await?;
        let assertion = tokens::client_assertion(&self.registration, &*self.key, self.clock.now(), &*self.chance)?;
        let request =
            tokens::token_request(&endpoints.token_endpoint, &self.registration, code, &pending.verifier, &assertion)?;
        let answer = self.transport.send(request, tokens::ANSWER_SIZE_BYTES_MAX, tokens::TIMEOUT).await?;
        tokens::read_bought(&answer)
    }

    async fn verified(&self, id_token: &str, nonce: Option<&str>) -> Result<Claims, Failure<Refusal>> {
        let payload = self.signed_by_provider(id_token, "JWT", Refusal::TokenInvalid).await?;
        tokens::check_id_token(&payload, &self.registration, nonce, self.clock.now()).map_err(Failure::Refused)
    }

    async fn signed_by_provider(
        &self,
        token: &str,
        typ: &str,
        otherwise: Refusal,
    ) -> Result<serde_json::Value, Failure<Refusal>> {
        let kid = crate::jwt::kid_of(token).ok_or(Failure::Refused(otherwise))?;
        let keys = self.known.keys(&*self.transport, &*self.clock, &kid).await?;
        crate::jwt::verify(token, typ, &keys).ok_or(Failure::Refused(otherwise))
    }
}
