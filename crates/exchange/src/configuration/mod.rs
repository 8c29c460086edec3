//! The global configuration as a security server uses it: who is a member, where its servers are, which authorities count.
//! Without one that is current nothing is exchanged.

mod download;
mod slot;

pub use download::{CONFIGURATION_BYTES_MAX, ConfigurationSource, verify_documents};
pub use slot::ConfigurationSlot;

use crate::fault::{Cause, ExchangeFault, Place};
use base::Timestamp;
use formats::{
    globalconf::{PrivateParameters, SecurityServer, SharedParameters},
    identifier::{ClientId, ServerId},
    verify::Digest,
    x509::Certificate,
};

/// One verified configuration with what is looked up in it.
#[derive(Debug)]
pub struct Configuration {
    pub shared: SharedParameters,
    pub private: PrivateParameters,
    pub expires: Timestamp,
    /// Grows with every change of content, so that caches know when to forget.
    pub generation: u64,
    /// Approved certification authorities.
    pub anchors: Vec<Certificate>,
    pub intermediates: Vec<Certificate>,
    /// OCSP responders that the configuration names beside the authorities themselves.
    pub responders: Vec<Certificate>,
    pub time_stamping: Vec<Certificate>,
}

impl Configuration {
    pub fn new(shared: SharedParameters, private: PrivateParameters, expires: Timestamp, generation: u64) -> Self {
        // A certificate that cannot be read cannot be trusted; the others still can.
        let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
        let authorities =
            || shared.approved_cas.iter().flat_map(|ca| std::iter::once(&ca.top).chain(&ca.intermediates));
        Configuration {
            anchors: shared.approved_cas.iter().filter_map(|ca| read(&ca.top.certificate)).collect(),
            intermediates: shared
                .approved_cas
                .iter()
                .flat_map(|ca| &ca.intermediates)
                .filter_map(|authority| read(&authority.certificate))
                .collect(),
            responders: authorities()
                .flat_map(|authority| &authority.responders)
                .filter_map(|responder| responder.certificate.as_ref().and_then(read))
                .collect(),
            time_stamping: shared.approved_tsas.iter().filter_map(|tsa| read(&tsa.certificate)).collect(),
            shared,
            private,
            expires,
            generation,
        }
    }

    /// Expired configurations stop messaging (reference §2.7).
    pub fn check_current(&self, place: Place, now: Timestamp) -> Result<(), ExchangeFault> {
        if now < self.expires {
            return Ok(());
        }
        Err(ExchangeFault::new(place, Cause::GlobalConfOutdated, "the global configuration has expired"))
    }

    pub fn server(&self, id: &ServerId) -> Option<&SecurityServer> {
        self.shared.servers.iter().find(|server| server.id == *id)
    }

    /// The servers that have `client` registered. An owner is a client of its server.
    pub fn servers_of<'a>(&'a self, client: &'a ClientId) -> impl Iterator<Item = &'a SecurityServer> {
        self.shared.servers.iter().filter(move |server| serves(server, client))
    }

    /// The server whose authentication certificate this is.
    pub fn server_of_certificate(&self, der: &[u8]) -> Option<&SecurityServer> {
        let hash = Digest::Sha256.of(der);
        self.shared.servers.iter().find(|server| server.authentication_hashes.contains(&hash))
    }

    pub fn is_registered(&self, server: &ServerId, client: &ClientId) -> bool {
        self.server(server).is_some_and(|server| serves(server, client))
    }

    /// The responder addresses of the authority that issued `certificate`.
    pub fn responder_urls(&self, certificate: &Certificate) -> Vec<String> {
        let authorities =
            self.shared.approved_cas.iter().flat_map(|ca| std::iter::once(&ca.top).chain(&ca.intermediates));
        authorities
            .filter(|authority| {
                Certificate::from_der(&authority.certificate).is_ok_and(|issuer| certificate.is_issued_by(&issuer))
            })
            .flat_map(|authority| authority.responders.iter().map(|responder| responder.url.clone()))
            .collect()
    }
}

fn serves(server: &SecurityServer, client: &ClientId) -> bool {
    server.clients.contains(client) || server.id.owner() == *client
}
