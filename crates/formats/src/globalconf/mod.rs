//! The exchange's global configuration (configuration download protocol): who is a member, which servers and authorities
//! there are. Parameters as XML (versions 2 to 6), published in a signed directory that expires.

mod certificate_profile;
mod directory;
mod local;
mod monitoring;
mod private;
mod responder_order;
mod shared_parameters;
mod shared_parameters_read;
mod trust;

pub use certificate_profile::subject_by_profile;
pub use directory::{Directory, DirectoryError, DirectoryPart, SignedDirectory, read_signed, write_signed};
pub use local::{LocalConfiguration, LocalInstance, Versioned};
pub use monitoring::MonitoringParameters;
pub use private::{Anchor, ManagementService, PrivateParameters, Source, anchor_hash, read_anchor, write_anchor};
pub use responder_order::ResponderOrder;
pub use shared_parameters::{
    ApprovedCa, ApprovedTsa, CertificateAuthority, ConfigurationSource, GlobalGroup, Member, MemberClass,
    OcspResponder, SecurityServer, SharedParameters, Subsystem,
};
pub use trust::{ApprovedAuthority, Trust};

use std::fmt;

/// The newest version of the parameters.
pub const VERSION: u32 = 6;
/// The oldest version that is still read and written.
pub const VERSION_MIN: u32 = 2;
pub const PRIVATE_PARAMETERS: &str = "PRIVATE-PARAMETERS";
pub const SHARED_PARAMETERS: &str = "SHARED-PARAMETERS";
/// An optional part: who may ask every server for monitoring data.
pub const MONITORING: &str = "MONITORING";

pub(crate) const NAMESPACE: &str = "http://x-road.eu/xsd/xroad.xsd";

/// Parameters that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError(pub String);

impl fmt::Display for ParameterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "parameters: {}", self.0)
    }
}

impl std::error::Error for ParameterError {}

fn open_conf() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tns:conf xmlns:id=\"{}\" xmlns:tns=\"{NAMESPACE}\">",
        crate::identifier::IDENTIFIERS
    )
}

fn text_element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", crate::xml::escape(text))
}

fn base64_element(name: &str, bytes: &[u8]) -> String {
    use base64::Engine as _;
    text_element(name, &base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// Forgiving as the field's decoders: padding and the last bits may be anything.
fn decode_base64(text: &str) -> Result<Vec<u8>, ParameterError> {
    use base64::{
        Engine as _,
        alphabet::STANDARD,
        engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    };
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text: String = text.split_whitespace().collect();
    LENIENT.decode(text).map_err(|_| ParameterError("a value is not base64".to_owned()))
}
