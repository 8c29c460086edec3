//! Signature documents made here, whole and bent: what the general judge takes and what it refuses.

use super::{Conformance, Missing, Question, SignatureDocument};
use crate::{
    hashchain::{self, Chain, Input, data_chain},
    message::{CHAIN_NAME, Covered, MESSAGE_NAME, SigningCertificate, sign},
    testkey::TestKey,
    testpki::{TestPki, noon},
    x509::Profile,
};

struct Signer {
    pki: TestPki,
    key: TestKey,
    profile: Profile,
}

impl Signer {
    fn new(profile: Profile) -> Self {
        Signer { pki: TestPki::new(), key: TestKey::generate(), profile }
    }

    fn sign(&self, covered: Covered<'_>) -> String {
        let certificate = self.pki.issue(self.profile, "signer", &self.key);
        let certificate = SigningCertificate {
            der: certificate.der().to_vec(),
            issuer: certificate.issuer().rfc4514(),
            serial: certificate.serial_decimal(),
            intermediates: vec![self.pki.issuing.der().to_vec()],
            ocsp: vec![b"a response".to_vec()],
        };
        String::from_utf8(sign(covered, &certificate, &self.key, noon()).expect("signed")).expect("text")
    }
}

fn inputs(list: &[(&str, &[u8])]) -> Vec<(String, Input)> {
    list.iter().map(|(name, data)| ((*name).to_owned(), Input::Data(data.to_vec()))).collect()
}

/// The names that were not at hand, or the code.
fn judge(
    document: &str,
    conformance: Conformance,
    inputs: &[(String, Input)],
    chain: Option<&Chain>,
    missing: Missing,
) -> Result<Vec<String>, &'static str> {
    let read = SignatureDocument::read(document.as_bytes(), conformance).map_err(|flaw| flaw.code())?;
    let documents = |name: &str| match name {
        super::CHAIN_RESULT => chain.map(|chain| chain.result.clone()),
        super::CHAIN => chain.map(|chain| chain.chain.clone()),
        _ => None,
    };
    let question = Question { inputs, documents: &documents, missing, identity: None };
    read.judge(&question).map(|proof| proof.unverified).map_err(|flaw| flaw.code())
}

#[test]
fn the_documents_that_we_write_are_valid_by_the_schema() {
    let signer = Signer::new(Profile::MemberSigning);
    let document = signer.sign(Covered::Message(b"<m/>"));
    let message = inputs(&[(MESSAGE_NAME, b"<m/>")]);
    for conformance in [Conformance::Schema, Conformance::Structure] {
        assert_eq!(judge(&document, conformance, &message, None, Missing::Refused), Ok(vec![]));
        assert_eq!(
            judge(&document, conformance, &inputs(&[(MESSAGE_NAME, b"<n/>")]), None, Missing::Refused),
            Err("invalid_signature_value")
        );
        assert_eq!(judge(&document, conformance, &[], None, Missing::Refused), Err("invalid_signature_value"));
    }
    let marked = format!("\u{feff}{document}");
    assert_eq!(judge(&marked, Conformance::Schema, &message, None, Missing::Refused), Ok(vec![]));
}

#[test]
fn a_document_that_is_bent_is_refused_by_its_code() {
    let document = Signer::new(Profile::MemberSigning).sign(Covered::Message(b"<m/>"));
    let check = |from: &str, to: &str, conformance, code: Option<&'static str>| {
        let bent = document.replacen(from, to, 1);
        assert_ne!(bent, document, "{from}");
        let found = judge(&bent, conformance, &inputs(&[(MESSAGE_NAME, b"<m/>")]), None, Missing::Refused);
        assert_eq!(found.err(), code, "{from} -> {to}, {conformance:?}");
    };
    use Conformance::{Schema, Structure};
    let (signature, malformed, invalid) =
        ("</ds:Signature>", Some("malformed_signature"), Some("invalid_signature_value"));
    check(signature, "</ds:Signature", Structure, Some("invalid_xml"));
    check(signature, "</ds:Signature><ds:Signature></ds:Signature>", Structure, malformed);
    check("<ds:Object>", "<ds:Object Id=\"signed-properties\">", Structure, malformed);
    check("<ds:SignedInfo>", "<ds:SignedInformation>", Structure, Some("invalid_xml"));
    check("c14n-20010315", "c14n-unheard-of", Structure, invalid);
    check("<xades:MimeType>text/xml", "<xades:MimeType>text/html", Structure, invalid);
    check("Id=\"signature-reference-0\"", "Id=\"signature-reference-2\"", Structure, invalid);
    check("xmldsig-more#ecdsa-sha256", "xmldsig-more#ecdsa-sha1", Structure, invalid);
    check("#signed-properties", "#signature", Structure, invalid);
    check("#signed-properties", "#nowhere", Structure, invalid);
    check("<ds:X509Data>", "<ds:X509Data><ds:KeyName>x</ds:KeyName>", Schema, malformed);
    check("<ds:X509Data>", "<ds:X509Data><ds:KeyName>x</ds:KeyName>", Structure, None);
    // What nobody signed may hold more than the schema knows, but not where the schema counts.
    let (from, to) = ("<xades:RevocationValues>", "<xades:Later></xades:Later><xades:RevocationValues>");
    check(from, to, Schema, malformed);
    check(from, to, Structure, None);
    check(
        "xades:EncapsulatedOCSPValue Id=\"ocsp-response-1\">",
        "xades:EncapsulatedOCSPValue Id=\"x\">?",
        Schema,
        malformed,
    );
    check(
        "<xades:CertificateValues>",
        "<xades:CompleteCertificateRefs><xades:CertRefs><xades:Cert URI=\"#nowhere\"></xades:Cert></xades:CertRefs>\
         </xades:CompleteCertificateRefs><xades:CertificateValues>",
        Structure,
        malformed,
    );
}

