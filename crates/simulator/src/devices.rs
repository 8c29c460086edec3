//! Cards and phones of the demo as one value with its routes. Present only in the demo; whoever can open these pages holds
//! everybody's card, which is why they listen on loopback and say so on every page.

use crate::{card, pages, people::People, phone};
use axum::{
    Router, middleware,
    routing::{get, post},
};
use base::{Chance, Clock, Id, Timestamp};
use host::store::Store;
use std::sync::Arc;
use tokio::sync::Notify;

const FORM_SIZE_BYTES_MAX: usize = 64 * 1024;

/// Who may ask phones, as registered with the mobile signature service.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    pub uuid: String,
    pub name: String,
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// Origins to which cards give their answers: identity, portal, back office.
    pub origins: Vec<String>,
    pub relying_parties: Vec<RelyingParty>,
    /// The portal's style sheet, served again here.
    pub stylesheet: &'static [u8],
}

pub struct Devices {
    pub(crate) settings: Settings,
    pub(crate) people: Arc<People>,
    /// Migrated with `simulator::MIGRATIONS`.
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
    /// Wakes the status requests that wait for a phone.
    pub(crate) answered: Notify,
}

impl Devices {
    pub fn new(
        settings: Settings,
        people: Arc<People>,
        store: Store,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Arc<Devices> {
        Arc::new(Devices { settings, people, store, clock, chance, answered: Notify::new() })
    }

    pub fn router(self: &Arc<Self>) -> Router {
        let policy = pages::content_security_policy(&self.settings);
        Router::new()
            .route("/", get(phone::all))
            .route("/card/login", post(card::login))
            .route("/card/certificate", get(card::certificate_link).post(card::certificate))
            .route("/card/sign", get(card::sign_link).post(card::sign))
            .route("/card/{id}", get(card::show).post(card::answer))
            .route("/card/{id}/unblock", post(card::unblock))
            .route("/phone", get(phone::all))
            .route("/phone/{number}", get(phone::show))
            .route("/phone/{number}/unblock", post(phone::unblock))
            .route("/phone/{number}/{id}", post(phone::answer))
            .route("/mid-api/certificate", post(phone::service::certificate))
            .route("/mid-api/authentication", post(phone::service::authentication))
            .route("/mid-api/signature", post(phone::service::signature))
            .route("/mid-api/authentication/session/{id}", get(phone::service::authentication_status))
            .route("/mid-api/signature/session/{id}", get(phone::service::signature_status))
            .route("/assets/pencere.css", get(pages::stylesheet))
            .fallback(pages::not_found)
            .layer(axum::extract::DefaultBodyLimit::max(FORM_SIZE_BYTES_MAX))
            .layer(middleware::map_response(move |response| pages::protect(response, policy.clone())))
            .with_state(self.clone())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn id(&self) -> Id {
        Id::new(self.now(), &*self.chance)
    }
}
