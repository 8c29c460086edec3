//! The keys that sign the configuration, and how one follows another: a new key is announced in anchors and sources, is
//! used when every member can have seen it, and the old one is retired when nothing is signed with it any more.

use base::{Algorithm, Clock, Failure, Fault, Refusal, Signer, Timestamp};
use formats::{
    asn1::oid,
    globalconf::SharedParameters,
    x509::{Certificate, Issuer, NameBuilder, Profile, Template, sign_tbs},
};
use host::{
    args,
    keys::{KeyDir, SoftKey},
    store::{Row, Tx},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The certificate is known by its digest only; its years do not matter.
const VALIDITY_S: i64 = 20 * 365 * 24 * 3600;

/// Which configuration a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// For the members of the instance.
    Internal,
    /// For instances that are federated with it.
    External,
}

impl Purpose {
    pub const ALL: [Purpose; 2] = [Purpose::Internal, Purpose::External];

    pub fn name(self) -> &'static str {
        match self {
            Purpose::Internal => "internal",
            Purpose::External => "external",
        }
    }

    fn parse(name: &str) -> Purpose {
        match name {
            "internal" => Purpose::Internal,
            "external" => Purpose::External,
            other => panic!("{other} was never written as a purpose"),
        }
    }

    /// The first internal key has the name that it had when there was one key only, so that anchors given out stay good.
    fn first_key(self) -> &'static str {
        match self {
            Purpose::Internal => "configuration",
            Purpose::External => "configuration-external",
        }
    }
}

/// Where a key is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published as trusted, not yet or no longer signing.
    Announced,
    Active,
}

impl KeyState {
    fn name(self) -> &'static str {
        match self {
            KeyState::Announced => "announced",
            KeyState::Active => "active",
        }
    }
}

/// A key as the register knows it, of this node or of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationKey {
    /// SHA-256 of the certificate, in hexadecimal.
    pub digest: String,
    pub purpose: Purpose,
    /// The node that holds it: host and port.
    pub address: String,
    pub certificate: Vec<u8>,
    pub state: KeyState,
    /// When it was announced.
    pub since: Timestamp,
    /// Its name in the node's folder of keys.
    name: String,
}

/// Why a step of a rotation is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No key of this node has that digest.
    Unknown,
    /// Members may not have seen the key yet: one validity of the configuration must pass.
    TooYoung,
    /// The key signs now.
    Active,
}

impl Refusal for KeyRefusal {
    fn code(&self) -> &'static str {
        match self {
            KeyRefusal::Unknown => "exchange.configuration_key_unknown",
            KeyRefusal::TooYoung => "exchange.configuration_key_too_young",
            KeyRefusal::Active => "exchange.configuration_key_active",
        }
    }

    fn status(&self) -> u16 {
        match self {
            KeyRefusal::Unknown => 404,
            KeyRefusal::TooYoung | KeyRefusal::Active => 409,
        }
    }
}

/// Whether a key may begin to sign: everybody who has a configuration that counts has seen it announced.
pub(super) async fn may_sign(
    tx: &mut Tx,
    key: &ConfigurationKey,
    wait_s: i64,
    now: Timestamp,
) -> Result<(), Failure<KeyRefusal>> {
    if key.state == KeyState::Active {
        return Err(Failure::Refused(KeyRefusal::Active));
    }
    let published = first_published(tx, key).await?;
    match published {
        Some(at) if now.as_second() - at.as_second() >= wait_s => Ok(()),
        _ => Err(Failure::Refused(KeyRefusal::TooYoung)),
    }
}

/// When the first edition was published that has the key among its sources; none if none was.
async fn first_published(tx: &mut Tx, key: &ConfigurationKey) -> Result<Option<Timestamp>, Fault> {
    let sql =
        "SELECT number, at, shared FROM exchange_published WHERE number > $1 AND at >= $2 ORDER BY number LIMIT 1";
    let mut number = 0;
    // One at a time: an edition may be large.
    while let Some(row) = tx.query_opt(sql, &args![number, key.since]).await? {
        let shared = SharedParameters::read(row.blob("shared"));
        let shared = shared.map_err(|error| Fault::new("read what was published", error))?;
        let certificates = shared.sources.iter().flat_map(|source| match key.purpose {
            Purpose::Internal => &source.internal_certificates,
            Purpose::External => &source.external_certificates,
        });
        if certificates.into_iter().any(|certificate| *certificate == key.certificate) {
            return Ok(Some(row.time("at")));
        }
        number = row.int("number");
    }
    Ok(None)
}

/// The private keys of this node.
pub struct KeyStore {
    keys: KeyDir,
    folder: PathBuf,
    instance: String,
}

impl KeyStore {
    pub fn open(folder: &Path, instance: &str) -> Result<KeyStore, Fault> {
        Ok(KeyStore { keys: KeyDir::open(folder)?, folder: folder.to_owned(), instance: instance.to_owned() })
    }

    pub(super) fn signer(&self, key: &ConfigurationKey) -> Result<Arc<dyn Signer>, Fault> {
        let signer = self.keys.load_or_create(&key.name, Algorithm::EcdsaP256Sha256)?;
        let certificate = Certificate::from_der(&key.certificate).map_err(failed)?;
        // A folder that was lost must not sign under a certificate of another key.
        match certificate.key().spki() == signer.public_key_der() {
            true => Ok(signer),
            false => Err(failed("the key in the folder is not the certificate's")),
        }
    }

