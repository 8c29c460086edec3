//! What we write, judged by xmlsec1 and read back; forms that are refused.

use super::*;
use crate::{
    testkey::TestKey,
    testpki::{Folder, TestPki, common_name, noon, peer, template},
    verify::sha256,
    x509::{Certificate, Profile},
};
use base::Signer;

fn signed(key: &TestKey, certificate: &Certificate) -> String {
    let files = vec![
        SignedFile { name: "ərizə 1.pdf".into(), media_type: "application/pdf".into(), sha256: sha256(b"salam") },
        SignedFile { name: "plan/çertyoj.dwg".into(), media_type: "image/vnd.dwg".into(), sha256: sha256(b"plan") },
    ];
    let wanted = ToBeSigned::new(0, files, certificate, noon(), Some("\"Xəzər Tikinti\" MMC & <direktor>".into()));
    let kept = serde_json::to_string(&wanted).expect("JSON");
    let wanted: ToBeSigned = serde_json::from_str(&kept).expect("the same");
    let value = key.sign_digest(&wanted.digest()).expect("signed");
    let value = wanted.with_value(&value).expect("verified");
    value.complete(b"no token", b"no response", &[certificate])
}

fn scene() -> (TestKey, Certificate, String) {
    let key = TestKey::generate();
    let certificate = TestPki::new().issue(Profile::PersonSigning, "Aytən Məmmədova", &key);
    let document = signed(&key, &certificate);
    (key, certificate, document)
}

fn read_one(document: &str) -> Result<ReadSignature, XadesError> {
    read_signatures(document.as_bytes())?.into_iter().next().expect("a signature")
}

#[test]
fn xmlsec1_verifies_it_and_notices_changes() {
    let (_, certificate, document) = scene();
    let folder = Folder::new();
    let leaf = folder.put_pem("leaf.pem", std::slice::from_ref(&certificate));
    std::fs::create_dir(folder.path("plan")).expect("a directory");
    let verify = |document: &str| {
        let signatures = folder.put("signatures.xml", document.as_bytes());
        let shell = format!(
            "cd '{}' && xmlsec1 --verify --id-attr:Id {XADES_NS}:SignedProperties --pubkey-cert-pem '{leaf}' '{signatures}'",
            folder.path("")
        );
        peer("sh", &["-c", &shell])
    };
    folder.put("ərizə 1.pdf", b"salam");
    folder.put("plan/çertyoj.dwg", b"plan");
    let (ok, printed) = verify(&document);
    assert!(ok && printed.contains("OK"), "{printed}");
    let (ok, _) = verify(&document.replace("2026-11-23T12:00:00Z", "2026-11-22T12:00:00Z"));
    assert!(!ok, "signed properties");
    let (ok, _) = verify(&document.replace("direktor", "mühasib"));
    assert!(!ok, "role");
    folder.put("plan/çertyoj.dwg", b"another plan");
    let (ok, _) = verify(&document);
    assert!(!ok, "file");
}

#[test]
fn what_was_written_is_read() {
    let (_, certificate, document) = scene();
    let read = read_one(&document).expect("a signature");
    assert_eq!(read.certificate, certificate);
    assert_eq!(read.signing_time, Some(noon()));
    assert_eq!(read.roles, ["\"Xəzər Tikinti\" MMC & <direktor>"]);
    let names: Vec<&str> = read.references.iter().map(|reference| reference.name.as_str()).collect();
    assert_eq!(names, ["ərizə 1.pdf", "plan/çertyoj.dwg"]);
    assert_eq!(read.references[0].value, sha256(b"salam"));
    assert_eq!(read.ocsp_responses, [b"no response".to_vec()]);
    assert_eq!(read.time_stamps[0].token, b"no token");
    assert!(read.time_stamps[0].message.starts_with(b"<ds:SignatureValue xmlns:asic="));
}

