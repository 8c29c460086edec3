//! Cases made by others: `cases.json` of the field's test vectors, as far as this crate judges their kinds. The folder is
//! named by `PENCERE_VECTORS` or lies beside the workspace; without it the test says so, and fails where CI runs it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use formats::{
    globalconf::{SharedParameters, read_anchor, read_signed},
    hashchain::{self, Input},
    identifier::{ObjectType, object_type, read_client, read_server, read_service},
    message,
    mime::ContentType,
    soap::{self, Headers, Parsed},
    x509::{Certificate, from_pem},
    xml,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Kinds that are judged here; the others belong to later work.
const KINDS: [&str; 7] =
    ["anchor", "globalconf-dir", "globalconf-signed", "hashchain", "identifier", "message", "transport"];

#[expect(clippy::disallowed_methods, reason = "the runner tells where the vectors are and whether they must be there")]
fn folder() -> Result<PathBuf, String> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/xroad");
    let named = std::env::var("PENCERE_VECTORS").map_or(beside, |named| {
        let named = PathBuf::from(named);
        if named.join("cases.json").exists() { named } else { named.join("xroad") }
    });
    if named.join("cases.json").exists() {
        return Ok(named);
    }
    assert!(std::env::var("CI").is_err(), "the test vectors are not there: set PENCERE_VECTORS to their folder");
    Err(format!("NOT TESTED: no test vectors at {}; set PENCERE_VECTORS to their folder", named.display()))
}

struct Case<'a> {
    folder: &'a Path,
    case: &'a Value,
}

type Outcome = Result<Value, String>;

