//! private_key_jwt: a client proves itself with a signed statement of its own (RFC 7523 §3, OpenID Connect Core §9).

use crate::{
    jwt,
    provider::Provider,
    registry::{Client, Settings},
};
use base::{Fault, Timestamp};
use host::args;
use serde_json::Value;

/// RFC 7523 §2.2.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The token's own type (draft-ietf-oauth-rfc7523bis §4): nothing else that the client signs can pass for it.
pub const TYP: &str = "client-authentication+jwt";
const LIFE_S_MAX: i64 = 60;
const CLOCK_SKEW_S: i64 = 30;
const JTI_LENGTH_MAX: usize = 128;

/// A statement that is the client's, for us and in time; whether it is fresh is the store's to say.
pub struct Assertion<'a> {
    pub client: &'a Client,
    pub jti: String,
    pub expires_at: i64,
}

pub fn judge<'a>(settings: &'a Settings, kind: &str, token: &str, now: Timestamp) -> Option<Assertion<'a>> {
    if kind != TYPE {
        return None;
    }
    let kid = jwt::kid_of(token)?;
    let client = settings.clients.iter().find(|client| client.keys.find(&kid).is_some())?;
    let claims = jwt::verify(token, TYP, &client.keys)?;
    let text = |name: &str| claims[name].as_str();
    let ours = text("iss")? == client.id && text("sub")? == client.id && is_for_us(&claims["aud"], &settings.issuer);
    let (now, exp) = (now.as_second(), claims["exp"].as_i64()?);
    let in_time = exp > now && exp <= now + LIFE_S_MAX + CLOCK_SKEW_S;
    let jti = text("jti").filter(|jti| (8..=JTI_LENGTH_MAX).contains(&jti.len()))?;
    (ours && in_time).then(|| Assertion { client, jti: jti.to_owned(), expires_at: exp })
}

fn is_for_us(audience: &Value, issuer: &str) -> bool {
    // One audience only: a statement that others may also take could be replayed by them.
    audience.as_str() == Some(issuer)
}

impl Provider {
    /// Remembers the statement; false when it was used before.
    pub(crate) async fn is_fresh(&self, assertion: &Assertion<'_>) -> Result<bool, Fault> {
        let mut tx = self.parts.store.begin().await?;
        let expires_at = Timestamp::from_second(assertion.expires_at)
            .map_err(|error| Fault::new("remember a client's statement", error))?;
        let new = tx
            .execute(
                "INSERT INTO identity_assertion (client, jti, expires_at) VALUES ($1, $2, $3)
                 ON CONFLICT (client, jti) DO NOTHING",
                &args![&assertion.client.id, &assertion.jti, expires_at],
            )
            .await?;
        tx.commit().await?;
        Ok(new == 1)
    }
}
