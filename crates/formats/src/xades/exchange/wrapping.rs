//! Signature wrapping, in the forms that were published (McIntosh and Austel 2005; Somorovsky and others 2012, XSW 1 to 8;
//! what broke SAML libraries since), against both judges: the one of messages and the one of containers. Here the message is
//! detached, so what is wrapped are the signed information and the signed properties.

use super::{super::judge::Tree, Conformance, Missing, Question, SignatureDocument};
use crate::{
    hashchain::{DigestAlgorithm, Input},
    message::{self, Covered, MESSAGE_NAME, Part, SigningCertificate, sign},
    testkey::TestKey,
    testpki::{TestPki, noon},
    x509::{Certificate, Profile},
    xades::DS_NS,
};
use base::Signer;
use base64::{Engine as _, engine::general_purpose::STANDARD};

const SIGNED: &[u8] = b"<m/>";
const EVIL: &[u8] = b"<evil/>";
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

/// The victim's signature over `SIGNED`; an attacker that is a member too, with its own over `EVIL`; and a certificate with
/// the victim's key for somebody else.
struct Scene {
    key: TestKey,
    victim: Certificate,
    document: String,
    attacker: Certificate,
    attackers: String,
    twin: Certificate,
}

impl Scene {
    fn new() -> Self {
        let (pki, key, other) = (TestPki::new(), TestKey::generate(), TestKey::generate());
        let victim = pki.issue(Profile::MemberSigning, "victim", &key);
        let attacker = pki.issue(Profile::MemberSigning, "attacker", &other);
        let twin = pki.issue(Profile::MemberSigning, "twin", &key);
        let signed = |message, certificate: &Certificate, key| {
            let certificate = SigningCertificate {
                der: certificate.der().to_vec(),
                issuer: certificate.issuer().rfc4514(),
                serial: certificate.serial_decimal(),
                intermediates: Vec::new(),
                ocsp: vec![b"a response".to_vec()],
            };
            String::from_utf8(sign(Covered::Message(message), &certificate, key, noon()).expect("signed"))
                .expect("text")
        };
        let (document, attackers) = (signed(SIGNED, &victim, &key), signed(EVIL, &attacker, &other));
        Scene { key, victim, document, attacker, attackers, twin }
    }

    /// The document with one piece replaced, which must be there.
    fn with(&self, from: &str, to: &str) -> String {
        replaced(&self.document, from, to)
    }

    fn info(&self) -> &str {
        element(&self.document, "ds:SignedInfo")
    }

    fn properties(&self) -> &str {
        element(&self.document, "xades:SignedProperties")
    }

    /// The signed information as the attacker would like it: over its own message.
    fn forged_info(&self) -> String {
        let digest = |data: &[u8]| STANDARD.encode(DigestAlgorithm::Sha512.digest(data));
        replaced(self.info(), &digest(SIGNED), &digest(EVIL))
    }

    /// The signed properties as the twin would like them: naming its certificate.
    fn forged_properties(&self) -> String {
        let digest = |of: &Certificate| STANDARD.encode(DigestAlgorithm::Sha512.digest(of.der()));
        replaced(self.properties(), &digest(&self.victim), &digest(&self.twin))
    }

    fn certificate_of(&self, certificate: &Certificate) -> String {
        format!("<ds:X509Certificate>{}</ds:X509Certificate>", STANDARD.encode(certificate.der()))
    }

    /// With the twin's certificate in the key information.
    fn as_twin(&self, document: &str) -> String {
        replaced(document, element(document, "ds:X509Certificate"), &self.certificate_of(&self.twin))
    }

