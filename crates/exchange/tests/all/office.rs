//! A central server with its management services, and whoever sends it requests: members with keys, certificates and OCSP
//! responses.

use crate::world::{Authority, NOON, id};
use base::{Failure, ManualClock, Signer, SystemChance};
use exchange::{
    CENTRAL_MIGRATIONS,
    central::{Central, CentralParts, KeyStore, Seed},
    certificates::PROFILE,
    configuration::Configuration,
    management::{
        Asked, Door, ManagementParts, ManagementRefusal, ManagementRequest, ManagementService, Policy, Status,
    },
    setup::CertificateOrder,
};
use formats::{
    asn1::{ecdsa, oid},
    globalconf::{
        ApprovedCa, CertificateAuthority, Member, MemberClass, PrivateParameters, SecurityServer, SharedParameters,
        Subsystem,
    },
    identifier::{ClientId, ServerId, ServiceId},
    mime::{write_end, write_part},
    ocsp::{CertId, OcspRequest},
    soap::{self, Parsed, RequestHead},
    verify::Digest,
    x509::{Certificate, NameBuilder, Profile},
};
use host::{keys::SoftKey, store::Store, testing::TempDir};
use std::{sync::Arc, time::Duration};

/// A key with its certificate.
pub struct Party {
    pub key: SoftKey,
    pub certificate: Certificate,
}

/// A central server with the management services; member 1 owns server `s`, member 9 provides the services on `m`.
pub struct Office {
    pub clock: Arc<ManualClock>,
    pub authority: Arc<Authority>,
    pub central: Arc<Central>,
    pub service: Arc<ManagementService>,
    pub _folder: TempDir,
}

pub fn server(text: &str) -> ServerId {
    ServerId::parse(text).expect("a server")
}

pub fn seed(authority: &Authority) -> Seed {
    let member = |code: &str, subsystems: &[&str]| Member {
        class: "GOV".into(),
        code: code.into(),
        name: format!("Member {code}"),
        subsystems: subsystems.iter().map(|code| Subsystem { code: (*code).into(), name: None }).collect(),
    };
    let host = |text: &str, clients: &[&str]| SecurityServer {
        id: server(text),
        address: Some("one.az".into()),
        authentication_hashes: Vec::new(),
        clients: clients.iter().map(|client| id(client)).collect(),
        maintenance: None,
    };
    let shared = SharedParameters {
        instance: "AZ".into(),
        approved_cas: vec![ApprovedCa {
            name: "Members".into(),
            authentication_only: false,
            top: CertificateAuthority { certificate: authority.certificate.der().to_vec(), responders: Vec::new() },
            intermediates: Vec::new(),
            profile: PROFILE.into(),
        }],
        members: vec![member("1", &["desk"]), member("2", &["book"]), member("9", &[])],
        servers: vec![
            host("AZ/GOV/1/s", &["AZ/GOV/1/desk"]),
            host("AZ/GOV/9/m", &["AZ/GOV/9/office"]),
            host("AZ/GOV/2/t", &[]),
        ],
        member_classes: vec![MemberClass { code: "GOV".into(), description: "Government".into() }],
        ocsp_freshness_s: 3_600,
        ..SharedParameters::default()
    };
    Seed { shared, certificates: Vec::new() }
}

impl Office {
    pub async fn open(store: Store, approve: bool) -> Office {
        let clock = Arc::new(ManualClock::at(NOON.parse().expect("an instant")));
        let (authority, folder) = (Authority::new(clock.clone()), TempDir::new());
        let central = Central::start(CentralParts {
            store: store.clone(),
            keys: KeyStore::open(&folder.path().join("keys"), "AZ").expect("a folder"),
            first_certificate: None,
            clock: clock.clone(),
            address: "127.0.0.1:1".into(),
            validity_s: 600,
            interval: Duration::from_secs(60),
            seed: seed(&authority),
            private: PrivateParameters {
                instance: "AZ".into(),
                time_stamping_interval_s: 60,
                ..PrivateParameters::default()
            },
            monitoring_client: None,
        });
        let central = central.await.expect("published");
        let policy = Policy {
            approve_client_registrations: approve,
            approve_certificate_registrations: approve,
            approve_owner_changes: approve,
            provider: id("AZ/GOV/9"),
        };
        let (chance, parts_clock) = (Arc::new(SystemChance), clock.clone());
        let parts = ManagementParts {
            central: central.clone(),
            store,
            clock: parts_clock,
            chance,
            policy,
            handed_over_by: Vec::new(),
        };
        Office { clock, authority, central, service: ManagementService::new(parts), _folder: folder }
    }

    pub async fn both(approve: bool) -> Vec<Office> {
        let mut offices = Vec::new();
        for store in host::testing::stores(&[CENTRAL_MIGRATIONS[0]]).await {
            offices.push(Office::open(store, approve).await);
        }
        offices
    }

    pub fn party(&self, instance: &str, member: &str, profile: Profile) -> Party {
        let key = SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key");
        let subject = NameBuilder::new()
            .with(oid::COUNTRY, "AZ")
            .with(oid::COMMON_NAME, member)
            .with(oid::SERIAL_NUMBER, &format!("{instance}/s/GOV"))
            .build();
        let order = CertificateOrder {
            profile,
            subject,
            public_key_der: key.public_key_der().to_vec(),
            host_names: Vec::new(),
        };
        Party { certificate: self.authority.sign(&order), key }
    }

