//! What becomes of a request that is signed as it must be: decided by the register's facts and the requests that wait. A
//! registration waits for the operator, or for the complementary request of the other side; everything else is done at once.

use super::{
    ledger::{RequestView, Status},
    refusal::{ManagementFault, ManagementRefusal as Refusal},
    request::{Asked, ManagementRequest},
};
use crate::central::{Change, Facts, owned_by};
use formats::{identifier::ClientId, identifier::ServerId, verify::Digest};

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A security server.
    SecurityServer,
    /// The operator of the central server.
    Center,
}

impl Origin {
    pub fn name(self) -> &'static str {
        match self {
            Origin::SecurityServer => "SECURITY_SERVER",
            Origin::Center => "CENTER",
        }
    }
}

/// What the country has decided about requests.
#[derive(Debug, Clone)]
pub struct Policy {
    pub approve_client_registrations: bool,
    pub approve_certificate_registrations: bool,
    pub approve_owner_changes: bool,
    /// Who provides the management services.
    pub provider: ClientId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub status: Status,
    pub changes: Vec<Change>,
    /// The waiting request of the other side that this one completes.
    pub completes: Option<i64>,
    /// The waiting request that this one takes back.
    pub revokes: Option<i64>,
}

impl Decision {
    fn done(changes: Vec<Change>) -> Decision {
        Decision { status: Status::Approved, changes, completes: None, revokes: None }
    }

    fn waits() -> Decision {
        Decision { status: Status::Waiting, changes: Vec::new(), completes: None, revokes: None }
    }

    fn revokes(number: i64) -> Decision {
        Decision { revokes: Some(number), ..Decision::done(Vec::new()) }
    }
}

fn refuse<T>(refusal: Refusal, text: impl std::fmt::Display) -> Result<T, ManagementFault> {
    Err(ManagementFault::new(refusal, text))
}

/// `waiting` are the requests about the same server, or the same certificate, that wait.
pub(super) fn decide(
    request: &ManagementRequest,
    origin: Origin,
    facts: &Facts,
    waiting: &[RequestView],
    policy: &Policy,
) -> Result<Decision, ManagementFault> {
    let server = &request.server;
    if server.instance != policy.provider.instance
        || request.asked.client().is_some_and(|client| client.instance != server.instance)
    {
        return Err(ManagementFault::invalid("another instance is not registered here"));
    }
    match &request.asked {
        Asked::ClientReg { client, .. } => {
            if server.owner() == *client {
                return refuse(Refusal::CannotRegisterOwner, "the owner is a client of its server already");
            }
            known_server(facts, server)?;
            if facts.is_registered(server, client) {
                return refuse(Refusal::ClientAlreadyRegistered, format_args!("{client} is registered on {server}"));
            }
            registration(request, origin, facts, waiting, policy.approve_client_registrations)
        }
        Asked::AuthCertReg { certificate, .. } => {
            if facts.server_of_certificate(&Digest::Sha256.of(certificate)).is_some() {
                return refuse(Refusal::SecurityServerExists, "the certificate is registered");
            }
            registration(request, origin, facts, waiting, policy.approve_certificate_registrations)
        }
        Asked::OwnerChange { client } => {
            check_owner_change(facts, server, client)?;
            registration(request, origin, facts, waiting, policy.approve_owner_changes)
        }
        Asked::ClientDeletion { client } => delete_client(facts, server, client, waiting),
        Asked::AuthCertDeletion { certificate } => delete_certificate(facts, server, certificate, waiting),
        _ => at_once(request, facts, policy).map(Decision::done),
    }
}

/// Requests that ask for the same thing.
fn same<'a>(request: &'a ManagementRequest, waiting: &'a [RequestView]) -> impl Iterator<Item = &'a RequestView> {
    waiting.iter().filter(|known| match (&request.asked, &known.request.asked) {
        (Asked::AuthCertReg { certificate, .. }, Asked::AuthCertReg { certificate: other, .. }) => certificate == other,
        (Asked::OwnerChange { .. }, Asked::OwnerChange { .. }) => known.request.server == request.server,
        (Asked::ClientReg { client, .. }, Asked::ClientReg { client: other, .. }) => {
            client == other && known.request.server == request.server
        }
        _ => false,
    })
}

