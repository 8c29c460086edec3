//! Limits on attempts, counted in the store so that all processes count together. Buckets are keyed hashes: the table names
//! neither addresses nor people.

use crate::provider::Provider;
use aws_lc_rs::hmac;
use base::{Fault, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use host::args;
use http::Extensions;

/// What attempts are counted by.
#[derive(Debug, Clone, Copy)]
pub enum Bucket<'a> {
    Address(&'a str),
    Identity(&'a str),
}

impl Provider {
    /// Whether there is room for one more, without counting it.
    pub(crate) async fn has_room(&self, bucket: Bucket<'_>) -> Result<bool, Fault> {
        let (name, most) = self.name(bucket);
        let row = self
            .parts
            .store
            .query_opt(
                "SELECT hits FROM identity_limit WHERE bucket = $1 AND window_start = $2",
                &args![name, self.window()],
            )
            .await?;
        Ok(row.is_none_or(|row| row.int("hits") < most))
    }

    /// Counts one; false when it is one too many.
    pub(crate) async fn spend(&self, bucket: Bucket<'_>) -> Result<bool, Fault> {
        let (name, most) = self.name(bucket);
        let window = self.window();
        let mut tx = self.parts.store.begin().await?;
        tx.execute(
            "INSERT INTO identity_limit (bucket, window_start, hits) VALUES ($1, $2, 1)
             ON CONFLICT (bucket, window_start) DO UPDATE SET hits = identity_limit.hits + 1",
            &args![&name, window],
        )
        .await?;
        let row = tx
            .query_opt("SELECT hits FROM identity_limit WHERE bucket = $1 AND window_start = $2", &args![name, window])
            .await?;
        tx.commit().await?;
        Ok(row.is_some_and(|row| row.int("hits") <= most))
    }

    fn name(&self, bucket: Bucket<'_>) -> (String, i64) {
        let limits = &self.settings.limits;
        let (text, most) = match bucket {
            Bucket::Address(address) => (format!("address:{address}"), limits.per_address),
            Bucket::Identity(identity) => (format!("identity:{identity}"), limits.per_identity),
        };
        (self.keyed_hash(&text), most)
    }

    /// The window's beginning, in whole seconds.
    fn window(&self) -> i64 {
        let now = self.now().as_second();
        now - now.rem_euclid(self.settings.limits.window_s)
    }

    /// HMAC-SHA256 under the provider's own secret (RFC 2104), base64url.
    pub(crate) fn keyed_hash(&self, text: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.settings.subject_secret);
        BASE64URL.encode(hmac::sign(&key, text.as_bytes()).as_ref())
    }
}

/// Where the request came from, without the port. Behind a proxy this is the proxy, and the limit is everybody's.
pub fn address(extensions: &Extensions) -> String {
    let peer = extensions.get::<host::http::PeerAddress>();
    peer.map_or_else(|| "unknown".to_owned(), |peer| peer.0.ip().to_string())
}

/// When rows of a window no longer matter.
pub fn oldest_window(now: Timestamp, window_s: i64) -> i64 {
    now.as_second() - 2 * window_s
}
