//! Taking a signature document apart. `ReadSignature` holds only what is covered by the signature value, or is evidence
//! that proves itself (certificates, OCSP responses, time-stamps): reading checks the value, the signed properties and the
//! binding of the certificate. What is left to the caller: the files' digests, the path, the status, the time.

use super::{
    ASIC_NS, DS_NS, SIGNED_PROPERTIES_TYPE, XADES_NS, XadesError,
    judge::{NodeId, Tree},
};
use crate::{
    verify::{Digest, Family, Scheme},
    x509::Certificate,
};
use base::Timestamp;
use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// C14N 1.0, the method where none is named (XML-DSig §4.4.3.2).
const C14N10: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const EXCLUSIVE_NS: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const SIGNATURES_MAX: usize = 32;
const REFERENCES_MAX: usize = 1000;
const EVIDENCE_MAX: usize = 32;

/// A file that the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name in the container, percent-encoding resolved, without a leading slash.
    pub name: String,
    pub digest: Digest,
    pub value: Vec<u8>,
}

/// A signature whose value verifies with `certificate`.
#[derive(Debug, Clone)]
pub struct ReadSignature {
    pub id: String,
    pub references: Vec<Reference>,
    pub certificate: Certificate,
    /// When the signer says that it signed; proven by nothing.
    pub signing_time: Option<Timestamp>,
    pub roles: Vec<String>,
    /// Certificates that came along.
    pub certificates: Vec<Certificate>,
    /// OCSPResponse, DER.
    pub ocsp_responses: Vec<Vec<u8>>,
    pub time_stamps: Vec<Stamped>,
}

/// A time-stamp with what it must be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// TimeStampToken, DER.
    pub token: Vec<u8>,
    /// The canonical bytes of the signature value.
    pub message: Vec<u8>,
}

/// Every signature of a document: `XAdESSignatures` with signatures in it (EN 319 162-1 §A.5), or one bare `Signature`.
/// Each is judged for itself.
pub fn read_signatures(document: &[u8]) -> Result<Vec<Result<ReadSignature, XadesError>>, XadesError> {
    let text = std::str::from_utf8(document).map_err(|_| XadesError::Malformed)?;
    let tree = Tree::parse(text)?;
    let root = tree.root()?;
    let signatures = if tree.is(root, DS_NS, "Signature") {
        vec![root]
    } else if tree.is(root, ASIC_NS, "XAdESSignatures") {
        tree.children(root, DS_NS, "Signature")
    } else {
        return Err(XadesError::Structure);
    };
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX || tree.elements(root).len() > SIGNATURES_MAX {
        return Err(XadesError::Structure);
    }
    Ok(signatures.into_iter().map(|node| Reader { tree: &tree, signature: node }.read()).collect())
}

struct Reader<'a> {
    tree: &'a Tree<'a>,
    signature: NodeId,
}

/// Where in the document the parts stand.
struct Parts {
    signed_info: NodeId,
    value: NodeId,
    qualifying: NodeId,
    signed_properties: NodeId,
}

