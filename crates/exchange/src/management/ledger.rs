//! Management requests as the central server remembers them: what was asked, by whom, and what became of it.

use super::{
    decide::Origin,
    request::{Asked, ManagementRequest},
};
use base::{Fault, Timestamp};
use formats::identifier::{ClientId, ServerId};
use host::{
    args,
    store::{Row, Store, Tx},
};

/// Where a request is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Waiting,
    Approved,
    Declined,
    /// Taken back by the side that made it.
    Revoked,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Waiting => "WAITING",
            Status::Approved => "APPROVED",
            Status::Declined => "DECLINED",
            Status::Revoked => "REVOKED",
        }
    }

    fn parse(name: &str) -> Status {
        let all = [Status::Waiting, Status::Approved, Status::Declined, Status::Revoked];
        all.into_iter().find(|status| status.name() == name).expect("only these are written")
    }
}

/// A request with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    pub number: i64,
    pub origin: Origin,
    pub request: ManagementRequest,
    pub status: Status,
    /// The request of the other side that asks for the same.
    pub complementary: Option<i64>,
    pub at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
}

/// How many requests one page has.
pub(super) const PAGE: i64 = 200;

fn view(row: &Row) -> RequestView {
    let origin = if row.text("origin") == Origin::Center.name() { Origin::Center } else { Origin::SecurityServer };
    RequestView {
        number: row.int("id"),
        origin,
        request: ManagementRequest {
            server: ServerId::parse(row.text("server")).expect("only identifiers are written"),
            asked: asked(row),
        },
        status: Status::parse(row.text("status")),
        complementary: row.opt_int("complementary"),
        at: row.time("at"),
        decided_at: row.opt_time("decided_at"),
        decided_by: row.opt_text("decided_by").map(str::to_owned),
    }
}

fn asked(row: &Row) -> Asked {
    let client = || ClientId::parse(row.text("client")).expect("only identifiers are written");
    let text = |column: &str| row.opt_text(column).map(str::to_owned);
    let certificate = || row.blob("certificate").to_vec();
    match row.text("kind") {
        "clientReg" => Asked::ClientReg { client: client(), name: text("subsystem_name") },
        "clientDeletion" => Asked::ClientDeletion { client: client() },
        "authCertReg" => {
            Asked::AuthCertReg { address: text("address").unwrap_or_default(), certificate: certificate() }
        }
        "authCertDeletion" => Asked::AuthCertDeletion { certificate: certificate() },
        "ownerChange" => Asked::OwnerChange { client: client() },
        "addressChange" => Asked::AddressChange { address: text("address").unwrap_or_default() },
        "clientDisable" => Asked::ClientDisable { client: client() },
        "clientEnable" => Asked::ClientEnable { client: client() },
        "clientRename" => Asked::ClientRename { client: client(), name: text("subsystem_name").unwrap_or_default() },
        "maintenanceModeEnable" => Asked::MaintenanceModeEnable { message: text("message") },
        "maintenanceModeDisable" => Asked::MaintenanceModeDisable,
        other => panic!("{other} was never written as a kind of request"),
    }
}

/// The number of a new request. Who takes one is alone until the transaction ends: the facts stay what they were.
pub(super) async fn next_number(tx: &mut Tx) -> Result<i64, Fault> {
    let sql = "UPDATE exchange_request_number SET last = last + 1 WHERE only_row = 1 RETURNING last";
    let row = tx.query_opt(sql, &[]).await?;
    Ok(row.expect("the migration wrote the row").int("last"))
}

/// Whether the same bytes were accepted before.
pub(super) async fn is_known(tx: &mut Tx, digest: &[u8]) -> Result<bool, Fault> {
    let sql = "SELECT id FROM exchange_request WHERE body_digest = $1 LIMIT 1";
    Ok(tx.query_opt(sql, &args![digest]).await?.is_some())
}

