//! The central server: publishes the signed global configuration. Members, servers and authorities are data of the country;
//! the document is signed anew before it expires, whether or not anything changed.

use crate::configuration::Configuration;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use base::{Clock, Fault, Signer, Timestamp};
use formats::{
    globalconf::{
        Anchor, Directory, DirectoryPart, PRIVATE_PARAMETERS, PrivateParameters, SHARED_PARAMETERS, SharedParameters,
        Source, VERSION, write_signed,
    },
    hashchain::DigestAlgorithm,
};
use host::{
    args,
    http::Shutdown,
    store::{Migration, Store},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
    time::Duration,
};

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "exchange_central",
    number: 1,
    sql: "CREATE TABLE exchange_published (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    shared BYTEA NOT NULL,
    private BYTEA NOT NULL
);",
}];

/// What is published now.
struct Published {
    /// The signed directory.
    directory: Vec<u8>,
    /// Documents by location.
    documents: BTreeMap<String, Vec<u8>>,
    expires: Timestamp,
}

pub struct Central {
    store: Store,
    signer: Arc<dyn Signer>,
    /// The certificate by which servers know the signature, DER.
    certificate: Vec<u8>,
    clock: Arc<dyn Clock>,
    validity_s: i64,
    interval: Duration,
    shared: SharedParameters,
    private: PrivateParameters,
    published: RwLock<Option<Arc<Published>>>,
}

/// What a central server is made of.
pub struct CentralParts {
    pub store: Store,
    pub signer: Arc<dyn Signer>,
    pub certificate: Vec<u8>,
    pub clock: Arc<dyn Clock>,
    pub validity_s: i64,
    pub interval: Duration,
    pub shared: SharedParameters,
    pub private: PrivateParameters,
}

impl Central {
    /// Keeps a history of what was published, and publishes.
    pub async fn start(parts: CentralParts) -> Result<Arc<Central>, Fault> {
        let central = Arc::new(Central {
            store: parts.store,
            signer: parts.signer,
            certificate: parts.certificate,
            clock: parts.clock,
            validity_s: parts.validity_s,
            interval: parts.interval,
            shared: parts.shared,
            private: parts.private,
            published: RwLock::new(None),
        });
        central.keep_history().await?;
        central.publish()?;
        Ok(central)
    }

    /// A row for every content that was ever published; the same content adds none.
    async fn keep_history(&self) -> Result<(), Fault> {
        let (shared, private) = (self.shared.to_xml(), self.private.to_xml());
        let mut tx = self.store.begin().await?;
        let last = tx
            .query_opt("SELECT number, shared, private FROM exchange_published ORDER BY number DESC LIMIT 1", &[])
            .await?;
        let same = last.as_ref().is_some_and(|row| row.blob("shared") == shared && row.blob("private") == private);
        if !same {
            let number = last.map_or(1, |row| row.int("number") + 1);
            tx.execute(
                "INSERT INTO exchange_published (number, at, shared, private) VALUES ($1, $2, $3, $4)",
                &args![number, self.clock.now(), shared, private],
            )
            .await?;
            tx.audit(&host::audit::Entry {
                at: self.clock.now(),
                actor: "central server".to_owned(),
                action: "exchange.configuration_published",
                subject: self.shared.instance.clone(),
                detail: serde_json::json!({ "number": number }),
            })
            .await?;
        }
        tx.commit().await
    }

    /// Signs the configuration anew.
    pub fn publish(&self) -> Result<(), Fault> {
        let instance = &self.shared.instance;
        let mut documents = BTreeMap::new();
        let mut parts = Vec::new();
        for (identifier, name, document) in [
            (PRIVATE_PARAMETERS, "private-params.xml", self.private.to_xml()),
            (SHARED_PARAMETERS, "shared-params.xml", self.shared.to_xml()),
        ] {
            let location = format!("/V{VERSION}/{instance}/{name}");
            parts.push(DirectoryPart {
                identifier: identifier.to_owned(),
                instance: Some(instance.clone()),
                location: location.clone(),
                file_name: None,
                algorithm: DigestAlgorithm::Sha512,
                digest: DigestAlgorithm::Sha512.digest(&document),
            });
            documents.insert(location, document);
        }
        let second = self.clock.now().as_second() + self.validity_s;
        let expires = base::clock::from_micros(second * 1_000_000);
        let directory = Directory { expires, version: Some(VERSION), parts };
        let directory = write_signed(&directory, &*self.signer, &self.certificate)?;
        let published = Arc::new(Published { directory, documents, expires });
        *self.published.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(published);
        Ok(())
    }

    fn current(&self) -> Option<Arc<Published>> {
        self.published.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What members need to trust this server, when it is reached at `address` (`127.0.0.1:8806`).
    pub fn anchor(&self, address: &str) -> Anchor {
        Anchor {
            generated_at: None,
            instance: self.shared.instance.clone(),
            sources: vec![Source {
                url: format!("http://{address}/internalconf"),
                certificates: vec![self.certificate.clone()],
            }],
        }
    }

    /// The configuration as its members see it, for the operator.
    pub fn configuration(&self) -> Configuration {
        let expires = self.current().map_or(base::clock::from_micros(0), |published| published.expires);
        Configuration::new(self.shared.clone(), self.private.clone(), expires, 0)
    }

    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/internalconf", get(directory))
            .route("/{version}/{instance}/{document}", get(document))
            .with_state(self.clone())
    }

    /// Publishes anew every interval until the end.
    pub async fn run(self: Arc<Self>, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.interval) => {}
                () = shutdown.wait() => return,
            }
            if let Err(fault) = self.publish() {
                tracing::error!(%fault, "the global configuration was not signed");
            }
        }
    }
}

async fn directory(State(central): State<Arc<Central>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    // Clients probe versions downwards until one is there (reference §2.7).
    if query.get("version").is_some_and(|version| *version != VERSION.to_string()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match central.current() {
        Some(published) => bytes(published.directory.clone(), "multipart/related"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn document(
    State(central): State<Arc<Central>>,
    Path((version, instance, name)): Path<(String, String, String)>,
) -> Response {
    let location = format!("/{version}/{instance}/{name}");
    let document = central.current().and_then(|published| published.documents.get(&location).cloned());
    document.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |document| bytes(document, "text/xml"))
}

fn bytes(body: Vec<u8>, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}