    /// With a signature value of the victim's own over whatever the signed information says now: a member that signs oddly.
    fn signed_again(&self, document: &str) -> String {
        let tree = Tree::parse(document).expect("XML");
        let signature = tree.only(tree.root().expect("a root"), DS_NS, "Signature").expect("a signature");
        let info = tree.only(signature, DS_NS, "SignedInfo").expect("signed information");
        let bytes = tree.canonical(info, INCLUSIVE, &[]).expect("canonical");
        let value = STANDARD.encode(self.key.sign(&bytes).expect("signed"));
        let old = element(document, "ds:SignatureValue Id=\"signature-value\"");
        replaced(document, old, &format!("<ds:SignatureValue Id=\"signature-value\">{value}</ds:SignatureValue>"))
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not there");
    text.replacen(from, to, 1)
}

/// The first element of this name (with attributes, if they are given), from its start tag to its end tag.
fn element<'a>(document: &'a str, start: &str) -> &'a str {
    let name = start.split(' ').next().expect("a name");
    let begin = document.find(&format!("<{start}")).unwrap_or_else(|| panic!("{start} is not there"));
    let close = format!("</{name}>");
    let end = begin + document[begin..].find(&close).expect("an end tag") + close.len();
    &document[begin..end]
}

/// The certificate with which a message is taken to be signed, or the code.
fn on_the_wire(document: &str, data: &[u8]) -> Result<Certificate, String> {
    let read = message::read(document.as_bytes()).map_err(|error| error.code())?;
    let certificate = Certificate::from_der(&read.certificate).map_err(|_| "incorrect_certificate".to_owned())?;
    let parts = [Part { name: MESSAGE_NAME, data: Some(data) }];
    read.check(certificate.key(), &parts, None).map_err(|error| error.code())?;
    Ok(certificate)
}

fn in_an_archive(document: &str, data: &[u8]) -> Result<Certificate, String> {
    let read = SignatureDocument::read(document.as_bytes(), Conformance::Structure);
    let read = read.map_err(|flaw| flaw.code().to_owned())?;
    let inputs = [(MESSAGE_NAME.to_owned(), Input::Data(data.to_vec()))];
    let question = Question { inputs: &inputs, documents: &|_| None, missing: Missing::Reported, identity: None };
    read.judge(&question).map(|proof| proof.certificate).map_err(|flaw| flaw.code().to_owned())
}

const MALFORMED: &str = "malformed_signature";
const INVALID: &str = "invalid_signature_value";
const XML: &str = "invalid_xml";

