//! What a management request asks, read from the body of its SOAP message and written into one.

use super::refusal::{ManagementFault, ManagementRefusal};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use formats::{
    identifier::{ClientId, IDENTIFIERS, ServerId, is_part, read_client, read_server, write_client, write_server},
    soap::{HEADERS, Message},
    xml::{Element, escape},
};

/// One request: about which server, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagementRequest {
    pub server: ServerId,
    pub asked: Asked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    ClientReg {
        client: ClientId,
        name: Option<String>,
    },
    ClientDeletion {
        client: ClientId,
    },
    /// The certificate is DER.
    AuthCertReg {
        address: String,
        certificate: Vec<u8>,
    },
    AuthCertDeletion {
        certificate: Vec<u8>,
    },
    OwnerChange {
        client: ClientId,
    },
    AddressChange {
        address: String,
    },
    ClientDisable {
        client: ClientId,
    },
    ClientEnable {
        client: ClientId,
    },
    ClientRename {
        client: ClientId,
        name: String,
    },
    MaintenanceModeEnable {
        message: Option<String>,
    },
    MaintenanceModeDisable,
}

/// Service codes of the management services.
pub const SERVICE_CODES: [&str; 11] = [
    "clientReg",
    "clientDeletion",
    "authCertReg",
    "authCertDeletion",
    "ownerChange",
    "addressChange",
    "clientDisable",
    "clientEnable",
    "clientRename",
    "maintenanceModeEnable",
    "maintenanceModeDisable",
];

impl Asked {
    pub fn service_code(&self) -> &'static str {
        match self {
            Asked::ClientReg { .. } => "clientReg",
            Asked::ClientDeletion { .. } => "clientDeletion",
            Asked::AuthCertReg { .. } => "authCertReg",
            Asked::AuthCertDeletion { .. } => "authCertDeletion",
            Asked::OwnerChange { .. } => "ownerChange",
            Asked::AddressChange { .. } => "addressChange",
            Asked::ClientDisable { .. } => "clientDisable",
            Asked::ClientEnable { .. } => "clientEnable",
            Asked::ClientRename { .. } => "clientRename",
            Asked::MaintenanceModeEnable { .. } => "maintenanceModeEnable",
            Asked::MaintenanceModeDisable => "maintenanceModeDisable",
        }
    }

    /// The client that the request is about.
    pub fn client(&self) -> Option<&ClientId> {
        match self {
            Asked::ClientReg { client, .. }
            | Asked::ClientDeletion { client }
            | Asked::OwnerChange { client }
            | Asked::ClientDisable { client }
            | Asked::ClientEnable { client }
            | Asked::ClientRename { client, .. } => Some(client),
            _ => None,
        }
    }

    /// Whether the request changes how a client stands with the central server.
    pub fn is_about_registration(&self) -> bool {
        matches!(
            self,
            Asked::ClientReg { .. }
                | Asked::ClientDeletion { .. }
                | Asked::ClientDisable { .. }
                | Asked::ClientEnable { .. }
        )
    }

    /// Whether a member signs the message itself, beside the servers that carry it: everybody but the two deletions, which
    /// any server may ask for that can sign as its owner.
    pub fn is_signed(&self) -> bool {
        !matches!(self, Asked::ClientDeletion { .. } | Asked::AuthCertDeletion { .. })
    }
}

fn child<'a>(body: &'a Element, name: &str) -> Option<&'a Element> {
    body.children.iter().find(|child| child.name == name)
}

