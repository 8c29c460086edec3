//! Seeds of the exchange: messages, signatures, containers, chains, configurations, requests to the central server.

use super::{
    Seeds,
    pki::{Pki, noon},
};
use base::Signer;
use exchange::management::{self, Asked, ManagementRequest};
use formats::{
    asice::MIME,
    globalconf::{self, Anchor, Directory, DirectoryPart, PrivateParameters, SharedParameters, Source},
    hashchain::{self, Chain, DigestAlgorithm, data_chain, message_chains},
    identifier::{ClientId, ServerId, ServiceId},
    message::{self, Attachment, CHAIN_NAME, Covered, MESSAGE_NAME, Outgoing, Payload, attachment_name, sign},
    mime::{write_end, write_part},
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
    verify::Digest,
};
use serde_json::json;
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const REQUEST: &[u8] = b"POST\r\n/r1/AZ/GOV/2/book/page/a%20b?x=1\r\nX-Road-Client:AZ/GOV/1/desk\r\nX-Road-Id:m-1\r\n\
    X-Road-Security-Server:AZ/GOV/2/keeper\r\nContent-Type:application/json\r\n";
const RANDOM: &str = "0123456789abcdefghijklmnopqrst";

pub(super) fn add(seeds: &mut Seeds, pki: &Pki) {
    let question = question();
    messages(seeds, &question);
    transport(seeds, pki, &question);
    signatures(seeds, pki);
    containers(seeds, pki);
    chains(seeds);
    configuration(seeds, pki);
    management_requests(seeds, pki);
    texts(seeds);
}

fn client(text: &str) -> ClientId {
    ClientId::parse(text).expect("a client")
}

fn question() -> Vec<u8> {
    let head = soap::RequestHead {
        client: &client("AZ/GOV/1/desk"),
        service: &ServiceId::parse("AZ/GOV/2/book/page/v1").expect("a service"),
        id: "m-1",
        user_id: Some("PIN:AYTEN01"),
        issue: Some("1.1-2026-7"),
        purpose: Some("unemployment-allowance"),
    };
    soap::request(&head, &json!({ "pin": "AYTEN01", "n": 3, "yes": true, "rows": [{ "a": "Ə & <ö>" }, { "a": null }] }))
}

fn messages(seeds: &mut Seeds, question: &[u8]) {
    seeds.add("soap", "question", question);
    let text = String::from_utf8(question.to_vec()).expect("text");
    let Ok(Parsed::Message(message)) = soap::read(question.to_vec()) else { panic!("our question is a message") };
    let answer = soap::respond(&message, &json!({ "pages": [1, 2], "known": false }));
    let Ok(Parsed::Message(answered)) = soap::read(answer) else { panic!("our answer is a message") };
    let hash = soap::RequestHash { algorithm: "http://www.w3.org/2001/04/xmlenc#sha512".into(), value: "eA==".into() };
    seeds.add("soap", "answer", soap::with_request_hash(&answered, &hash));
    let represented = "<r:representedParty xmlns:r=\"http://x-road.eu/xsd/representation.xsd\"><r:partyClass>COM</r:partyClass>\
        <r:partyCode>7</r:partyCode></r:representedParty></SOAP-ENV:Header>";
    seeds.add("soap", "represented", text.replace("</SOAP-ENV:Header>", represented));
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    seeds.add("soap", "utf-16le", [&[0], &wide[..]].concat());
    let narrow: Vec<u8> = text.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')).collect();
    seeds.add("soap", "latin1", [&[1], &narrow[..]].concat());
    let fault = soap::Fault {
        code: "server.serverproxy.access_denied".into(),
        string: "no <right>".into(),
        actor: Some("x".into()),
        detail: Some("f-1".into()),
        received: None,
    };
    seeds.add("soap", "fault", fault.to_bytes());
    seeds.add("rest_header", "request", REQUEST);
    let head = RequestHead::decode(REQUEST).expect("a head");
    let headers = [("Content-Type".to_owned(), "text/plain".to_owned()), ("X-Many".to_owned(), "a,b".to_owned())];
    seeds.add("rest_header", "answer", ResponseHead::from_http(200, "OK", headers, &head, "hash").encode());
}

