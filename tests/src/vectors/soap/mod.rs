//! End-to-end cases (`soap/cases.json`): an information system, its security server, the provider's server and a service
//! that plays the case's answer. Only HTTP ports are driven. What a case is beside its fields (a server that is not there, a
//! service that hangs up) the field tells in prose; the rules of `setups.json` say which words mean what, and a folder may
//! bring rules of its own in `soap/setups.json` (see `setup`). A case that no rule fits runs in the usual world. Where the
//! note of a case is silent a rule goes by its code, or by a word of its name where that alone tells the set-up.

mod authority;
mod identity;
mod played;
mod population;
mod setup;
mod world;

use super::{Codes, Row, State};
use formats::{
    message,
    mime::{ContentType, read_all, write_part},
    soap::{self, Message, Parsed},
};
use played::{Answer, Stage};
use serde_json::{Value, json};
use setup::{Rules, Setup, Situation};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    sync::Arc,
};
use world::{Sending, World};

const KIND: &str = "soap-exchange";
const XML: &str = "text/xml; charset=UTF-8";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Judges every case of the folder's `soap/cases.json`; none if there is no such file.
pub fn judge_folder(folder: &Path, codes: Codes) -> Result<Vec<Row>, String> {
    let folder = folder.join("soap");
    if !folder.join("cases.json").is_file() {
        return Ok(Vec::new());
    }
    let read = std::fs::read(folder.join("cases.json")).map_err(|error| error.to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&read).map_err(|error| format!("soap/cases.json: {error}"))?;
    let own = folder.join(setup::OWN_FILE);
    let own = own.is_file().then(|| std::fs::read(own)).transpose().map_err(|error| error.to_string())?;
    let rules = Rules::read(own.as_deref())?;
    let cases = cases.iter().map(|case| Ok((case, rules.setup(case)?))).collect::<Result<Vec<_>, String>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    Ok(runtime.block_on(judge_all(&folder, &cases, codes)))
}

async fn judge_all(folder: &Path, cases: &[(&Value, Setup)], codes: Codes) -> Vec<Row> {
    let stage = Arc::new(Stage::default());
    let people = population::of(folder, cases);
    let mut worlds: BTreeMap<Situation, World> = BTreeMap::new();
    let mut rows = Vec::new();
    for (number, (case, setup)) in cases.iter().enumerate() {
        if let Entry::Vacant(place) = worlds.entry(setup.situation) {
            match World::start(setup.situation, codes, &people, &stage).await {
                Ok(world) => drop(place.insert(world)),
                Err(why) => {
                    rows.push(row(case, codes, format!("there is no such world: {why}"), false));
                    continue;
                }
            }
        }
        let run = Run { folder, case, setup, stage: &stage, world: &worlds[&setup.situation], number };
        let (got, holds) = run.judge(codes).await;
        rows.push(row(case, codes, got, holds));
    }
    worlds.values().for_each(World::stop);
    rows
}

fn fault_field(codes: Codes) -> &'static str {
    match codes {
        Codes::Current => "faultCode_7.8",
        Codes::Before => "faultCode_le_7.7",
    }
}

fn row(case: &Value, codes: Codes, got: String, holds: bool) -> Row {
    let expected = match case["expect"].as_str() {
        Some("fault") => case[fault_field(codes)].as_str().unwrap_or("any fault"),
        other => other.unwrap_or_default(),
    };
    Row {
        case: format!("soap/{}", case["case"].as_str().unwrap_or_default()),
        kind: KIND.to_owned(),
        expected: expected.to_owned(),
        got,
        state: if holds { State::Right } else { State::Wrong },
    }
}

struct Run<'a> {
    folder: &'a Path,
    case: &'a Value,
    setup: &'a Setup,
    stage: &'a Stage,
    world: &'a World,
    number: usize,
}

/// What the client got.
enum Outcome {
    Message(Box<Message>),
    Fault(String),
    Other(String),
}