/// A registration waits, unless the other side has asked for the same or the country approves without being asked.
fn registration(
    request: &ManagementRequest,
    origin: Origin,
    facts: &Facts,
    waiting: &[RequestView],
    approved: bool,
) -> Result<Decision, ManagementFault> {
    match same(request, waiting).next() {
        Some(known) if known.origin != origin && known.request.server == request.server => {
            let changes = approve(request, facts)?;
            Ok(Decision { completes: Some(known.number), ..Decision::done(changes) })
        }
        Some(known) => refuse(Refusal::Exists, format_args!("request {} waits for the same", known.number)),
        // What cannot be approved yet may wait: the operator may still enter the member.
        None if approved && origin == Origin::SecurityServer => match approve(request, facts) {
            Ok(changes) => Ok(Decision::done(changes)),
            Err(fault) if fault.refusal == Refusal::MemberNotFound => Ok(Decision::waits()),
            Err(fault) => Err(fault),
        },
        None => Ok(Decision::waits()),
    }
}

fn known_server<'a>(facts: &'a Facts, server: &ServerId) -> Result<&'a crate::central::ServerFacts, ManagementFault> {
    let known = facts.servers.get(server);
    known.ok_or_else(|| ManagementFault::new(Refusal::ServerNotFound, format_args!("there is no server {server}")))
}

fn known_member(facts: &Facts, member: &ClientId) -> Result<(), ManagementFault> {
    if facts.clients.contains_key(&member.member_id()) {
        return Ok(());
    }
    refuse(Refusal::MemberNotFound, format_args!("{} is no member", member.member_id()))
}

fn check_owner_change(facts: &Facts, server: &ServerId, owner: &ClientId) -> Result<(), ManagementFault> {
    if owner.subsystem.is_some() {
        return refuse(Refusal::OwnerMustBeMember, "a subsystem owns no server");
    }
    let known = known_server(facts, server)?;
    if server.owner() == *owner {
        return refuse(Refusal::ClientAlreadyOwner, format_args!("{owner} owns the server"));
    }
    if !known.clients.contains_key(owner) {
        return refuse(Refusal::OwnerMustBeClient, format_args!("{owner} is no client of the server"));
    }
    let after = owned_by(server, owner);
    if facts.servers.contains_key(&after) {
        return refuse(Refusal::ServerCodeExists, format_args!("there is a server {after}"));
    }
    Ok(())
}

/// The changes of a registration that the operator, the other side or the country approves.
pub(super) fn approve(request: &ManagementRequest, facts: &Facts) -> Result<Vec<Change>, ManagementFault> {
    let server = &request.server;
    match &request.asked {
        Asked::ClientReg { client, name } => {
            known_server(facts, server)?;
            known_member(facts, client)?;
            let mut changes = Vec::new();
            // A subsystem comes to be with its first registration.
            let known = facts.clients.get(client);
            if client.subsystem.is_some() && (known.is_none() || name.is_some()) {
                let name = name.clone().or_else(|| known.cloned().flatten());
                changes.push(Change::Client { id: client.clone(), name });
            }
            changes.push(Change::Registered { server: server.clone(), client: client.clone(), enabled: true });
            Ok(changes)
        }
        Asked::AuthCertReg { address, certificate } => {
            known_member(facts, &server.owner())?;
            let digest = Digest::Sha256.of(certificate);
            let address = Some(address.clone());
            Ok(vec![
                Change::Server { id: server.clone(), address },
                Change::Certificate { server: server.clone(), digest, certificate: Some(certificate.clone()) },
            ])
        }
        Asked::OwnerChange { client } => {
            check_owner_change(facts, server, client)?;
            known_member(facts, client)?;
            Ok(vec![Change::Owner { server: server.clone(), owner: client.clone() }])
        }
        _ => refuse(Refusal::InvalidState, "the request waits for nobody"),
    }
}

