//! One instance of the exchange as its shared parameters describe it: members, servers and authorities, with everything
//! that a message needs found by one look-up, however many members there are.

use formats::{
    globalconf::{CertificateAuthority, GlobalGroup, Member, SecurityServer, SharedParameters, Subsystem, Trust},
    identifier::{ClientId, ServerId},
    verify::Digest,
    x509::Certificate,
};
use std::collections::{HashMap, HashSet};

/// The shared parameters of one instance with what is looked up in them. Authorities count for this instance alone.
#[derive(Debug)]
pub struct Instance {
    pub shared: SharedParameters,
    /// Another number for every content, so that what was concluded from one is not used with the other.
    pub generation: u64,
    /// Approved certification authorities.
    pub anchors: Vec<Certificate>,
    pub intermediates: Vec<Certificate>,
    /// OCSP responders that the configuration names beside the authorities themselves.
    pub responders: Vec<Certificate>,
    pub time_stamping: Vec<Certificate>,
    /// How the authorities' certificates name members: as in judging containers.
    naming: Trust,
    index: Index,
}

/// Places in the lists of the shared parameters.
#[derive(Debug, Default)]
struct Index {
    servers: HashMap<ServerId, usize>,
    /// Servers by registered client; an owner is a client of its server.
    serving: HashMap<ClientId, Vec<usize>>,
    /// Servers by the hash of an authentication certificate: SHA-256, in version 2 SHA-1.
    by_certificate: HashMap<Vec<u8>, usize>,
    /// Members, and places of their subsystems.
    members: HashMap<ClientId, (usize, Option<usize>)>,
    groups: HashMap<String, (usize, HashSet<ClientId>)>,
    /// Authorities by their subject, DER.
    authorities: HashMap<Vec<u8>, Vec<Authority>>,
}

#[derive(Debug)]
struct Authority {
    certificate: Certificate,
    responder_urls: Vec<String>,
}

impl Index {
    fn of(shared: &SharedParameters) -> Index {
        let mut index = Index::default();
        for (place, server) in shared.servers.iter().enumerate() {
            index.servers.entry(server.id.clone()).or_insert(place);
            let owner = server.id.owner();
            for client in server.clients.iter().chain((!server.clients.contains(&owner)).then_some(&owner)) {
                let serving = index.serving.entry(client.clone()).or_default();
                // A client that stands there twice is still served once.
                if serving.last() != Some(&place) {
                    serving.push(place);
                }
            }
            for hash in &server.authentication_hashes {
                index.by_certificate.entry(hash.clone()).or_insert(place);
            }
        }
        for (place, member) in shared.members.iter().enumerate() {
            let mut id = ClientId {
                instance: shared.instance.clone(),
                class: member.class.clone(),
                member: member.code.clone(),
                subsystem: None,
            };
            index.members.insert(id.clone(), (place, None));
            for (below, subsystem) in member.subsystems.iter().enumerate() {
                id.subsystem = Some(subsystem.code.clone());
                index.members.insert(id.clone(), (place, Some(below)));
            }
        }
        for (place, group) in shared.global_groups.iter().enumerate() {
            index.groups.insert(group.code.clone(), (place, group.members.iter().cloned().collect()));
        }
        for authority in authorities(shared) {
            if let Ok(certificate) = Certificate::from_der(&authority.certificate) {
                let known = index.authorities.entry(certificate.subject().der().to_vec()).or_default();
                let responder_urls = authority.responders.iter().map(|responder| responder.url.clone()).collect();
                known.push(Authority { certificate, responder_urls });
            }
        }
        index
    }
}

fn authorities(shared: &SharedParameters) -> impl Iterator<Item = &CertificateAuthority> {
    shared.approved_cas.iter().flat_map(|ca| std::iter::once(&ca.top).chain(&ca.intermediates))
}