impl Run<'_> {
    fn text(&self, field: &str) -> Option<&str> {
        self.case[field].as_str()
    }

    /// A file of the case: with an identifier of this run, and with a byte order mark where the case says so.
    fn file(&self, field: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.folder.join(self.text(field)?)).ok()?;
        let bytes = with_identifier(&bytes, &format!("vector-{}", self.number));
        Some(if self.setup.byte_order_mark { [BYTE_ORDER_MARK, &bytes].concat() } else { bytes })
    }

    /// Once, or with each SOAPAction that the set-up names: the first that fails is told.
    async fn judge(&self, codes: Codes) -> (String, bool) {
        let actions = self.setup.soap_actions.iter().map(|action| Some(action.as_str()));
        let mut judged = (String::new(), true);
        for action in actions.chain(self.setup.soap_actions.is_empty().then_some(None)) {
            judged = self.judge_with(action, codes).await;
            if !judged.1 {
                break;
            }
        }
        judged
    }

    async fn judge_with(&self, action: Option<&str>, codes: Codes) -> (String, bool) {
        let Some(request) = self.file("request") else { return ("the request cannot be read".to_owned(), false) };
        self.stage.play(self.answer(codes));
        let kind = self.text("requestContentType").unwrap_or(XML);
        let request = self.with_status(kind, request);
        let sending = Sending {
            to_provider: self.setup.to_provider,
            shows: self.setup.shows,
            method: self.setup.method.as_deref().unwrap_or("POST"),
            content_type: kind,
            soap_action: action,
            body: &request,
        };
        let answer = match self.world.send(&sending).await {
            Ok(answer) => answer,
            Err(fault) => return (format!("no answer: {fault}"), false),
        };
        let written = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let outcome = outcome(written, answer.body());
        match (self.text("expect"), outcome) {
            (Some("success"), Outcome::Message(response)) => self.judge_success(kind, &request, &response, action),
            (Some("fault"), Outcome::Fault(code)) => {
                let expected = self.text(fault_field(codes)).unwrap_or_default();
                let beginning = self.text("match") == Some("startsWith");
                let holds = if beginning { code.starts_with(expected) } else { code == expected };
                (code, holds)
            }
            (_, Outcome::Message(_)) => ("success".to_owned(), false),
            (_, Outcome::Fault(code)) => (format!("fault {code}"), false),
            (_, Outcome::Other(what)) => (what, false),
        }
    }

    /// The consumer's server puts the status of its certificate first; files without it never stood for themselves.
    fn with_status(&self, content_type: &str, request: Vec<u8>) -> Vec<u8> {
        let boundary = ContentType::parse(content_type).and_then(|kind| kind.boundary().map(str::to_owned));
        match boundary.filter(|_| self.setup.status) {
            Some(boundary) => {
                let mut out = Vec::new();
                let headers = [("content-type", message::OCSP_RESPONSE)];
                write_part(&mut out, &boundary, &headers, &self.world.consumer_status());
                [out, request].concat()
            }
            None => request,
        }
    }

    /// A normal response that is consistent with the request; and a given SOAPAction reached the service.
    fn judge_success(&self, kind: &str, request: &[u8], response: &Message, action: Option<&str>) -> (String, bool) {
        let Outcome::Message(request) = outcome(kind, request) else {
            return ("the request cannot be read".to_owned(), false);
        };
        if let Err(error) = soap::check_consistent(&request.headers, &response.headers) {
            return (format!("not consistent: {error}"), false);
        }
        match action {
            Some(action) if self.stage.seen_action().as_deref() != Some(action) => {
                (format!("the service saw SOAPAction {:?}", self.stage.seen_action()), false)
            }
            _ => ("success".to_owned(), true),
        }
    }

    /// What the service (or the played server) answers: the set-up's own answer, or the case's file.
    fn answer(&self, codes: Codes) -> Answer {
        let set = &self.setup.answer;
        if set.is_object() {
            // A service's own fault comes through as it is, so it is the one that the case expects.
            let fault = (set["fault"] == json!(true)).then(|| fault_document(self.text(fault_field(codes))));
            return Answer {
                status: set["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200),
                content_type: set["content_type"].as_str().map(str::to_owned),
                body: fault.unwrap_or_else(|| set["body"].as_str().unwrap_or_default().as_bytes().to_vec()),
                stated_length: set["length"].as_u64(),
            };
        }
        let body = self.file("response");
        Answer {
            status: if body.is_some() { 200 } else { 404 },
            content_type: Some(self.text("responseContentType").unwrap_or(XML).to_owned()),
            body: body.unwrap_or_default(),
            stated_length: None,
        }
    }
}

fn fault_document(code: Option<&str>) -> Vec<u8> {
    let code = code.unwrap_or_default().to_owned();
    let fault = soap::Fault { code, string: "played".to_owned(), actor: None, detail: None, received: None };
    fault.to_bytes()
}

/// The content of every `xroad:id` replaced: the elements stand in files of any encoding, so bytes are searched.
fn with_identifier(bytes: &[u8], id: &str) -> Vec<u8> {
    const OPEN: &[u8] = b"<xroad:id>";
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(OPEN.len()).position(|window| window == OPEN) {
        let (before, after) = rest.split_at(at + OPEN.len());
        out.extend_from_slice(before);
        out.extend_from_slice(id.as_bytes());
        let end = after.iter().position(|byte| *byte == b'<').unwrap_or(after.len());
        rest = &after[end..];
    }
    out.extend_from_slice(rest);
    out
}

fn outcome(content_type: &str, body: &[u8]) -> Outcome {
    let kind = ContentType::parse(content_type);
    let boundary = kind.as_ref().filter(|kind| kind.essence.starts_with("multipart/")).and_then(ContentType::boundary);
    let first = boundary.and_then(|boundary| {
        let parts = read_all(body, 0..body.len(), boundary).ok()?;
        Some(body[parts.first()?.body.clone()].to_vec())
    });
    match soap::read(first.unwrap_or_else(|| body.to_vec())) {
        Ok(Parsed::Message(message)) => Outcome::Message(message),
        Ok(Parsed::Fault(fault)) => Outcome::Fault(fault.code),
        Err(error) => Outcome::Other(format!("{content_type}: {error}")),
    }
}
