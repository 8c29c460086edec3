//! The provider's description (OpenID Connect Discovery 1.0 §3) and its keys.

use crate::{history::Method, provider::Provider, registry::Scope};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base::Lang;
use http::header;
use serde_json::{Value, json};
use std::sync::Arc;

/// How long clients may keep both; a new key is published at least this long before it signs.
const CACHE_CONTROL: &str = "public, max-age=3600";

pub async fn document(State(provider): State<Arc<Provider>>) -> Response {
    public(&description(&provider.settings.issuer))
}

pub async fn keys(State(provider): State<Arc<Provider>>) -> Response {
    public(&json!(provider.published))
}

fn public(body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, CACHE_CONTROL)];
    (headers, body.to_string()).into_response()
}

fn description(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let amr: Vec<&str> = [Method::Card, Method::Phone].iter().map(|method| method.amr()[0]).collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": Scope::ALL.map(Scope::word),
        "claims_supported": ["sub", "sid", "auth_time", "acr", "amr", "given_name", "family_name", "name", "pin",
            "representee", "offices"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "acr_values_supported": [super::claims::ACR],
        "amr_values_supported": amr,
        "prompt_values_supported": ["none", "login", "select_account"],
        "ui_locales_supported": Lang::ALL.map(Lang::tag),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    })
}
