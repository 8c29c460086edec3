//! What the pages are given to work with; cloning shares it.

use crate::{
    kept::Public,
    ports::{Country, Operations, PhoneSigning},
    security::Limiter,
};
use base::{Chance, Clock, dataservice::DataServices};
use host::store::Store;
use identity::client::RelyingParty;
use jiff::tz::TimeZone;
use monitor::Monitor;
use notify::Notify;
use payments::Payments;
use safe::Safe;
use services::Services;
use std::{ops::Deref, sync::Arc};

pub struct Setup {
    /// Migrated with `portal::MIGRATIONS`.
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub chance: Arc<dyn Chance>,
    pub services: Arc<Services>,
    pub payments: Payments,
    pub safe: Safe,
    pub monitor: Monitor,
    pub notify: Notify,
    /// The way to the registers, over the exchange.
    pub registers: Arc<dyn DataServices>,
    pub operations: Arc<dyn Operations>,
    /// The portal and the back office as clients of the log-in.
    pub citizens: Arc<RelyingParty>,
    pub officials: Arc<RelyingParty>,
    pub phones: Option<Arc<dyn PhoneSigning>>,
    pub country: Country,
    pub origins: Origins,
}

/// Scheme, host and port of everything that browsers are sent to; no slash at the end.
#[derive(Debug, Clone)]
pub struct Origins {
    pub portal: String,
    pub office: String,
    pub identity: String,
    /// The page that stands in for card and reader, with its path (`http://127.0.0.1:8803/card`); none: no card signing.
    pub card: Option<String>,
    pub bank: String,
}

pub struct Parts {
    pub setup: Setup,
    pub zone: TimeZone,
    pub(crate) limiter: Limiter,
    pub(crate) public: Public,
    /// Address of the style sheet, with the digest of its content.
    pub(crate) style: &'static str,
}

#[derive(Clone)]
pub struct App(Arc<Parts>);

impl App {
    pub fn new(setup: Setup) -> App {
        let zone = TimeZone::fixed(jiff::tz::offset(setup.country.utc_offset_hours));
        App(Arc::new(Parts {
            setup,
            zone,
            limiter: Limiter::default(),
            public: Public::default(),
            style: crate::assets::style_address(),
        }))
    }

    pub fn zone(&self) -> &TimeZone {
        &self.0.zone
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// Pages that are the same for everybody.
    pub(crate) fn public(&self) -> &Public {
        &self.0.public
    }

    pub(crate) fn style(&self) -> &'static str {
        self.0.style
    }
}

impl Deref for App {
    type Target = Setup;

    fn deref(&self) -> &Setup {
        &self.0.setup
    }
}