fn transport(seeds: &mut Seeds, pki: &Pki, question: &[u8]) {
    let soap = Payload::Soap { content_type: "text/xml; charset=UTF-8".into(), bytes: question.to_vec() };
    let rest = Payload::RestRequest(REQUEST.to_vec());
    let attachment = |number: u8| Attachment {
        headers: vec![("Content-ID".into(), format!("<{number}>")), ("Content-Type".into(), "text/plain".into())],
        body: vec![b'a' + number; 40],
    };
    let (attachments, ocsp) =
        ([attachment(1), attachment(2)], [pki.status(&pki.member, formats::ocsp::CertStatus::Good)]);
    let chain = Chain { result: b"<result/>".to_vec(), chain: b"<chain/>".to_vec() };
    let plain =
        Outgoing { ocsp: &ocsp, payload: &soap, attachments: &[], rest_body: None, chain: None, signature: b"s" };
    let attached = Outgoing { attachments: &attachments, chain: Some(&chain), ..plain };
    let rest = Outgoing { payload: &rest, rest_body: Some(b"{\"pin\":1}\r\n--x"), chain: Some(&chain), ..plain };
    for (name, outgoing) in [("soap", plain), ("attached", attached), ("rest", rest)] {
        let encoded = message::encode(&outgoing, RANDOM);
        seeds.add("message", name, [encoded.content_type.as_bytes(), b"\n", &encoded.body].concat());
        seeds.add("mime", name, [format!("xtop{RANDOM}").as_bytes(), b"\n", &encoded.body].concat());
    }
    let fault =
        soap::Fault { code: "c".into(), string: "s".into(), actor: None, detail: None, received: None }.to_bytes();
    seeds.add("message", "fault", [b"text/xml; charset=\"utf-8\"\n", &fault[..]].concat());
    let mut short = b"b\n".to_vec();
    write_part(&mut short, "b", &[("A", "1")], b"one");
    write_part(&mut short, "b", &[("A", "2"), ("B", "3")], b"--b\r\n--b is not ours");
    write_end(&mut short, "b");
    seeds.add("mime", "short", short);
}

fn signatures(seeds: &mut Seeds, pki: &Pki) {
    let certificate = pki.for_signing(&pki.member);
    let signed = sign(Covered::Message(b"<m/>"), &certificate, &pki.member_key, noon()).expect("signed");
    let text = String::from_utf8(signed.clone()).expect("text");
    seeds.add("message_signature", "ours", signed);
    // The same signature as another program might spell it.
    seeds.add("message_signature", "spelt", text.replacen("></ds:SignatureMethod>", "/>", 1));
    let token = pki.token(b"stamped", Digest::Sha512);
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, token.der());
    let stamp = format!(
        "<xades:UnsignedSignatureProperties><xades:SignatureTimeStamp><xades:EncapsulatedTimeStamp>{encoded}\
         </xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    );
    seeds.add("message_signature", "stamped", text.replacen("<xades:UnsignedSignatureProperties>", &stamp, 1));
    let chain = data_chain(CHAIN_NAME, &[(MESSAGE_NAME.to_owned(), hashchain::Digest::sha512(b"<m/>"))]);
    let chained = sign(Covered::ChainResult(&chain.result), &certificate, &pki.member_key, noon()).expect("signed");
    seeds.add("message_signature", "chained", chained);
}

fn pack(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        out.start_file(*name, SimpleFileOptions::default().compression_method(method)).expect("started");
        out.write_all(content).expect("written");
    }
    out.finish().expect("packed").into_inner()
}

fn containers(seeds: &mut Seeds, pki: &Pki) {
    let parts = [(MESSAGE_NAME, REQUEST), ("/attachment1", b"body")]
        .map(|(name, data)| (name.to_owned(), hashchain::Digest::sha512(data)));
    let chain = data_chain(CHAIN_NAME, &parts);
    let certificate = pki.for_signing(&pki.member);
    let signature = sign(Covered::ChainResult(&chain.result), &certificate, &pki.member_key, noon()).expect("signed");
    let signed = [("/META-INF/signatures.xml".to_owned(), hashchain::Digest::sha512(&signature))];
    let stamped = data_chain("/ts-hashchain.xml", &signed);
    let token = pki.token(&stamped.result, Digest::Sha512).der().to_vec();
    let mut entries = vec![
        ("mimetype", MIME.as_bytes().to_vec()),
        ("message.xml", REQUEST.to_vec()),
        ("attachment1", b"body".to_vec()),
        ("META-INF/signatures.xml", signature),
        ("sig-hashchainresult.xml", chain.result),
        ("sig-hashchain.xml", chain.chain),
        ("ts-hashchainresult.xml", stamped.result),
        ("ts-hashchain.xml", stamped.chain),
        ("META-INF/timestamp.tst", token),
    ];
    // Unpacked too: what a fuzzer changes in it reaches the readers behind the archive's.
    seeds.add("message_container", "stored", pack(&entries, CompressionMethod::Stored));
    seeds.add("message_container", "deflated", pack(&entries, CompressionMethod::Deflated));
    let alone = sign(Covered::Message(REQUEST), &certificate, &pki.member_key, noon()).expect("signed");
    let read = message::read(&alone).expect("our signature is read");
    entries = vec![
        ("mimetype", MIME.as_bytes().to_vec()),
        ("message.xml", REQUEST.to_vec()),
        ("META-INF/timestamp.tst", pki.token(&read.value, Digest::Sha512).der().to_vec()),
        ("META-INF/signatures.xml", alone),
    ];
    seeds.add("message_container", "alone", pack(&entries, CompressionMethod::Stored));
    linking(seeds);
}

