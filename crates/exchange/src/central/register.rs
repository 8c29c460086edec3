//! Members, servers and groups as the central server keeps them: the facts of a decision, the changes that it makes, and
//! the tables behind both. What is published comes from here and nowhere else.

use base::{Fault, Timestamp};
use formats::{
    globalconf::{GlobalGroup, Member, MemberClass, SecurityServer, SharedParameters, Subsystem},
    identifier::{ClientId, ServerId},
    verify::Digest,
};
use host::{
    args,
    store::{Row, Tx},
};
use std::collections::{BTreeMap, BTreeSet};

/// The group of all owners of security servers exists in every instance; who is in it follows from the servers.
pub const OWNERS_GROUP: &str = "security-server-owners";

/// Everything that the central server knows about who takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Members and subsystems with their names; a subsystem may have none.
    pub clients: BTreeMap<ClientId, Option<String>>,
    pub servers: BTreeMap<ServerId, ServerFacts>,
    /// Description by code.
    pub classes: BTreeMap<String, String>,
    pub groups: BTreeMap<String, GroupFacts>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFacts {
    pub address: Option<String>,
    /// The message for askers while the server is being maintained.
    pub maintenance: Option<String>,
    /// Registered clients, and whether each is enabled. The owner is none of them.
    pub clients: BTreeMap<ClientId, bool>,
    /// Authentication certificates by SHA-256; without the certificate where only the digest is known.
    pub certificates: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupFacts {
    pub description: String,
    pub members: BTreeSet<ClientId>,
}

/// One change of the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A member class, or another description of it.
    Class {
        code: String,
        description: String,
    },
    /// A member or subsystem, or another name of it.
    Client {
        id: ClientId,
        name: Option<String>,
    },
    /// A server, or another address of it.
    Server {
        id: ServerId,
        address: Option<String>,
    },
    Certificate {
        server: ServerId,
        digest: Vec<u8>,
        certificate: Option<Vec<u8>>,
    },
    CertificateGone {
        digest: Vec<u8>,
    },
    /// A client of a server, enabled or not.
    Registered {
        server: ServerId,
        client: ClientId,
        enabled: bool,
    },
    Unregistered {
        server: ServerId,
        client: ClientId,
    },
    /// The old owner stays as a client, the new one is a client no more.
    Owner {
        server: ServerId,
        owner: ClientId,
    },
    Maintenance {
        server: ServerId,
        message: Option<String>,
    },
    Group {
        code: String,
        description: String,
    },
    GroupMember {
        code: String,
        client: ClientId,
    },
    GroupMemberGone {
        code: String,
        client: ClientId,
    },
}

/// Parts of identifiers are text without separators, so a stored identifier is its text form.
fn client(row: &Row, column: &str) -> ClientId {
    ClientId::parse(row.text(column)).expect("only identifiers are written")
}

fn server(row: &Row, column: &str) -> ServerId {
    ServerId::parse(row.text(column)).expect("only identifiers are written")
}

impl Facts {
    /// What is committed, or written in this transaction.
    pub(crate) async fn load(tx: &mut Tx) -> Result<Facts, Fault> {
        let mut facts = Facts::default();
        for row in tx.query("SELECT code, description FROM exchange_class", &[]).await? {
            facts.classes.insert(row.text("code").to_owned(), row.text("description").to_owned());
        }
        for row in tx.query("SELECT id, name FROM exchange_client", &[]).await? {
            facts.clients.insert(client(&row, "id"), row.opt_text("name").map(str::to_owned));
        }
        for row in tx.query("SELECT id, address, maintenance FROM exchange_server", &[]).await? {
            let known = ServerFacts {
                address: row.opt_text("address").map(str::to_owned),
                maintenance: row.opt_text("maintenance").map(str::to_owned),
                ..ServerFacts::default()
            };
            facts.servers.insert(server(&row, "id"), known);
        }
        for row in tx.query("SELECT server, client, enabled FROM exchange_registration", &[]).await? {
            if let Some(known) = facts.servers.get_mut(&server(&row, "server")) {
                known.clients.insert(client(&row, "client"), row.bool("enabled"));
            }
        }
        for row in tx.query("SELECT digest, server, certificate FROM exchange_certificate", &[]).await? {
            if let Some(known) = facts.servers.get_mut(&server(&row, "server")) {
                let certificate = row.opt_blob("certificate").map(<[u8]>::to_vec);
                known.certificates.insert(row.blob("digest").to_vec(), certificate);
            }
        }
        for row in tx.query("SELECT code, description FROM exchange_group", &[]).await? {
            let group = GroupFacts { description: row.text("description").to_owned(), members: BTreeSet::new() };
            facts.groups.insert(row.text("code").to_owned(), group);
        }
        for row in tx.query("SELECT code, client FROM exchange_group_member", &[]).await? {
            if let Some(group) = facts.groups.get_mut(row.text("code")) {
                group.members.insert(client(&row, "client"));
            }
        }
        Ok(facts)
    }

