//! What the provider is told at its start: its clients, the ways to log in that are switched on, and the limits.

use base::Localized;
use formats::jose::{Jwk, Jwks};

/// A claim set that a client may be entitled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Openid,
    /// Given name and surname.
    Profile,
    /// The personal identification number: an entitlement, never a default.
    Pin,
    /// Whom the person acts for; the person is asked.
    Representation,
    /// The person's posts.
    Offices,
}

impl Scope {
    pub const ALL: [Scope; 5] = [Scope::Openid, Scope::Profile, Scope::Pin, Scope::Representation, Scope::Offices];

    pub fn word(self) -> &'static str {
        match self {
            Scope::Openid => "openid",
            Scope::Profile => "profile",
            Scope::Pin => "pin",
            Scope::Representation => "representation",
            Scope::Offices => "offices",
        }
    }

    pub fn parse(word: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    /// Only people who hold at least one office get in.
    Officials,
}

/// A relying party. Registration is configuration: nobody registers over the network.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub name: Localized,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    /// Public keys of its private_key_jwt.
    pub keys: Jwks,
    pub scopes: Vec<Scope>,
    pub audience: Audience,
}

impl Client {
    /// The key set of one key, from its SubjectPublicKeyInfo.
    pub fn keys_of(signer: &dyn base::Signer) -> Result<Jwks, base::Fault> {
        let key = Jwk::from_spki(signer.public_key_der());
        let key = key.map_err(|error| base::Fault::new("register a client's key", error))?;
        Ok(Jwks { keys: vec![key] })
    }
}

/// Log-in with the smart card (Web eID token).
#[derive(Debug, Clone)]
pub struct CardMethod {
    /// The demo's card page, which stands in for reader, card and browser extension.
    pub simulator: Option<String>,
}

/// Log-in with the mobile signature (Mobile-ID REST service).
#[derive(Debug, Clone)]
pub struct PhoneMethod {
    /// `http://127.0.0.1:8803/mid-api`.
    pub service: String,
    pub relying_party_uuid: String,
    pub relying_party_name: String,
    /// The demo's phone page, linked from the waiting page.
    pub simulator: Option<String>,
}

/// Attempts per window; see reference on brute force and on pushes to phones.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub window_s: i64,
    /// Refused log-ins and pushes to phones from one network address.
    pub per_address: i64,
    /// Pushes to the phone of one person.
    pub per_identity: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { window_s: 600, per_address: 60, per_identity: 8 }
    }
}

#[derive(Debug, Clone)]
pub struct Settings {
    /// Scheme, host and port, no trailing slash; also the origin that cards sign.
    pub issuer: String,
    pub clients: Vec<Client>,
    /// `None`: switched off.
    pub card: Option<CardMethod>,
    pub phone: Option<PhoneMethod>,
    pub limits: Limits,
    /// Makes pairwise subjects and the names of rate-limit buckets; changing it changes every `sub`.
    pub subject_secret: Vec<u8>,
    /// The portal's style sheet, served again here.
    pub stylesheet: &'static [u8],
}

impl Settings {
    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }
}