impl Reader<'_> {
    fn read(&self) -> Result<ReadSignature, XadesError> {
        let tree = self.tree;
        let id = tree.attribute(self.signature, "Id").ok_or(XadesError::Structure)?.to_owned();
        let parts = self.parts(&id)?;
        let certificate = self.key_certificate()?;
        self.check_value(&parts, &certificate)?;
        let references = self.references(&parts)?;
        let properties = tree.only(parts.signed_properties, XADES_NS, "SignedSignatureProperties")?;
        self.check_certificate(properties, &certificate)?;
        let signing_time = match tree.at_most_one(properties, XADES_NS, "SigningTime")? {
            Some(node) => Some(tree.text(node)?.trim().parse().map_err(|_| XadesError::Structure)?),
            None => None,
        };
        let roles = self.roles(properties)?;
        let unsigned = self.unsigned(&parts)?;
        let (certificates, ocsp_responses) = self.evidence(unsigned)?;
        let time_stamps = self.time_stamps(unsigned, parts.value)?;
        Ok(ReadSignature {
            id,
            references,
            certificate,
            signing_time,
            roles,
            certificates,
            ocsp_responses,
            time_stamps,
        })
    }

    fn parts(&self, id: &str) -> Result<Parts, XadesError> {
        let tree = self.tree;
        let signed_info = tree.only(self.signature, DS_NS, "SignedInfo")?;
        let value = tree.only(self.signature, DS_NS, "SignatureValue")?;
        let mut found = Vec::new();
        for object in tree.children(self.signature, DS_NS, "Object") {
            found.extend(tree.children(object, XADES_NS, "QualifyingProperties"));
        }
        let [qualifying] = found[..] else { return Err(XadesError::Structure) };
        if tree.attribute(qualifying, "Target").and_then(|target| target.strip_prefix('#')) != Some(id) {
            return Err(XadesError::Structure);
        }
        let signed_properties = tree.only(qualifying, XADES_NS, "SignedProperties")?;
        Ok(Parts { signed_info, value, qualifying, signed_properties })
    }

    /// The first certificate of the key information. Others may stand behind it; they are taken as certificates at hand.
    fn key_certificate(&self) -> Result<Certificate, XadesError> {
        let tree = self.tree;
        let key_info = tree.only(self.signature, DS_NS, "KeyInfo")?;
        let data = tree.only(key_info, DS_NS, "X509Data")?;
        let first = *tree.children(data, DS_NS, "X509Certificate").first().ok_or(XadesError::Structure)?;
        Certificate::from_der(&self.base64(first)?).map_err(|_| XadesError::Structure)
    }

    fn check_value(&self, parts: &Parts, certificate: &Certificate) -> Result<(), XadesError> {
        let tree = self.tree;
        let method = tree.only(parts.signed_info, DS_NS, "SignatureMethod")?;
        let scheme = scheme(self.algorithm(method)?).ok_or(XadesError::Algorithm)?;
        let (method, prefixes) =
            self.canonicalization(tree.only(parts.signed_info, DS_NS, "CanonicalizationMethod")?)?;
        let message = tree.canonical(parts.signed_info, method, &prefixes)?;
        let value = self.base64(parts.value)?;
        if certificate.key().verifies(scheme, &message, &value) { Ok(()) } else { Err(XadesError::Value) }
    }

    /// Checks the references inside the document, of which one must be the signed properties; returns those to files.
    fn references(&self, parts: &Parts) -> Result<Vec<Reference>, XadesError> {
        let tree = self.tree;
        let nodes = tree.children(parts.signed_info, DS_NS, "Reference");
        if nodes.len() > REFERENCES_MAX {
            return Err(XadesError::Structure);
        }
        let (mut files, mut properties) = (Vec::new(), 0);
        for node in nodes {
            let uri = tree.attribute(node, "URI").ok_or(XadesError::Structure)?;
            let digest =
                digest_method(self.algorithm(tree.only(node, DS_NS, "DigestMethod")?)?).ok_or(XadesError::Algorithm)?;
            let value = self.base64(tree.only(node, DS_NS, "DigestValue")?)?;
            let transforms = match tree.at_most_one(node, DS_NS, "Transforms")? {
                Some(list) => tree.elements(list),
                None => Vec::new(),
            };
            let Some(fragment) = uri.strip_prefix('#') else {
                // A transformed file would not be the file that people see.
                if !transforms.is_empty() {
                    return Err(XadesError::Algorithm);
                }
                files.push(Reference { name: file_name(uri)?, digest, value });
                continue;
            };
            let target = tree.by_id(fragment).ok_or(XadesError::Structure)?;
            if !tree.is_within(target, self.signature) || tree.is_within(self.signature, target) {
                return Err(XadesError::Structure);
            }
            let (method, prefixes) = match transforms[..] {
                [] => (C14N10, Vec::new()),
                [one] => self.canonicalization(one)?,
                _ => return Err(XadesError::Algorithm),
            };
            if digest.of(&tree.canonical(target, method, &prefixes)?) != value {
                return Err(XadesError::PropertiesDigest);
            }
            if target == parts.signed_properties && tree.attribute(node, "Type") == Some(SIGNED_PROPERTIES_TYPE) {
                properties += 1;
            }
        }
        if properties == 1 && !files.is_empty() { Ok(files) } else { Err(XadesError::Structure) }
    }

    /// SigningCertificateV2 or the older SigningCertificate: its first digest is the certificate's (§5.2.2).
    fn check_certificate(&self, properties: NodeId, certificate: &Certificate) -> Result<(), XadesError> {
        let tree = self.tree;
        let named = match tree.at_most_one(properties, XADES_NS, "SigningCertificateV2")? {
            Some(node) => node,
            None => tree.only(properties, XADES_NS, "SigningCertificate")?,
        };
        let first = *tree.children(named, XADES_NS, "Cert").first().ok_or(XadesError::Structure)?;
        let pair = tree.only(first, XADES_NS, "CertDigest")?;
        let digest =
            digest_method(self.algorithm(tree.only(pair, DS_NS, "DigestMethod")?)?).ok_or(XadesError::Algorithm)?;
        let value = self.base64(tree.only(pair, DS_NS, "DigestValue")?)?;
        if certificate.digest(digest) == value { Ok(()) } else { Err(XadesError::OtherCertificate) }
    }

    fn roles(&self, properties: NodeId) -> Result<Vec<String>, XadesError> {
        let tree = self.tree;
        let mut roles = Vec::new();
        for name in ["SignerRoleV2", "SignerRole"] {
            let Some(role) = tree.at_most_one(properties, XADES_NS, name)? else { continue };
            let Some(claimed) = tree.at_most_one(role, XADES_NS, "ClaimedRoles")? else { continue };
            for node in tree.children(claimed, XADES_NS, "ClaimedRole").into_iter().take(EVIDENCE_MAX) {
                roles.push(tree.text(node)?);
            }
        }
        Ok(roles)
    }

    fn unsigned(&self, parts: &Parts) -> Result<Option<NodeId>, XadesError> {
        match self.tree.at_most_one(parts.qualifying, XADES_NS, "UnsignedProperties")? {
            Some(node) => self.tree.at_most_one(node, XADES_NS, "UnsignedSignatureProperties"),
            None => Ok(None),
        }
    }

    fn evidence(&self, unsigned: Option<NodeId>) -> Result<(Vec<Certificate>, Vec<Vec<u8>>), XadesError> {
        let tree = self.tree;
        let (mut certificates, mut responses) = (Vec::new(), Vec::new());
        let Some(unsigned) = unsigned else { return Ok((certificates, responses)) };
        for list in tree.children(unsigned, XADES_NS, "CertificateValues") {
            for node in tree.children(list, XADES_NS, "EncapsulatedX509Certificate") {
                certificates.push(Certificate::from_der(&self.base64(node)?).map_err(|_| XadesError::Structure)?);
            }
        }
        for list in tree.children(unsigned, XADES_NS, "RevocationValues") {
            for values in tree.children(list, XADES_NS, "OCSPValues") {
                for node in tree.children(values, XADES_NS, "EncapsulatedOCSPValue") {
                    responses.push(self.base64(node)?);
                }
            }
        }
        if certificates.len() > EVIDENCE_MAX || responses.len() > EVIDENCE_MAX {
            return Err(XadesError::Structure);
        }
        Ok((certificates, responses))
    }

    fn time_stamps(&self, unsigned: Option<NodeId>, value: NodeId) -> Result<Vec<Stamped>, XadesError> {
        let tree = self.tree;
        let mut stamps = Vec::new();
        let Some(unsigned) = unsigned else { return Ok(stamps) };
        for stamp in tree.children(unsigned, XADES_NS, "SignatureTimeStamp") {
            let (method, prefixes) = match tree.at_most_one(stamp, DS_NS, "CanonicalizationMethod")? {
                Some(node) => self.canonicalization(node)?,
                None => (C14N10, Vec::new()),
            };
            let message = tree.canonical(value, method, &prefixes)?;
            for token in tree.children(stamp, XADES_NS, "EncapsulatedTimeStamp") {
                if stamps.len() == EVIDENCE_MAX {
                    return Err(XadesError::Structure);
                }
                stamps.push(Stamped { token: self.base64(token)?, message: message.clone() });
            }
        }
        Ok(stamps)
    }

    fn algorithm(&self, node: NodeId) -> Result<&str, XadesError> {
        self.tree.attribute(node, "Algorithm").ok_or(XadesError::Structure)
    }

    fn canonicalization(&self, node: NodeId) -> Result<(&str, Vec<String>), XadesError> {
        canonical_method(self.tree, node)
    }

    fn base64(&self, node: NodeId) -> Result<Vec<u8>, XadesError> {
        decode_base64(&self.tree.text(node)?)
    }
}