#[test]
fn other_writings_of_the_same_signature_are_the_same() {
    let (_, certificate, document) = scene();
    let other = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made elsewhere -->\n{document}\n")
        .replace("></ds:CanonicalizationMethod>", " />")
        .replace("<ds:KeyInfo>", "<ds:KeyInfo>\n  ")
        .replace(
            "Type=\"http://uri.etsi.org/01903#SignedProperties\" URI=\"#S0-P\"",
            "URI='#S0-P'\n Type='http://uri.etsi.org/01903#SignedProperties'",
        );
    assert_ne!(other, document);
    assert_eq!(read_one(&other).expect("a signature").certificate, certificate);
}

/// In the manner of another implementation: prefixes of its own, exclusive canonicalization, white space, the older form of
/// the signing certificate, several certificates in the key information. xmlsec1 fills in digests and value.
const ELSEWHERE: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<a:XAdESSignatures xmlns:a="http://uri.etsi.org/02918/v1.2.1#">
  <Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="other-1">
    <SignedInfo>
      <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
      <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
      <Reference URI="d.txt"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><DigestValue/></Reference>
      <Reference URI="#props" Type="http://uri.etsi.org/01903#SignedProperties">
        <Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>
        <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/>
      </Reference>
    </SignedInfo>
    <SignatureValue Id="other-1-value"/>
    <KeyInfo><X509Data><X509Certificate>
CERTIFICATE
    </X509Certificate></X509Data></KeyInfo>
    <Object><x:QualifyingProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Target="#other-1">
      <x:SignedProperties Id="props"><!-- kept -->
        <x:SignedSignatureProperties>
          <x:SigningTime>2026-11-23T16:00:00.5+04:00</x:SigningTime>
          <x:SigningCertificate><x:Cert><x:CertDigest>
            <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>DIGEST</DigestValue>
          </x:CertDigest></x:Cert></x:SigningCertificate>
        </x:SignedSignatureProperties>
      </x:SignedProperties>
    </x:QualifyingProperties></Object>
  </Signature>
</a:XAdESSignatures>
"##;

#[test]
fn a_signature_that_xmlsec1_made_is_read() {
    let folder = Folder::new();
    let (key, public) = (folder.path("key.pem"), folder.path("public.der"));
    let (ok, printed) =
        peer("openssl", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &key]);
    assert!(ok, "{printed}");
    let (ok, printed) = peer("openssl", &["pkey", "-in", &key, "-pubout", "-outform", "DER", "-out", &public]);
    assert!(ok, "{printed}");
    let mut wanted = template(Profile::PersonSigning, common_name("Kənar imza"), &TestKey::generate());
    wanted.public_key_der = std::fs::read(&public).expect("a key");
    let certificate = TestPki::new().sign(&wanted);
    let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let unsigned = ELSEWHERE
        .replace("CERTIFICATE", &encode(certificate.der()))
        .replace("DIGEST", &encode(&sha256(certificate.der())));
    folder.put("d.txt", b"salam");
    folder.put("unsigned.xml", unsigned.as_bytes());
    let shell = format!(
        "cd '{}' && xmlsec1 --sign --id-attr:Id {XADES_NS}:SignedProperties --privkey-pem key.pem --output signed.xml unsigned.xml",
        folder.path("")
    );
    let (ok, printed) = peer("sh", &["-c", &shell]);
    assert!(ok, "{printed}");
    let signed = std::fs::read_to_string(folder.path("signed.xml")).expect("signed");
    let read = read_one(&signed).expect("a signature");
    assert_eq!(read.certificate, certificate);
    assert_eq!(read.references[0].value, crate::verify::Digest::Sha512.of(b"salam"));
    assert_eq!(read.signing_time.map(|at| at.as_second()), Some(noon().as_second()));
    // A comment in the signed part is not signed (XML-DSig §4.4.3.3); a letter is.
    assert!(read_one(&signed.replace("<!-- kept -->", "<!-- other -->")).is_ok());
    assert_eq!(
        read_one(&signed.replace("16:00:00.5", "16:00:00.6")).expect_err("refused"),
        XadesError::PropertiesDigest
    );
    let transformed = signed.replace("<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>", "<Transforms><Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/></Transforms><DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>");
    assert_ne!(transformed, signed);
    assert!(read_one(&transformed).is_err());
}

