//! XML advanced electronic signatures of documents (ETSI EN 319 132-1), level B-LT: written here in one fixed shape that is
//! canonical by construction, read and judged in whatever shape others wrote them. The exchange's message signatures have
//! a shape of their own: see `message`.

pub mod exchange;
mod judge;
mod normal;
mod read;
mod write;

pub use judge::{DEPTH_MAX, XML_SIZE_BYTES_MAX, canonical_document, transform};
pub use read::{ReadSignature, Reference, Stamped, read_signatures};
pub use write::{SignedFile, SignedValue, ToBeSigned};

const ASIC_NS: &str = "http://uri.etsi.org/02918/v1.2.1#";
const DS_NS: &str = "http://www.w3.org/2000/09/xmldsig#";
const XADES_NS: &str = "http://uri.etsi.org/01903/v1.3.2#";
const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903#SignedProperties";
/// Canonical XML 1.1, what we write.
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// Why a signature cannot be read, or is not what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XadesError {
    /// Not XML in UTF-8 without a document type, or too large, or too deep.
    Malformed,
    /// XML, but not the structure of a signature: an element is missing, doubled or in the wrong place.
    Structure,
    /// An algorithm or transform that is not accepted here.
    Algorithm,
    /// The digest of the signed properties, or of another part of the signature, is not the referenced part's.
    PropertiesDigest,
    /// The certificate in the key information is not the one that the signed properties name.
    OtherCertificate,
    /// The signature value does not verify with the certificate's key.
    Value,
}

impl std::fmt::Display for XadesError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            XadesError::Malformed => "not acceptable XML",
            XadesError::Structure => "not the structure of a signature",
            XadesError::Algorithm => "algorithm not accepted",
            XadesError::PropertiesDigest => "signed properties were changed",
            XadesError::OtherCertificate => "certificate is not the one that was signed with",
            XadesError::Value => "signature value does not verify",
        })
    }
}

impl std::error::Error for XadesError {}

#[cfg(test)]
mod tests;