impl Case<'_> {
    fn text(&self, field: &str) -> &str {
        self.case[field].as_str().unwrap_or_default()
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    fn read(&self, relative: &str) -> Vec<u8> {
        std::fs::read(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    fn file(&self) -> Vec<u8> {
        self.read(self.text("file"))
    }

    fn documents(&self, name: &str) -> Option<Vec<u8>> {
        self.case["documents"][name].as_str().map(|relative| self.read(relative))
    }

    fn run(&self) -> Outcome {
        match self.text("kind") {
            "anchor" => self.anchor(),
            "globalconf-dir" => self.globalconf_dir(),
            "globalconf-signed" => self.globalconf_signed(),
            "hashchain" => self.hashchain(),
            "identifier" => self.identifier(),
            "message" => self.message(),
            "transport" => self.transport(),
            other => panic!("{other} is not judged here"),
        }
    }

    fn anchor(&self) -> Outcome {
        let anchor = read_anchor(&self.file()).map_err(|error| error.to_string())?;
        let hex = |der: &Vec<u8>| exchange::certificates::sha1_hex(der);
        let sources = anchor.sources.iter().map(|source| {
            json!({ "url": source.url, "certificates_sha1": source.certificates.iter().map(hex).collect::<Vec<_>>() })
        });
        Ok(json!({
            "instance": anchor.instance,
            "generated_at": anchor.generated_at.map(|at| at.to_string()),
            "sources": sources.collect::<Vec<_>>(),
        }))
    }

    fn globalconf_dir(&self) -> Outcome {
        let root = self.path(self.text("file"));
        let instance = std::fs::read_to_string(root.join("instance-identifier")).map_err(|error| error.to_string())?;
        let mut instances = Vec::new();
        for entry in std::fs::read_dir(&root).expect("a folder").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(document) = std::fs::read(entry.path().join("shared-params.xml")) else { continue };
            let Ok(shared) = SharedParameters::read(&document) else { continue };
            instances.push((name, shared));
        }
        instances.sort_by(|one, other| one.0.cmp(&other.0));
        let list: Vec<Value> = instances.iter().map(|(name, shared)| instance_facts(name, shared)).collect();
        Ok(json!({ "instance": instance.trim(), "instances": list }))
    }

    fn globalconf_signed(&self) -> Outcome {
        let signed = read_signed(&self.file()).map_err(|error| error.code().to_owned())?;
        let certificates: Vec<Vec<u8>> = self.case["trust"]["configuration"]
            .as_array()
            .map(|list| list.iter().map(|path| self.certificate(path.as_str().expect("a path"))).collect())
            .unwrap_or_default();
        let named = signed.signed_by(&certificates).map_err(|error| error.code().to_owned())?;
        let certificate = Certificate::from_der(named).map_err(|error| error.to_string())?;
        let directory = signed.check(certificate.key()).map_err(|error| error.code().to_owned())?;
        if directory.expires < self.text("at").parse().expect("an instant") {
            return Err("global_conf_outdated".to_owned());
        }
        for part in &directory.parts {
            if self.documents(&part.location).is_some_and(|document| !part.matches(&document)) {
                return Err("global_conf_part_downloaded_file_integrity_failure".to_owned());
            }
        }
        let parts = directory
            .parts
            .iter()
            .map(|part| json!({ "identifier": part.identifier, "instance": part.instance, "location": part.location }));
        Ok(json!({
            "expires": directory.expires.to_string(),
            "version": directory.version.map(|version| version.to_string()),
            "parts": parts.collect::<Vec<_>>(),
        }))
    }

    fn certificate(&self, relative: &str) -> Vec<u8> {
        let text = String::from_utf8(self.read(relative)).expect("PEM");
        from_pem(&text).expect("certificates")[0].der().to_vec()
    }

    fn hashchain(&self) -> Outcome {
        let inputs = self.case["inputs"].as_object().expect("inputs").iter();
        let inputs: Vec<(String, Input)> = inputs
            .map(|(name, value)| {
                let decode = |field: &str| STANDARD.decode(value[field].as_str().expect("text")).expect("base64");
                let input = match value {
                    Value::Null => Input::Absent,
                    value if value.get("path").is_some() => {
                        Input::Data(self.read(value["path"].as_str().expect("a path")))
                    }
                    value if value.get("base64").is_some() => Input::Data(decode("base64")),
                    _ => Input::Digest(decode("digest")),
                };
                (name.clone(), input)
            })
            .collect();
        let unverified = hashchain::verify(&self.file(), &|name| self.documents(name), &inputs, &canonical)
            .map_err(|error| error.code().to_owned())?;
        Ok(json!({ "unverified": unverified }))
    }

    fn identifier(&self) -> Outcome {
        let root = xml::read(&self.file()).map_err(|error| error.to_string())?;
        let invalid = |_| "invalid_client_identifier".to_owned();
        let kind = object_type(&root).map_err(invalid)?;
        let (name, id) = match kind {
            ObjectType::Member => ("MEMBER", read_client(&root).map_err(invalid)?.to_string()),
            ObjectType::Subsystem => ("SUBSYSTEM", read_client(&root).map_err(invalid)?.to_string()),
            ObjectType::Service => ("SERVICE", read_service(&root).map_err(invalid)?.to_string()),
            ObjectType::Server => ("SERVER", read_server(&root).map_err(invalid)?.to_string()),
        };
        Ok(json!({ "type": name, "id": format!("{name}:{id}") }))
    }

    fn message(&self) -> Outcome {
        let kind = ContentType::parse(self.text("content_type")).filter(|kind| kind.essence == "text/xml");
        kind.ok_or("invalid_content_type")?;
        let message = match soap::read(self.file()).map_err(|error| error.code().to_owned())? {
            Parsed::Message(message) => message,
            Parsed::Fault(_) => return Ok(json!({ "type": "fault" })),
        };
        if let Some(request) = self.case["inputs"]["request"]["path"].as_str() {
            let Ok(Parsed::Message(request)) = soap::read(self.read(request)) else {
                panic!("the request is a message")
            };
            soap::check_consistent(&request.headers, &message.headers).map_err(|error| error.code().to_owned())?;
        }
        Ok(message_facts(&message))
    }

    fn transport(&self) -> Outcome {
        let decoded =
            message::decode(self.text("content_type"), &self.file()).map_err(|error| error.code().to_owned())?;
        let text = |value: &Option<String>| value.clone();
        let fault = decoded.fault.as_ref().map(|fault| {
            json!({ "code": fault.code, "string": fault.string, "actor": text(&fault.actor), "detail": text(&fault.detail) })
        });
        let kind = |message: &soap::Message| if message.is_response() { "response" } else { "request" };
        let message = decoded.soap.as_ref().map(|message| {
            let Headers { client, service, id, .. } = &message.headers;
            json!({ "type": kind(message), "client": client.to_string(), "service": service.to_string(), "id": id })
        });
        Ok(json!({
            "message": message,
            "fault": fault,
            "ocsp_responses": decoded.ocsp.len(),
            "attachments": decoded.attachments.len(),
            "hash_chain": decoded.chain.is_some(),
            "signature": decoded.signature.is_some(),
        }))
    }
}

/// The one transform of the vectors: canonical XML.
fn canonical(uri: &str, data: &[u8]) -> Option<Vec<u8>> {
    formats::xades::canonical_document(std::str::from_utf8(data).ok()?, uri).ok()
}

fn message_facts(message: &soap::Message) -> Value {
    let headers = &message.headers;
    let party = headers.represented_party.as_ref().map(|(class, code)| match class {
        Some(class) => format!("{class}/{code}"),
        None => code.clone(),
    });
    json!({
        "type": if message.is_response() { "response" } else { "request" },
        "client": headers.client.to_string(),
        "service": headers.service.to_string(),
        "id": headers.id,
        "user_id": headers.user_id,
        "issue": headers.issue,
        "protocol_version": headers.protocol_version,
        "represented_party": party,
        "security_server": headers.security_server.as_ref().map(ToString::to_string),
        "rpc": message.rpc,
        "body": message.body.name,
        "attachments": 0,
    })
}

fn instance_facts(name: &str, shared: &SharedParameters) -> Value {
    let mut members = Vec::new();
    for member in &shared.members {
        let id = format!("{}/{}/{}", shared.instance, member.class, member.code);
        members.push(id.clone());
        members.extend(member.subsystems.iter().map(|subsystem| format!("{id}/{}", subsystem.code)));
    }
    let groups = shared
        .global_groups
        .iter()
        .map(|group| (group.code.clone(), group.members.iter().map(ToString::to_string).collect::<Vec<_>>().into()));
    json!({
        "instance": name,
        "members": members,
        "security_servers": shared.servers.iter().map(|server| server.id.to_string()).collect::<Vec<_>>(),
        "approved_cas": shared.approved_cas.iter().map(|ca| &ca.name).collect::<Vec<_>>(),
        "tsas": shared.approved_tsas.iter().map(|tsa| &tsa.name).collect::<Vec<_>>(),
        "global_groups": Value::Object(groups.collect()),
        "ocsp_freshness_seconds": shared.ocsp_freshness_s,
    })
}

/// Every fact that we state must be the one that is expected.
fn differences(found: &Value, expected: &Value, at: &str, out: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in found {
                if let Some(wanted) = expected.get(name) {
                    differences(value, wanted, &format!("{at}.{name}"), out);
                }
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let pairs = found.iter().zip(expected).enumerate();
            pairs.for_each(|(place, (found, wanted))| differences(found, wanted, &format!("{at}[{place}]"), out));
        }
        _ if found == expected => {}
        _ => out.push(format!("{at}: {found} instead of {expected}")),
    }
}