/// A canonicalization method with the prefixes of exclusive canonicalization.
pub(super) fn canonical_method<'a>(tree: &'a Tree<'_>, node: NodeId) -> Result<(&'a str, Vec<String>), XadesError> {
    let method = tree.attribute(node, "Algorithm").ok_or(XadesError::Structure)?;
    let prefixes = match tree.at_most_one(node, EXCLUSIVE_NS, "InclusiveNamespaces")? {
        Some(list) => tree.attribute(list, "PrefixList").unwrap_or_default(),
        None => "",
    };
    // Prefixes belong to exclusive canonicalization only; unknown methods are refused where the bytes are made.
    if !prefixes.is_empty() && !method.starts_with(EXCLUSIVE_NS) {
        return Err(XadesError::Algorithm);
    }
    Ok((method, prefixes.split_whitespace().map(str::to_owned).collect()))
}

/// White space may stand anywhere in xs:base64Binary.
pub(super) fn decode_base64(text: &str) -> Result<Vec<u8>, XadesError> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &ALPHABET,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    let text: String = text.split_whitespace().collect();
    LENIENT.decode(text).map_err(|_| XadesError::Structure)
}

pub(super) fn digest_method(uri: &str) -> Option<Digest> {
    match uri {
        super::SHA256 => Some(Digest::Sha256),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(Digest::Sha384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Some(Digest::Sha512),
        _ => None,
    }
}

pub(super) fn scheme(uri: &str) -> Option<Scheme> {
    if let Some(name) = uri.strip_prefix("http://www.w3.org/2007/05/xmldsig-more#") {
        let digest = match name {
            "sha256-rsa-MGF1" => Digest::Sha256,
            "sha384-rsa-MGF1" => Digest::Sha384,
            "sha512-rsa-MGF1" => Digest::Sha512,
            _ => return None,
        };
        return Some(Scheme { family: Family::RsaPss, digest });
    }
    let (family, digest) = match uri.strip_prefix("http://www.w3.org/2001/04/xmldsig-more#")? {
        "ecdsa-sha256" => (Family::EcdsaFixed, Digest::Sha256),
        "ecdsa-sha384" => (Family::EcdsaFixed, Digest::Sha384),
        "ecdsa-sha512" => (Family::EcdsaFixed, Digest::Sha512),
        "rsa-sha256" => (Family::RsaPkcs1, Digest::Sha256),
        "rsa-sha384" => (Family::RsaPkcs1, Digest::Sha384),
        "rsa-sha512" => (Family::RsaPkcs1, Digest::Sha512),
        _ => return None,
    };
    Some(Scheme { family, digest })
}

/// A relative reference as a name in the container. Anything that points out of it is refused.
fn file_name(uri: &str) -> Result<String, XadesError> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.strip_prefix('/').unwrap_or(uri).bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = digit(rest.next()).zip(digit(rest.next())).ok_or(XadesError::Structure)?;
            bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits are a byte"));
        } else {
            bytes.push(byte);
        }
    }
    let name = String::from_utf8(bytes).map_err(|_| XadesError::Structure)?;
    if name.is_empty() || uri.contains("://") { Err(XadesError::Structure) } else { Ok(name) }
}