impl Instance {
    pub fn new(shared: SharedParameters, generation: u64) -> Self {
        // A certificate that cannot be read cannot be trusted; the others still can.
        let read = |der: &Vec<u8>| Certificate::from_der(der).ok();
        Instance {
            anchors: shared.approved_cas.iter().filter_map(|ca| read(&ca.top.certificate)).collect(),
            intermediates: shared
                .approved_cas
                .iter()
                .flat_map(|ca| &ca.intermediates)
                .filter_map(|authority| read(&authority.certificate))
                .collect(),
            responders: authorities(&shared)
                .flat_map(|authority| &authority.responders)
                .filter_map(|responder| responder.certificate.as_ref().and_then(read))
                .collect(),
            time_stamping: shared.approved_tsas.iter().filter_map(|tsa| read(&tsa.certificate)).collect(),
            naming: Trust::from_parameters(&shared.instance, [&shared]),
            index: Index::of(&shared),
            shared,
            generation,
        }
    }

    pub fn name(&self) -> &str {
        &self.shared.instance
    }

    pub fn server(&self, id: &ServerId) -> Option<&SecurityServer> {
        self.index.servers.get(id).map(|place| &self.shared.servers[*place])
    }

    /// The servers that have `client` registered. An owner is a client of its server.
    pub fn servers_of(&self, client: &ClientId) -> impl Iterator<Item = &SecurityServer> + use<'_> {
        let places = self.index.serving.get(client).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| &self.shared.servers[*place])
    }

    /// The server whose authentication certificate this is.
    pub fn server_of_certificate(&self, der: &[u8]) -> Option<&SecurityServer> {
        self.server_of(&CertificateDigests::of(der))
    }

    /// The same, of a certificate whose digests are known.
    pub fn server_of(&self, certificate: &CertificateDigests) -> Option<&SecurityServer> {
        let known = &self.index.by_certificate;
        let place = known.get(&certificate.sha256).or_else(|| known.get(&certificate.sha1))?;
        Some(&self.shared.servers[*place])
    }

    pub fn is_registered(&self, server: &ServerId, client: &ClientId) -> bool {
        self.servers_of(client).any(|known| known.id == *server)
    }

    pub fn member(&self, id: &ClientId) -> Option<&Member> {
        let (place, _) = self.index.members.get(&id.member_id())?;
        Some(&self.shared.members[*place])
    }

    pub fn subsystem(&self, id: &ClientId) -> Option<&Subsystem> {
        match self.index.members.get(id)? {
            (place, Some(below)) => Some(&self.shared.members[*place].subsystems[*below]),
            _ => None,
        }
    }

    pub fn group(&self, code: &str) -> Option<&GlobalGroup> {
        self.index.groups.get(code).map(|(place, _)| &self.shared.global_groups[*place])
    }

    /// Whether `client` belongs to the global group; the member of a subsystem does not count for it.
    pub fn is_in_group(&self, code: &str, client: &ClientId) -> bool {
        self.index.groups.get(code).is_some_and(|(_, members)| members.contains(client))
    }

    /// The member that a signing certificate names, by the profile of the authority that is nearest to it on its path and
    /// stands in the configuration. Certificates of one that is approved for authentication alone sign for nobody.
    pub fn member_named(&self, certificate: &Certificate, path: &[&Certificate]) -> Option<ClientId> {
        let stands = |over: &&&Certificate| authorities(&self.shared).any(|it| it.certificate == over.der());
        self.naming.member(path.iter().find(stands)?, certificate, self.name())
    }

    /// The responder addresses of the authority that issued `certificate`.
    pub fn responder_urls(&self, certificate: &Certificate) -> Vec<String> {
        let issuers = self.index.authorities.get(certificate.issuer().der()).into_iter().flatten();
        issuers
            .filter(|authority| certificate.is_issued_by(&authority.certificate))
            .flat_map(|authority| authority.responder_urls.clone())
            .collect()
    }
}

/// A certificate by the digests that configurations write of it: SHA-1 in version 2, SHA-256 since.
#[derive(Debug, Clone)]
pub struct CertificateDigests {
    sha1: Vec<u8>,
    sha256: Vec<u8>,
}

impl CertificateDigests {
    pub fn of(der: &[u8]) -> CertificateDigests {
        CertificateDigests { sha1: Digest::Sha1.of(der), sha256: Digest::Sha256.of(der) }
    }

