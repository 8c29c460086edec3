//! Shared parameters: what every member may know of the instance. Elements in the order of the schema, and of an older
//! version only those that it knows (reference §2.7).

use super::{VERSION, base64_element, open_conf, text_element};
use crate::identifier::{ClientId, ServerId, write_client};
use std::collections::HashMap;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedParameters {
    pub instance: String,
    pub sources: Vec<ConfigurationSource>,
    pub approved_cas: Vec<ApprovedCa>,
    pub approved_tsas: Vec<ApprovedTsa>,
    pub members: Vec<Member>,
    pub servers: Vec<SecurityServer>,
    pub global_groups: Vec<GlobalGroup>,
    pub member_classes: Vec<MemberClass>,
    pub ocsp_freshness_s: i64,
}

/// A central server that publishes the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationSource {
    pub address: String,
    pub internal_certificates: Vec<Vec<u8>>,
    pub external_certificates: Vec<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedCa {
    pub name: String,
    pub authentication_only: bool,
    pub top: CertificateAuthority,
    pub intermediates: Vec<CertificateAuthority>,
    /// Class name of the certificate profile, which says how a certificate names its member.
    pub profile: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAuthority {
    /// DER.
    pub certificate: Vec<u8>,
    pub responders: Vec<OcspResponder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspResponder {
    pub url: String,
    pub certificate: Option<Vec<u8>>,
    /// FREE, PAID or UNDEFINED.
    pub cost: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedTsa {
    pub name: String,
    pub url: String,
    pub certificate: Vec<u8>,
    pub cost: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub class: String,
    pub code: String,
    pub name: String,
    pub subsystems: Vec<Subsystem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subsystem {
    pub code: String,
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityServer {
    pub id: ServerId,
    /// Host name or address; with a port where several servers share a machine.
    pub address: Option<String>,
    /// SHA-256 of the authentication certificates; SHA-1 in version 2.
    pub authentication_hashes: Vec<Vec<u8>>,
    pub clients: Vec<ClientId>,
    /// The message of a server that is being maintained.
    pub maintenance: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalGroup {
    pub code: String,
    pub description: String,
    pub members: Vec<ClientId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberClass {
    pub code: String,
    pub description: String,
}

impl SharedParameters {
    /// The document `shared-params.xml` of the newest version.
    pub fn to_xml(&self) -> Vec<u8> {
        self.to_xml_of(VERSION)
    }

    /// The document of `version`; what that version has no element for is left out.
    pub fn to_xml_of(&self, version: u32) -> Vec<u8> {
        Writer { version, ids: self.ids(), parameters: self }.document()
    }

    /// The XML ids of members and subsystems: their places in the document.
    fn ids(&self) -> HashMap<ClientId, String> {
        let mut ids = HashMap::new();
        for (place, member) in self.members.iter().enumerate() {
            let mut own = ClientId {
                instance: self.instance.clone(),
                class: member.class.clone(),
                member: member.code.clone(),
                subsystem: None,
            };
            ids.insert(own.clone(), format!("m{place}"));
            for (below, subsystem) in member.subsystems.iter().enumerate() {
                own.subsystem = Some(subsystem.code.clone());
                ids.insert(own.clone(), format!("m{place}s{below}"));
            }
        }
        ids
    }
}

/// The first version that has each of these elements.
const SOURCES_SINCE: u32 = 3;
const SUBSYSTEM_NAMES_SINCE: u32 = 5;
const MAINTENANCE_SINCE: u32 = 5;
const COSTS_SINCE: u32 = 6;

struct Writer<'a> {
    version: u32,
    ids: HashMap<ClientId, String>,
    parameters: &'a SharedParameters,
}

impl Writer<'_> {
    fn document(&self) -> Vec<u8> {
        let shared = self.parameters;
        let mut out = open_conf();
        out.push_str(&text_element("instanceIdentifier", &shared.instance));
        if self.version >= SOURCES_SINCE {
            shared.sources.iter().for_each(|source| out.push_str(&source.to_xml()));
        }
        shared.approved_cas.iter().for_each(|ca| out.push_str(&self.approved_ca(ca)));
        for tsa in &shared.approved_tsas {
            let (name, url) = (text_element("name", &tsa.name), text_element("url", &tsa.url));
            let (certificate, cost) = (base64_element("cert", &tsa.certificate), self.cost(tsa.cost.as_deref()));
            out.push_str(&format!("<approvedTSA>{name}{url}{certificate}{cost}</approvedTSA>"));
        }
        shared.members.iter().for_each(|member| self.member(member, &mut out));
        shared.servers.iter().for_each(|server| self.server(server, &mut out));
        for group in &shared.global_groups {
            let members: String = group.members.iter().map(|member| write_client("groupMember", member)).collect();
            let (code, description) =
                (text_element("groupCode", &group.code), text_element("description", &group.description));
            out.push_str(&format!("<globalGroup>{code}{description}{members}</globalGroup>"));
        }
        let classes: String = shared.member_classes.iter().map(class).collect();
        let freshness = text_element("ocspFreshnessSeconds", &shared.ocsp_freshness_s.to_string());
        out.push_str(&format!("<globalSettings>{classes}{freshness}</globalSettings></tns:conf>"));
        out.into_bytes()
    }

    /// The id of a client; one that is no member has none, and what refers to it is left out.
    fn reference(&self, client: &ClientId) -> Option<&str> {
        self.ids.get(client).map(String::as_str)
    }

    fn member(&self, member: &Member, out: &mut String) {
        let mut own = ClientId {
            instance: self.parameters.instance.clone(),
            class: member.class.clone(),
            member: member.code.clone(),
            subsystem: None,
        };
        let described = self.parameters.member_classes.iter().find(|class| class.code == member.class);
        let described =
            described.cloned().unwrap_or(MemberClass { code: member.class.clone(), description: String::new() });
        out.push_str(&format!("<member id=\"{}\">{}", self.reference(&own).unwrap_or_default(), class(&described)));
        out.push_str(&text_element("memberCode", &member.code));
        out.push_str(&text_element("name", &member.name));
        for subsystem in &member.subsystems {
            own.subsystem = Some(subsystem.code.clone());
            let (id, code) = (self.reference(&own).unwrap_or_default(), text_element("subsystemCode", &subsystem.code));
            out.push_str(&format!("<subsystem id=\"{id}\">{code}"));
            if self.version >= SUBSYSTEM_NAMES_SINCE {
                subsystem.name.iter().for_each(|name| out.push_str(&text_element("subsystemName", name)));
            }
            out.push_str("</subsystem>");
        }
        out.push_str("</member>");
    }

    fn server(&self, server: &SecurityServer, out: &mut String) {
        // A server whose owner is no member would make the whole document unreadable.
        let Some(owner) = self.reference(&server.id.owner()) else { return };
        out.push_str(&format!("<securityServer>{}", text_element("owner", owner)));
        out.push_str(&text_element("serverCode", &server.id.code));
        server.address.iter().for_each(|address| out.push_str(&text_element("address", address)));
        server.authentication_hashes.iter().for_each(|hash| out.push_str(&base64_element("authCertHash", hash)));
        let references = server.clients.iter().filter_map(|client| self.reference(client));
        references.for_each(|reference| out.push_str(&text_element("client", reference)));
        if let Some(message) = server.maintenance.as_ref().filter(|_| self.version >= MAINTENANCE_SINCE) {
            out.push_str(&format!("<inMaintenanceMode>{}</inMaintenanceMode>", text_element("message", message)));
        }
        out.push_str("</securityServer>");
    }

    fn approved_ca(&self, ca: &ApprovedCa) -> String {
        let mut out = format!("<approvedCA>{}", text_element("name", &ca.name));
        if ca.authentication_only {
            out.push_str("<authenticationOnly>true</authenticationOnly>");
        }
        out.push_str(&self.authority("topCA", &ca.top));
        ca.intermediates.iter().for_each(|authority| out.push_str(&self.authority("intermediateCA", authority)));
        out.push_str(&text_element("certificateProfileInfo", &ca.profile));
        out + "</approvedCA>"
    }

    fn authority(&self, name: &str, authority: &CertificateAuthority) -> String {
        let mut out = format!("<{name}>{}", base64_element("cert", &authority.certificate));
        for responder in &authority.responders {
            out.push_str(&format!("<ocsp>{}", text_element("url", &responder.url)));
            responder.certificate.iter().for_each(|der| out.push_str(&base64_element("cert", der)));
            out.push_str(&self.cost(responder.cost.as_deref()));
            out.push_str("</ocsp>");
        }
        out + &format!("</{name}>")
    }

    fn cost(&self, cost: Option<&str>) -> String {
        cost.filter(|_| self.version >= COSTS_SINCE).map_or(String::new(), |cost| text_element("costType", cost))
    }
}

fn class(class: &MemberClass) -> String {
    let (code, description) = (text_element("code", &class.code), text_element("description", &class.description));
    format!("<memberClass>{code}{description}</memberClass>")
}

impl ConfigurationSource {
    fn to_xml(&self) -> String {
        let mut out = format!("<source>{}", text_element("address", &self.address));
        self.internal_certificates
            .iter()
            .for_each(|der| out.push_str(&base64_element("internalVerificationCert", der)));
        self.external_certificates
            .iter()
            .for_each(|der| out.push_str(&base64_element("externalVerificationCert", der)));
        out + "</source>"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::globalconf::VERSION_MIN;

    fn parameters() -> SharedParameters {
        SharedParameters {
            instance: "AZ".into(),
            sources: vec![ConfigurationSource {
                address: "central".into(),
                internal_certificates: vec![b"i".to_vec()],
                external_certificates: vec![b"e".to_vec()],
            }],
            approved_tsas: vec![ApprovedTsa {
                name: "TSA".into(),
                url: "http://tsa".into(),
                certificate: b"t".to_vec(),
                cost: Some("PAID".into()),
            }],
            members: vec![Member {
                class: "GOV".into(),
                code: "1".into(),
                name: "One".into(),
                subsystems: vec![Subsystem { code: "desk".into(), name: Some("Desk".into()) }],
            }],
            servers: vec![SecurityServer {
                id: ServerId::parse("AZ/GOV/1/s").expect("a server"),
                address: Some("one".into()),
                authentication_hashes: vec![vec![1; 32]],
                clients: vec![ClientId::parse("AZ/GOV/1/desk").expect("a client")],
                maintenance: Some("until noon".into()),
            }],
            ..SharedParameters::default()
        }
    }

    #[test]
    fn an_older_version_has_only_the_elements_that_it_knows() {
        let newer = [("<source>", 3), ("<subsystemName>", 5), ("<inMaintenanceMode>", 5), ("<costType>", 6)];
        for version in VERSION_MIN..=VERSION {
            let document = parameters().to_xml_of(version);
            let text = String::from_utf8(document.clone()).expect("text");
            for (element, since) in newer {
                assert_eq!(text.contains(element), version >= since, "{element} in version {version}");
            }
            let read = SharedParameters::read(&document).expect("readable");
            assert_eq!((read.members.len(), &read.servers[0].clients), (1, &parameters().servers[0].clients));
        }
    }

    #[test]
    fn ten_thousand_members_with_their_servers_are_read_back() {
        let mut parameters = parameters();
        for number in 2..=10_000 {
            let subsystems = vec![Subsystem { code: "desk".into(), name: None }; 1];
            let (code, name) = (number.to_string(), format!("Member {number}"));
            parameters.members.push(Member { class: "GOV".into(), code, name, subsystems });
            parameters.servers.push(SecurityServer {
                id: ServerId::parse(&format!("AZ/GOV/{number}/s")).expect("a server"),
                clients: vec![ClientId::parse(&format!("AZ/GOV/{number}/desk")).expect("a client")],
                ..parameters.servers[0].clone()
            });
        }
        assert_eq!(SharedParameters::read(&parameters.to_xml()), Ok(parameters));
    }

    #[test]
    fn a_server_whose_owner_is_no_member_is_left_out() {
        let mut parameters = parameters();
        parameters.servers[0].id = ServerId::parse("AZ/GOV/2/s").expect("a server");
        let read = SharedParameters::read(&parameters.to_xml()).expect("readable");
        assert!(read.servers.is_empty());
    }
}
