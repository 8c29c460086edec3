//! The measured country in three processes: `world` (trust services, central server, information system) and the two
//! security servers, each prepared from the same folder exactly as the product prepares them.

use crate::authority::Authority;
use crate::question::echo;
use base::{SystemChance, SystemClock};
use bytes::Bytes;
use exchange::{
    country::Country,
    server::{ServerListeners, Settings},
    setup::{Exchange, Plan, ServerPorts, prepare},
};
use formats::identifier::ClientId;
use host::{http::Shutdown, store::Location};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
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
    /// Members sign with RSA and not with ECDSA.
    #[serde(default)]
    pub rsa: bool,
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

    /// The central server's store is everybody's, because its keys are known there. A server's store is written to by its own
    /// process; the copies that the others prepare stay empty.
    pub fn location(&self, process: &str, domain: &str) -> Location {
        let ours = domain == "central" || domain == format!("ss-{process}");
        match &self.postgres {
            Some((url, prefix)) if ours => {
                Location::Postgres { url: url.clone(), schema: format!("{prefix}_{}", domain.replace('-', "_")) }
            }
            _ if ours => Location::Sqlite(self.directory.join(format!("{domain}.db"))),
            _ => Location::Sqlite(self.directory.join(format!("{process}-{domain}.db"))),
        }
    }

    /// A folder for this process, with the keys and certificates that the first process made.
    fn folder(&self, process: &str) -> PathBuf {
        let (first, own) = (self.directory.join("world"), self.directory.join(process));
        if first != own {
            copy(&first, &own);
        }
        std::fs::create_dir_all(&own).expect("a folder");
        own
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
            directory: self.folder(process),
            location: Box::new(move |domain| world.location(process, domain)),
            central: format!("{}:{}", self.host("world"), self.central),
            servers: self.servers.iter().map(|(code, message)| (code.clone(), ports(code, *message))).collect(),
            systems: HashMap::from([(provider, format!("http://{}", self.system_address()))]),
            trust: authority.services(&format!("{}:{}", self.host("world"), self.trust)),
            runs_servers: true,
            tokens: Vec::new(),
            management: None,
            settings: if self.rsa { signing_with_rsa } else { Settings::new },
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

fn signing_with_rsa(folder: PathBuf) -> Settings {
    Settings { signing: base::Algorithm::RsaPkcs1Sha512, ..Settings::new(folder) }
}

/// All files and folders with their modes, since keys are refused that others may read; logs belong to one process.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    let mode = std::fs::metadata(from).expect("a folder").permissions();
    std::fs::set_permissions(to, mode).expect("our own folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).expect("readable");
        if name == "messagelog" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).expect("a copy");
        }
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

type Answer = http::Response<BoxBody<Bytes, hyper::Error>>;

async fn echo_answer(request: http::Request<Incoming>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get("content-type").cloned();
    let is = |wanted: &str| kind.as_ref().is_some_and(|kind| kind.as_bytes().starts_with(wanted.as_bytes()));
    let body = if is(crate::stream::CONTENT_TYPE) {
        body.boxed()
    } else {
        let body = body.collect().await.expect("a whole body").to_bytes();
        Full::new(echo(is("text/xml"), body)).map_err(|never| match never {}).boxed()
    };
    let mut response = http::Response::new(body);
    if let Some(kind) = kind {
        response.headers_mut().insert("content-type", kind);
    }
    Ok(response)
}
