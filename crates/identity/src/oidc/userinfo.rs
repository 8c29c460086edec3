//! The claims as they are now. For somebody who acts for a company the register is asked again: who has lost the mandate has
//! lost the session.

use super::{answer, failed};
use crate::{history::Outcome, jwt::sha256_base64url, provider::Provider, registry::Scope, session::Session};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base::Fault;
use host::args;
use http::{HeaderMap, StatusCode, header};
use std::sync::Arc;

pub async fn userinfo(State(provider): State<Arc<Provider>>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    match provider.current_claims(token).await {
        Ok(Some(response)) => response,
        Ok(None) => {
            let challenge = (header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
            (StatusCode::UNAUTHORIZED, [challenge, (header::CACHE_CONTROL, "no-store")]).into_response()
        }
        Err(fault) => failed(&fault),
    }
}

impl Provider {
    async fn current_claims(&self, token: &str) -> Result<Option<Response>, Fault> {
        let row = self
            .parts
            .store
            .query_opt(
                "SELECT session, client, scopes FROM identity_access
                 WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2",
                &args![sha256_base64url(token.as_bytes()), self.now()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (session, client) = (self.session(row.text("session")).await?, self.settings.client(row.text("client")));
        let Some((session, client)) = session.zip(client) else { return Ok(None) };
        if !self.mandate_holds(&session).await {
            self.end(&session, Outcome::Ended).await?;
            return Ok(None);
        }
        let scopes: Vec<Scope> = row.text("scopes").split(' ').filter_map(Scope::parse).collect();
        Ok(Some(answer(StatusCode::OK, &self.claims(client, &session, &scopes).into())))
    }

    /// Whether the register still names the person for the company. A silent register takes nothing away: the answer that
    /// was given at the choice stands.
    async fn mandate_holds(&self, session: &Session) -> bool {
        let Some(named) = &session.acting_for else { return true };
        match self.parts.mandates.of(&session.person.pin).await {
            Ok(mandates) => mandates.iter().any(|mandate| mandate.tin == named.tin),
            Err(fault) => {
                tracing::warn!(%fault, "the register of mandates is silent");
                true
            }
        }
    }
}
