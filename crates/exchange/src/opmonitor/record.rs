//! One exchange as one server saw it, with the fields of the monitoring protocol (Annex B of its description).

use base::Timestamp;
use formats::identifier::{ClientId, ServerId, ServiceId};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Which of the two servers this one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Producer,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Producer => "producer",
        }
    }

    pub(crate) fn parse(name: &str) -> Side {
        if name == "client" { Side::Client } else { Side::Producer }
    }

    /// As the protocol spells it.
    fn spelt(self) -> &'static str {
        match self {
            Side::Client => "Client",
            Side::Producer => "Producer",
        }
    }
}

/// One exchange as one server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRecord {
    pub message_id: String,
    pub request_id: String,
    pub side: Side,
    /// `soap` or `rest`.
    pub wording: String,
    pub client: String,
    /// Who offers the service; the beginning of `service`.
    pub provider: String,
    pub service: String,
    pub request_in_at: Timestamp,
    pub response_out_at: Timestamp,
    pub request_bytes: i64,
    pub response_bytes: i64,
    pub succeeded: bool,
    pub fault_code: Option<String>,
    pub details: TrafficDetails,
}

/// Fields that nobody but the monitoring protocol asks for, named as it names them; kept as one text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_server_internal_ip: Option<String>,
    /// In milliseconds since 1970, as every time of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_out_ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_in_ts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub represented_party_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub represented_party_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_issue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_protocol_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_security_server_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_security_server_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_mime_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_attachment_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mime_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_attachment_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x_road_version: Option<String>,
}

/// Every output field of the protocol (§2), with the one of its example that its list forgets.
pub const OUTPUT_FIELDS: [&str; 40] = [
    "monitoringDataTs",
    INTERNAL_IP,
    "securityServerType",
    "requestInTs",
    "requestOutTs",
    "responseInTs",
    "responseOutTs",
    "clientXRoadInstance",
    "clientMemberClass",
    "clientMemberCode",
    "clientSubsystemCode",
    "serviceXRoadInstance",
    "serviceMemberClass",
    "serviceMemberCode",
    "serviceSubsystemCode",
    "serviceCode",
    "restMethod",
    "restPath",
    "serviceVersion",
    "representedPartyClass",
    "representedPartyCode",
    "messageId",
    "messageUserId",
    "messageIssue",
    "messageProtocolVersion",
    "clientSecurityServerAddress",
    "serviceSecurityServerAddress",
    "requestSize",
    "requestMimeSize",
    "requestAttachmentCount",
    "responseSize",
    "responseMimeSize",
    "responseAttachmentCount",
    "succeeded",
    "serviceType",
    "faultCode",
    "faultString",
    "statusCode",
    "xRoadVersion",
    "xRequestId",
];

/// The field that only the server's owner and the central monitoring client see.
pub const INTERNAL_IP: &str = "securityServerInternalIp";
/// Longer texts are cut (Annex B, `maxLength`).
const TEXT_MAX: usize = 255;
const FAULT_TEXT_MAX: usize = 2048;

impl TrafficRecord {
    /// The record as the protocol's JSON, whole. `stored_s`: when it was stored, in seconds since 1970.
    pub fn to_json(&self, stored_s: i64) -> Map<String, Value> {
        let mut out = match serde_json::to_value(&self.details) {
            Ok(Value::Object(details)) => details,
            _ => Map::new(),
        };
        let mut set = |name: &str, value: Value| {
            out.insert(name.to_owned(), value);
        };
        set("monitoringDataTs", json!(stored_s));
        set("securityServerType", json!(self.side.spelt()));
        set("requestInTs", json!(self.request_in_at.as_millisecond()));
        set("responseOutTs", json!(self.response_out_at.as_millisecond()));
        set("requestSize", json!(self.request_bytes));
        set("responseSize", json!(self.response_bytes));
        set("succeeded", json!(self.succeeded));
        for (name, text) in [("messageId", &self.message_id), ("xRequestId", &self.request_id)] {
            if !text.is_empty() {
                set(name, json!(cut(text, TEXT_MAX)));
            }
        }
        if let Some(code) = &self.fault_code {
            set("faultCode", json!(cut(code, TEXT_MAX)));
        }
        if let Some(client) = ClientId::parse(&self.client) {
            party(&mut set, "client", &client);
        }
        if let Some(provider) = ClientId::parse(&self.provider) {
            party(&mut set, "service", &provider);
            let mut rest = self.service.strip_prefix(&self.provider).unwrap_or_default().split('/').skip(1);
            for name in ["serviceCode", "serviceVersion"] {
                if let Some(part) = rest.next() {
                    set(name, json!(part));
                }
            }
        }
        out
    }

    /// Milliseconds from the request's arrival to the answer's departure.
    pub fn duration_ms(&self) -> i64 {
        (self.response_out_at.as_millisecond() - self.request_in_at.as_millisecond()).max(0)
    }