    pub fn signer(&self, member: &str) -> Party {
        self.party("AZ", member, Profile::MemberSigning)
    }

    pub fn ocsp(&self, party: &Party) -> Vec<u8> {
        let certificates = vec![CertId::of(&party.certificate, &self.authority.certificate, Digest::Sha1)];
        self.authority.status(&OcspRequest { certificates, nonce: None })
    }

    /// A request signed by `party`, as the owner of its server sends it.
    pub fn signed(&self, request: &ManagementRequest, party: &Party) -> Sent {
        let soap = message(&request.server.owner(), request);
        let parts = vec![signature(party, &soap), plain(party.certificate.der()), plain(&self.ocsp(party))];
        Sent { soap, parts }
    }

    /// A new authentication certificate, with the proof of its key and the owner's signature.
    pub fn registration(&self, server: &ServerId, authentication: &Party, owner: &Party) -> Sent {
        let certificate = authentication.certificate.der().to_vec();
        let asked = Asked::AuthCertReg { address: "new.az".into(), certificate: certificate.clone() };
        let request = ManagementRequest { server: server.clone(), asked };
        let soap = message(&server.owner(), &request);
        let parts = vec![
            signature(authentication, &soap),
            signature(owner, &soap),
            plain(&certificate),
            plain(owner.certificate.der()),
            plain(&self.ocsp(owner)),
        ];
        Sent { soap, parts }
    }

    /// The number of an accepted request, or the code and text of the refusal.
    pub async fn send(&self, door: Door, sent: &Sent) -> Result<i64, (ManagementRefusal, String)> {
        let (kind, body) = sent.body();
        match self.service.accept(door, &kind, &body).await {
            Ok(answer) => Ok(number(answer)),
            Err(Failure::Refused(fault)) => Err((fault.refusal, fault.text)),
            Err(Failure::Failed(fault)) => panic!("{fault}"),
        }
    }

    /// What the owner's member asks, signed by the member that the request is about.
    pub async fn ask(&self, of: &str, asked: Asked) -> Result<i64, ManagementRefusal> {
        let request = ManagementRequest { server: server(of), asked };
        let sent = match request.asked.is_signed() {
            false => Sent { soap: message(&request.server.owner(), &request), parts: Vec::new() },
            true => {
                let member = request.asked.client().map_or_else(|| request.server.owner(), ClientId::member_id);
                self.signed(&request, &self.signer(&member.member))
            }
        };
        self.send(Door::Exchange, &sent).await.map_err(|(refusal, _)| refusal)
    }

    pub async fn status(&self, number: i64) -> (Status, Option<i64>) {
        let requests = self.central.desk().requests(None, None).await.expect("read");
        let found = requests.iter().find(|request| request.number == number).expect("there");
        (found.status, found.complementary)
    }

    pub fn published(&self) -> Configuration {
        self.central.configuration()
    }

    pub fn serves(&self, of: &str, client: &str) -> bool {
        self.published().is_registered(&server(of), &id(client))
    }
}

/// A request as it goes out: the message, and parts with their algorithm.
#[derive(Clone)]
pub struct Sent {
    pub soap: Vec<u8>,
    pub parts: Vec<(Option<&'static str>, Vec<u8>)>,
}

impl Sent {
    pub fn body(&self) -> (String, Vec<u8>) {
        if self.parts.is_empty() {
            return ("text/xml; charset=UTF-8".to_owned(), self.soap.clone());
        }
        let mut out = Vec::new();
        write_part(&mut out, "b", &[("Content-Type", "text/xml; charset=UTF-8")], &self.soap);
        for (algorithm, bytes) in &self.parts {
            let mut headers = vec![("Content-Type", "application/octet-stream")];
            headers.extend(algorithm.map(|name| ("signature-algorithm-id", name)));
            write_part(&mut out, "b", &headers, bytes);
        }
        write_end(&mut out, "b");
        ("multipart/related; charset=UTF-8; boundary=b".to_owned(), out)
    }

    pub fn with(mut self, place: usize, bytes: &[u8]) -> Sent {
        self.parts[place].1 = bytes.to_vec();
        self
    }
}

pub fn message(sender: &ClientId, request: &ManagementRequest) -> Vec<u8> {
    let code = request.asked.service_code();
    let service = ServiceId { provider: id("AZ/GOV/9"), code: code.to_owned(), version: None };
    let number = base::Chance::hex(&SystemChance, 8);
    let head =
        RequestHead { client: sender, service: &service, id: &number, user_id: None, issue: None, purpose: None };
    soap::request_with(&head, &request.element())
}

pub fn signature(party: &Party, soap: &[u8]) -> (Option<&'static str>, Vec<u8>) {
    let value = party.key.sign(soap).expect("signed");
    (Some("SHA256withECDSA"), ecdsa::to_der(&value).expect("r and s"))
}

pub fn plain(bytes: &[u8]) -> (Option<&'static str>, Vec<u8>) {
    (None, bytes.to_vec())
}

pub fn number(answer: Vec<u8>) -> i64 {
    match soap::read(answer) {
        Ok(Parsed::Message(answer)) => {
            let stated = answer.body.children.iter().find(|child| child.name == "requestId").expect("a number");
            stated.text.parse().expect("a number")
        }
        other => panic!("no answer: {other:?}"),
    }
}

pub fn register(client: &str) -> Asked {
    Asked::ClientReg { client: id(client), name: None }
}
