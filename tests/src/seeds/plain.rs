//! Seeds of the formats that stand for themselves: certificates, statuses, time-stamps, tokens, documents, plain XML.

use super::{
    Seeds,
    pki::{Pki, noon},
};
use base::Signer;
use formats::{
    asice::{Container, DataFile},
    jose,
    ocsp::{self, CertId, CertStatus, OcspRequest},
    tsp::{self, TimeStampRequest},
    verify::{Digest, sha256},
    x509::to_pem,
    xades::{SignedFile, ToBeSigned},
};
use serde_json::json;

pub(super) fn add(seeds: &mut Seeds, pki: &Pki) {
    xml(seeds);
    for certificate in pki.every() {
        seeds.add("x509", certificate.serial_hex(), certificate.der());
    }
    seeds.add("x509", "pem", to_pem(&[pki.root.clone(), pki.member.clone()]).into_bytes());
    ocsp_and_tsp(seeds, pki);
    let header = json!({ "typ": "JWT", "kid": "k" }).as_object().cloned().expect("an object");
    let token = jose::sign(header, br#"{"sub":"AYTEN01","aud":["one"],"exp":1795435200}"#, &pki.member_key);
    seeds.add("jose", "token", token.expect("signed").into_bytes());
    documents(seeds, pki);
}

fn xml(seeds: &mut Seeds) {
    for (name, text) in [
        (
            "namespaces",
            "<?xml version=\"1.0\"?>\n<a xmlns='urn:1' xmlns:p='urn:2' p:x='1' y=\"2\"><p:b xmlns=''><c/></p:b></a>",
        ),
        ("text", "<a b='&lt;&#10;&quot;\n\t'>x &amp; &#xD;<![CDATA[<y>]]]]><!-- c --><?pi d?>z\r\n</a>"),
        (
            "shadowed",
            "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:2' p:c='1'/><p:b xml:lang='az' xml:space='preserve'> </p:b></p:a>",
        ),
        ("mark", "\u{feff}<ə ş='ö'>ğ</ə>"),
    ] {
        seeds.add("xml_trees", name, text);
    }
}

fn ocsp_and_tsp(seeds: &mut Seeds, pki: &Pki) {
    let revoked = CertStatus::Revoked { at: noon(), reason: Some(6) };
    for (name, status) in [("good", CertStatus::Good), ("revoked", revoked), ("unknown", CertStatus::Unknown)] {
        seeds.add("ocsp", name, pki.status(&pki.member, status));
    }
    let certificates = vec![CertId::of(&pki.member, &pki.root, Digest::Sha256)];
    seeds.add("ocsp", "request", OcspRequest { certificates, nonce: Some(vec![9; 16]) }.to_der());
    seeds.add("ocsp", "later", ocsp::error_response(ocsp::ErrorStatus::TryLater));
    let token = pki.token(b"<m/>", Digest::Sha512);
    seeds.add("tsp", "request", TimeStampRequest::over(b"<m/>", [5; 16]).to_der());
    seeds.add("tsp", "token", token.der());
    seeds.add("tsp", "response", tsp::response(&token));
    seeds.add("tsp", "refusal", tsp::refusal(tsp::FailureInfo::BadAlg));
    seeds.add("ber", "token", token.der());
    // The outermost length left open, as programs write it that stream.
    let (header, content) = token.der().split_at(4);
    assert_eq!(header[..2], [0x30, 0x82], "a token is a sequence above 255 bytes");
    seeds.add("ber", "open", [&[0x30, 0x80], content, &[0, 0]].concat());
    seeds.add("ber", "pieces", [0x24, 0x80, 0x04, 1, b'a', 0x24, 0x80, 0x04, 1, b'b', 0, 0, 0, 0]);
}

/// Signed documents of people.
fn documents(seeds: &mut Seeds, pki: &Pki) {
    let files = [("ərizə.txt", "text/plain", &b"salam"[..]), ("plan/a.csv", "text/csv", b"1;2\n")];
    let files = files.map(|(name, kind, bytes)| DataFile {
        name: name.to_owned(),
        media_type: kind.to_owned(),
        bytes: bytes.to_vec(),
    });
    let signed = |role: Option<&str>| {
        let list = files.iter().map(|file| SignedFile {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            sha256: sha256(&file.bytes),
        });
        let wanted = ToBeSigned::new(0, list.collect(), &pki.person, noon(), role.map(str::to_owned));
        let value = pki.person_key.sign(&wanted.message()).expect("signed");
        let value = wanted.with_value(&value).expect("verified");
        let token = pki.token(&value.time_stamp_input(), Digest::Sha256);
        value.complete(token.der(), &pki.status(&pki.person, CertStatus::Good), &[&pki.root])
    };
    let document = signed(None);
    seeds.add("xades", "signed", document.clone());
    seeds.add("xades", "role", signed(Some("Direktor")));
    // The same signature standing alone, as other programs write it.
    let start = document.find("<ds:Signature ").expect("a signature");
    let end = document.find("</asic:XAdESSignatures>").expect("an end");
    let namespaces = document[..start].trim_start_matches("<asic:XAdESSignatures").trim_end_matches('>').to_owned();
    let bare = document[start..end].replacen("<ds:Signature ", &format!("<ds:Signature{namespaces} "), 1);
    seeds.add("xades", "bare", bare);
    let container = Container::write(&files, &[document.into_bytes()]).expect("written");
    seeds.add("asice", "signed", container);
    seeds.add("asice", "unsigned", Container::write(&files, &[]).expect("written"));
}
