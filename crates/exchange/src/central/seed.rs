//! What the country's files bring into the register. Each of their lines is brought once: what a management request has
//! taken away since does not come back with the next start, and a line that is new in the files does come.

use super::register::{Change, Facts};
use base::{Fault, Timestamp};
use formats::{
    globalconf::SharedParameters,
    identifier::{ClientId, ServerId},
};
use host::{args, store::Tx};

/// The beginning of a register, and what this machine's own servers say at every start.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// Members, servers, groups and classes.
    pub shared: SharedParameters,
    /// Authentication certificates of the servers, DER.
    pub certificates: Vec<(ServerId, Vec<u8>)>,
}

impl Seed {
    /// Every change with the line that it comes from.
    fn lines(&self) -> Vec<(String, Change)> {
        let shared = &self.shared;
        let mut lines = Vec::new();
        for class in &shared.member_classes {
            let (code, description) = (class.code.clone(), class.description.clone());
            lines.push((format!("class {code}"), Change::Class { code, description }));
        }
        for member in &shared.members {
            let mut id = ClientId {
                instance: shared.instance.clone(),
                class: member.class.clone(),
                member: member.code.clone(),
                subsystem: None,
            };
            lines.push((format!("client {id}"), Change::Client { id: id.clone(), name: Some(member.name.clone()) }));
            for subsystem in &member.subsystems {
                id.subsystem = Some(subsystem.code.clone());
                let change = Change::Client { id: id.clone(), name: subsystem.name.clone() };
                lines.push((format!("client {id}"), change));
            }
        }
        for server in &shared.servers {
            let id = &server.id;
            let change = Change::Server { id: id.clone(), address: server.address.clone() };
            lines.push((format!("server {id}"), change));
            if server.maintenance.is_some() {
                let change = Change::Maintenance { server: id.clone(), message: server.maintenance.clone() };
                lines.push((format!("maintenance {id}"), change));
            }
            for client in server.clients.iter().filter(|client| **client != id.owner()) {
                let change = Change::Registered { server: id.clone(), client: client.clone(), enabled: true };
                lines.push((format!("registration {id} {client}"), change));
            }
        }
        for group in &shared.global_groups {
            let (code, description) = (group.code.clone(), group.description.clone());
            lines.push((format!("group {code}"), Change::Group { code: code.clone(), description }));
            for client in &group.members {
                let change = Change::GroupMember { code: code.clone(), client: client.clone() };
                lines.push((format!("group {code} {client}"), change));
            }
        }
        lines
    }

    /// What the machine knows of its servers whatever the files say: where each listens, and with which certificates.
    fn own(&self, facts: &Facts) -> Vec<Change> {
        let mut changes = Vec::new();
        for server in &self.shared.servers {
            let Some(known) = facts.servers.get(&server.id) else { continue };
            if known.address != server.address {
                changes.push(Change::Server { id: server.id.clone(), address: server.address.clone() });
            }
            for digest in &server.authentication_hashes {
                let certificate = self
                    .certificates
                    .iter()
                    .find(|(id, der)| *id == server.id && formats::verify::Digest::Sha256.of(der) == *digest);
                let certificate = certificate.map(|(_, der)| der.clone());
                if !known.certificates.contains_key(digest) {
                    let (server, digest) = (server.id.clone(), digest.clone());
                    changes.push(Change::Certificate { server, digest, certificate });
                }
            }
        }
        changes
    }

    /// Brings in what was not brought before. Returns how many changes that were.
    pub(super) async fn sow(&self, tx: &mut Tx, at: Timestamp) -> Result<usize, Fault> {
        let mut count = 0;
        for (line, change) in self.lines() {
            let sql = "INSERT INTO exchange_seeded (line) VALUES ($1) ON CONFLICT (line) DO NOTHING";
            if tx.execute(sql, &args![line]).await? == 1 {
                change.write(tx, at).await?;
                count += 1;
            }
        }
        let facts = Facts::load(tx).await?;
        for change in self.own(&facts) {
            change.write(tx, at).await?;
            count += 1;
        }
        Ok(count)
    }
}
