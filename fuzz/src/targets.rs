//! One function for each parser. An input may be refused in any way; what a function asserts holds for every input. Each
//! says whether it took the input for what its parser reads, so that a corpus of refused inputs is noticed.

use formats::{
    asice::{
        Container, DataFile, TrustAnchors,
        exchange::{Archive, MessageContainer, Previous, Scope, sender},
        validate,
    },
    globalconf, hashchain,
    message::{self, Outgoing, Part, Payload},
    mime, ocsp, rest,
    soap::{self, Parsed},
    tsp,
    verify::AlgorithmPolicy,
    x509::Certificate,
    xades::exchange::{Conformance, Missing, Question, SignatureDocument},
    xml::{self, Element},
};

pub type Target = (&'static str, fn(&[u8]) -> bool);

/// In the order in which they are run.
pub const TARGETS: &[Target] = &[
    ("soap", soap),
    ("mime", mime),
    ("rest_header", rest_header),
    ("message", message),
    ("message_signature", message_signature),
    ("message_container", message_container),
    ("xml_trees", xml_trees),
    ("xades", xades),
    ("asice", asice),
    ("hashchain", hashchain),
    ("globalconf", globalconf),
    ("ocsp", ocsp),
    ("tsp", tsp),
    ("x509", x509),
    ("ber", ber),
    ("linking", linking),
    ("management", management),
    ("description", description),
    ("path_pattern", path_pattern),
    ("jose", jose),
];

/// The message that signatures among the inputs cover.
pub const SIGNED: &[u8] = b"<m/>";
/// The parts that hash chains among the inputs cover.
pub const CHAINED: [(&str, &[u8]); 3] =
    [("/message.xml", SIGNED), ("/attachment1", b"one"), ("/META-INF/signatures.xml", b"<s a='1'/>")];

const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

/// What stands before the first `end`, and what stands behind it.
fn head(data: &[u8], end: u8) -> (&[u8], &[u8]) {
    let place = data.iter().position(|byte| *byte == end);
    place.map_or((data, &[]), |place| (&data[..place], &data[place + 1..]))
}

fn noon() -> base::Timestamp {
    base::clock::from_micros(1_795_435_200_000_000)
}

/// SOAP messages: an answer and a request hash written into what was read are read again. The first byte chooses the charset.
pub fn soap(data: &[u8]) -> bool {
    let (charset, data) = match data.split_first() {
        Some((0, rest)) => (Some("utf-16le"), rest),
        Some((1, rest)) => (Some("iso-8859-1"), rest),
        _ => (None, data),
    };
    let read = |bytes: Vec<u8>| soap::read_as(bytes.into(), charset);
    let message = match read(data.to_vec()) {
        Ok(Parsed::Message(message)) => message,
        Ok(Parsed::Fault(fault)) => {
            assert!(matches!(soap::read(fault.to_bytes()), Ok(Parsed::Fault(_))), "a fault stays a fault");
            return true;
        }
        Err(_) => return false,
    };
    let hash = soap::RequestHash { algorithm: "urn:\"<&>".to_owned(), value: "x<&>\"".to_owned() };
    let Ok(Parsed::Message(hashed)) = read(soap::with_request_hash(&message, &hash)) else {
        panic!("a request hash makes no other kind of message");
    };
    assert_eq!(hashed.headers, soap::Headers { request_hash: Some(hash), ..message.headers.clone() });
    assert!(same(&hashed.body, &message.body), "a request hash leaves the body as it is");
    if let Ok(Parsed::Message(answer)) = read(soap::respond(&message, &message.fields())) {
        soap::check_consistent(&message.headers, &answer.headers).expect("an answer has the header of its request");
    }
    true
}

/// Whether two elements say the same, wherever they stand and however they are spelt.
fn same(one: &Element, other: &Element) -> bool {
    let attributes = |element: &Element| {
        let mut all: Vec<_> =
            element.attributes.iter().map(|it| (it.namespace.clone(), it.name.clone(), it.value.clone())).collect();
        all.sort();
        all
    };
    one.is(&other.namespace, &other.name)
        && one.text == other.text
        && attributes(one) == attributes(other)
        && one.children.len() == other.children.len()
        && one.children.iter().zip(&other.children).all(|(one, other)| same(one, other))
}

/// The two readers of XML: what ours reads of a text is what it reads of the canonical form that the other makes of it, so
/// that what is verified is what is read.
pub fn xml_trees(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let (Ok(ours), Ok(theirs)) = (xml::read(data), formats::xades::canonical_document(text, C14N)) else {
        return false;
    };
    let again = xml::read(&theirs).expect("canonical XML is XML");
    assert!(same(&ours, &again), "{}", String::from_utf8_lossy(&theirs));
    true
}

/// Multipart bodies, whole and in pieces: the first line of the input is the boundary.
pub fn mime(data: &[u8]) -> bool {
    let (boundary, body) = head(data, b'\n');
    let Ok(boundary) = std::str::from_utf8(boundary) else { return false };
    let _ = mime::ContentType::parse(boundary);
    let whole = mime::read_all(body, 0..body.len(), boundary);
    if let Ok(parts) = &whole {
        assert!(parts.len() <= body.len());
    }
    // In pieces the same parts come out, unless a limit on what is held ends it before.
    let piece = 1 + data.len() % 7;
    if let Some(contents) = in_pieces(body, boundary, piece) {
        let whole: Vec<&[u8]> = whole.as_ref().expect("whole").iter().map(|part| &body[part.body.clone()]).collect();
        assert_eq!(contents, whole);
    }
    whole.is_ok_and(|parts| !parts.is_empty())
}

fn in_pieces(body: &[u8], boundary: &str, piece: usize) -> Option<Vec<Vec<u8>>> {
    use formats::mime::Step;
    let (mut splitter, mut contents, mut pieces) =
        (mime::Splitter::new(boundary), Vec::<Vec<u8>>::new(), body.chunks(piece));
    loop {
        match splitter.step().ok()? {
            Step::Begin(_) => contents.push(Vec::new()),
            Step::Data(data) => contents.last_mut().expect("a part").extend_from_slice(&data),
            Step::End => {}
            Step::Done => return Some(contents),
            Step::More => match pieces.next() {
                Some(piece) => splitter.feed(piece.to_vec().into()),
                None => splitter.end(),
            },
        }
    }
}

/// Heads of REST requests and answers as they travel between servers.
pub fn rest_header(data: &[u8]) -> bool {
    let request = rest::RequestHead::decode(data);
    if let Ok(head) = &request {
        assert_eq!(rest::RequestHead::decode(&head.encode()).as_ref(), Ok(head), "what was written can be read");
        let _ = head.security_server();
        for identifier in [head.client.to_string(), head.service.to_string()] {
            let segments = identifier.split('/').map(formats::identifier::encode_segment);
            let decoded: Option<Vec<_>> = segments.map(|it| formats::identifier::decode_segment(&it)).collect();
            assert_eq!(decoded.map(|parts| parts.join("/")), Some(identifier), "segments are read back");
        }
    }
    let response = rest::ResponseHead::decode(data);
    if let Ok(head) = &response {
        assert_eq!(rest::ResponseHead::decode(&head.encode()).as_ref(), Ok(head), "what was written can be read");
    }
    request.is_ok() || response.is_ok()
}

/// Messages between security servers: the first line of the input is the content type. What was read is written and read
/// again.
pub fn message(data: &[u8]) -> bool {
    const RANDOM: &str = "abcdefghijklmnopqrstuvwxyzabcd";
    let (content_type, body) = head(data, b'\n');
    let Ok(content_type) = std::str::from_utf8(content_type) else { return false };
    let Ok(decoded) = message::decode(content_type, body) else { return false };
    let (Some(payload), Some(signature)) = (&decoded.payload, &decoded.signature) else { return true };
    let chain = decoded.hash_chain();
    let outgoing = Outgoing {
        ocsp: &decoded.ocsp,
        payload,
        attachments: &decoded.attachments,
        rest_body: decoded.rest_body.as_deref(),
        chain: chain.as_ref(),
        signature,
    };
    if body.windows(RANDOM.len()).any(|window| window == RANDOM.as_bytes()) {
        return true; // The boundary is random, and not in what it bounds.
    }
    let encoded = message::encode(&outgoing, RANDOM);
    let again = message::decode(&encoded.content_type, &encoded.body).expect("what was written can be read");
    let bodies = |decoded: &message::Decoded| -> Vec<Vec<u8>> {
        decoded.attachments.iter().map(|attachment| attachment.body.clone()).collect()
    };
    assert_eq!(again.payload.as_ref().map(Payload::bytes), Some(payload.bytes()));
    assert_eq!((again.signature.as_ref(), &again.rest_body), (Some(signature), &decoded.rest_body));
    assert_eq!((&again.ocsp, bodies(&again)), (&decoded.ocsp, bodies(&decoded)));
    true
}

/// Signature documents of the exchange: what a server takes with a message, an archive's verifier takes too.
pub fn message_signature(data: &[u8]) -> bool {
    let taken = message::read(data).ok().and_then(|read| {
        let certificate = Certificate::from_der(&read.certificate).ok()?;
        let part = Part { name: message::MESSAGE_NAME, data: Some(SIGNED) };
        read.check(certificate.key(), &[part], None).ok().map(|_| certificate)
    });
    let inputs = [(message::MESSAGE_NAME.to_owned(), hashchain::Input::Data(SIGNED.to_vec()))];
    let documents = |_: &str| None;
    let mut judged = Vec::new();
    for conformance in [Conformance::Schema, Conformance::Structure] {
        let Ok(document) = SignatureDocument::read(data, conformance) else { continue };
        let _ = (document.time_stamp(), document.certificate());
        for missing in [Missing::Refused, Missing::Reported] {
            judged.extend(document.judge(&Question {
                inputs: &inputs,
                documents: &documents,
                missing,
                identity: None,
            }));
        }
    }
    if let Some(certificate) = taken {
        let proof = judged.first().expect("what is taken on the wire is taken in an archive");
        assert_eq!(proof.certificate, certificate, "both read the same certificate");
        return true;
    }
    false
}

/// Containers of the exchange, judged with nobody trusted.
pub fn message_container(data: &[u8]) -> bool {
    let _ = sender(data);
    if let Ok(archive) = Archive::open(data) {
        let _ = archive.judge(&Previous::Any);
    }
    let Ok(container) = MessageContainer::open(data) else { return false };
    let _ = container.check_structure();
    assert!(container.judge(Scope::Full(&globalconf::Trust::default())).is_err(), "nobody is trusted");
    container.judge(Scope::Crypto(AlgorithmPolicy::default())).is_ok()
}

/// Archives of containers: the input is the linking information.
pub fn linking(data: &[u8]) -> bool {
    let file = |name: &str, bytes: &[u8]| DataFile {
        name: name.to_owned(),
        media_type: "application/octet-stream".to_owned(),
        bytes: bytes.to_vec(),
    };
    let files = [file("linkinginfo", data), file("a.asice", b"a"), file("b.asice", b"b")];
    let archive = Container::write(&files, &[]).expect("names of an archive");
    Archive::open(&archive).and_then(|archive| archive.judge(&Previous::Any)).is_ok()
}

/// Signatures of documents that others wrote.
pub fn xades(data: &[u8]) -> bool {
    formats::xades::read_signatures(data).is_ok_and(|all| all.iter().any(Result::is_ok))
}

/// Signed containers of documents: reading them, and judging them against no anchors at all.
pub fn asice(data: &[u8]) -> bool {
    let container = Container::read(data);
    if let Ok(container) = &container {
        assert!(container.files.len() <= data.len(), "every file takes place");
    }
    let verdict = validate(data, &TrustAnchors::default(), noon());
    assert!(!verdict.valid, "nothing is valid when nobody is trusted");
    container.is_ok_and(|container| !container.signatures.is_empty())
}

/// Hash chains of batch signatures: the input is the result document and, after a zero byte, the chain.
pub fn hashchain(data: &[u8]) -> bool {
    let (result, chain) = head(data, 0);
    let documents = |_: &str| Some(chain.to_vec());
    let inputs = CHAINED.map(|(name, data)| (name.to_owned(), hashchain::Input::Data(data.to_vec())));
    let resolve = |name: &str| inputs.iter().find(|(known, _)| known == name).map(|(_, input)| input.clone());
    let found = hashchain::follow(result, &documents, &[], &resolve, &formats::xades::transform);
    let digested = |name: &str| match resolve(name) {
        Some(hashchain::Input::Data(data)) => Some(hashchain::Input::Digest(hashchain::Digest::sha512(&data).value)),
        other => other,
    };
    let _ = hashchain::follow(result, &documents, &[], &digested, &formats::xades::transform);
    found.is_ok()
}

/// Documents of the global configuration: what was read and written again reads the same.
pub fn globalconf(data: &[u8]) -> bool {
    let signed = globalconf::read_signed(data);
    let shared = globalconf::SharedParameters::read(data);
    if let Ok(parameters) = &shared {
        for version in globalconf::VERSION_MIN..=globalconf::VERSION {
            globalconf::SharedParameters::read(&parameters.to_xml_of(version)).expect("what was written can be read");
        }
    }
    let private = globalconf::PrivateParameters::read(data);
    if let Ok(parameters) = &private {
        globalconf::PrivateParameters::read(&parameters.to_xml()).expect("what was written can be read");
    }
    let anchor = globalconf::read_anchor(data);
    if let Ok(anchor) = &anchor {
        globalconf::read_anchor(&globalconf::write_anchor(anchor)).expect("what was written can be read");
    }
    let monitoring = globalconf::MonitoringParameters::read(data);
    if let Ok(parameters) = &monitoring {
        assert_eq!(globalconf::MonitoringParameters::read(&parameters.to_xml()).as_ref(), Ok(parameters));
    }
    signed.is_ok() || shared.is_ok() || private.is_ok() || anchor.is_ok() || monitoring.is_ok()
}

/// OCSP requests and responses (RFC 6960).
pub fn ocsp(data: &[u8]) -> bool {
    let request = ocsp::OcspRequest::from_der(data);
    if let Ok(request) = &request {
        assert_eq!(ocsp::OcspRequest::from_der(&request.to_der()).as_ref(), Ok(request));
    }
    let Ok(response) = ocsp::BasicResponse::from_der(data) else { return request.is_ok() };
    assert_eq!(response.der(), data, "what was read is what is given");
    for status in response.statuses() {
        let _ = ocsp::BasicResponse::check_current(status, noon(), 60);
    }
    true
}

/// Time-stamp requests, responses and tokens (RFC 3161).
pub fn tsp(data: &[u8]) -> bool {
    let request = tsp::TimeStampRequest::from_der(data);
    let answer = tsp::read_response(data);
    let token = answer.or_else(|_| tsp::TimeStampToken::from_der(data));
    if let Ok(token) = &token {
        let own: Vec<Certificate> = token.authority().cloned().into_iter().collect();
        let _ = token.verify_named(SIGNED, &own, AlgorithmPolicy::default());
    }
    request.is_ok() || token.is_ok()
}

/// Certificates in DER and PEM (RFC 5280), as every profile reads them.
pub fn x509(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = formats::x509::from_pem(text);
    }
    let Ok(certificate) = Certificate::from_der(data) else { return false };
    assert_eq!(certificate.der(), data, "what was read is what is given");
    let _ = (certificate.subject().rfc4514(), certificate.is_self_issued(), certificate.serial_decimal());
    let _ = certificate.is_issued_by(&certificate);
    for profile in PROFILES {
        let class = format!("ee.ria.xroad.common.certificateprofile.impl.{profile}CertificateProfileInfoProvider");
        let mut trust = globalconf::Trust::default();
        trust.approve(certificate.clone(), &class);
        let named = trust.member(&certificate, &certificate, "AZ");
        assert!(named.is_none_or(|member| member.instance == "AZ"), "a member of another instance");
    }
    true
}

