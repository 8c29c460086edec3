//! Reading a signature document: well-formed, a signature of the right structure, and where its parts stand. Nothing is
//! believed here.

use super::{
    super::judge::{NodeId, Tree},
    schema,
};
use crate::{
    flaw::{Flaw, FlawKind},
    verify::Digest,
    x509::{Certificate, KeyUsage},
    xades::{
        DS_NS, XADES_NS, XadesError,
        read::{decode_base64, digest_method},
    },
    xml::{self, Element},
};

const CONTAINER_NAMESPACES: [&str; 2] = ["http://uri.etsi.org/02918/v1.1.1#", "http://uri.etsi.org/02918/v1.2.1#"];
/// Most certificates and OCSP responses that are looked at.
const EVIDENCE_MAX: usize = 32;

/// Whether the document must be valid by the schema. Containers may hold properties that no schema knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conformance {
    Schema,
    Structure,
}

/// A signature document taken apart, not yet judged.
pub struct SignatureDocument<'a> {
    pub(super) tree: Tree<'a>,
    pub(super) signature: NodeId,
    pub(super) signed_info: NodeId,
    pub(super) value: Vec<u8>,
    pub(super) object: NodeId,
}

/// Certificates and OCSP responses that came with the signature.
pub(super) struct Material {
    pub certificates: Vec<Certificate>,
    /// OCSPResponse, DER.
    pub ocsp_responses: Vec<Vec<u8>>,
}

pub(super) fn malformed(why: impl std::fmt::Display) -> Flaw {
    Flaw::new(FlawKind::MalformedSignature, why)
}

/// The general reader's errors, as the exchange words them.
pub(super) fn structure(error: XadesError) -> Flaw {
    malformed(error)
}

impl<'a> SignatureDocument<'a> {
    /// Steps 1 and 2.
    pub fn read(document: &'a [u8], conformance: Conformance) -> Result<Self, Flaw> {
        let invalid = |why: &dyn std::fmt::Display| Flaw::new(FlawKind::InvalidXml, why);
        let text = std::str::from_utf8(document).map_err(|error| invalid(&error))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let plain = xml::read(text.as_bytes()).map_err(|error| invalid(&error))?;
        let tree = Tree::of_read(text).map_err(|error| match error {
            XadesError::Malformed => invalid(&error),
            _ => structure(error),
        })?;
        let root = tree.root().map_err(|error| invalid(&error))?;
        let bare = tree.is(root, DS_NS, "Signature");
        let signature = if bare {
            root
        } else if CONTAINER_NAMESPACES.iter().any(|namespace| tree.is(root, namespace, "XAdESSignatures")) {
            tree.only(root, DS_NS, "Signature").map_err(structure)?
        } else {
            return Err(malformed("the root is no signature"));
        };
        if conformance == Conformance::Schema {
            check_schema(&plain, bare)?;
        }
        let signed_info = tree.only(signature, DS_NS, "SignedInfo").map_err(structure)?;
        let value = tree.only(signature, DS_NS, "SignatureValue").map_err(structure)?;
        let value = decode_base64(&tree.text(value).map_err(structure)?).map_err(structure)?;
        let objects = tree.children(signature, DS_NS, "Object");
        let object = *objects.first().ok_or_else(|| malformed("there is no Object"))?;
        let read = SignatureDocument { tree, signature, signed_info, value, object };
        read.check_signed_info()?;
        Ok(read)
    }

    /// Readable: methods and at least one reference with its digest.
    fn check_signed_info(&self) -> Result<(), Flaw> {
        let tree = &self.tree;
        for method in ["CanonicalizationMethod", "SignatureMethod"] {
            let node = tree.only(self.signed_info, DS_NS, method).map_err(structure)?;
            tree.attribute(node, "Algorithm").ok_or_else(|| malformed(format_args!("{method} names no algorithm")))?;
        }
        let references = tree.children(self.signed_info, DS_NS, "Reference");
        if references.is_empty() {
            return Err(malformed("nothing is referenced"));
        }
        for reference in references {
            self.digest(reference)?;
        }
        Ok(())
    }

    /// Digest method (its URI) and value of an element that holds both.
    pub(super) fn digest(&self, node: NodeId) -> Result<(String, Vec<u8>), Flaw> {
        let tree = &self.tree;
        let method = tree.only(node, DS_NS, "DigestMethod").map_err(structure)?;
        let method = tree.attribute(method, "Algorithm").ok_or_else(|| malformed("a digest names no method"))?;
        let value = tree.only(node, DS_NS, "DigestValue").map_err(structure)?;
        let value = decode_base64(&tree.text(value).map_err(structure)?).map_err(structure)?;
        Ok((method.to_owned(), value))
    }

