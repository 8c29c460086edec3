//! Where the providers' information systems are and how they are reached: HTTP, or HTTPS with a certificate that is
//! registered for the subsystem (or any, when the agency switched the check off).

use super::{
    AuthenticationIdentity,
    tls::{self, JudgePeer},
};
use crate::{
    country::System,
    fault::{Cause, ExchangeFault, Place},
};
use base::Fault;
use formats::identifier::{ClientId, encode_segment};
use host::http::Client;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The information systems of a server's clients.
pub(super) struct Systems {
    known: HashMap<ClientId, Reachable>,
}

/// One information system that can be called.
pub(super) struct Reachable {
    base: String,
    settings: System,
    pub(super) client: Client,
    pin: Option<Arc<Pin>>,
}

/// The certificates that an https address may show.
struct Pin {
    registered: Option<Vec<Vec<u8>>>,
    /// Why the last handshake was refused.
    refused: Mutex<Option<String>>,
}

impl JudgePeer for Pin {
    fn judge(&self, certificate: &[u8]) -> Result<(), String> {
        let outcome = match &self.registered {
            None => Ok(()),
            Some(known) if known.iter().any(|known| known.as_slice() == certificate) => Ok(()),
            Some(known) if known.is_empty() => {
                Err("no certificate is registered for the information system".to_owned())
            }
            Some(_) => Err("the information system showed a certificate that is not registered for it".to_owned()),
        };
        *self.refused.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = outcome.clone().err();
        outcome
    }
}

impl Systems {
    /// `addresses` are those beside the server; a setting with an address of its own comes first.
    pub(super) fn of(
        addresses: &HashMap<ClientId, String>,
        settings: &[System],
        identity: &AuthenticationIdentity,
        plain: &Client,
    ) -> Systems {
        let mut known = HashMap::new();
        let clients = addresses.keys().chain(settings.iter().map(|system| &system.client));
        for client in clients {
            let settings = settings.iter().find(|system| system.client == *client);
            let settings = settings.cloned().unwrap_or_else(|| System::usual(client.clone()));
            let Some(base) = settings.address.clone().or_else(|| addresses.get(client).cloned()) else { continue };
            let secure = base.starts_with("https://").then(|| secure_client(&settings, identity));
            let (http, pin) = match secure {
                None => (plain.clone(), None),
                Some(Ok((http, pin))) => (http, Some(pin)),
                Some(Err(fault)) => {
                    // Without TLS there is no connection to it: calls are refused, and the log says why.
                    tracing::error!(%fault, %client, "the information system cannot be reached");
                    continue;
                }
            };
            let base = base.trim_end_matches('/').to_owned();
            known.insert(client.clone(), Reachable { base, settings, client: http, pin });
        }
        Systems { known }
    }

    pub(super) fn reach(&self, provider: &ClientId) -> Result<&Reachable, ExchangeFault> {
        self.known.get(provider).ok_or_else(|| {
            ExchangeFault::new(Place::ServerProxy, Cause::ServiceMissingUrl, "the provider has no information system")
        })
    }
}

fn secure_client(settings: &System, identity: &AuthenticationIdentity) -> Result<(Client, Arc<Pin>), Fault> {
    let registered = settings.verify.then(|| settings.registered());
    let pin = Arc::new(Pin { registered, refused: Mutex::new(None) });
    Ok((Client::tls(tls::toward(identity, pin.clone())?), pin))
}

impl Reachable {
    pub(super) fn soap(&self, service: &str) -> String {
        self.at(&self.settings.soap, service)
    }

    pub(super) fn rest(&self, service: &str) -> String {
        self.at(&self.settings.rest, service)
    }

    pub(super) fn wsdl(&self, service: &str) -> String {
        self.at(&self.settings.wsdl, service)
    }

    pub(super) fn openapi(&self, service: &str) -> String {
        self.at(&self.settings.openapi, service)
    }

    fn at(&self, path: &str, service: &str) -> String {
        format!("{}{}", self.base, path.replace("{service}", &encode_segment(service)))
    }

    /// The world failed; unless it was we who did not like the certificate.
    pub(super) fn failed(&self, fault: &Fault) -> ExchangeFault {
        let refused = self.pin.as_ref().and_then(|pin| {
            let refused = pin.refused.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            refused.clone()
        });
        match refused {
            Some(why) => ExchangeFault::new(Place::Service, Cause::SslAuthenticationFailed, why),
            None => {
                // A name that leads nowhere is the provider's mistake, a connection that fails may come back.
                let nowhere = fault.cause.contains("lookup address");
                let cause = if nowhere { Cause::UnknownHost } else { Cause::NetworkError };
                ExchangeFault::failed(Place::Service, cause, fault)
            }
        }
    }
}
