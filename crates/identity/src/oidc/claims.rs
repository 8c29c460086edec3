//! What a client is told about a person: pairwise by default, more only by entitlement.

use crate::{
    provider::Provider,
    registry::{Client, Scope},
    session::Session,
};
use base::Pin;
use serde_json::{Map, Value, json};

/// Card and phone are both a certificate on a chip with a PIN, issued in person.
pub const ACR: &str = "high";

impl Provider {
    /// Core §8.1: a subject that means nothing outside this client.
    pub(crate) fn subject_of(&self, client: &Client, person: &Pin) -> String {
        self.keyed_hash(&format!("subject:{}:{}", client.id, person.as_str()))
    }

    /// What the ID token says: the log-in and nothing of the person. The token comes back in an address as `id_token_hint`
    /// (RP-Initiated Logout §2), and addresses end up in logs and histories.
    pub(crate) fn login_claims(&self, client: &Client, session: &Session) -> Map<String, Value> {
        let claims = [
            ("sub", json!(self.subject_of(client, &session.person.pin))),
            ("sid", json!(session.id.as_str())),
            ("auth_time", json!(session.auth_time.as_second())),
            ("acr", json!(ACR)),
            ("amr", json!(session.method.amr())),
        ];
        claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What the UserInfo endpoint says, over the back channel only (Core §5.4).
    pub(crate) fn claims(&self, client: &Client, session: &Session, scopes: &[Scope]) -> Map<String, Value> {
        let mut claims = self.login_claims(client, session);
        let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        let person = &session.person;
        for scope in scopes {
            match scope {
                Scope::Openid => {}
                Scope::Profile => {
                    add("given_name", json!(person.given_name));
                    add("family_name", json!(person.surname));
                    add("name", json!(format!("{} {}", person.given_name, person.surname)));
                }
                Scope::Pin => {
                    add("pin", json!(person.pin.as_str()));
                }
                Scope::Representation => {
                    if let Some(named) = &session.acting_for {
                        add("representee", json!(named));
                    }
                }
                Scope::Offices => {
                    add("offices", json!(self.parts.offices.of(&person.pin)));
                }
            }
        }
        claims
    }
}