    /// Whether one of the references of the signed information has this URI.
    pub fn refers_to(&self, uri: &str) -> bool {
        let references = self.tree.children(self.signed_info, DS_NS, "Reference");
        references.iter().any(|reference| self.tree.attribute(*reference, "URI") == Some(uri))
    }

    /// The decoded signature value, which an embedded time-stamp covers.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The embedded time-stamp token; older signatures have its text directly in `SignatureTimeStamp`.
    pub fn time_stamp(&self) -> Result<Option<Vec<u8>>, Flaw> {
        let found = ["EncapsulatedTimeStamp", "SignatureTimeStamp"]
            .iter()
            .find_map(|name| self.tree.below(self.signature, XADES_NS, name).into_iter().next());
        let Some(node) = found else { return Ok(None) };
        let text = self.tree.text(node).map_err(structure)?;
        decode_base64(&text).map(Some).map_err(structure)
    }

    /// Step 5: the certificate in the key information, which must be one for signing (nonRepudiation).
    pub fn certificate(&self) -> Result<Certificate, Flaw> {
        let tree = &self.tree;
        let key_info = tree.only(self.signature, DS_NS, "KeyInfo").map_err(structure)?;
        let data = tree.only(key_info, DS_NS, "X509Data").map_err(structure)?;
        let nodes = tree.children(data, DS_NS, "X509Certificate");
        let node = nodes.first().ok_or_else(|| malformed("there is no signing certificate"))?;
        let der = decode_base64(&tree.text(*node).map_err(structure)?).map_err(structure)?;
        let certificate = Certificate::from_der(&der).map_err(malformed)?;
        if !certificate.extensions().has_usage(KeyUsage::NonRepudiation) {
            return Err(malformed("the certificate is not one for signing"));
        }
        Ok(certificate)
    }

    /// Step 3: every certificate that the signature refers to is inside, and there is an OCSP response.
    pub(super) fn material(&self) -> Result<Material, Flaw> {
        let tree = &self.tree;
        let mut certificates = Vec::new();
        for list in tree.below(self.object, XADES_NS, "CompleteCertificateRefs") {
            for reference in tree.below(list, XADES_NS, "Cert") {
                let uri = tree.attribute(reference, "URI").filter(|uri| !uri.is_empty());
                let id = uri.ok_or_else(|| malformed("a reference to a certificate has no URI"))?;
                certificates.push(self.referenced(reference, id.trim_start_matches('#'))?);
            }
        }
        // Certificates that came along unreferenced may stand in a path too; ones that cannot be read are of no use.
        for node in tree.below(self.object, XADES_NS, "EncapsulatedX509Certificate").into_iter().take(EVIDENCE_MAX) {
            let der = tree.text(node).and_then(|text| decode_base64(&text)).map_err(structure)?;
            certificates.extend(Certificate::from_der(&der).ok().filter(|found| !certificates.contains(found)));
        }
        let mut ocsp_responses = Vec::new();
        for node in tree.below(self.object, XADES_NS, "EncapsulatedOCSPValue").into_iter().take(EVIDENCE_MAX) {
            ocsp_responses.push(tree.text(node).and_then(|text| decode_base64(&text)).map_err(structure)?);
        }
        if ocsp_responses.is_empty() || certificates.len() > EVIDENCE_MAX {
            return Err(malformed("there is no OCSP response, or there are too many certificates"));
        }
        Ok(Material { certificates, ocsp_responses })
    }

    fn referenced(&self, reference: NodeId, id: &str) -> Result<Certificate, Flaw> {
        let tree = &self.tree;
        let node = tree.by_id(id).ok_or_else(|| malformed(format_args!("there is no certificate {id}")))?;
        let der = tree.text(node).and_then(|text| decode_base64(&text)).map_err(structure)?;
        let stated = tree.only(reference, XADES_NS, "CertDigest").map_err(structure)?;
        let (method, value) = self.digest(stated)?;
        let method: Digest = digest_method(&method).ok_or_else(|| malformed("a digest method that is not known"))?;
        if method.of(&der) != value {
            return Err(malformed(format_args!("certificate {id} does not have the stated digest")));
        }
        Certificate::from_der(&der).map_err(malformed)
    }
}

fn check_schema(root: &Element, bare: bool) -> Result<(), Flaw> {
    let checked = if bare {
        schema::check_signed_info(root)
    } else {
        let signature = root.child(DS_NS, "Signature").ok_or_else(|| malformed("there is no Signature"))?;
        schema::check_signature(signature)
    };
    checked.map_err(malformed)
}
