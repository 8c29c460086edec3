//! The certificate services centre: one root, an issuing authority per kind of holder, and the units that speak for them.
//! An order becomes a certificate in three steps that a power cut may separate: the content is recorded, signed, and the
//! signed certificate stored. The same order gives the same certificate.

mod authority;
mod issue;
mod order;
mod status;

pub use authority::Authority;
pub use issue::Issued;
pub use order::{Carrier, Holder, Member, NAME_LETTERS_MAX, Order, Person, Post};
pub use status::{Change, Known, State, decide};

use crate::Settings;
use authority::Authorities;
use base::{Chance, Clock, Fault};
use formats::{asice::TrustAnchors, x509::Certificate};
use host::{
    keys::{KeyDir, SoftKey},
    store::Store,
};
use std::sync::Arc;

/// The centre, open for orders.
pub struct Centre {
    store: Store,
    settings: Settings,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    authorities: Authorities,
    responder_key: Arc<SoftKey>,
    time_stamping_key: Arc<SoftKey>,
    /// Certificates of the responder, one by each authority, in the order of `Authority::ALL`.
    responders: Vec<Certificate>,
    time_stamping: Certificate,
}

impl Centre {
    /// Opens the centre: makes keys and certificates of the authorities at the first time, finds them at every other.
    /// `address` is where the endpoints answer, such as `http://127.0.0.1:8805`, and is written into certificates.
    pub async fn open(
        store: Store,
        keys: &KeyDir,
        settings: Settings,
        address: &str,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
    ) -> Result<Centre, Fault> {
        authority::found(store, keys, settings, address, clock, chance).await
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The certificate of an authority.
    pub fn authority(&self, authority: Authority) -> &Certificate {
        self.authorities.certificate(authority)
    }

    pub fn root(&self) -> &Certificate {
        self.authority(Authority::Root)
    }

    /// Certificates of all issuing authorities, the root not among them.
    pub fn issuing(&self) -> Vec<Certificate> {
        Authority::ISSUING.iter().map(|authority| self.authority(*authority).clone()).collect()
    }

    /// The certificate of the time-stamping unit.
    pub fn time_stamping_certificate(&self) -> &Certificate {
        &self.time_stamping
    }

    /// The certificate with which the responder speaks for an authority.
    pub fn responder_certificate(&self, authority: Authority) -> &Certificate {
        &self.responders[authority.place()]
    }

    /// What validation of documents trusts.
    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors { roots: vec![self.root().clone()], intermediates: self.issuing(), responders: Vec::new() }
    }

    pub(crate) fn responder_key(&self) -> &SoftKey {
        &self.responder_key
    }

    pub(crate) fn time_stamping_key(&self) -> &SoftKey {
        &self.time_stamping_key
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn chance(&self) -> &dyn Chance {
        &*self.chance
    }

    /// Which of our authorities a certificate's issuer is.
    pub fn authority_of(&self, certificate: &Certificate) -> Option<Authority> {
        Authority::ALL.into_iter().find(|authority| certificate.is_issued_by(self.authority(*authority)))
    }
}