/// How the two judges refuse a form: told of the message that was signed, and of the attacker's.
struct Form {
    name: &'static str,
    document: String,
    /// For the signed message; `""`: it is taken, as what the victim signed.
    signed: [&'static str; 2],
    evil: [&'static str; 2],
}

fn form(name: &'static str, document: String, signed: [&'static str; 2], evil: [&'static str; 2]) -> Form {
    Form { name, document, signed, evil }
}

fn check(scene: &Scene, forms: &[Form]) {
    let mut problems = Vec::new();
    for form in forms {
        for (judge, place) in [(on_the_wire as fn(&str, &[u8]) -> Result<Certificate, String>, 0), (in_an_archive, 1)] {
            for (message, expected) in [(SIGNED, form.signed[place]), (EVIL, form.evil[place])] {
                let found = judge(&form.document, message);
                // Whoever is named must have signed just this.
                let rightly = |found: &Certificate| match message {
                    SIGNED => *found == scene.victim,
                    _ => *found == scene.attacker,
                };
                assert!(found.as_ref().map_or(true, rightly), "{}: {}", form.name, String::from_utf8_lossy(message));
                let code = found.err().unwrap_or_default();
                if code != expected {
                    let message = String::from_utf8_lossy(message);
                    problems.push(format!("{} ({place}, {message}): {code:?} and not {expected:?}", form.name));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn signed_information_that_is_wrapped_moved_or_doubled_signs_nothing() {
    let scene = Scene::new();
    let (info, forged) = (scene.info(), scene.forged_info());
    let end = "</ds:Signature>";
    let hidden = |at: &str| replaced(&scene.with(info, &forged), at, &format!("{info}{at}"));
    let inside = |outer: &str, inner: &str| replaced(outer, "</ds:SignedInfo>", &format!("{inner}</ds:SignedInfo>"));
    let object = format!("<ds:Object>{info}</ds:Object>");
    let (structure, invalid) = ([MALFORMED; 2], [INVALID; 2]);
    check(
        &scene,
        &[
            form("untouched", scene.document.clone(), ["", ""], invalid),
            form("forged in its place", scene.with(info, &forged), invalid, invalid),
            form("forged before it", scene.with(info, &format!("{forged}{info}")), structure, structure),
            form("forged behind it", scene.with(info, &format!("{info}{forged}")), structure, structure),
            form("it inside the forged one", scene.with(info, &inside(&forged, info)), structure, structure),
            form("forged inside it", scene.with(info, &inside(info, &forged)), structure, structure),
            form("it in the key information", hidden("<ds:X509Data>"), structure, structure),
            form("it in the qualifying properties", hidden("<xades:QualifyingProperties"), structure, structure),
            form("it in the unsigned properties", hidden("<xades:RevocationValues>"), structure, structure),
            form(
                "it in another Object",
                replaced(&scene.with(info, &forged), end, &format!("{object}{end}")),
                structure,
                structure,
            ),
            form("it before the signature", hidden("<ds:Signature Id"), structure, structure),
            form("it behind the signature", hidden("</asic:XAdESSignatures>"), structure, structure),
        ],
    );
    // The same with the Ids of the hidden one taken away, so that no Id stands twice.
    let bare = info.replace(" Id=\"signature-reference-0\"", "").replace(" Id=\"signature-reference-1\"", "");
    for place in ["<ds:X509Data>", "<xades:QualifyingProperties", "<xades:RevocationValues>", "<ds:Signature Id"] {
        let document = replaced(&scene.with(info, &forged), place, &format!("{bare}{place}"));
        check(&scene, &[form("hidden without Ids", document, invalid, invalid)]);
    }
}

#[test]
fn a_second_signature_never_lends_its_certificate_to_the_first() {
    let scene = Scene::new();
    let own = element(&scene.document, "ds:Signature ");
    let renamed = scene.attackers.replace(" Id=\"", " Id=\"a-").replace("\"#signature", "\"#a-signature");
    let other = element(&renamed, "ds:Signature ");
    let doubled = element(&scene.attackers, "ds:Signature ");
    let within = |outer: &str, inner: &str| replaced(outer, "</ds:Object>", &format!("{inner}</ds:Object>"));
    let unsigned = |outer: &str, inner: &str| {
        let place = "<xades:UnsignedSignatureProperties>";
        replaced(outer, place, &format!("{place}<xades:CounterSignature>{inner}</xades:CounterSignature>"))
    };
    let structure = [MALFORMED; 2];
    check(
        &scene,
        &[
            form("attacker's first", scene.with(own, &format!("{other}{own}")), structure, structure),
            form("attacker's second", scene.with(own, &format!("{own}{other}")), structure, structure),
            form(
                "attacker's second with the same Ids",
                scene.with(own, &format!("{own}{doubled}")),
                structure,
                structure,
            ),
            form("victim's in attacker's Object", scene.with(own, &within(doubled, own)), structure, structure),
            form("attacker's in victim's Object", scene.with(own, &within(own, other)), ["", ""], [INVALID; 2]),
            form("attacker's countersigns", scene.with(own, &unsigned(own, other)), ["", ""], [INVALID; 2]),
            form(
                "root around a root",
                format!("<x>{}</x>", scene.document.trim_start_matches("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")),
                structure,
                structure,
            ),
            form("attacker's alone", scene.attackers.clone(), [INVALID; 2], ["", ""]),
        ],
    );
}

#[test]
fn signed_properties_that_are_wrapped_moved_or_doubled_bind_nobody() {
    let scene = Scene::new();
    let (properties, forged) = (scene.properties(), scene.forged_properties());
    let structure = [MALFORMED; 2];
    let twin = scene.as_twin(&scene.with(properties, &forged));
    let hidden = |at: &str, what: &str| replaced(&twin, at, &format!("{what}{at}"));
    let object = format!("<ds:Object>{properties}</ds:Object>");
    check(
        &scene,
        &[
            form(
                "another certificate of the key",
                scene.as_twin(&scene.document),
                [MALFORMED, INVALID],
                [MALFORMED, INVALID],
            ),
            form("forged in their place", twin.clone(), [INVALID; 2], [INVALID; 2]),
            form(
                "both, forged first",
                scene.as_twin(&scene.with(properties, &format!("{forged}{properties}"))),
                structure,
                structure,
            ),
            form(
                "both, forged second",
                scene.as_twin(&scene.with(properties, &format!("{properties}{forged}"))),
                structure,
                structure,
            ),
            form("they in another Object", hidden("</ds:Signature>", &object), structure, structure),
            form("they in the key information", hidden("<ds:X509Data>", properties), structure, structure),
            form("they outside the signature", hidden("<ds:Signature Id", properties), structure, structure),
            form(
                "they in the unsigned properties",
                hidden("<xades:RevocationValues>", properties),
                structure,
                structure,
            ),
            form(
                "they inside the forged ones",
                scene.as_twin(&scene.with(
                    properties,
                    &replaced(&forged, "</xades:SignedProperties>", &format!("{properties}</xades:SignedProperties>")),
                )),
                structure,
                structure,
            ),
        ],
    );
}

/// Forged ones in the place of the profile, without the Id that is signed; the signed ones elsewhere.
#[test]
fn signed_properties_are_those_of_their_id_and_of_their_place() {
    let scene = Scene::new();
    let (properties, forged) = (scene.properties(), scene.forged_properties());
    let other = forged.replace("\"signed-properties\"", "\"other\"");
    let without = forged.replace(" Id=\"signed-properties\"", "");
    let mut forms = Vec::new();
    for kept in [other, without] {
        for place in ["<xades:RevocationValues>", "<ds:X509Data>", "<ds:Signature Id"] {
            let document = scene.as_twin(&scene.with(properties, &kept));
            let document = replaced(&document, place, &format!("{properties}{place}"));
            forms.push(form("moved", document, [MALFORMED, INVALID], [MALFORMED, INVALID]));
        }
    }
    check(&scene, &forms);
}

#[test]
fn key_information_of_somebody_else_is_not_the_signer_s() {
    let scene = Scene::new();
    let data = element(&scene.document, "ds:X509Data");
    let whole = element(&scene.document, "ds:KeyInfo");
    let certificate = element(&scene.document, "ds:X509Certificate");
    let (evil, twin) = (scene.certificate_of(&scene.attacker), scene.certificate_of(&scene.twin));
    let (structure, invalid) = ([MALFORMED; 2], [INVALID; 2]);
    let data_of = |inside: &str| format!("<ds:X509Data>{inside}</ds:X509Data>");
    let value = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus></ds:RSAKeyValue></ds:KeyValue>";
    check(
        &scene,
        &[
            form("attacker's instead", scene.with(certificate, &evil), [MALFORMED, INVALID], [MALFORMED, INVALID]),
            form(
                "attacker's first",
                scene.with(certificate, &format!("{evil}{certificate}")),
                [MALFORMED, INVALID],
                [MALFORMED, INVALID],
            ),
            form(
                "twin's first",
                scene.with(certificate, &format!("{twin}{certificate}")),
                [MALFORMED, INVALID],
                [MALFORMED, INVALID],
            ),
            form("twin's second", scene.with(certificate, &format!("{certificate}{twin}")), ["", ""], invalid),
            form("twin's data first", scene.with(data, &format!("{}{data}", data_of(&twin))), structure, structure),
            form("twin's data second", scene.with(data, &format!("{data}{}", data_of(&twin))), structure, structure),
            form(
                "twin's key information first",
                scene.with(whole, &format!("<ds:KeyInfo>{}</ds:KeyInfo>{whole}", data_of(&twin))),
                structure,
                structure,
            ),
            form(
                "twin's key information in the Object",
                scene.with(whole, "").replacen("</ds:Object>", &format!("{whole}</ds:Object>"), 1),
                structure,
                structure,
            ),
            form("a bare key beside it", scene.with(data, &format!("{value}{data}")), ["", ""], invalid),
            form("a bare key alone", scene.with(data, value), structure, structure),
        ],
    );
}

#[test]
fn what_splits_a_value_does_not_change_it() {
    let scene = Scene::new();
    let digest = STANDARD.encode(DigestAlgorithm::Sha512.digest(SIGNED));
    let split = |value: &str, what: &str| scene.with(value, &format!("{}{what}{}", &value[..8], &value[8..]));
    let value = element(&scene.document, "ds:SignatureValue Id=\"signature-value\"");
    let value = value.trim_start_matches("<ds:SignatureValue Id=\"signature-value\">").trim_start();
    let certificate = &STANDARD.encode(scene.victim.der())[..60];
    let (structure, invalid) = ([MALFORMED; 2], [INVALID; 2]);
    check(
        &scene,
        &[
            form("comment in a digest", split(&digest, "<!-- x -->"), ["", ""], invalid),
            form("instruction in a digest", split(&digest, "<?x y?>"), structure, structure),
            form("element in a digest", split(&digest, "<ds:x/>"), structure, structure),
            form("more than a comment in a digest", split(&digest, "<!--\n-->AAAA<!-- -->"), invalid, invalid),
            form("comment in the value", split(&value[..40], "<!-- x -->"), ["", ""], invalid),
            form("instruction in the value", split(&value[..40], "<?x?>"), structure, structure),
            form("comment in the certificate", split(certificate, "<!-- x -->"), ["", ""], invalid),
            form("instruction in the certificate", split(certificate, "<?x?>"), structure, structure),
            form("a section in a digest", split(&digest, "<![CDATA[]]>"), ["", ""], invalid),
            form(
                "entity of a document type",
                format!("<!DOCTYPE x [<!ENTITY e \"x\">]>{}", &scene.document[38..]),
                [XML; 2],
                [XML; 2],
            ),
            form(
                "Id by a document type",
                format!("<!DOCTYPE x [<!ATTLIST x y ID #IMPLIED>]>{}", &scene.document[38..]),
                [XML; 2],
                [XML; 2],
            ),
            form("a reference to an unknown entity", split(&digest, "&e;"), [XML; 2], [XML; 2]),
        ],
    );
}

#[test]
fn prefixes_bound_again_are_other_elements() {
    let scene = Scene::new();
    let (structure, invalid) = ([MALFORMED; 2], [INVALID; 2]);
    let (evil, both) = ("urn:evil", [MALFORMED, INVALID]);
    let respelt = scene.document.replace("<ds:", "<").replace("</ds:", "</");
    let respelt = replaced(&respelt, "<asic:XAdESSignatures", &format!("<asic:XAdESSignatures xmlns=\"{DS_NS}\""));
    check(
        &scene,
        &[
            form(
                "signature",
                scene.with("<ds:Signature ", &format!("<ds:Signature xmlns:ds=\"{evil}\" ")),
                structure,
                structure,
            ),
            form(
                "signed information",
                scene.with("<ds:SignedInfo>", &format!("<ds:SignedInfo xmlns:ds=\"{evil}\">")),
                structure,
                structure,
            ),
            form(
                "signed properties",
                scene.with("<xades:SignedProperties ", &format!("<xades:SignedProperties xmlns:xades=\"{evil}\" ")),
                both,
                both,
            ),
            form(
                "one more prefix on the root",
                scene.with("xmlns:xsi=", "xmlns:e=\"urn:e\" xmlns:xsi="),
                invalid,
                invalid,
            ),
            form(
                "one more prefix inside",
                scene.with("<ds:SignedInfo>", "<ds:SignedInfo xmlns:e=\"urn:e\">"),
                invalid,
                invalid,
            ),
            form(
                "the same bound again",
                scene.with("<ds:SignedInfo>", &format!("<ds:SignedInfo xmlns:ds=\"{DS_NS}\">")),
                ["", ""],
                invalid,
            ),
            form("the default one", respelt, invalid, invalid),
            form(
                "an Id in a namespace",
                scene.with("<xades:SignedProperties Id", "<xades:SignedProperties xades:Id"),
                [MALFORMED, INVALID],
                [MALFORMED, INVALID],
            ),
        ],
    );
}

/// The victim's key signs what the profile does not know: the value is right, and still nothing is proven.
#[test]
fn what_the_profile_does_not_know_is_refused_though_it_is_signed() {
    let scene = Scene::new();
    let again = |from: &str, to: &str| scene.signed_again(&scene.with(from, to));
    let second = "<ds:Reference Id=\"signature-reference-1\"";
    let data = element(&scene.document, "ds:Reference Id=\"signature-reference-0\"");
    let own = element(&scene.document, second.trim_start_matches('<'));
    let method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    let canonicalization = format!("<ds:CanonicalizationMethod Algorithm=\"{INCLUSIVE}\">");
    let canonical = |uri: &str| again(&canonicalization, &format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\">"));
    let both = [MALFORMED, INVALID];
    let forms = [
        form("signed again", scene.signed_again(&scene.document), ["", ""], [INVALID; 2]),
        form("no reference to the message", again(data, ""), [MALFORMED; 2], [MALFORMED; 2]),
        form("no reference to the properties", again(own, ""), both, both),
        form(
            "no reference",
            scene.signed_again(&scene.with(data, "").replacen(own, "", 1)),
            [MALFORMED; 2],
            [MALFORMED; 2],
        ),
        form(
            "the message twice",
            again(data, &format!("{data}{}", data.replace("reference-0", "reference-2"))),
            ["", ""],
            [INVALID; 2],
        ),
        form(
            "the properties twice",
            again(own, &format!("{own}{}", own.replace("reference-1", "reference-3"))),
            ["", ""],
            [INVALID; 2],
        ),
        form(
            "the message twice, once another",
            again(
                data,
                &format!(
                    "{data}{}",
                    data.replace("reference-0", "reference-2").replacen("DigestValue>", "DigestValue>AAAA", 1)
                ),
            ),
            [INVALID; 2],
            [INVALID; 2],
        ),
        form("keyed digest", again(method, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"), both, both),
        form("weak signature", again(method, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"), both, both),
        form("style sheet as canonicalization", canonical("http://www.w3.org/TR/1999/REC-xslt-19991116"), both, both),
    ];
    check(&scene, &forms);
}

#[test]
fn data_that_are_transformed_or_elsewhere_are_not_signed() {
    let scene = Scene::new();
    let again = |from: &str, to: &str| scene.signed_again(&scene.with(from, to));
    let transform = |uri: &str| {
        let transforms = format!("<ds:Transforms><ds:Transform Algorithm=\"{uri}\"></ds:Transform></ds:Transforms>");
        again("URI=\"/message.xml\">\n", &format!("URI=\"/message.xml\">\n{transforms}"))
    };
    let elsewhere = |uri: &str| again("URI=\"/message.xml\"", &format!("URI=\"{uri}\""));
    let (both, mut forms) = ([MALFORMED, INVALID], Vec::new());
    for uri in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        INCLUSIVE,
    ] {
        forms.push(form("transform", transform(uri), both, both));
    }
    for uri in [
        "",
        "#signature",
        "#xpointer(/)",
        "http://one.az/message.xml",
        "file:///message.xml",
        "message.xml",
        "/../message.xml",
        "/message.xml#x",
        "/MESSAGE.XML",
    ] {
        forms.push(form("elsewhere", elsewhere(uri), both, both));
    }
    check(&scene, &forms);
}