const PROFILES: [&str; 8] = ["FiVRK", "Is", "Fo", "Basic", "BasicACME", "Ejbca", "SkKlass3", "SkEsteId"];

/// Basic encoding made definite: what comes out is definite, and stays what it is.
pub fn ber(data: &[u8]) -> bool {
    let _ = tsp::TimeStampToken::from_ber(data);
    let Ok(definite) = formats::asn1::definite(data) else { return false };
    assert_eq!(formats::asn1::definite(&definite).as_ref(), Ok(&definite), "definite bytes stay as they are");
    true
}

/// Tokens signed as JWS (RFC 7515).
pub fn jose(data: &[u8]) -> bool {
    std::str::from_utf8(data).is_ok_and(|token| formats::jose::read(token).is_ok())
}

/// Management requests: the first line of the input is the content type. What was read and written again reads the same.
pub fn management(data: &[u8]) -> bool {
    use exchange::management::{Envelope, ManagementRequest};
    let (content_type, body) = head(data, b'\n');
    let Ok(content_type) = std::str::from_utf8(content_type) else { return false };
    let Ok(envelope) = Envelope::read(content_type, body) else { return false };
    let Ok(Parsed::Message(message)) = soap::read(envelope.soap) else { return false };
    let Ok(request) = ManagementRequest::read(&message) else { return false };
    let answer = soap::respond_with(&message, &request.answer_element(7));
    if let Ok(Parsed::Message(answer)) = soap::read(answer) {
        assert_eq!(exchange::management::request_number(&answer), Some(7));
    }
    true
}

