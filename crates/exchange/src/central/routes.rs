//! The configuration over HTTP: directories by version, and their documents.

use super::{Central, Purpose};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use formats::globalconf::VERSION_MIN;
use std::{collections::BTreeMap, sync::Arc};

type Here = State<Arc<Central>>;

pub(super) fn router(central: &Arc<Central>) -> Router {
    Router::new()
        .route("/internalconf", get(async |here: Here, query| by_query(&here, Purpose::Internal, query)))
        .route("/externalconf", get(async |here: Here, query| by_query(&here, Purpose::External, query)))
        .route("/{version}/internalconf", get(async |here: Here, path| by_path(&here, Purpose::Internal, path)))
        .route("/{version}/externalconf", get(async |here: Here, path| by_path(&here, Purpose::External, path)))
        .route("/{version}/{folder}/{document}", get(document))
        .with_state(central.clone())
}

/// `?version=N`; who names none is of the time when there was one version (reference §2.7).
fn by_query(central: &Central, purpose: Purpose, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let version = query.get("version").map_or(Some(VERSION_MIN), |version| version.parse().ok());
    directory(central, purpose, version)
}

/// `/V6/internalconf`.
fn by_path(central: &Central, purpose: Purpose, Path(version): Path<String>) -> Response {
    directory(central, purpose, number(&version))
}

fn number(version: &str) -> Option<u32> {
    version.strip_prefix('V').and_then(|number| number.parse().ok())
}

fn directory(central: &Central, purpose: Purpose, version: Option<u32>) -> Response {
    let Some((published, version)) = central.published().zip(version) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match published.now.directory(purpose, version) {
        Ok(Some(directory)) => answer(directory, "multipart/related"),
        // Clients probe versions downwards until one is there.
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(fault) => {
            tracing::error!(%fault, version, "the global configuration was not signed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn document(State(central): Here, Path((version, folder, name)): Path<(String, String, String)>) -> Response {
    let location = format!("/{version}/{folder}/{name}");
    let editions = central.published().into_iter().flat_map(|published| [Some(published.now), published.before]);
    let found = number(&version)
        .and_then(|version| editions.flatten().find_map(|edition| edition.document(version, &location)));
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |document| answer(document, "text/xml"))
}

fn answer(body: Bytes, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
