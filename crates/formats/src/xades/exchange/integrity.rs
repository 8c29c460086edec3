//! Core validation (XML-DSig §3.2): the digest of every reference and the signature value; the binding of the certificate;
//! and the time-stamp manifests of signatures made before 2014.

use super::{
    super::{
        judge::NodeId,
        read::{canonical_method, digest_method, scheme},
    },
    Missing, Question, SignatureDocument,
    document::structure,
};
use crate::{
    flaw::{Flaw, FlawKind},
    hashchain::Input,
    x509::Certificate,
    xades::{DS_NS, XADES_NS, XadesError},
};

/// C14N 1.0, the method where none is named (XML-DSig §4.4.3.2).
const C14N10: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const REFERENCES_MAX: usize = 1000;
const ROOT_MANIFEST: &str = "ts-root-manifest";

fn invalid(why: impl std::fmt::Display) -> Flaw {
    Flaw::new(FlawKind::InvalidSignatureValue, why)
}

fn unreadable(error: XadesError) -> Flaw {
    invalid(error)
}

/// Step 7. Returns the names whose data are not at hand and whose digests were believed.
pub(super) fn check(
    document: &SignatureDocument<'_>,
    certificate: &Certificate,
    question: &Question<'_>,
) -> Result<Vec<String>, Flaw> {
    check_value(document, certificate)?;
    let tree = &document.tree;
    let nodes = tree.children(document.signed_info, DS_NS, "Reference");
    if nodes.len() > REFERENCES_MAX {
        return Err(invalid("too many references"));
    }
    let (mut unverified, mut properties) = (Vec::new(), None);
    for node in nodes {
        let uri = tree.attribute(node, "URI").ok_or_else(|| invalid("a reference without URI"))?;
        match uri.strip_prefix('#') {
            Some(id) => {
                let target = check_inside(document, node, id)?;
                if tree.is(target, XADES_NS, "SignedProperties") {
                    properties = Some(target);
                }
            }
            None => unverified.extend(check_data(document, node, uri, question)?),
        }
    }
    let properties = properties.ok_or_else(|| invalid("the signed properties are not signed"))?;
    check_binding(document, properties, certificate)?;
    Ok(unverified)
}

fn check_value(document: &SignatureDocument<'_>, certificate: &Certificate) -> Result<(), Flaw> {
    let tree = &document.tree;
    let method = tree.only(document.signed_info, DS_NS, "SignatureMethod").map_err(structure)?;
    let method = tree.attribute(method, "Algorithm").unwrap_or_default();
    let scheme = scheme(method).ok_or_else(|| invalid(format_args!("signature method {method} is not accepted")))?;
    let canonicalization = tree.only(document.signed_info, DS_NS, "CanonicalizationMethod").map_err(structure)?;
    let (method, prefixes) = canonical_method(tree, canonicalization).map_err(unreadable)?;
    let message = tree.canonical(document.signed_info, method, &prefixes).map_err(unreadable)?;
    if certificate.key().verifies(scheme, &message, &document.value) {
        Ok(())
    } else {
        Err(invalid("the value is not the key's over the signed information"))
    }
}

/// A reference to a part of the same document. Only parts of this signature count, and never one that the signature
/// stands in: somebody could be shown another element than the one that was digested.
fn check_inside(document: &SignatureDocument<'_>, node: NodeId, id: &str) -> Result<NodeId, Flaw> {
    let tree = &document.tree;
    let target = tree.by_id(id).ok_or_else(|| invalid(format_args!("there is no element {id}")))?;
    if target == document.signature || !tree.is_within(target, document.signature) {
        return Err(invalid(format_args!("{id} is not a part of the signature")));
    }
    let transforms = match tree.at_most_one(node, DS_NS, "Transforms").map_err(unreadable)? {
        Some(list) => tree.elements(list),
        None => Vec::new(),
    };
    let (method, prefixes) = match transforms[..] {
        [] => (C14N10, Vec::new()),
        [one] => canonical_method(tree, one).map_err(unreadable)?,
        _ => return Err(invalid("more transforms than one")),
    };
    let bytes = tree.canonical(target, method, &prefixes).map_err(unreadable)?;
    let (algorithm, value) = document.digest(node)?;
    let digest = digest_method(&algorithm).ok_or_else(|| invalid("a digest method that is not accepted"))?;
    if digest.of(&bytes) == value { Ok(target) } else { Err(invalid(format_args!("#{id} was changed"))) }
}

/// A reference to data beside the signature, as it stands: no transforms. Returns the name if its digest was believed.
fn check_data(
    document: &SignatureDocument<'_>,
    node: NodeId,
    uri: &str,
    question: &Question<'_>,
) -> Result<Option<String>, Flaw> {
    if !document.tree.children(node, DS_NS, "Transforms").is_empty() {
        return Err(invalid(format_args!("{uri} is transformed")));
    }
    let (algorithm, value) = document.digest(node)?;
    let digest = digest_method(&algorithm).ok_or_else(|| invalid("a digest method that is not accepted"))?;
    let input = question.inputs.iter().find(|(name, _)| name == uri).map(|(_, input)| input.clone());
    let found = match input.or_else(|| (question.documents)(uri).map(Input::Data)) {
        Some(Input::Data(data)) => digest.of(&data),
        Some(Input::Digest(known)) => known,
        Some(Input::Absent) => return Ok(Some(uri.to_owned())),
        None if question.missing == Missing::Reported && uri.starts_with("/attachment") => {
            return Ok(Some(uri.to_owned()));
        }
        None => return Err(invalid(format_args!("{uri} is not there"))),
    };
    if found == value { Ok(None) } else { Err(invalid(format_args!("{uri} was changed"))) }
}

/// The signed properties name the certificate by its digest (XAdES §7.2.2; EN 319 132-1 §5.2.2).
fn check_binding(document: &SignatureDocument<'_>, properties: NodeId, certificate: &Certificate) -> Result<(), Flaw> {
    let tree = &document.tree;
    let named = ["SigningCertificate", "SigningCertificateV2"]
        .iter()
        .find_map(|name| tree.below(properties, XADES_NS, name).into_iter().next());
    let named = named.ok_or_else(|| invalid("the signed properties name no certificate"))?;
    let first = tree.below(named, XADES_NS, "CertDigest").into_iter().next();
    let stated = first.ok_or_else(|| invalid("the signed properties name no certificate"))?;
    let (method, value) = document.digest(stated)?;
    let digest = digest_method(&method).ok_or_else(|| invalid("a digest method that is not accepted"))?;
    if certificate.digest(digest) == value { Ok(()) } else { Err(invalid("another certificate was signed for")) }
}

/// Step 8: those manifests of a time-stamp's root manifest that are in the document refer to what is there, unchanged.
pub(super) fn check_manifests(document: &SignatureDocument<'_>) -> Result<(), Flaw> {
    let tree = &document.tree;
    let Some(root) = tree.by_id(ROOT_MANIFEST) else { return Ok(()) };
    for listed in tree.children(root, DS_NS, "Reference") {
        let id = tree.attribute(listed, "URI").unwrap_or_default().trim_start_matches('#');
        let Some(manifest) = tree.by_id(id) else { continue };
        for reference in tree.children(manifest, DS_NS, "Reference") {
            let id = tree.attribute(reference, "URI").unwrap_or_default().trim_start_matches('#');
            check_inside(document, reference, id).map_err(|flaw| Flaw::new(FlawKind::InvalidReference, flaw.why))?;
        }
    }
    Ok(())
}