fn text(body: &Element, name: &str) -> Option<String> {
    child(body, name).map(|child| child.text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn client(body: &Element) -> Result<ClientId, ManagementFault> {
    let element = child(body, "client").ok_or_else(|| ManagementFault::invalid("client is missing"))?;
    read_client(element).map_err(ManagementFault::invalid)
}

/// An empty one is the certificate of nobody, and refused as that.
fn certificate(body: &Element) -> Result<Vec<u8>, ManagementFault> {
    let element = child(body, "authCert").ok_or_else(|| ManagementFault::invalid("authCert is missing"))?;
    let text: String = element.text.split_whitespace().collect();
    STANDARD.decode(text).map_err(|_| ManagementFault::invalid("authCert is not base64"))
}

impl ManagementRequest {
    /// From a message of the management services.
    pub fn read(message: &Message) -> Result<Self, ManagementFault> {
        let body = &message.body;
        let code = message.headers.service.code.as_str();
        if !body.name.eq_ignore_ascii_case(code) {
            return Err(ManagementFault::invalid(format_args!("unexpected content: {}", body.name)));
        }
        let element = child(body, "server").ok_or_else(|| ManagementFault::invalid("server is missing"))?;
        let server = read_server(element).map_err(ManagementFault::invalid)?;
        if ![&server.instance, &server.class, &server.member, &server.code].into_iter().all(|part| is_part(part)) {
            let text = "The management request contains an invalid identifier.";
            return Err(ManagementFault::new(ManagementRefusal::InvalidClientIdentifier, text));
        }
        let asked = match code {
            "clientReg" => Asked::ClientReg { client: client(body)?, name: text(body, "subsystemName") },
            "clientDeletion" => Asked::ClientDeletion { client: client(body)? },
            "authCertReg" => Asked::AuthCertReg {
                address: text(body, "address").unwrap_or_default(),
                certificate: certificate(body)?,
            },
            "authCertDeletion" => Asked::AuthCertDeletion { certificate: certificate(body)? },
            "ownerChange" => Asked::OwnerChange { client: client(body)? },
            "addressChange" => Asked::AddressChange { address: text(body, "address").unwrap_or_default() },
            "clientDisable" => Asked::ClientDisable { client: client(body)? },
            "clientEnable" => Asked::ClientEnable { client: client(body)? },
            "clientRename" => {
                Asked::ClientRename { client: client(body)?, name: text(body, "subsystemName").unwrap_or_default() }
            }
            "maintenanceModeEnable" => Asked::MaintenanceModeEnable { message: text(body, "message") },
            "maintenanceModeDisable" => Asked::MaintenanceModeDisable,
            other => return Err(ManagementFault::invalid(format_args!("Unknown service code '{other:.20}'"))),
        };
        Ok(ManagementRequest { server, asked })
    }

    /// The children of the body element.
    fn inside(&self) -> String {
        let named = |name: &str, value: &str| format!("<xroad:{name}>{}</xroad:{name}>", escape(value));
        let optional = |name: &str, value: &Option<String>| value.as_ref().map_or(String::new(), |it| named(name, it));
        let base64 = |der: &Vec<u8>| named("authCert", &STANDARD.encode(der));
        let mut out = write_server("xroad:server", &self.server);
        out.push_str(&self.asked.client().map_or(String::new(), |client| write_client("xroad:client", client)));
        out.push_str(&match &self.asked {
            Asked::ClientReg { name, .. } => optional("subsystemName", name),
            Asked::ClientRename { name, .. } => named("subsystemName", name),
            Asked::AuthCertReg { address, certificate } => named("address", address) + &base64(certificate),
            Asked::AuthCertDeletion { certificate } => base64(certificate),
            Asked::AddressChange { address } => named("address", address),
            Asked::MaintenanceModeEnable { message } => optional("message", message),
            _ => String::new(),
        });
        out
    }

    /// The body element of a request.
    pub fn element(&self) -> String {
        let code = self.asked.service_code();
        format!("<xroad:{code}>{}</xroad:{code}>", self.inside())
    }

    /// The body element of the answer: what was asked, and the number under which it is known now.
    pub fn answer_element(&self, number: i64) -> String {
        let code = self.asked.service_code();
        format!(
            "<xroad:{code}Response xmlns:xroad=\"{HEADERS}\" xmlns:id=\"{IDENTIFIERS}\">{}\
             <xroad:requestId>{number}</xroad:requestId></xroad:{code}Response>",
            self.inside()
        )
    }
}

/// The number in an answer of the management services.
pub fn request_number(answer: &Message) -> Option<i64> {
    text(&answer.body, "requestId")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::{
        identifier::ServiceId,
        soap::{Parsed, RequestHead, read, request_with, respond_with},
    };

    fn message(code: &str, element: &str) -> Message {
        let client = ClientId::parse("AZ/GOV/1").expect("a client");
        let service = ServiceId::parse(&format!("AZ/GOV/9/{code}")).expect("a service");
        let head =
            RequestHead { client: &client, service: &service, id: "1", user_id: None, issue: None, purpose: None };
        match read(request_with(&head, element)) {
            Ok(Parsed::Message(message)) => *message,
            other => panic!("no message: {other:?}"),
        }
    }

    fn every() -> Vec<Asked> {
        let client = || ClientId::parse("AZ/GOV/1/desk").expect("a client");
        vec![
            Asked::ClientReg { client: client(), name: Some("Masa & <stul>".into()) },
            Asked::ClientReg { client: client(), name: None },
            Asked::ClientDeletion { client: client() },
            Asked::AuthCertReg { address: "one.az".into(), certificate: vec![1, 2] },
            Asked::AuthCertDeletion { certificate: vec![1, 2] },
            Asked::OwnerChange { client: client().member_id() },
            Asked::AddressChange { address: "two.az".into() },
            Asked::ClientDisable { client: client() },
            Asked::ClientEnable { client: client() },
            Asked::ClientRename { client: client(), name: "Masa".into() },
            Asked::MaintenanceModeEnable { message: Some("axşama qədər".into()) },
            Asked::MaintenanceModeEnable { message: None },
            Asked::MaintenanceModeDisable,
        ]
    }

    #[test]
    fn every_request_is_read_back_and_answered_with_its_number() {
        for asked in every() {
            let server = ServerId::parse("AZ/GOV/1/s").expect("a server");
            let request = ManagementRequest { server, asked };
            let code = request.asked.service_code();
            assert!(SERVICE_CODES.contains(&code));
            let message = message(code, &request.element());
            assert_eq!(ManagementRequest::read(&message).as_ref(), Ok(&request));
            match read(respond_with(&message, &request.answer_element(394))) {
                Ok(Parsed::Message(answer)) => {
                    assert_eq!((request_number(&answer), answer.is_response()), (Some(394), true));
                }
                other => panic!("no message: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_an_invalid_request() {
        let refused =
            |code: &str, element: &str| ManagementRequest::read(&message(code, element)).expect_err("refused");
        let server = ServerId::parse("AZ/GOV/1/s").expect("a server");
        let written = write_server("xroad:server", &server);
        for (code, inside) in [
            ("clientReg", String::new()),
            ("clientReg", written.clone()),
            ("authCertReg", written.clone()),
            ("authCertDeletion", format!("{written}<authCert>no base64!</authCert>")),
            ("clientGreeting", written.clone()),
        ] {
            let fault = refused(code, &format!("<{code}>{inside}</{code}>"));
            assert_eq!(fault.refusal, ManagementRefusal::InvalidRequest, "{code} {inside}");
        }
        let odd = written.replace("serverCode>s<", "serverCode>s:t<");
        let fault = refused("clientReg", &format!("<clientReg>{odd}</clientReg>"));
        assert_eq!(fault.refusal, ManagementRefusal::InvalidClientIdentifier);
        assert_eq!(refused("clientReg", "<clientRegister/>").refusal, ManagementRefusal::InvalidRequest);
    }
}