    /// The server that has this certificate registered.
    pub fn server_of_certificate(&self, digest: &[u8]) -> Option<&ServerId> {
        self.servers.iter().find(|(_, known)| known.certificates.contains_key(digest)).map(|(id, _)| id)
    }

    /// Whether `client` is registered on `server`, enabled or not.
    pub fn is_registered(&self, server: &ServerId, client: &ClientId) -> bool {
        self.servers.get(server).is_some_and(|known| known.clients.contains_key(client) || server.owner() == *client)
    }

    /// As shared parameters; authorities, sources and settings are not ours to know.
    pub fn shared(&self, instance: &str, digest: Digest) -> SharedParameters {
        let mut members: BTreeMap<ClientId, Member> = BTreeMap::new();
        for (id, name) in &self.clients {
            let member = members.entry(id.member_id()).or_insert_with(|| Member {
                class: id.class.clone(),
                code: id.member.clone(),
                name: String::new(),
                subsystems: Vec::new(),
            });
            match &id.subsystem {
                None => member.name = name.clone().unwrap_or_else(|| id.member.clone()),
                Some(code) => member.subsystems.push(Subsystem { code: code.clone(), name: name.clone() }),
            }
        }
        SharedParameters {
            instance: instance.to_owned(),
            members: members.into_values().collect(),
            servers: self.servers.iter().map(|(id, known)| known.published(id, digest)).collect(),
            global_groups: self.published_groups(),
            member_classes: self
                .classes
                .iter()
                .map(|(code, description)| MemberClass { code: code.clone(), description: description.clone() })
                .collect(),
            ..SharedParameters::default()
        }
    }

    fn published_groups(&self) -> Vec<GlobalGroup> {
        let mut groups = self.groups.clone();
        let owners = groups.entry(OWNERS_GROUP.to_owned()).or_default();
        owners.members = self.servers.keys().map(ServerId::owner).collect();
        let published = |(code, group): (String, GroupFacts)| GlobalGroup {
            code,
            description: group.description,
            members: group.members.into_iter().collect(),
        };
        groups.into_iter().map(published).collect()
    }
}

impl ServerFacts {
    /// A client that is not enabled is not published: nobody takes messages of it or for it.
    fn published(&self, id: &ServerId, digest: Digest) -> SecurityServer {
        let hash = |(sha256, certificate): (&Vec<u8>, &Option<Vec<u8>>)| match digest {
            Digest::Sha256 => Some(sha256.clone()),
            other => certificate.as_ref().map(|der| other.of(der)),
        };
        SecurityServer {
            id: id.clone(),
            address: self.address.clone(),
            authentication_hashes: self.certificates.iter().filter_map(hash).collect(),
            clients: self.clients.iter().filter(|(_, enabled)| **enabled).map(|(id, _)| id.clone()).collect(),
            maintenance: self.maintenance.clone(),
        }
    }
}

