//! Why a message is not exchanged. The closed list of causes is the exchange's refusal enum; on the wire a cause stands
//! behind the name of the place that found it (`server.serverproxy.access_denied`, spelling of 7.8).

mod spelling;

pub use spelling::Spelling;

use base::{Chance, Fault, Refusal};
use bytes::Bytes;
use std::fmt;

macro_rules! causes {
    ($($variant:ident = $wire:literal, $status:literal;)*) => {
        /// A cause with the code of the message protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause { $($variant),* }

        impl Cause {
            pub const ALL: &[Cause] = &[$(Cause::$variant),*];

            /// The code on the wire, without the place.
            pub fn wire(self) -> &'static str {
                match self { $(Cause::$variant => $wire),* }
            }
        }

        impl Refusal for Cause {
            fn code(&self) -> &'static str {
                match self { $(Cause::$variant => concat!("exchange.", $wire)),* }
            }

            fn status(&self) -> u16 {
                match self { $(Cause::$variant => $status),* }
            }
        }
    };
}

causes! {
    AccessDenied = "access_denied", 403;
    CannotCreateSignature = "cannot_create_signature", 409;
    CertValidation = "cert_validation", 403;
    ClientProxyVersionNotSupported = "client_proxy_version_not_supported", 400;
    DuplicateHeaderField = "duplicate_header_field", 400;
    GlobalConfOutdated = "global_conf_outdated", 409;
    HttpError = "http_error", 409;
    InconsistentHeaders = "inconsistent_headers", 400;
    InconsistentResponse = "inconsistent_response", 409;
    IncorrectCertificate = "incorrect_certificate", 403;
    IncorrectValidationInfo = "incorrect_validation_info", 409;
    // Of ours: the decree's limit on inquiries (R018) has no code in the protocol.
    InquiryTooLarge = "inquiry_too_large", 413;
    InvalidBody = "invalid_body", 400;
    InvalidCertPath = "invalid_cert_path", 403;
    InvalidClientIdentifier = "invalid_client_identifier", 400;
    InvalidContentType = "invalid_content_type", 415;
    InvalidHttpMethod = "invalid_http_method", 400;
    InvalidMessage = "invalid_message", 400;
    InvalidProtocolVersion = "invalid_protocol_version", 400;
    InvalidRequest = "invalid_request", 400;
    InvalidSecurityServer = "invalid_security_server", 404;
    InvalidSignatureValue = "invalid_signature_value", 403;
    InvalidSoap = "invalid_soap", 400;
    InvalidSoapAction = "invalid_soap_action", 400;
    InvalidXml = "invalid_xml", 400;
    IoError = "io_error", 409;
    LoggingFailed = "logging_failed", 409;
    MaintenanceMode = "maintenance_mode", 409;
    MalformedSignature = "malformed_signature", 403;
    MimeParsingFailed = "mime_parsing_failed", 400;
    MissingBody = "missing_body", 400;
    MissingHeader = "missing_header", 400;
    MissingHeaderField = "missing_header_field", 400;
    MissingRest = "missing_rest", 400;
    MissingSignature = "missing_signature", 403;
    MissingSoap = "missing_soap", 400;
    NetworkError = "network_error", 409;
    ServiceDisabled = "service_disabled", 409;
    ServiceMalformedUrl = "service_malformed_url", 409;
    ServiceMissingUrl = "service_missing_url", 404;
    ServiceType = "service_type", 409;
    SslAuthenticationFailed = "ssl_authentication_failed", 403;
    TimestampingFailed = "timestamping_failed", 409;
    UnknownHost = "unknown_host", 409;
    UnknownMember = "unknown_member", 404;
    UnknownService = "unknown_service", 404;
}

impl Cause {
    /// The cause that a whole code ends in or names on its way; codes of other programs may have none of ours.
    pub fn from_code(code: &str) -> Option<Cause> {
        let known = |part: &str| Cause::ALL.iter().copied().find(|cause| cause.wire() == part);
        code.split('.').find_map(known)
    }
}

/// Where it was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The information system's message is bad.
    Client,
    ClientProxy,
    ServerProxy,
    /// The answer of another server.
    PeerAnswer,
    /// The provider's information system, and a message that cannot be brought to it.
    Service,
}

impl Place {
    fn prefix(self) -> &'static str {
        match self {
            Place::Client => "client",
            Place::ClientProxy => "server.clientproxy",
            Place::ServerProxy => "server.serverproxy",
            Place::PeerAnswer => "server.clientproxy.service_failed",
            Place::Service => "server.serverproxy.service_failed",
        }
    }
}

/// A refusal on its way to the asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeFault {
    /// The whole code: `server.serverproxy.access_denied`.
    pub code: String,
    /// For the asker's engineer; no personal data.
    pub text: String,
    /// The number under which this server's log knows more; absent in a fault that another server made.
    pub detail: Option<String>,
    /// The envelope of a fault that a service said itself, which is handed on to the byte: its details are between it and
    /// its asker.
    pub own: Option<Bytes>,
}

impl ExchangeFault {
    pub fn new(place: Place, cause: Cause, text: impl fmt::Display) -> Self {
        ExchangeFault {
            code: format!("{}.{}", place.prefix(), cause.wire()),
            text: text.to_string(),
            detail: None,
            own: None,
        }
    }

    /// A code of `formats`, which may have parts of its own.
    pub fn coded(place: Place, code: &str, text: impl fmt::Display) -> Self {
        ExchangeFault { code: format!("{}.{code}", place.prefix()), text: text.to_string(), detail: None, own: None }
    }

