//! The authorities themselves: which there are, their keys, and their founding.

use super::{Centre, issue};
use crate::Settings;
use base::{Algorithm, Chance, Clock, Fault, Signer};
use formats::{
    asn1::oid,
    x509::{Certificate, Issuer, Name, NameBuilder, Profile},
};
use host::{
    keys::{KeyDir, SoftKey},
    store::Store,
};
use std::sync::Arc;

/// One key that issues certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authority {
    /// Issues authorities and the time-stamping unit only.
    Root,
    Persons,
    Organisations,
    Officials,
    Exchange,
}

impl Authority {
    pub const ALL: [Authority; 5] =
        [Authority::Root, Authority::Persons, Authority::Organisations, Authority::Officials, Authority::Exchange];
    pub const ISSUING: [Authority; 4] =
        [Authority::Persons, Authority::Organisations, Authority::Officials, Authority::Exchange];

    /// The name in the store, in the folder of keys and in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Authority::Root => "root",
            Authority::Persons => "persons",
            Authority::Organisations => "organisations",
            Authority::Officials => "officials",
            Authority::Exchange => "exchange",
        }
    }

    pub fn parse(code: &str) -> Option<Authority> {
        Authority::ALL.into_iter().find(|authority| authority.code() == code)
    }

    pub(super) fn place(self) -> usize {
        Authority::ALL.iter().position(|other| *other == self).expect("every authority stands in the list of all")
    }

    fn common_name(self, settings: &Settings) -> &str {
        match self {
            Authority::Root => &settings.names.root,
            Authority::Persons => &settings.names.persons,
            Authority::Organisations => &settings.names.organisations,
            Authority::Officials => &settings.names.officials,
            Authority::Exchange => &settings.names.exchange,
        }
    }
}

/// Keys, names and, once founded, certificates of the authorities, in the order of `Authority::ALL`.
pub(super) struct Authorities {
    pub keys: Vec<Arc<SoftKey>>,
    pub issuers: Vec<Issuer>,
    pub certificates: Vec<Certificate>,
}

impl Authorities {
    pub fn key(&self, authority: Authority) -> &SoftKey {
        &self.keys[authority.place()]
    }

    pub fn issuer(&self, authority: Authority) -> &Issuer {
        &self.issuers[authority.place()]
    }

    pub fn certificate(&self, authority: Authority) -> &Certificate {
        &self.certificates[authority.place()]
    }
}

fn unit_name(settings: &Settings, common_name: &str) -> Name {
    NameBuilder::new()
        .with(oid::COUNTRY, &settings.country)
        .with(oid::ORGANIZATION, &settings.organisation)
        .with(oid::COMMON_NAME, common_name)
        .build()
}

fn load(keys: &KeyDir, settings: &Settings, address: &str) -> Result<Authorities, Fault> {
    let mut authorities = Authorities { keys: Vec::new(), issuers: Vec::new(), certificates: Vec::new() };
    for authority in Authority::ALL {
        let key = keys.load_or_create(&format!("authority-{}", authority.code()), Algorithm::EcdsaP256Sha256)?;
        authorities.issuers.push(Issuer {
            name: unit_name(settings, authority.common_name(settings)),
            public_key_der: key.public_key_der().to_vec(),
            algorithm: key.algorithm(),
            ocsp_url: format!("{address}/ocsp"),
            certificate_url: format!("{address}/certificates/{}.der", authority.code()),
        });
        authorities.keys.push(key);
    }
    Ok(authorities)
}

/// Opens the centre: the authorities' own certificates are orders like all others, so a second start finds them.
pub(super) async fn found(
    store: Store,
    keys: &KeyDir,
    settings: Settings,
    address: &str,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
) -> Result<Centre, Fault> {
    let mut authorities = load(keys, &settings, address)?;
    let responder_key = keys.load_or_create("responder", Algorithm::EcdsaP256Sha256)?;
    let time_stamping_key = keys.load_or_create("time-stamping", Algorithm::EcdsaP256Sha256)?;
    let draft = |signed_by, profile, subject: Name, key: &[u8]| issue::Draft {
        authority: signed_by,
        profile,
        holder: subject.common_name().unwrap_or_default().to_owned(),
        subject,
        public_key_der: key.to_vec(),
        host_names: Vec::new(),
        policies: Vec::new(),
    };
    let mut drafts = Vec::new();
    for authority in Authority::ALL {
        let issuer = authorities.issuer(authority);
        let profile = if authority == Authority::Root { Profile::RootAuthority } else { Profile::IssuingAuthority };
        drafts.push(draft(Authority::Root, profile, issuer.name.clone(), &issuer.public_key_der));
    }
    for authority in Authority::ALL {
        let name = unit_name(&settings, &settings.names.responder);
        drafts.push(draft(authority, Profile::OcspResponder, name, responder_key.public_key_der()));
    }
    let name = unit_name(&settings, &settings.names.time_stamping);
    drafts.push(draft(Authority::Root, Profile::TimeStamping, name, time_stamping_key.public_key_der()));

    let mut issued = issue::issue(&store, &authorities, &*clock, &*chance, &drafts).await?;
    let time_stamping = issued.pop().expect("one certificate for every draft");
    let responders = issued.split_off(Authority::ALL.len());
    authorities.certificates = issued;
    Ok(Centre {
        store,
        settings,
        clock,
        chance,
        authorities,
        responder_key,
        time_stamping_key,
        responders,
        time_stamping,
    })
}