#[test]
fn every_signed_part_is_guarded() {
    let (key, certificate, document) = scene();
    let other = scene().1;
    let encode = |bytes: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    for (from, to, error) in [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:01Z", XadesError::PropertiesDigest),
        ("application/pdf", "application/pdx", XadesError::PropertiesDigest),
        ("URI=\"plan/", "URI=\"plan2/", XadesError::Value),
        ("ecdsa-sha256", "ecdsa-sha512", XadesError::Value),
        ("ecdsa-sha256", "ecdsa-sha1", XadesError::Algorithm),
        ("xmlenc#sha256\"></ds:DigestMethod>", "sha1\"></ds:DigestMethod>", XadesError::Value),
        ("Target=\"#S0\"", "Target=\"#S1\"", XadesError::Structure),
        ("<ds:KeyInfo>", "<ds:KeyInfo Id=\"S0-P\">", XadesError::Structure),
        ("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo></ds:SignedInfo>", XadesError::Structure),
        ("<ds:SignatureValue", "<!DOCTYPE x><ds:SignatureValue", XadesError::Malformed),
        (&encode(certificate.der()), &encode(other.der()), XadesError::Value),
    ] {
        let changed = document.replace(from, to);
        assert_ne!(changed, document, "{from}");
        assert_eq!(read_one(&changed).expect_err("refused"), error, "{from} -> {to}");
    }
    // The same key in another certificate: the value verifies, the binding does not.
    let twin = TestPki::new().issue(Profile::PersonSigning, "Başqası", &key);
    let changed = document.replace(&encode(certificate.der()), &encode(twin.der()));
    assert_eq!(read_one(&changed).expect_err("refused"), XadesError::OtherCertificate);
}

#[test]
fn no_flipped_bit_makes_another_signature() {
    let (_, _, document) = scene();
    let good = read_one(&document).expect("a signature");
    for at in (0..document.len()).step_by(3) {
        let mut changed = document.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(read) = read_signatures(&changed) else { continue };
        for read in read.into_iter().flatten() {
            // Evidence may be another (it proves itself or does not); what was signed may not.
            let signed = (&read.references, &read.certificate, read.signing_time, &read.roles);
            assert_eq!(signed, (&good.references, &good.certificate, good.signing_time, &good.roles), "byte {at}");
        }
    }
}

#[test]
fn a_value_of_another_key_is_not_taken() {
    let (_, certificate, _) = scene();
    let file = SignedFile { name: "a.pdf".into(), media_type: "application/pdf".into(), sha256: [0; 32] };
    let wanted = ToBeSigned::new(0, vec![file], &certificate, noon(), None);
    let value = TestKey::generate().sign(&wanted.message()).expect("signed");
    assert_eq!(wanted.clone().with_value(&value), Err(XadesError::Value));
    assert_eq!(wanted.with_value(b""), Err(XadesError::Value));
}

#[test]
fn what_is_no_signature_document_is_refused() {
    let deep = "<a>".repeat(200) + &"</a>".repeat(200);
    let large = format!("<a>{}</a>", "x".repeat(XML_SIZE_BYTES_MAX));
    // Compared with each other these would take minutes.
    let flood = format!("<a{}/>", (0..200_000).map(|number| format!(" b{number}=''")).collect::<String>());
    let empty = format!("<asic:XAdESSignatures xmlns:asic=\"{ASIC_NS}\"/>");
    for (document, error) in [
        ("", XadesError::Malformed),
        ("<a>", XadesError::Malformed),
        (&deep, XadesError::Malformed),
        (&large, XadesError::Malformed),
        (&flood, XadesError::Malformed),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XadesError::Malformed),
        ("<a/>", XadesError::Structure),
        (&empty, XadesError::Structure),
    ] {
        assert_eq!(read_signatures(document.as_bytes()).map(|_| ()), Err(error), "{document:.40}");
    }
    assert_eq!(read_signatures(&[0xff]).map(|_| ()), Err(XadesError::Malformed));
}