    /// What was found wrong with the certificate of a server: the field says behind this cause what it was.
    pub fn of_certificate(mut self, place: Place) -> Self {
        let (prefix, cause) = (place.prefix(), Cause::SslAuthenticationFailed.wire());
        if let Some(found) = self.code.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'))
            && found != cause
        {
            self.code = format!("{prefix}.{cause}.{found}");
        }
        self
    }

    /// The world failed here: the asker learns which part of it, the log learns why.
    pub fn failed(place: Place, cause: Cause, fault: &Fault) -> Self {
        tracing::warn!(%fault, "exchange");
        ExchangeFault::new(place, cause, fault.attempt)
    }

    /// With a number for the log, unless it has one or is a service's own.
    pub fn numbered(mut self, chance: &dyn Chance) -> Self {
        if self.own.is_some() {
            tracing::info!(code = %self.code, text = %self.text, "a service's fault");
            return self;
        }
        let detail = self.detail.get_or_insert_with(|| chance.hex(16));
        tracing::info!(code = %self.code, text = %self.text, %detail, "exchange refused");
        self
    }

    pub fn to_soap(&self) -> Bytes {
        if let Some(own) = &self.own {
            return own.clone();
        }
        let fault = formats::soap::Fault {
            code: self.code.clone(),
            string: self.text.clone(),
            actor: None,
            detail: self.detail.clone(),
            received: None,
        };
        fault.to_bytes().into()
    }

    /// With its code in this spelling; codes of services stay as they are.
    pub fn spelt(mut self, spelling: Spelling) -> Self {
        self.code = spelling.spell(&self.code).into_owned();
        self
    }

    /// From a SOAP fault of another server, which may be an older one: its code, in our spelling, and its text. Or of a
    /// service, whose codes are its own.
    pub fn from_soap(fault: formats::soap::Fault) -> Self {
        let ours = spelling::is_of_the_protocol(&fault.code);
        ExchangeFault {
            code: if ours { Spelling::Current.spell(&fault.code).into_owned() } else { fault.code },
            text: fault.string,
            detail: fault.detail,
            own: fault.received.filter(|_| !ours),
        }
    }

    /// Status of a REST error (REST protocol §4.5).
    pub fn rest_status(&self) -> u16 {
        if self.code.starts_with("server.") || self.code.starts_with("Server.") { 500 } else { 400 }
    }

    /// Whether this means that no answer could be had, so that asking later may help; anything else is a no.
    pub fn is_unreachable(&self) -> bool {
        /// What a server refused while it read the message; only this server's failing services come back by themselves.
        const DEFINITE: [&str; 3] = ["unknown_member", "invalid_security_server", "inquiry_too_large"];
        /// The information system was not known. What a server has against another's certificate may be over tomorrow.
        const UNKNOWN_ASKER: &str = "server.clientproxy.ssl_authentication_failed";
        const PASSING: [&str; 12] = [
            "network_error",
            "io_error",
            "global_conf_outdated",
            "database_error",
            "logging_failed",
            "timestamping_failed",
            "maintenance_mode",
            "cannot_create_signature",
            "incorrect_validation_info",
            "internal_error",
            "service_disabled",
            "service_failed",
        ];
        let passing = self.code.split('.').any(|part| PASSING.contains(&part));
        let definite = self.code == UNKNOWN_ASKER || self.code.split('.').any(|part| DEFINITE.contains(&part));
        passing && !definite
    }
}

impl fmt::Display for ExchangeFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spelt_as_on_the_wire() {
        let fault = ExchangeFault::new(Place::ServerProxy, Cause::AccessDenied, "no");
        assert_eq!((fault.code.as_str(), fault.rest_status()), ("server.serverproxy.access_denied", 500));
        assert!(!fault.is_unreachable());
        let fault = ExchangeFault::new(Place::Client, Cause::InquiryTooLarge, "no");
        assert_eq!((fault.code.as_str(), fault.rest_status()), ("client.inquiry_too_large", 400));
        assert!(ExchangeFault::new(Place::Service, Cause::NetworkError, "x").is_unreachable());
        assert!(!ExchangeFault::new(Place::Service, Cause::InquiryTooLarge, "x").is_unreachable());
        let older = formats::soap::Fault {
            code: "Server.ServerProxy.AccessDenied".into(),
            string: "no".into(),
            actor: None,
            detail: None,
            received: None,
        };
        assert_eq!(ExchangeFault::from_soap(older).code, "server.serverproxy.access_denied");
        assert!(ExchangeFault::new(Place::ClientProxy, Cause::GlobalConfOutdated, "x").is_unreachable());
        let stale = ExchangeFault::new(Place::ClientProxy, Cause::IncorrectValidationInfo, "x");
        let stale = stale.of_certificate(Place::ClientProxy);
        assert_eq!(stale.code, "server.clientproxy.ssl_authentication_failed.incorrect_validation_info");
        assert!(stale.is_unreachable());
        let foreign = ExchangeFault::new(Place::ClientProxy, Cause::InvalidCertPath, "x");
        assert!(!foreign.of_certificate(Place::ClientProxy).is_unreachable());
        let asker = ExchangeFault::new(Place::ClientProxy, Cause::SslAuthenticationFailed, "x");
        assert_eq!(asker.clone().of_certificate(Place::ClientProxy), asker);
        assert!(!asker.is_unreachable());
        let chained = "server.clientproxy.malformed_signature.invalid_hash_chain";
        assert_eq!(Cause::from_code(chained), Some(Cause::MalformedSignature));
        assert_eq!(Cause::from_code("client.something_else"), None);
    }

    #[test]
    fn every_cause_has_a_word_of_its_own() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_code(cause.wire()), Some(*cause));
            assert_eq!(cause.code(), format!("exchange.{}", cause.wire()));
        }
    }
}
