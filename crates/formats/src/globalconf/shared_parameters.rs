//! Shared parameters: what every member may know of the instance. Elements in the order of the schema.

use super::{base64_element, open_conf, text_element};
use crate::{
    identifier::{ClientId, ServerId, write_client},
    xml::escape_attribute,
};

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
    /// SHA-256 of the authentication certificates.
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
    /// The document `shared-params.xml`.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut out = open_conf();
        out.push_str(&text_element("instanceIdentifier", &self.instance));
        self.sources.iter().for_each(|source| out.push_str(&source.to_xml()));
        self.approved_cas.iter().for_each(|ca| out.push_str(&ca.to_xml()));
        for tsa in &self.approved_tsas {
            let cost = tsa.cost.as_deref().map_or(String::new(), |cost| text_element("costType", cost));
            let (name, url) = (text_element("name", &tsa.name), text_element("url", &tsa.url));
            let certificate = base64_element("cert", &tsa.certificate);
            out.push_str(&format!("<approvedTSA>{name}{url}{certificate}{cost}</approvedTSA>"));
        }
        self.members.iter().for_each(|member| out.push_str(&self.member(member)));
        self.servers.iter().for_each(|server| out.push_str(&self.server(server)));
        for group in &self.global_groups {
            let members: String = group.members.iter().map(|member| write_client("groupMember", member)).collect();
            let (code, description) =
                (text_element("groupCode", &group.code), text_element("description", &group.description));
            out.push_str(&format!("<globalGroup>{code}{description}{members}</globalGroup>"));
        }
        let classes: String = self.member_classes.iter().map(class).collect();
        let freshness = text_element("ocspFreshnessSeconds", &self.ocsp_freshness_s.to_string());
        out.push_str(&format!("<globalSettings>{classes}{freshness}</globalSettings></tns:conf>"));
        out.into_bytes()
    }

    /// The XML id of a member or subsystem: its place in the document.
    fn reference(&self, client: &ClientId) -> Option<String> {
        let (place, member) = self
            .members
            .iter()
            .enumerate()
            .find(|(_, member)| member.class == client.class && member.code == client.member)?;
        match &client.subsystem {
            None => Some(format!("m{place}")),
            Some(wanted) => {
                let subsystem = member.subsystems.iter().position(|subsystem| subsystem.code == *wanted)?;
                Some(format!("m{place}s{subsystem}"))
            }
        }
    }

    fn member(&self, member: &Member) -> String {
        let own = ClientId {
            instance: self.instance.clone(),
            class: member.class.clone(),
            member: member.code.clone(),
            subsystem: None,
        };
        let id = self.reference(&own).unwrap_or_default();
        let described = self.member_classes.iter().find(|class| class.code == member.class);
        let described =
            described.cloned().unwrap_or(MemberClass { code: member.class.clone(), description: String::new() });
        let mut out = format!("<member id=\"{id}\">{}", class(&described));
        out.push_str(&text_element("memberCode", &member.code));
        out.push_str(&text_element("name", &member.name));
        for (place, subsystem) in member.subsystems.iter().enumerate() {
            out.push_str(&format!("<subsystem id=\"{id}s{place}\">{}", text_element("subsystemCode", &subsystem.code)));
            subsystem.name.iter().for_each(|name| out.push_str(&text_element("subsystemName", name)));
            out.push_str("</subsystem>");
        }
        out + "</member>"
    }

    fn server(&self, server: &SecurityServer) -> String {
        let mut out = String::from("<securityServer>");
        out.push_str(&text_element("owner", &self.reference(&server.id.owner()).unwrap_or_default()));
        out.push_str(&text_element("serverCode", &server.id.code));
        server.address.iter().for_each(|address| out.push_str(&text_element("address", address)));
        server.authentication_hashes.iter().for_each(|hash| out.push_str(&base64_element("authCertHash", hash)));
        let references = server.clients.iter().filter_map(|client| self.reference(client));
        references.for_each(|reference| out.push_str(&text_element("client", &reference)));
        if let Some(message) = &server.maintenance {
            out.push_str(&format!("<inMaintenanceMode>{}</inMaintenanceMode>", text_element("message", message)));
        }
        out + "</securityServer>"
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

impl ApprovedCa {
    fn to_xml(&self) -> String {
        let mut out = format!("<approvedCA>{}", text_element("name", &self.name));
        if self.authentication_only {
            out.push_str("<authenticationOnly>true</authenticationOnly>");
        }
        out.push_str(&self.top.to_xml("topCA"));
        self.intermediates.iter().for_each(|authority| out.push_str(&authority.to_xml("intermediateCA")));
        out.push_str(&text_element("certificateProfileInfo", &self.profile));
        out + "</approvedCA>"
    }
}

impl CertificateAuthority {
    fn to_xml(&self, name: &str) -> String {
        let name = escape_attribute(name);
        let mut out = format!("<{name}>{}", base64_element("cert", &self.certificate));
        for responder in &self.responders {
            out.push_str(&format!("<ocsp>{}", text_element("url", &responder.url)));
            responder.certificate.iter().for_each(|der| out.push_str(&base64_element("cert", der)));
            responder.cost.iter().for_each(|cost| out.push_str(&text_element("costType", cost)));
            out.push_str("</ocsp>");
        }
        out + &format!("</{name}>")
    }
}
