//! What the tests of this crate share.

use crate::registry::{Audience, CardMethod, Client, Limits, PhoneMethod, Scope, Settings};
use base::Localized;
use formats::jose::Jwks;

pub fn settings() -> Settings {
    let named = |text: &str| Localized { az: text.into(), en: text.into(), ru: text.into() };
    let client = |id: &str, port: u16, scopes: &[Scope], audience| Client {
        id: id.into(),
        name: named(id),
        redirect_uris: vec![format!("http://127.0.0.1:{port}/login/callback")],
        post_logout_redirect_uris: vec![format!("http://127.0.0.1:{port}/")],
        backchannel_logout_uri: Some(format!("http://127.0.0.1:{port}/backchannel-logout")),
        keys: Jwks::default(),
        scopes: scopes.to_vec(),
        audience,
    };
    let portal = [Scope::Profile, Scope::Pin, Scope::Representation];
    let office = [Scope::Profile, Scope::Pin, Scope::Offices];
    Settings {
        issuer: "http://127.0.0.1:8802".into(),
        clients: vec![
            client("portal", 8800, &portal, Audience::Everyone),
            client("backoffice", 8801, &office, Audience::Officials),
        ],
        card: Some(CardMethod { simulator: Some("http://127.0.0.1:8803/card/login".into()) }),
        phone: Some(PhoneMethod {
            service: "http://127.0.0.1:8803/mid-api".into(),
            relying_party_uuid: "00000000-0000-0000-0000-000000000000".into(),
            relying_party_name: "Pencere".into(),
            simulator: Some("http://127.0.0.1:8803/phone".into()),
        }),
        limits: Limits { window_s: 600, per_address: 6, per_identity: 3 },
        subject_secret: vec![7; 32],
        stylesheet: b"body {}",
    }
}
