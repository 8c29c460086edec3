//! Who asks for which certificate, and the subject that follows from it (EN 319 412-1 for the identifiers).

use super::{Authority, issue::Draft};
use crate::{Refusal, Settings};
use base::Pin;
use formats::{
    asn1::oid,
    verify::PublicKey,
    x509::{Name, NameBuilder, Profile},
};

/// Longest name that a certificate carries (X.520 gives 64 letters; organisations of the state have longer names).
pub const NAME_LETTERS_MAX: usize = 128;

/// A natural person as the register of persons knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub pin: Pin,
    pub surname: String,
    pub given_name: String,
}

/// Where the person's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    Card,
    Phone,
}

/// For whom a person acts with the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub organisation: String,
    /// The organisation's number in its register.
    pub organisation_number: String,
    /// May be empty.
    pub title: String,
}

/// A member of the exchange at one of its security servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub instance: String,
    pub class: String,
    pub code: String,
    pub name: String,
    /// Code of the security server.
    pub server: String,
}

/// Whose certificate it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    Person {
        person: Person,
        carrier: Carrier,
    },
    Official {
        person: Person,
        carrier: Carrier,
        post: Post,
    },
    Organisation {
        name: String,
        number: String,
    },
    Member(Member),
    /// A server on the network, outside the exchange's own mutual TLS.
    Host {
        name: String,
    },
}

/// An order for one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub holder: Holder,
    pub profile: Profile,
    /// SubjectPublicKeyInfo. That the holder has the private key is the caller's knowledge.
    pub public_key_der: Vec<u8>,
    /// DNS names and addresses, for servers.
    pub host_names: Vec<String>,
}

impl Order {
    pub fn new(holder: Holder, profile: Profile, public_key_der: &[u8]) -> Order {
        Order { holder, profile, public_key_der: public_key_der.to_vec(), host_names: Vec::new() }
    }

    /// Whether the order is one that can be fulfilled, and what the certificate will say.
    pub(super) fn decide(&self, settings: &Settings) -> Result<Draft, Refusal> {
        let key = PublicKey::from_spki(&self.public_key_der).map_err(|_| Refusal::KeyNotAccepted)?;
        if !key.is_acceptable() {
            return Err(Refusal::KeyNotAccepted);
        }
        let authority = self.authority()?;
        let hosts_wanted = matches!(self.profile, Profile::TlsServer);
        if hosts_wanted && self.host_names.is_empty() {
            return Err(Refusal::NameNotAccepted);
        }
        let ascii = |name: &String| name.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.names().into_iter().all(is_name) || !self.host_names.iter().all(|name| is_name(name) && ascii(name)) {
            return Err(Refusal::NameNotAccepted);
        }
        let policies = match (&self.holder, self.profile) {
            (Holder::Person { carrier, .. } | Holder::Official { carrier, .. }, Profile::PersonAuthentication) => {
                vec![match carrier {
                    Carrier::Card => settings.card_policy,
                    Carrier::Phone => settings.phone_policy,
                }]
            }
            _ => Vec::new(),
        };
        Ok(Draft {
            authority,
            profile: self.profile,
            subject: self.subject(&settings.country),
            holder: self.holder_key(),
            public_key_der: self.public_key_der.clone(),
            host_names: self.host_names.clone(),
            policies,
        })
    }

    fn authority(&self) -> Result<Authority, Refusal> {
        match (&self.holder, self.profile) {
            (Holder::Person { .. }, Profile::PersonAuthentication | Profile::PersonSigning) => Ok(Authority::Persons),
            (Holder::Official { .. }, Profile::PersonAuthentication | Profile::PersonSigning) => {
                Ok(Authority::Officials)
            }
            (Holder::Organisation { .. }, Profile::Seal) => Ok(Authority::Organisations),
            (Holder::Member(_), Profile::MemberSigning | Profile::MemberAuthentication) => Ok(Authority::Exchange),
            (Holder::Host { .. }, Profile::TlsServer) => Ok(Authority::Exchange),
            _ => Err(Refusal::ProfileMismatch),
        }
    }

    fn names(&self) -> Vec<&str> {
        match &self.holder {
            Holder::Person { person, .. } => vec![&person.surname, &person.given_name],
            Holder::Official { person, post, .. } => {
                let mut names =
                    vec![&*person.surname, &person.given_name, &post.organisation, &post.organisation_number];
                names.extend((!post.title.is_empty()).then_some(&*post.title));
                names
            }
            Holder::Organisation { name, number } => vec![name, number],
            Holder::Member(member) => vec![&member.instance, &member.class, &member.code, &member.name, &member.server],
            Holder::Host { name } => vec![name],
        }
    }

    fn subject(&self, country: &str) -> Name {
        let name = NameBuilder::new().with(oid::COUNTRY, country);
        match &self.holder {
            Holder::Person { person, .. } => person_name(name, country, person).build(),
            Holder::Official { person, post, .. } => {
                let name = name
                    .with(oid::ORGANIZATION, &post.organisation)
                    .with(oid::ORGANIZATION_IDENTIFIER, &format!("NTR{country}-{}", post.organisation_number))
                    .with(oid::TITLE, &post.title);
                person_name(name, country, person).build()
            }
            Holder::Organisation { name: organisation, number } => name
                .with(oid::ORGANIZATION, organisation)
                .with(oid::ORGANIZATION_IDENTIFIER, &format!("NTR{country}-{number}"))
                .with(oid::COMMON_NAME, organisation)
                .build(),
            // The profile by which the exchange's peers find the member: serialNumber = instance/server/class.
            Holder::Member(member) => name
                .with(oid::ORGANIZATION, &member.name)
                .with(oid::SERIAL_NUMBER, &format!("{}/{}/{}", member.instance, member.server, member.class))
                .with(oid::COMMON_NAME, &member.code)
                .build(),
            Holder::Host { name: host } => name.with(oid::COMMON_NAME, host).build(),
        }
    }

    /// Under what the centre's records are found.
    fn holder_key(&self) -> String {
        match &self.holder {
            Holder::Person { person, .. } | Holder::Official { person, .. } => format!("PIN:{}", person.pin.as_str()),
            Holder::Organisation { number, .. } => format!("ORG:{number}"),
            Holder::Member(member) => format!("{}/{}/{}", member.instance, member.class, member.code),
            Holder::Host { name } => format!("HOST:{name}"),
        }
    }
}

fn person_name(name: NameBuilder, country: &str, person: &Person) -> NameBuilder {
    name.with(oid::SURNAME, &person.surname)
        .with(oid::GIVEN_NAME, &person.given_name)
        .with(oid::SERIAL_NUMBER, &format!("PNO{country}-{}", person.pin.as_str()))
        .with(oid::COMMON_NAME, &format!("{} {}", person.given_name, person.surname))
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=NAME_LETTERS_MAX).contains(&length) && name.trim() == name && !name.chars().any(char::is_control)
}
