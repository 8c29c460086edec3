//! What a server needs of a signature that came with a message. Everything is read from the one tree whose canonical bytes
//! are verified, at the one place where the profile has it: what stands elsewhere, doubled or moved, is never looked at.

use super::{
    super::judge::NodeId,
    Conformance, SignatureDocument,
    document::{malformed, structure},
};
use crate::{
    flaw::Flaw,
    xades::{DS_NS, XADES_NS, read::decode_base64},
};

const PROPERTIES: &str = "signed-properties";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A signature document taken apart, with nothing judged but its structure.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The signing certificate, DER.
    pub certificate: Vec<u8>,
    pub intermediates: Vec<Vec<u8>>,
    pub ocsp: Vec<Vec<u8>>,
    pub time_stamp: Option<Vec<u8>>,
    pub value: Vec<u8>,
    pub references: Vec<SignedReference>,
    pub signature_method: String,
    /// Method (its URI) and value of the certificate's digest in the signed properties.
    pub certificate_digest: (String, Vec<u8>),
    /// Canonical.
    pub signed_info: Vec<u8>,
    /// Canonical; what `#signed-properties` refers to.
    pub signed_properties: Vec<u8>,
}

/// What is signed, by name.
#[derive(Debug, Clone)]
pub struct SignedReference {
    pub uri: String,
    /// Digest method as a URI.
    pub method: String,
    pub digest: Vec<u8>,
}

impl Parts {
    pub fn read(document: &[u8]) -> Result<Parts, Flaw> {
        let document = SignatureDocument::read(document, Conformance::Structure)?;
        let tree = &document.tree;
        let (info, object) = (document.signed_info, document.object);
        let only = |node, namespace, name| tree.only(node, namespace, name).map_err(structure);
        let method = document.algorithm(only(info, DS_NS, "CanonicalizationMethod")?)?;
        if method != INCLUSIVE && method != EXCLUSIVE {
            return Err(malformed("a canonicalization method that is not accepted"));
        }
        let qualifying = only(object, XADES_NS, "QualifyingProperties")?;
        let properties = only(qualifying, XADES_NS, "SignedProperties")?;
        if tree.by_id(PROPERTIES) != Some(properties) {
            return Err(malformed("SignedProperties has another Id"));
        }
        let stated = tree.below(properties, XADES_NS, "CertDigest");
        let stated = *stated.first().ok_or_else(|| malformed("the signed properties name no certificate"))?;
        let data = only(only(document.signature, DS_NS, "KeyInfo")?, DS_NS, "X509Data")?;
        let certificates = tree.children(data, DS_NS, "X509Certificate");
        let certificate = *certificates.first().ok_or_else(|| malformed("there is no signing certificate"))?;
        let references = tree.children(info, DS_NS, "Reference");
        let canonical = |node, method| tree.canonical(node, method, &[]).map_err(structure);
        Ok(Parts {
            certificate: document.base64(certificate)?,
            intermediates: document.evidence("EncapsulatedX509Certificate")?,
            ocsp: document.evidence("EncapsulatedOCSPValue")?,
            time_stamp: document.evidence("EncapsulatedTimeStamp")?.into_iter().next(),
            references: references.into_iter().map(|node| document.reference(node)).collect::<Result<_, _>>()?,
            signature_method: document.algorithm(only(info, DS_NS, "SignatureMethod")?)?.to_owned(),
            certificate_digest: document.digest(stated)?,
            signed_info: canonical(info, method)?,
            signed_properties: canonical(properties, INCLUSIVE)?,
            value: document.value,
        })
    }
}

impl SignatureDocument<'_> {
    fn algorithm(&self, node: NodeId) -> Result<&str, Flaw> {
        self.tree.attribute(node, "Algorithm").ok_or_else(|| malformed("a method names no algorithm"))
    }

    fn base64(&self, node: NodeId) -> Result<Vec<u8>, Flaw> {
        self.tree.text(node).and_then(|text| decode_base64(&text)).map_err(structure)
    }

    /// What proves itself: certificates, OCSP responses, time-stamps.
    fn evidence(&self, name: &str) -> Result<Vec<Vec<u8>>, Flaw> {
        self.tree.below(self.object, XADES_NS, name).into_iter().map(|node| self.base64(node)).collect()
    }

    /// The profile has no transforms: the data are signed as they stand.
    fn reference(&self, node: NodeId) -> Result<SignedReference, Flaw> {
        if !self.tree.children(node, DS_NS, "Transforms").is_empty() {
            return Err(malformed("the profile has no transforms"));
        }
        let uri = self.tree.attribute(node, "URI").ok_or_else(|| malformed("a reference names nothing"))?.to_owned();
        let (method, digest) = self.digest(node)?;
        Ok(SignedReference { uri, method, digest })
    }
}