fn linking(seeds: &mut Seeds) {
    for previous in [None, Some("ab".repeat(64))] {
        let hex = |data: &[u8]| base::hex(&DigestAlgorithm::Sha512.digest(data));
        let mut last = previous.clone().unwrap_or_default();
        let mut info = match &previous {
            None => "- - SHA-512\n".to_owned(),
            Some(digest) => format!("{digest} before.zip SHA-512\n"),
        };
        for (name, content) in [("a.asice", b"a"), ("b.asice", b"b")] {
            last = hex(format!("{last}{}", hex(content)).as_bytes());
            info.push_str(&format!("{last} {name}\n"));
        }
        seeds.add("linking", if previous.is_some() { "second" } else { "first" }, info);
    }
}

fn chains(seeds: &mut Seeds) {
    let parts = [(MESSAGE_NAME.to_owned(), &b"<m/>"[..]), (attachment_name(1), b"one")]
        .map(|(name, data)| (name, hashchain::Digest::sha512(data)));
    let other = [(MESSAGE_NAME.to_owned(), hashchain::Digest::sha512(b"other"))];
    let mut chains = vec![("one", data_chain("/c.xml", &parts[..1])), ("two", data_chain("/c.xml", &parts))];
    let batch: [&[(String, hashchain::Digest)]; 5] = [&parts, &other, &other, &other, &other];
    chains.extend([("batch", message_chains("/c.xml", &batch).swap_remove(0))]);
    for (name, chain) in chains {
        seeds.add("hashchain", name, [&chain.result[..], &[0], &chain.chain].concat());
    }
    // A part that is made canonical before it is digested.
    let canonical = formats::xades::canonical_document("<s a='1'/>", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315");
    let digest = hashchain::Digest::sha512(&canonical.expect("canonical"));
    let chain = data_chain("/c.xml", &[("/META-INF/signatures.xml".to_owned(), digest)]);
    let text = String::from_utf8(chain.chain).expect("text");
    let transforms = "<ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\">\
        </ds:Transform></ds:Transforms><ds:DigestValue>";
    let text = text.replacen("<ds:DigestValue>", transforms, 1);
    seeds.add("hashchain", "transformed", [&chain.result[..], &[0], text.as_bytes()].concat());
}

fn configuration(seeds: &mut Seeds, pki: &Pki) {
    let shared = shared(pki);
    for version in [globalconf::VERSION_MIN, globalconf::VERSION] {
        seeds.add("globalconf", format!("shared-{version}"), shared.to_xml_of(version));
    }
    let anchor = Anchor {
        generated_at: Some(noon()),
        instance: "EE".into(),
        sources: vec![Source { url: "http://one.az/conf".into(), certificates: vec![b"der".to_vec()] }],
    };
    let management = globalconf::ManagementService {
        registration_address: Some("https://one.az:4001".into()),
        registration_certificate: Some(b"der".to_vec()),
        provider: client("AZ/GOV/9"),
    };
    let private = PrivateParameters {
        instance: "AZ".into(),
        anchors: vec![anchor.clone()],
        management: Some(management),
        time_stamping_interval_s: 60,
    };
    seeds.add("globalconf", "private", private.to_xml());
    seeds.add("globalconf", "anchor", globalconf::write_anchor(&anchor));
    let monitoring = globalconf::MonitoringParameters { client: Some(client("AZ/GOV/1/monitor")) };
    seeds.add("globalconf", "monitoring", monitoring.to_xml());
    let part = |identifier: &str, document: &[u8]| DirectoryPart {
        identifier: identifier.to_owned(),
        instance: Some("AZ".into()),
        location: "/V6/20261123/shared-params.xml".into(),
        file_name: Some("shared-params.xml".into()),
        algorithm: DigestAlgorithm::Sha512,
        digest: DigestAlgorithm::Sha512.digest(document),
    };
    let parts = vec![part(globalconf::SHARED_PARAMETERS, b"a"), part(globalconf::MONITORING, b"b")];
    let directory = Directory { expires: noon(), version: Some(6), parts };
    let signed = globalconf::write_signed(&directory, &pki.member_key, pki.member.der()).expect("signed");
    seeds.add("globalconf", "directory", signed);
}

fn shared(pki: &Pki) -> SharedParameters {
    let authority = globalconf::CertificateAuthority {
        certificate: pki.root.der().to_vec(),
        responders: vec![globalconf::OcspResponder {
            url: "http://one.az/ocsp".into(),
            certificate: Some(b"der".to_vec()),
            cost: Some("FREE".into()),
        }],
    };
    SharedParameters {
        instance: "AZ".into(),
        sources: vec![globalconf::ConfigurationSource {
            address: "one.az".into(),
            internal_certificates: vec![b"in".to_vec()],
            external_certificates: vec![b"out".to_vec()],
        }],
        approved_cas: vec![globalconf::ApprovedCa {
            name: "Mərkəz".into(),
            authentication_only: false,
            top: authority.clone(),
            intermediates: vec![authority],
            profile: "ee.ria.xroad.common.certificateprofile.impl.FiVRKCertificateProfileInfoProvider".into(),
        }],
        approved_tsas: vec![globalconf::ApprovedTsa {
            name: "Vaxt".into(),
            url: "http://one.az/tsa".into(),
            certificate: b"der".to_vec(),
            cost: Some("PAID".into()),
        }],
        members: vec![globalconf::Member {
            class: "GOV".into(),
            code: "1".into(),
            name: "Bir & <iki>".into(),
            subsystems: vec![globalconf::Subsystem { code: "desk".into(), name: Some("Masa".into()) }],
        }],
        servers: vec![globalconf::SecurityServer {
            id: ServerId::parse("AZ/GOV/1/one").expect("a server"),
            address: Some("one.az:5500".into()),
            authentication_hashes: vec![vec![7; 32]],
            clients: vec![client("AZ/GOV/1/desk")],
            maintenance: Some("axşama qədər".into()),
        }],
        global_groups: vec![globalconf::GlobalGroup {
            code: "all".into(),
            description: "Hamı".into(),
            members: vec![client("AZ/GOV/1/desk")],
        }],
        member_classes: vec![globalconf::MemberClass { code: "GOV".into(), description: "Dövlət".into() }],
        ocsp_freshness_s: 600,
    }
}

fn management_requests(seeds: &mut Seeds, pki: &Pki) {
    let desk = || client("AZ/GOV/1/desk");
    let certificate = pki.member.der().to_vec();
    for asked in [
        Asked::ClientReg { client: desk(), name: Some("Masa & <stul>".into()) },
        Asked::AuthCertReg { address: "one.az".into(), certificate: certificate.clone() },
        Asked::AuthCertDeletion { certificate },
        Asked::AddressChange { address: "two.az".into() },
        Asked::OwnerChange { client: desk().member_id() },
        Asked::MaintenanceModeEnable { message: Some("axşama qədər".into()) },
        Asked::MaintenanceModeDisable,
    ] {
        let request = ManagementRequest { server: ServerId::parse("AZ/GOV/1/one").expect("a server"), asked };
        let code = request.asked.service_code();
        let service = ServiceId::parse(&format!("AZ/GOV/9/{code}")).expect("a service");
        let head = soap::RequestHead {
            client: &desk(),
            service: &service,
            id: "m-1",
            user_id: None,
            issue: None,
            purpose: None,
        };
        let soap = soap::request_with(&head, &request.element());
        let signature = || management::sign(&pki.member_key as &dyn Signer, &soap).expect("signed");
        let der = || management::Piece::Bytes(pki.member.der());
        let status = pki.status(&pki.member, formats::ocsp::CertStatus::Good);
        let pieces = match request.asked {
            Asked::AuthCertReg { .. } => {
                vec![signature(), signature(), der(), der(), management::Piece::Bytes(&status)]
            }
            _ => vec![signature(), der(), management::Piece::Bytes(&status)],
        };
        let (kind, body) = management::write(&soap, &pieces, "xyz");
        seeds.add("management", code, [kind.as_bytes(), b"\n", &body].concat());
    }
}

fn texts(seeds: &mut Seeds) {
    for (name, text) in [
        (
            "wsdl",
            "<w:definitions xmlns:w=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' \
             xmlns:t='http://schemas.xmlsoap.org/wsdl/soap12/'><!-- kept --><w:port><s:address \n note = \"a>b\" location = \
             'http://inner:8080/x?a=1&amp;b=2' /></w:port><w:port><t:address location=\"http://b\"></t:address></w:port>\
             </w:definitions>",
        ),
        ("json", r#"{"openapi":"3.1.0","servers":[{"url":"https://inner:1/v1"},{"url":"https://{h}/x"}],"paths":{}}"#),
        (
            "yaml",
            "openapi: \"3.0.0\"\nservers:\n  - url: https://inner/v1 # x\n    description: x\npaths:\n  /url: https://a\n",
        ),
    ] {
        seeds.add("description", name, text);
    }
    for (name, text) in [
        ("segment", "/a/*/c\n/a/b/c"),
        ("rest", "/a/**\n/a/b%2Fc/d"),
        ("anywhere", "**/c/**\n/a/%D0%B0/c/d"),
        ("literal", "/\\*/x\n/*/x"),
    ] {
        seeds.add("path_pattern", name, text);
    }
}