    /// The service with its parts told apart.
    pub fn service_id(&self) -> Option<ServiceId> {
        let provider = ClientId::parse(&self.provider)?;
        let mut rest = self.service.strip_prefix(&self.provider)?.split('/').skip(1).map(str::to_owned);
        Some(ServiceId { provider, code: rest.next()?, version: rest.next() })
    }
}

fn party(set: &mut impl FnMut(&str, Value), role: &str, id: &ClientId) {
    set(&format!("{role}XRoadInstance"), json!(id.instance));
    set(&format!("{role}MemberClass"), json!(id.class));
    set(&format!("{role}MemberCode"), json!(id.member));
    if let Some(subsystem) = &id.subsystem {
        set(&format!("{role}SubsystemCode"), json!(subsystem));
    }
}

fn cut(text: &str, most: usize) -> &str {
    match text.char_indices().nth(most) {
        Some((place, _)) => &text[..place],
        None => text,
    }
}

impl TrafficDetails {
    /// A fault's text, no longer than the protocol's.
    pub fn fault(&mut self, text: &str) {
        self.fault_string = Some(cut(text, FAULT_TEXT_MAX).to_owned());
    }

    /// The addresses of both servers as the configuration names them.
    pub fn addresses(
        &mut self,
        configuration: &crate::configuration::Configuration,
        client: &ServerId,
        service: &ServerId,
    ) {
        let address = |id: &ServerId| configuration.server(id).and_then(|server| server.address.clone());
        self.client_security_server_address = address(client);
        self.service_security_server_address = address(service);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn record(service: &str) -> TrafficRecord {
        TrafficRecord {
            message_id: "m-1".to_owned(),
            request_id: "r-1".to_owned(),
            side: Side::Producer,
            wording: "soap".to_owned(),
            client: "AZ/GOV/1/desk".to_owned(),
            provider: "AZ/GOV/2/book".to_owned(),
            service: service.to_owned(),
            request_in_at: base::clock::from_micros(1_000_000_000_001_000),
            response_out_at: base::clock::from_micros(1_000_000_000_043_000),
            request_bytes: 10,
            response_bytes: 20,
            succeeded: true,
            fault_code: None,
            details: TrafficDetails { service_type: Some("WSDL".to_owned()), ..TrafficDetails::default() },
        }
    }

    #[test]
    fn a_record_has_the_fields_of_the_protocol() {
        let json = record("AZ/GOV/2/book/page/v1").to_json(1_000_000_001);
        assert!(json.keys().all(|name| OUTPUT_FIELDS.contains(&name.as_str())), "{json:?}");
        assert_eq!(json["requestInTs"], 1_000_000_000_001_i64);
        assert_eq!((json["serviceCode"].as_str(), json["serviceVersion"].as_str()), (Some("page"), Some("v1")));
        assert_eq!(json["serviceSubsystemCode"], "book");
        assert_eq!(json["securityServerType"], "Producer");
        assert!(!json.contains_key("faultCode"));
    }

    /// Four parts and a version can be read in two ways; the provider decides.
    #[test]
    fn a_members_own_service_keeps_its_version() {
        let own = TrafficRecord { provider: "AZ/GOV/2".to_owned(), ..record("AZ/GOV/2/getX/v1") };
        let json = own.to_json(0);
        assert!(!json.contains_key("serviceSubsystemCode"));
        assert_eq!((json["serviceCode"].as_str(), json["serviceVersion"].as_str()), (Some("getX"), Some("v1")));
        assert_eq!(own.service_id().map(|id| id.to_string()).as_deref(), Some("AZ/GOV/2/getX/v1"));
    }

    #[test]
    fn every_detail_is_a_field_of_the_protocol() {
        let text = Some("x".repeat(3000));
        let details = TrafficDetails {
            security_server_internal_ip: text.clone(),
            request_out_ts: Some(1),
            response_in_ts: Some(1),
            rest_method: text.clone(),
            rest_path: text.clone(),
            represented_party_class: text.clone(),
            represented_party_code: text.clone(),
            message_user_id: text.clone(),
            message_issue: text.clone(),
            message_protocol_version: text.clone(),
            client_security_server_address: text.clone(),
            service_security_server_address: text.clone(),
            request_mime_size: Some(1),
            request_attachment_count: Some(1),
            response_mime_size: Some(1),
            response_attachment_count: Some(1),
            service_type: text.clone(),
            fault_string: text,
            status_code: Some(1),
            x_road_version: None,
        };
        let Ok(Value::Object(json)) = serde_json::to_value(details) else { panic!("an object") };
        assert_eq!(json.len(), 19);
        assert!(json.keys().all(|name| OUTPUT_FIELDS.contains(&name.as_str())), "{json:?}");
    }
}