    /// Whether it is one of those that the server has registered.
    pub fn is_registered(&self, server: &SecurityServer) -> bool {
        server.authentication_hashes.iter().any(|hash| *hash == self.sha256 || *hash == self.sha1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::PROFILE;
    use base::Signer as _;
    use formats::{
        asn1::oid,
        globalconf::{ApprovedCa, MemberClass},
        x509::{Issuer, Name, NameBuilder, Profile, Template, sign_tbs},
    };
    use host::keys::SoftKey;
    use std::time::{Duration, Instant};

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).expect("a client")
    }

    /// `count` members with a server each, every third of them a client of the first server too.
    fn instance(count: usize) -> Instance {
        let member = |number: usize| Member {
            class: "GOV".into(),
            code: number.to_string(),
            name: format!("Member {number}"),
            subsystems: vec![Subsystem { code: "desk".into(), name: None }],
        };
        let shared = SharedParameters {
            instance: "AZ".into(),
            members: (0..count).map(member).collect(),
            servers: (0..count)
                .map(|number| SecurityServer {
                    id: ServerId::parse(&format!("AZ/GOV/{number}/s")).expect("a server"),
                    address: None,
                    authentication_hashes: vec![Digest::Sha256.of(number.to_string().as_bytes())],
                    clients: match number {
                        0 => (0..count).step_by(3).map(|place| id(&format!("AZ/GOV/{place}/desk"))).collect(),
                        _ => vec![id(&format!("AZ/GOV/{number}/desk"))],
                    },
                    maintenance: None,
                })
                .collect(),
            global_groups: vec![GlobalGroup {
                code: "all".into(),
                description: String::new(),
                members: (0..count).map(|number| id(&format!("AZ/GOV/{number}/desk"))).collect(),
            }],
            member_classes: vec![MemberClass { code: "GOV".into(), description: String::new() }],
            ..SharedParameters::default()
        };
        Instance::new(shared, 1)
    }

    #[test]
    fn every_look_up_finds_what_the_lists_say() {
        let instance = instance(7);
        let codes = |client: &str| -> Vec<String> {
            instance.servers_of(&id(client)).map(|server| server.id.member.clone()).collect()
        };
        assert_eq!(codes("AZ/GOV/3/desk"), ["0", "3"]);
        assert_eq!(codes("AZ/GOV/2"), ["2"], "an owner is a client of its server");
        assert_eq!(codes("AZ/GOV/2/other"), Vec::<String>::new());
        let server = |text: &str| ServerId::parse(text).expect("a server");
        assert!(instance.is_registered(&server("AZ/GOV/0/s"), &id("AZ/GOV/6/desk")));
        assert!(!instance.is_registered(&server("AZ/GOV/1/s"), &id("AZ/GOV/6/desk")));
        assert_eq!(instance.server_of_certificate(b"4").map(|server| server.id.member.as_str()), Some("4"));
        assert!(instance.server_of_certificate(b"7").is_none());
        assert_eq!(instance.member(&id("AZ/GOV/5/desk")).map(|member| member.name.as_str()), Some("Member 5"));
        assert!(instance.subsystem(&id("AZ/GOV/5/desk")).is_some() && instance.subsystem(&id("AZ/GOV/5")).is_none());
        assert!(instance.is_in_group("all", &id("AZ/GOV/5/desk")) && !instance.is_in_group("all", &id("AZ/GOV/5")));
        assert!(!instance.is_in_group("none", &id("AZ/GOV/5/desk")));
    }

    #[test]
    fn a_certificate_of_version_2_is_known_by_its_sha1() {
        let mut shared = instance(2).shared;
        shared.servers[1].authentication_hashes = vec![Digest::Sha1.of(b"one")];
        let instance = Instance::new(shared, 1);
        let server = instance.server_of_certificate(b"one").expect("known");
        assert!(
            CertificateDigests::of(b"one").is_registered(server)
                && !CertificateDigests::of(b"two").is_registered(server)
        );
    }

    /// The time of the look-ups that one message needs.
    fn cost(instance: &Instance, count: usize) -> Duration {
        let last = id(&format!("AZ/GOV/{}/desk", count - 1));
        let server = ServerId::parse(&format!("AZ/GOV/{}/s", count - 1)).expect("a server");
        let certificate = (count - 1).to_string();
        let round = || {
            let begun = Instant::now();
            for _ in 0..200 {
                assert!(instance.servers_of(&last).count() > 0 && instance.is_registered(&server, &last));
                assert!(instance.server(&server).is_some() && instance.is_in_group("all", &last));
                assert!(instance.server_of_certificate(certificate.as_bytes()).is_some());
            }
            begun.elapsed()
        };
        (0..20).map(|_| round()).min().expect("twenty rounds")
    }