impl Change {
    /// Writes the change. One that says what is already so changes nothing.
    pub(crate) async fn write(&self, tx: &mut Tx, at: Timestamp) -> Result<(), Fault> {
        match self {
            Change::Class { code, description } => {
                let sql = "INSERT INTO exchange_class (code, description) VALUES ($1, $2)
                    ON CONFLICT (code) DO UPDATE SET description = excluded.description";
                tx.execute(sql, &args![code, description]).await?;
            }
            Change::Client { id, name } => {
                let sql = "INSERT INTO exchange_client (id, name) VALUES ($1, $2)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                tx.execute(sql, &args![id.to_string(), name.as_deref()]).await?;
            }
            Change::Server { id, address } => {
                let sql = "INSERT INTO exchange_server (id, address) VALUES ($1, $2)
                    ON CONFLICT (id) DO UPDATE SET address = excluded.address";
                tx.execute(sql, &args![id.to_string(), address.as_deref()]).await?;
            }
            Change::Certificate { server, digest, certificate } => {
                let sql = "INSERT INTO exchange_certificate (digest, server, certificate, at) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (digest) DO UPDATE SET server = excluded.server, certificate = excluded.certificate";
                tx.execute(sql, &args![digest, server.to_string(), certificate.as_deref(), at]).await?;
            }
            Change::CertificateGone { digest } => {
                tx.execute("DELETE FROM exchange_certificate WHERE digest = $1", &args![digest]).await?;
            }
            Change::Registered { server, client, enabled } => {
                let sql = "INSERT INTO exchange_registration (server, client, enabled) VALUES ($1, $2, $3)
                    ON CONFLICT (server, client) DO UPDATE SET enabled = excluded.enabled";
                tx.execute(sql, &args![server.to_string(), client.to_string(), *enabled]).await?;
            }
            Change::Unregistered { server, client } => {
                let sql = "DELETE FROM exchange_registration WHERE server = $1 AND client = $2";
                tx.execute(sql, &args![server.to_string(), client.to_string()]).await?;
            }
            Change::Owner { server, owner } => change_owner(tx, server, owner).await?,
            Change::Maintenance { server, message } => {
                let sql = "UPDATE exchange_server SET maintenance = $1 WHERE id = $2";
                tx.execute(sql, &args![message.as_deref(), server.to_string()]).await?;
            }
            Change::Group { code, description } => {
                let sql = "INSERT INTO exchange_group (code, description) VALUES ($1, $2)
                    ON CONFLICT (code) DO UPDATE SET description = excluded.description";
                tx.execute(sql, &args![code, description]).await?;
            }
            Change::GroupMember { code, client } => {
                let sql = "INSERT INTO exchange_group_member (code, client) VALUES ($1, $2)
                    ON CONFLICT (code, client) DO NOTHING";
                tx.execute(sql, &args![code, client.to_string()]).await?;
            }
            Change::GroupMemberGone { code, client } => {
                let sql = "DELETE FROM exchange_group_member WHERE code = $1 AND client = $2";
                tx.execute(sql, &args![code, client.to_string()]).await?;
            }
        }
        Ok(())
    }
}

/// A server is known by its owner, so another owner is another identifier, in every table.
async fn change_owner(tx: &mut Tx, server: &ServerId, owner: &ClientId) -> Result<(), Fault> {
    let (before, after) = (server.to_string(), owned_by(server, owner).to_string());
    for sql in [
        "UPDATE exchange_server SET id = $1 WHERE id = $2",
        "UPDATE exchange_registration SET server = $1 WHERE server = $2",
        "UPDATE exchange_certificate SET server = $1 WHERE server = $2",
    ] {
        tx.execute(sql, &args![&after, &before]).await?;
    }
    let sql = "DELETE FROM exchange_registration WHERE server = $1 AND client = $2";
    tx.execute(sql, &args![&after, owner.to_string()]).await?;
    let sql = "INSERT INTO exchange_registration (server, client, enabled) VALUES ($1, $2, 1)
        ON CONFLICT (server, client) DO NOTHING";
    tx.execute(sql, &args![&after, server.owner().to_string()]).await?;
    Ok(())
}

/// The identifier of the server under another owner.
pub fn owned_by(server: &ServerId, owner: &ClientId) -> ServerId {
    ServerId {
        instance: owner.instance.clone(),
        class: owner.class.clone(),
        member: owner.member.clone(),
        code: server.code.clone(),
    }
}