/// The requests that wait and are about the same server or the same certificate.
pub(super) async fn waiting(tx: &mut Tx, request: &ManagementRequest) -> Result<Vec<RequestView>, Fault> {
    let certificate = match &request.asked {
        Asked::AuthCertReg { certificate, .. } | Asked::AuthCertDeletion { certificate } => certificate.as_slice(),
        _ => &[],
    };
    let sql =
        "SELECT * FROM exchange_request WHERE status = 'WAITING' AND (server = $1 OR certificate = $2) ORDER BY id";
    let rows = tx.query(sql, &args![request.server.to_string(), certificate]).await?;
    Ok(rows.iter().map(view).collect())
}

pub(super) async fn one(tx: &mut Tx, number: i64) -> Result<Option<RequestView>, Fault> {
    let row = tx.query_opt("SELECT * FROM exchange_request WHERE id = $1", &args![number]).await?;
    Ok(row.as_ref().map(view))
}

/// The newest first.
pub(super) async fn page(store: &Store, status: Option<Status>, before: i64) -> Result<Vec<RequestView>, Fault> {
    let rows = match status {
        None => {
            let sql = "SELECT * FROM exchange_request WHERE id < $1 ORDER BY id DESC LIMIT $2";
            store.query(sql, &args![before, PAGE]).await?
        }
        Some(status) => {
            let sql = "SELECT * FROM exchange_request WHERE id < $1 AND status = $2 ORDER BY id DESC LIMIT $3";
            store.query(sql, &args![before, status.name(), PAGE]).await?
        }
    };
    Ok(rows.iter().map(view).collect())
}

/// A new request; `digest` is that of the bytes that were signed.
pub(super) async fn insert(tx: &mut Tx, view: &RequestView, digest: Option<&[u8]>) -> Result<(), Fault> {
    let (mut name, mut address, mut certificate, mut message) = (None, None, None, None);
    match &view.request.asked {
        Asked::ClientReg { name: given, .. } => name = given.as_deref(),
        Asked::ClientRename { name: given, .. } => name = Some(given.as_str()),
        Asked::AuthCertReg { address: given, certificate: der } => {
            (address, certificate) = (Some(given.as_str()), Some(der.as_slice()));
        }
        Asked::AuthCertDeletion { certificate: der } => certificate = Some(der.as_slice()),
        Asked::AddressChange { address: given } => address = Some(given.as_str()),
        Asked::MaintenanceModeEnable { message: given } => message = given.as_deref(),
        _ => {}
    }
    let client = view.request.asked.client().map(ToString::to_string);
    let (kind, server) = (view.request.asked.service_code(), view.request.server.to_string());
    let sql = "INSERT INTO exchange_request (id, kind, origin, server, client, subsystem_name, address, certificate,
            message, status, complementary, body_digest, at, decided_at, decided_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let (origin, status, decided_by) = (view.origin.name(), view.status.name(), view.decided_by.as_deref());
    tx.execute(
        sql,
        &args![
            view.number,
            kind,
            origin,
            server,
            client,
            name,
            address,
            certificate,
            message,
            status,
            view.complementary,
            digest,
            view.at,
            view.decided_at,
            decided_by
        ],
    )
    .await?;
    Ok(())
}

/// What became of a request that waited.
pub(super) async fn settle(
    tx: &mut Tx,
    number: i64,
    status: Status,
    complementary: Option<i64>,
    by: &str,
    at: Timestamp,
) -> Result<(), Fault> {
    let sql = "UPDATE exchange_request SET status = $1, complementary = $2, decided_at = $3, decided_by = $4
        WHERE id = $5 AND status = 'WAITING'";
    tx.execute(sql, &args![status.name(), complementary, at, by, number]).await?;
    Ok(())
}

/// Whoever decides about requests is alone until the transaction ends.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), Fault> {
    tx.execute("UPDATE exchange_request_number SET last = last WHERE only_row = 1", &[]).await?;
    Ok(())
}
