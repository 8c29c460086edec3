//! The provider as one value: what it was told, what it holds, and its list of routes.

use crate::{
    browser::Browser,
    login, logout, oidc,
    pages::{self, Stop},
    ports::{Certificates, Mandates, Offices, Transport},
    registry::{Client, Settings},
};
use axum::{
    Router, middleware,
    routing::{get, post},
};
use base::{Chance, Clock, Fault, Id, Signer, Timestamp};
use formats::jose::Jwks;
use host::{
    jobs::{Done, Worker},
    store::Store,
};
use http::HeaderMap;
use std::sync::Arc;

/// Largest form that is read; a Web eID token has about 3 kB.
const FORM_SIZE_BYTES_MAX: usize = 32 * 1024;

/// What the provider is given to work with.
pub struct Parts {
    /// Migrated with `identity::MIGRATIONS`.
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    /// Token keys (ES256): the first signs; all are published, so that a new one is known before it is used and an old one
    /// as long as a token of its lives.
    pub keys: Vec<Arc<dyn Signer>>,
    pub transport: Arc<dyn Transport>,
    pub mandates: Arc<dyn Mandates>,
    pub offices: Arc<dyn Offices>,
    pub certificates: Arc<dyn Certificates>,
}

pub struct Provider {
    pub(crate) settings: Settings,
    pub(crate) parts: Parts,
    pub(crate) published: Jwks,
    content_security_policy: String,
}

impl Provider {
    pub fn new(settings: Settings, parts: Parts) -> Result<Arc<Provider>, Fault> {
        assert!(!settings.issuer.ends_with('/'), "the issuer is an origin, without a slash at its end");
        assert!(!parts.keys.is_empty(), "a provider needs a key to sign with");
        let keys: Result<Vec<_>, Fault> = parts.keys.iter().map(|key| crate::jwt::public_jwk(&**key)).collect();
        let content_security_policy = pages::content_security_policy(&settings);
        Ok(Arc::new(Provider { published: Jwks { keys: keys? }, settings, parts, content_security_policy }))
    }

    /// Everything that identity serves.
    pub fn router(self: &Arc<Self>) -> Router {
        let policy = self.content_security_policy.clone();
        Router::new()
            .route("/", get(pages::front))
            .route("/.well-known/openid-configuration", get(oidc::discovery::document))
            .route("/jwks", get(oidc::discovery::keys))
            .route("/authorize", get(login::begin::authorize))
            .route("/token", post(oidc::token::token))
            .route("/userinfo", get(oidc::userinfo::userinfo).post(oidc::userinfo::userinfo))
            .route("/login/{attempt}", get(login::begin::page))
            .route("/login/{attempt}/card", post(login::card_route::answer))
            .route("/login/{attempt}/phone", get(login::phone_route::wait).post(login::phone_route::push))
            .route("/login/{attempt}/choose", get(login::choose::page).post(login::choose::choose))
            .route("/login/{attempt}/decline", post(login::begin::decline))
            .route("/logout", get(logout::ask).post(logout::confirm))
            .route("/logout/session", post(logout::confirmed))
            .route("/logged-out", get(logout::done))
            .route("/assets/pencere.css", get(pages::stylesheet))
            .fallback(pages::not_found)
            .layer(axum::extract::DefaultBodyLimit::max(FORM_SIZE_BYTES_MAX))
            .layer(middleware::map_response(move |response| pages::protect(response, policy.clone())))
            .with_state(self.clone())
    }

    /// Adds identity's jobs to the worker of its store.
    pub fn jobs(self: &Arc<Self>, worker: Worker) -> Worker {
        let (deliver, expire, sweep) = (self.clone(), self.clone(), self.clone());
        worker
            .on(oidc::backchannel::JOB, move |job| {
                let provider = deliver.clone();
                async move { provider.deliver_job(job).await }
            })
            .on(crate::session::EXPIRE_JOB, move |job| {
                let provider = expire.clone();
                async move { provider.expire_job(job).await }
            })
            .on(crate::sweep::JOB, move |_| {
                let provider = sweep.clone();
                async move { provider.sweep().await.map(Done::Again) }
            })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn id(&self) -> Id {
        Id::new(self.now(), &*self.parts.chance)
    }

    pub(crate) fn browser(&self, headers: &HeaderMap) -> Option<Browser> {
        Browser::known(headers, self.settings.is_https())
    }

    /// A client that was registered when its name was stored, and may have been struck off since.
    pub(crate) fn client(&self, id: &str) -> Result<&Client, Stop> {
        self.settings.client(id).ok_or(Stop::Refused(crate::Refusal::UnknownClient))
    }
}