fn delete_client(
    facts: &Facts,
    server: &ServerId,
    client: &ClientId,
    waiting: &[RequestView],
) -> Result<Decision, ManagementFault> {
    if facts.servers.get(server).is_some_and(|known| known.clients.contains_key(client)) {
        return Ok(Decision::done(vec![Change::Unregistered { server: server.clone(), client: client.clone() }]));
    }
    let about = |known: &&RequestView| {
        known.request.server == *server
            && matches!(&known.request.asked, Asked::ClientReg { client: other, .. } if other == client)
    };
    match waiting.iter().find(about) {
        Some(known) => Ok(Decision::revokes(known.number)),
        None => refuse(Refusal::ClientRegistrationNotFound, format_args!("{client} is not registered on {server}")),
    }
}

fn delete_certificate(
    facts: &Facts,
    server: &ServerId,
    certificate: &[u8],
    waiting: &[RequestView],
) -> Result<Decision, ManagementFault> {
    let digest = Digest::Sha256.of(certificate);
    if let Some(holder) = facts.server_of_certificate(&digest) {
        if holder != server {
            return refuse(Refusal::ServerNotFound, format_args!("the certificate is not {server}'s"));
        }
        return Ok(Decision::done(vec![Change::CertificateGone { digest }]));
    }
    let about = |known: &&RequestView| {
        known.request.server == *server
            && matches!(&known.request.asked, Asked::AuthCertReg { certificate: other, .. } if other == certificate)
    };
    match waiting.iter().find(about) {
        Some(known) => Ok(Decision::revokes(known.number)),
        None => refuse(Refusal::InvalidAuthCertificate, "the certificate is not registered"),
    }
}

/// Requests that nobody has to approve.
fn at_once(request: &ManagementRequest, facts: &Facts, policy: &Policy) -> Result<Vec<Change>, ManagementFault> {
    let server = &request.server;
    let provides = facts.is_registered(server, &policy.provider);
    let registered = |client: &ClientId| match facts.servers.get(server) {
        Some(known) if known.clients.contains_key(client) => Ok(()),
        _ => refuse(Refusal::ServerClientNotFound, format_args!("{client} is no client of {server}")),
    };
    let enabled =
        |client: &ClientId, enabled| Change::Registered { server: server.clone(), client: client.clone(), enabled };
    let maintained = |message| Change::Maintenance { server: server.clone(), message };
    let change = match &request.asked {
        Asked::AddressChange { address } => {
            known_server(facts, server)?;
            Change::Server { id: server.clone(), address: Some(address.clone()) }
        }
        Asked::ClientDisable { client } => {
            registered(client)?;
            if *client == policy.provider {
                return refuse(Refusal::ManagementClient, "without it nothing could be enabled again");
            }
            enabled(client, false)
        }
        Asked::ClientEnable { client } => {
            registered(client)?;
            enabled(client, true)
        }
        Asked::ClientRename { client, name } => {
            registered(client)?;
            Change::Client { id: client.clone(), name: Some(name.clone()) }
        }
        Asked::MaintenanceModeEnable { message } => {
            if provides {
                return refuse(Refusal::ManagementServer, "the management services are behind this server");
            }
            if known_server(facts, server)?.maintenance.is_some() {
                return refuse(Refusal::AlreadyInMaintenance, format_args!("{server} is in maintenance mode"));
            }
            maintained(Some(message.clone().unwrap_or_default()))
        }
        Asked::MaintenanceModeDisable => {
            if known_server(facts, server)?.maintenance.is_none() {
                return refuse(Refusal::NotInMaintenance, format_args!("{server} is not in maintenance mode"));
            }
            maintained(None)
        }
        _ => return refuse(Refusal::InvalidState, "the request is not done at once"),
    };
    Ok(vec![change])
}