#[test]
fn another_value_is_not_the_key_s() {
    let signer = Signer::new(Profile::MemberSigning);
    let (one, other) = (signer.sign(Covered::Message(b"<m/>")), signer.sign(Covered::Message(b"<n/>")));
    let value = |document: &str| {
        let start = document.find("<ds:SignatureValue").expect("a value");
        start..document.find("</ds:SignatureValue>").expect("an end")
    };
    let swapped = one.replacen(&one[value(&one)], &other[value(&other)], 1);
    let message = inputs(&[(MESSAGE_NAME, b"<m/>")]);
    let found = judge(&swapped, Conformance::Schema, &message, None, Missing::Refused);
    assert_eq!(found, Err("invalid_signature_value"));
}

#[test]
fn another_certificate_of_the_same_key_was_not_signed_for() {
    let signer = Signer::new(Profile::MemberSigning);
    let document = signer.sign(Covered::Message(b"<m/>"));
    let encoded = |der: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let other = encoded(signer.pki.issue(Profile::MemberSigning, "somebody else", &signer.key).der());
    let start = document.find("<ds:X509Certificate>").expect("a certificate");
    let end = document.find("</ds:X509Certificate>").expect("an end");
    let swapped = format!("{}<ds:X509Certificate>{other}{}", &document[..start], &document[end..]);
    let message = inputs(&[(MESSAGE_NAME, b"<m/>")]);
    let found = judge(&swapped, Conformance::Schema, &message, None, Missing::Refused);
    assert_eq!(found, Err("invalid_signature_value"));
}

#[test]
fn a_certificate_that_is_not_for_signing_signs_nothing() {
    let document = Signer::new(Profile::MemberAuthentication).sign(Covered::Message(b"<m/>"));
    let message = inputs(&[(MESSAGE_NAME, b"<m/>")]);
    let found = judge(&document, Conformance::Schema, &message, None, Missing::Refused);
    assert_eq!(found, Err("malformed_signature"));
}

#[test]
fn a_chain_covers_the_parts_and_reports_what_is_not_there() {
    let parts = [(MESSAGE_NAME, &b"<m/>"[..]), ("/attachment1", b"a"), ("/attachment2", b"b")]
        .map(|(name, data)| (name.to_owned(), hashchain::Digest::sha512(data)));
    let chain = data_chain(CHAIN_NAME, &parts);
    let document = Signer::new(Profile::MemberSigning).sign(Covered::ChainResult(&chain.result));
    let check =
        |list: &[(&str, &[u8])], chain: Option<&Chain>, missing, expected: Result<Vec<String>, &'static str>| {
            assert_eq!(judge(&document, Conformance::Schema, &inputs(list), chain, missing), expected);
        };
    let (all, some) = (
        [(MESSAGE_NAME, &b"<m/>"[..]), ("/attachment1", b"a"), ("/attachment2", b"b")],
        [(MESSAGE_NAME, &b"<m/>"[..]), ("/attachment1", b"a")],
    );
    check(&all, Some(&chain), Missing::Refused, Ok(vec![]));
    check(&some, Some(&chain), Missing::Reported, Ok(vec!["/attachment2".to_owned()]));
    check(&some, Some(&chain), Missing::Refused, Err("malformed_signature.invalid_reference"));
    check(&all, None, Missing::Reported, Err("malformed_signature.invalid_reference"));
    let other = data_chain(CHAIN_NAME, &parts[..1]);
    check(&all[..1], Some(&other), Missing::Refused, Err("invalid_signature_value"));
    check(&all, Some(&other), Missing::Refused, Err("malformed_signature.hashchain_unused_inputs"));
}