fn matches_code(found: &str, expected: &str) -> bool {
    match expected.strip_suffix(".*") {
        Some(beginning) => found == beginning || found.starts_with(&format!("{beginning}.")),
        None => found == expected,
    }
}

#[test]
fn the_cases_of_others_are_judged_as_they_say() {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(why) => return eprintln!("{why}"),
    };
    let cases: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("cases.json")).expect("cases")).expect("JSON");
    let (mut judged, mut wrong) = (0, Vec::new());
    for case in &cases {
        let (kind, expect) = (case["kind"].as_str().unwrap_or_default(), case["expect"].as_str().unwrap_or_default());
        if !KINDS.contains(&kind) || expect == "input" {
            continue;
        }
        judged += 1;
        let id = case["id"].as_str().unwrap_or_default();
        match (Case { folder: &folder, case }.run(), expect) {
            (Ok(facts), "accept" | "parse") => differences(&facts, &case["facts"], id, &mut wrong),
            (Err(code), "reject") => {
                if let Some(expected) = case["code"].as_str().filter(|expected| !matches_code(&code, expected)) {
                    wrong.push(format!("{id}: {code} instead of {expected}"));
                }
            }
            (Ok(_), _) => wrong.push(format!("{id}: accepted")),
            (Err(code), _) => wrong.push(format!("{id}: refused with {code}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged >= 40, "only {judged} cases of our kinds");
}
