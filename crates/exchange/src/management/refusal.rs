//! Why a management request is not accepted. The codes are the field's own; they stand in the fault without a place.

use base::Refusal;
use std::fmt;

macro_rules! refusals {
    ($($variant:ident = $wire:literal, $status:literal;)*) => {
        /// A reason with the code of the management protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ManagementRefusal { $($variant),* }

        impl ManagementRefusal {
            pub const ALL: &[ManagementRefusal] = &[$(ManagementRefusal::$variant),*];

            /// The code on the wire.
            pub fn wire(self) -> &'static str {
                match self { $(ManagementRefusal::$variant => $wire),* }
            }
        }

        impl Refusal for ManagementRefusal {
            fn code(&self) -> &'static str {
                match self { $(ManagementRefusal::$variant => concat!("exchange.management.", $wire)),* }
            }

            fn status(&self) -> u16 {
                match self { $(ManagementRefusal::$variant => $status),* }
            }
        }
    };
}

refusals! {
    InvalidRequest = "invalid_request", 400;
    InvalidClientIdentifier = "invalid_client_identifier", 400;
    InvalidSignatureValue = "invalid_signature_value", 403;
    IncorrectCertificate = "incorrect_certificate", 400;
    CertValidation = "cert_validation", 403;
    IncorrectValidationInfo = "incorrect_validation_info", 403;
    SslAuthenticationFailed = "ssl_authentication_failed", 403;
    GlobalConfOutdated = "global_conf_outdated", 409;
    NotFound = "management_request_not_found", 404;
    Exists = "management_request_exists", 409;
    SecurityServerExists = "management_request_security_server_exists", 409;
    InvalidAuthCertificate = "management_request_invalid_auth_certificate", 409;
    InvalidState = "management_request_invalid_state", 409;
    CannotRegisterOwner = "management_request_cannot_register_owner", 400;
    MemberNotFound = "management_request_member_not_found", 409;
    ServerNotFound = "management_request_server_not_found", 409;
    ClientRegistrationNotFound = "management_request_client_registration_not_found", 404;
    ClientAlreadyRegistered = "management_request_client_already_registered", 409;
    OwnerMustBeMember = "management_request_owner_must_be_member", 400;
    OwnerMustBeClient = "management_request_owner_must_be_client", 400;
    ClientAlreadyOwner = "management_request_client_already_owner", 400;
    ServerCodeExists = "management_request_server_code_exists", 409;
    ServerClientNotFound = "management_request_server_client_not_found", 409;
    ManagementClient = "mr_forbidden_disable_management_service_client", 409;
    ManagementServer = "mr_forbidden_enable_maintenance_mode_for_management_service", 409;
    AlreadyInMaintenance = "management_request_server_already_in_maintenance_mode", 409;
    NotInMaintenance = "management_request_server_not_in_maintenance_mode", 409;
}

/// A refusal on its way to the server that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagementFault {
    pub refusal: ManagementRefusal,
    /// For the asking server's engineer; no personal data.
    pub text: String,
}

impl ManagementFault {
    pub fn new(refusal: ManagementRefusal, text: impl fmt::Display) -> Self {
        ManagementFault { refusal, text: text.to_string() }
    }

    pub(super) fn invalid(text: impl fmt::Display) -> Self {
        ManagementFault::new(ManagementRefusal::InvalidRequest, text)
    }
}

impl fmt::Display for ManagementFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.refusal.wire(), self.text)
    }
}