    #[test]
    fn ten_thousand_members_cost_what_ten_do() {
        let (few, many) = (instance(10), instance(10_000));
        let (few, many) = (cost(&few, 10), cost(&many, 10_000));
        // A list would be a thousand times slower; caches of the machine make some difference.
        assert!(many < few * 20, "ten: {few:?}, ten thousand: {many:?}");
    }

    /// A certificate of `subject` for `key`, issued by the holder of `authority`.
    fn issued(subject: Name, key: &SoftKey, profile: Profile, authority: (&Name, &SoftKey)) -> Certificate {
        let at = |second: i64| base::clock::from_micros(second * 1_000_000);
        let template = Template {
            serial: vec![1],
            subject,
            public_key_der: key.public_key_der().to_vec(),
            not_before: at(0),
            not_after: at(3_600),
            profile,
            host_names: Vec::new(),
            policies: Vec::new(),
        };
        let issuer = Issuer {
            name: authority.0.clone(),
            public_key_der: authority.1.public_key_der().to_vec(),
            algorithm: authority.1.algorithm(),
            ocsp_url: String::new(),
            certificate_url: String::new(),
        };
        sign_tbs(&template.tbs(&issuer).expect("content"), authority.1).expect("signed")
    }

    /// The nearest authority decides, in whatever order they stand; and the live exchange reads what containers' judge reads.
    #[test]
    fn the_nearest_authority_says_whose_a_certificate_is() {
        let key = || SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key");
        let name = |text: &str| NameBuilder::new().with(oid::COMMON_NAME, text).build();
        let (top, below, own) = (key(), key(), key());
        let root = issued(name("root"), &top, Profile::RootAuthority, (&name("root"), &top));
        let issuing = issued(name("below"), &below, Profile::IssuingAuthority, (&name("root"), &top));
        // One profile reads 1, the other 2.
        let subject = NameBuilder::new()
            .with(oid::COMMON_NAME, "1")
            .with(oid::SERIAL_NUMBER, "AZ/s/GOV")
            .with(oid::ORGANIZATION, "AZ")
            .with(oid::ORGANIZATIONAL_UNIT, "2")
            .build();
        let leaf = issued(subject, &own, Profile::MemberSigning, (&name("below"), &below));
        let approved = |certificate: &Certificate, profile: &str, authentication_only| ApprovedCa {
            name: profile.to_owned(),
            authentication_only,
            top: CertificateAuthority { certificate: certificate.der().to_vec(), responders: Vec::new() },
            intermediates: Vec::new(),
            profile: PROFILE.replace("FiVRK", profile),
        };
        let named = |approved_cas: Vec<ApprovedCa>, path: &[&Certificate]| {
            let shared = SharedParameters { approved_cas, ..instance(1).shared };
            Instance::new(shared, 1).member_named(&leaf, path).map(|member| member.to_string())
        };
        let (first, second) = (|only| approved(&root, "Is", only), |only| approved(&issuing, "FiVRK", only));
        let path = [&issuing, &root];
        let (by_root, by_issuing) = (Some("AZ/2/1".to_owned()), Some("AZ/GOV/1".to_owned()));
        assert_eq!(named(vec![first(false), second(false)], &path), by_issuing);
        assert_eq!(named(vec![second(false), first(false)], &path), by_issuing);
        assert_eq!(named(vec![first(false)], &path), by_root, "one that came along names nobody");
        assert_eq!(named(vec![first(false), second(true)], &path), None, "for authentication alone");
        assert_eq!(named(vec![second(true), second(false)], &path), by_issuing);
        assert_eq!(named(vec![approved(&issuing, "Unknown", false)], &path), None);
        let elsewhere = approved(&issuing, "Ejbca", false);
        assert_eq!(named(vec![elsewhere], &path), None, "it names no instance, so none of this one's members");
    }
}
