//! The measured country in three processes: `world` (trust services, central server, information system) and the two
//! security servers, each prepared from the same folder exactly as the product prepares them.

use crate::authority::Authority;
use crate::question::echo;
use base::{SystemChance, SystemClock};
use bytes::Bytes;
use exchange::{
    country::Country,
    server::ServerListeners,
    setup::{Exchange, Plan, ServerPorts, prepare},
};
use formats::identifier::ClientId;
use host::{http::Shutdown, store::Location};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What every process of one measured country is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    pub directory: PathBuf,
    /// Address of a PostgreSQL and the prefix of our schemas there; SQLite without.
    pub postgres: Option<(String, String)>,
    /// Where each process listens; loopback for those that are not named.
    #[serde(default)]
    pub hosts: BTreeMap<String, String>,
    pub trust: u16,
    pub central: u16,
    pub system: u16,
    /// Message port of each server; its information-system and OCSP ports are the next two.
    pub servers: BTreeMap<String, u16>,
    /// Of the country's files.
    pub agencies: String,
    pub exchange: String,
}

/// Where information systems ask by TLS, which nobody does here: above the ports of both servers.
const SYSTEM_TLS_ABOVE: u16 = 6;

impl World {
    fn host(&self, process: &str) -> &str {
        self.hosts.get(process).map_or("127.0.0.1", String::as_str)
    }

    pub fn system_address(&self) -> String {
        // Without a host of its own the information system is a part of the world's process.
        format!("{}:{}", self.host("echo"), self.system)
    }

    /// Where the information system of the asker asks.
    pub fn asker(&self) -> String {
        format!("{}:{}", self.host("asker"), self.servers["asker"] + 1)
    }

    /// Each process has stores of its own, but the central server's, whose keys all must know; only a server's own is ever
    /// written to under load.
    fn location(&self, process: &str, domain: &str) -> Location {
        let own = domain == format!("ss-{process}") || domain == "central";
        match &self.postgres {
            Some((url, prefix)) if own => {
                Location::Postgres { url: url.clone(), schema: format!("{prefix}_{}", domain.replace('-', "_")) }
            }
            _ if own => Location::Sqlite(self.directory.join(format!("{domain}.db"))),
            _ => Location::Sqlite(self.directory.join(format!("{process}-{domain}.db"))),
        }
    }

    pub async fn prepared(&self, process: &'static str) -> Exchange {
        let authority = Authority::open(&self.directory);
        let provider = ClientId::parse(crate::question::PROVIDER).expect("a client");
        let world = self.clone();
        let ports = |code: &str, message: u16| ServerPorts {
            host: self.host(code).to_owned(),
            message,
            system: message + 1,
            system_tls: message + SYSTEM_TLS_ABOVE,
        };
        let plan = Plan {
            country: Country::parse(&self.agencies, &self.exchange).expect("a country"),
            directory: self.directory.clone(),
            location: Box::new(move |domain| world.location(process, domain)),
            central: format!("{}:{}", self.host("world"), self.central),
            servers: self.servers.iter().map(|(code, message)| (code.clone(), ports(code, *message))).collect(),
            systems: HashMap::from([(provider, format!("http://{}", self.system_address()))]),
            trust: authority.services(&format!("{}:{}", self.host("world"), self.trust)),
            settings: exchange::server::Settings::new,
        };
        prepare(plan, &*authority, Arc::new(SystemClock), Arc::new(SystemChance)).await.expect("prepared")
    }

    /// Trust services, central server and the echo, until killed.
    pub async fn serve(self) {
        let shutdown = Shutdown::new();
        let host = self.host("world").to_owned();
        let trust = listen(&host, self.trust).await;
        tokio::spawn(host::http::serve(trust, Authority::open(&self.directory).router(), shutdown.clone()));
        if !self.hosts.contains_key("echo") {
            tokio::spawn(serve_echo(listen(&host, self.system).await));
        }
        let central_port = listen(&host, self.central).await;
        let exchange = self.prepared("world").await;
        let central = exchange.central().clone();
        crate::process::say_ready();
        let serving = host::http::serve(central_port, central.router(), shutdown.clone());
        tokio::join!(serving, central.run(shutdown));
    }

    /// The information system alone, until killed.
    pub async fn serve_echo(self) {
        let listener = listen(self.host("echo"), self.system).await;
        crate::process::say_ready();
        serve_echo(listener).await;
    }

    /// One security server, until killed.
    pub async fn serve_security_server(self, code: &'static str) {
        let exchange = self.prepared(code).await;
        let first = self.servers[code];
        let listeners = ServerListeners {
            message: listen(self.host(code), first).await,
            system: listen(self.host(code), first + 1).await,
            system_tls: listen(self.host(code), first + SYSTEM_TLS_ABOVE).await,
            ocsp: listen(self.host(code), first + 2).await,
        };
        let server = exchange.server(code).expect("one of the country's").clone();
        drop(exchange);
        crate::process::say_ready();
        server.run(listeners, Shutdown::new()).await.expect("the server runs");
    }
}

async fn listen(host: &str, port: u16) -> TcpListener {
    TcpListener::bind((host, port)).await.expect("a free port")
}

/// The information system: answers with what it was asked.
async fn serve_echo(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP socket");
        tokio::spawn(async move {
            let server = hyper::server::conn::http1::Builder::new();
            // A connection that its client ended early is no failure here.
            let _ended = server.serve_connection(TokioIo::new(stream), service_fn(echo_answer)).await;
        });
    }
}

async fn echo_answer(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    let kind = parts.headers.get("content-type").cloned();
    let is_soap = kind.as_ref().is_some_and(|kind| kind.as_bytes().starts_with(b"text/xml"));
    let mut response = http::Response::new(Full::new(echo(is_soap, body)));
    if let Some(kind) = kind {
        response.headers_mut().insert("content-type", kind);
    }
    Ok(response)
}