    /// Whether the private key is in this node's folder.
    pub(super) fn holds(&self, key: &ConfigurationKey) -> bool {
        self.folder.join(&key.name).exists() && self.signer(key).is_ok()
    }

    /// A certificate made by the key itself.
    fn certificate(&self, key: &SoftKey, now: Timestamp) -> Result<Vec<u8>, Fault> {
        let name = NameBuilder::new()
            .with(oid::COUNTRY, &self.instance)
            .with(oid::COMMON_NAME, "Exchange global configuration")
            .build();
        let template = Template {
            serial: vec![1],
            subject: name.clone(),
            public_key_der: key.public_key_der().to_vec(),
            not_before: now,
            not_after: base::clock::from_micros((now.as_second() + VALIDITY_S) * 1_000_000),
            profile: Profile::MemberSigning,
            host_names: Vec::new(),
            policies: Vec::new(),
        };
        let itself = Issuer {
            name,
            public_key_der: key.public_key_der().to_vec(),
            algorithm: key.algorithm(),
            ocsp_url: String::new(),
            certificate_url: String::new(),
        };
        let certificate = sign_tbs(&template.tbs(&itself).map_err(failed)?, key)?;
        Ok(certificate.der().to_vec())
    }

    /// Makes a key of that name and the row that announces it. `kept` is a certificate that the key has already.
    pub(super) async fn announce(
        &self,
        tx: &mut Tx,
        purpose: Purpose,
        address: &str,
        clock: &dyn Clock,
        kept: Option<Vec<u8>>,
    ) -> Result<ConfigurationKey, Fault> {
        let known = all(tx).await?;
        let own = known.iter().filter(|key| key.purpose == purpose && key.address == address).count();
        let name = match own {
            0 => purpose.first_key().to_owned(),
            _ => format!("{}-{}", purpose.first_key(), clock.now().as_microsecond()),
        };
        let key = self.keys.load_or_create(&name, Algorithm::EcdsaP256Sha256)?;
        let fits =
            |der: &Vec<u8>| Certificate::from_der(der).is_ok_and(|kept| kept.key().spki() == key.public_key_der());
        let certificate = match kept.filter(fits) {
            Some(kept) => kept,
            None => self.certificate(&key, clock.now())?,
        };
        let made = ConfigurationKey {
            digest: base::hex(&formats::verify::sha256(&certificate)),
            purpose,
            address: address.to_owned(),
            certificate,
            state: KeyState::Announced,
            since: clock.now(),
            name,
        };
        let sql = "INSERT INTO exchange_configuration_key (digest, purpose, address, certificate, state, since, name)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let (purpose, state) = (made.purpose.name(), made.state.name());
        tx.execute(sql, &args![&made.digest, purpose, address, &made.certificate, state, made.since, &made.name])
            .await?;
        Ok(made)
    }
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("make a key of the configuration", cause)
}

fn key_of(row: &Row) -> ConfigurationKey {
    ConfigurationKey {
        digest: row.text("digest").to_owned(),
        purpose: Purpose::parse(row.text("purpose")),
        address: row.text("address").to_owned(),
        certificate: row.blob("certificate").to_vec(),
        state: if row.text("state") == KeyState::Active.name() { KeyState::Active } else { KeyState::Announced },
        since: row.time("since"),
        name: row.text("name").to_owned(),
    }
}

/// The keys of every node, the oldest first.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<ConfigurationKey>, Fault> {
    let sql = "SELECT digest, purpose, address, certificate, state, since, name FROM exchange_configuration_key
        ORDER BY since, digest";
    Ok(tx.query(sql, &[]).await?.iter().map(key_of).collect())
}

/// Lets one key sign, and the node's other keys of that purpose sign no more.
pub(super) async fn activate(tx: &mut Tx, key: &ConfigurationKey) -> Result<(), Fault> {
    let sql = "UPDATE exchange_configuration_key SET state = $1 WHERE purpose = $2 AND address = $3";
    tx.execute(sql, &args![KeyState::Announced.name(), key.purpose.name(), &key.address]).await?;
    let sql = "UPDATE exchange_configuration_key SET state = $1 WHERE digest = $2";
    tx.execute(sql, &args![KeyState::Active.name(), &key.digest]).await?;
    Ok(())
}

/// False when the key signs: it may have begun to since it was looked at.
pub(super) async fn retire(tx: &mut Tx, key: &ConfigurationKey) -> Result<bool, Fault> {
    let sql = "DELETE FROM exchange_configuration_key WHERE digest = $1 AND state = $2";
    Ok(tx.execute(sql, &args![&key.digest, KeyState::Announced.name()]).await? > 0)
}

/// A node that is reached elsewhere now takes its keys along.
pub(super) async fn moved(tx: &mut Tx, key: &ConfigurationKey, address: &str) -> Result<(), Fault> {
    let sql = "UPDATE exchange_configuration_key SET address = $1 WHERE digest = $2";
    tx.execute(sql, &args![address, &key.digest]).await?;
    Ok(())
}