/// Descriptions of services: WSDL, OpenAPI as JSON, OpenAPI as YAML. No address of a WSDL is left.
pub fn description(data: &[u8]) -> bool {
    use exchange::server::{ENDPOINT, hide_addresses, hide_servers};
    fn check(element: &Element) {
        if ["soap/", "soap12/"].iter().any(|of| element.is(&format!("http://schemas.xmlsoap.org/wsdl/{of}"), "address"))
        {
            assert!(
                element.attribute("", "location").is_none_or(|location| location == ENDPOINT),
                "an address is left"
            );
        }
        element.children.iter().for_each(check);
    }
    let wsdl = hide_addresses(data);
    if let Ok(hidden) = &wsdl {
        check(&xml::read(hidden).expect("it stays a document"));
    }
    let openapi = ["application/json", "text/yaml"].map(|kind| hide_servers(kind, data).is_ok());
    wsdl.is_ok() || openapi.contains(&true)
}

/// Rights: the first line of the input is a pattern, what follows is a path.
pub fn path_pattern(data: &[u8]) -> bool {
    use exchange::server::{PathPattern, ServicePath};
    let (pattern, path) = head(data, b'\n');
    let (Ok(pattern), Ok(path)) = (std::str::from_utf8(pattern), std::str::from_utf8(path)) else { return false };
    let (Some(pattern), Some(path)) = (PathPattern::parse(pattern), ServicePath::parse(path)) else { return false };
    assert!(PathPattern::anything().covers(&path));
    pattern.covers(&path)
}
