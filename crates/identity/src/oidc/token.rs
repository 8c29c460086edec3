//! The token endpoint: a code for an ID token and an access token (OpenID Connect Core §3.1.3).

use super::{answer, client_assertion, error, failed};
use crate::{
    jwt::{self, sha256_base64url},
    provider::Provider,
    registry::{Client, Scope},
    session::Session,
};
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use base::{Failure, Fault, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use host::{args, store::Row};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

const ID_TOKEN_LIFE_S: i64 = 300;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Asked {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
    client_assertion_type: String,
    client_assertion: String,
}

/// Why no token is given; the words of RFC 6749 §5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Unreadable,
    UnsupportedGrant,
    UnknownClient,
    /// Unknown, expired, another client's, another address's, another verifier's, or used.
    BadCode,
    /// As `BadCode`, and everything that was bought with it is revoked (RFC 9700 §4.5).
    ReusedCode,
}

impl Refusal {
    fn told(self) -> Response {
        match self {
            Refusal::Unreadable => error(StatusCode::BAD_REQUEST, "invalid_request"),
            Refusal::UnsupportedGrant => error(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Refusal::UnknownClient => error(StatusCode::UNAUTHORIZED, "invalid_client"),
            Refusal::BadCode | Refusal::ReusedCode => error(StatusCode::BAD_REQUEST, "invalid_grant"),
        }
    }
}

pub async fn token(State(provider): State<Arc<Provider>>, form: Result<Form<Asked>, FormRejection>) -> Response {
    let Ok(Form(asked)) = form else { return Refusal::Unreadable.told() };
    match provider.sell(&asked).await {
        Ok(response) => response,
        Err(Failure::Refused(refusal)) => refusal.told(),
        Err(Failure::Failed(fault)) => failed(&fault),
    }
}

/// A code as it was issued.
struct Code {
    session: String,
    client: String,
    redirect_uri: String,
    challenge: String,
    nonce: String,
    scopes: Vec<Scope>,
    expires_at: Timestamp,
    used: bool,
}

fn read(row: &Row) -> Code {
    Code {
        session: row.text("session").to_owned(),
        client: row.text("client").to_owned(),
        redirect_uri: row.text("redirect_uri").to_owned(),
        challenge: row.text("challenge").to_owned(),
        nonce: row.text("nonce").to_owned(),
        scopes: row.text("scopes").split(' ').filter_map(Scope::parse).collect(),
        expires_at: row.time("expires_at"),
        used: row.opt_time("used_at").is_some(),
    }
}

fn judge(code: &Code, client: &Client, asked: &Asked, now: Timestamp) -> Result<(), Refusal> {
    if code.client != client.id {
        return Err(Refusal::BadCode);
    }
    if code.used {
        return Err(Refusal::ReusedCode);
    }
    let verified = sha256_base64url(asked.code_verifier.as_bytes()) == code.challenge;
    if code.redirect_uri != asked.redirect_uri || !verified || code.expires_at <= now {
        return Err(Refusal::BadCode);
    }
    Ok(())
}

impl Provider {
    async fn sell(&self, asked: &Asked) -> Result<Response, Failure<Refusal>> {
        let now = self.now();
        let kind = &asked.client_assertion_type;
        let assertion = client_assertion::judge(&self.settings, kind, &asked.client_assertion, now)
            .ok_or(Failure::Refused(Refusal::UnknownClient))?;
        if !self.is_fresh(&assertion).await? {
            return Err(Failure::Refused(Refusal::UnknownClient));
        }
        if asked.grant_type != "authorization_code" {
            return Err(Failure::Refused(Refusal::UnsupportedGrant));
        }
        let code_hash = sha256_base64url(asked.code.as_bytes());
        let code = self.use_code(&code_hash, assertion.client, asked).await?;
        let session = self.session(&code.session).await?.ok_or(Failure::Refused(Refusal::BadCode))?;
        Ok(self.issue(assertion.client, &session, &code, &code_hash).await?)
    }

    /// Marks the code as used, whatever comes of it: a failed exchange is a used code too.
    async fn use_code(&self, code_hash: &str, client: &Client, asked: &Asked) -> Result<Code, Failure<Refusal>> {
        let now = self.now();
        let mut tx = self.parts.store.begin().await?;
        let row = tx.query_opt("SELECT * FROM identity_code WHERE code_hash = $1", &args![code_hash]).await?;
        let Some(code) = row.as_ref().map(read) else {
            tx.rollback().await;
            return Err(Failure::Refused(Refusal::BadCode));
        };
        let judged = judge(&code, client, asked, now);
        let marked = tx
            .execute(
                "UPDATE identity_code SET used_at = $1 WHERE code_hash = $2 AND used_at IS NULL",
                &args![now, code_hash],
            )
            .await?;
        // Between reading and marking another process may have been faster.
        let judged = if judged.is_ok() && marked == 0 { Err(Refusal::ReusedCode) } else { judged };
        if judged == Err(Refusal::ReusedCode) {
            tx.execute(
                "UPDATE identity_access SET revoked_at = $1 WHERE code_hash = $2 AND revoked_at IS NULL",
                &args![now, code_hash],
            )
            .await?;
            let entry = host::audit::Entry {
                at: now,
                actor: client.id.clone(),
                action: "identity.code_reused",
                subject: code.session.clone(),
                detail: serde_json::Value::Null,
            };
            tx.audit(&entry).await?;
        }
        tx.commit().await?;
        judged.map(|()| code).map_err(Failure::Refused)
    }

    async fn issue(&self, client: &Client, session: &Session, code: &Code, code_hash: &str) -> Result<Response, Fault> {
        let now = self.now();
        let access_token = self.parts.chance.hex(32);
        let scopes: Vec<&str> = code.scopes.iter().map(|scope| scope.word()).collect();
        let scopes = scopes.join(" ");
        let mut tx = self.parts.store.begin().await?;
        tx.execute(
            "INSERT INTO identity_access (token_hash, session, client, code_hash, scopes, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &args![
                sha256_base64url(access_token.as_bytes()),
                &session.id,
                &client.id,
                code_hash,
                &scopes,
                session.expires_at
            ],
        )
        .await?;
        tx.commit().await?;
        let mut claims = self.login_claims(client, session);
        let (iat, exp) = (now.as_second(), now.as_second() + ID_TOKEN_LIFE_S);
        for (name, value) in [
            ("iss", json!(self.settings.issuer)),
            ("aud", json!(client.id)),
            ("iat", json!(iat)),
            ("exp", json!(exp)),
            ("nonce", json!(code.nonce)),
            ("at_hash", json!(half_hash(&access_token))),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let id_token = jwt::sign(&*self.parts.keys[0], "JWT", &claims.into())?;
        let expires_in = session.expires_at.as_second() - now.as_second();
        Ok(answer(
            StatusCode::OK,
            &json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": expires_in,
                "id_token": id_token, "scope": scopes }),
        ))
    }
}

/// `at_hash` (Core §3.1.3.6): the left half of the access token's SHA-256.
fn half_hash(access_token: &str) -> String {
    BASE64URL.encode(&formats::verify::sha256(access_token.as_bytes())[..16])
}
