//! What a client knows of its provider: the endpoints (OpenID Connect Discovery 1.0) and the keys, by `kid`. Fetched when first
//! needed, kept, and the keys fetched again for an unknown `kid`, but no oftener than once in ten seconds.

use crate::ports::Transport;
use base::{Clock, Fault, Timestamp};
use bytes::Bytes;
use formats::jose::Jwks;
use std::{sync::Mutex, time::Duration};

const DOCUMENT_SIZE_BYTES_MAX: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(5);
/// An attacker's tokens with invented `kid`s must not turn into requests to the provider.
const REFETCH_AFTER_S: i64 = 10;

#[derive(Debug, Clone, serde::Deserialize)]
pub struct Endpoints {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: String,
    pub end_session_endpoint: String,
    pub jwks_uri: String,
}

#[derive(Default)]
struct Known {
    endpoints: Option<Endpoints>,
    keys: Jwks,
    keys_at: Option<Timestamp>,
}

pub struct KnownProvider {
    issuer: String,
    known: Mutex<Known>,
}

impl KnownProvider {
    pub fn new(issuer: String) -> Self {
        KnownProvider { issuer, known: Mutex::default() }
    }

    pub async fn endpoints(&self, transport: &dyn Transport) -> Result<Endpoints, Fault> {
        if let Some(endpoints) = self.read(|known| known.endpoints.clone()) {
            return Ok(endpoints);
        }
        let address = format!("{}/.well-known/openid-configuration", self.issuer);
        let endpoints: Endpoints = fetch(transport, &address).await?;
        // OpenID Connect Discovery §4.3: the issuer must be the very string that was asked.
        if endpoints.issuer != self.issuer {
            return Err(Fault::new("read the discovery document", "it names another issuer"));
        }
        self.read(|known| known.endpoints = Some(endpoints.clone()));
        Ok(endpoints)
    }

    /// The provider's keys, fetched again if `kid` is not among those we know.
    pub async fn keys(&self, transport: &dyn Transport, clock: &dyn Clock, kid: &str) -> Result<Jwks, Fault> {
        let now = clock.now();
        let (keys, keys_at) = self.read(|known| (known.keys.clone(), known.keys_at));
        let fresh = keys_at.is_some_and(|at| now.as_second() - at.as_second() < REFETCH_AFTER_S);
        if keys.find(kid).is_some() || fresh {
            return Ok(keys);
        }
        let address = self.endpoints(transport).await?.jwks_uri;
        let keys: Jwks = fetch(transport, &address).await?;
        self.read(|known| {
            known.keys = keys.clone();
            known.keys_at = Some(now);
        });
        Ok(keys)
    }

    fn read<T>(&self, of: impl FnOnce(&mut Known) -> T) -> T {
        of(&mut self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

async fn fetch<T: serde::de::DeserializeOwned>(transport: &dyn Transport, address: &str) -> Result<T, Fault> {
    let attempt = "ask the identity provider";
    let request = http::Request::get(address).body(Bytes::new()).map_err(|error| Fault::new(attempt, error))?;
    let answer = transport.send(request, DOCUMENT_SIZE_BYTES_MAX, TIMEOUT).await?;
    if answer.status() != http::StatusCode::OK {
        return Err(Fault::passing(attempt, answer.status()));
    }
    serde_json::from_slice(answer.body()).map_err(|error| Fault::new(attempt, error))
}
