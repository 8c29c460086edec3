//! What a case is beside its fields, read off rules. A rule is `{"when": {field: text}, "set": {…}}`: it fits a case whose
//! fields hold the texts (one of several in a list, whatever the case of letters; `null`: the case has no such field), and
//! what it sets stands until a later rule sets it otherwise.

use serde_json::{Map, Value, json};

/// The rules for the field's own cases: what their notes, codes and names say.
const FIELD: &str = include_str!("setups.json");
/// A folder's own rules, beside its `cases.json`; they come after those of the field.
pub const OWN_FILE: &str = "setups.json";
const KEYS: [&str; 12] = [
    "to",
    "method",
    "status",
    "soap_actions",
    "byte_order_mark",
    "stranger",
    "statuses",
    "service",
    "server",
    "system",
    "shows",
    "answer",
];

/// Rules in their order.
#[derive(Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    when: Map<String, Value>,
    set: Map<String, Value>,
}

impl Rules {
    /// The field's, and `own` ones of a folder.
    pub fn read(own: Option<&[u8]>) -> Result<Rules, String> {
        let mut rules = Vec::new();
        for written in std::iter::once(FIELD.as_bytes()).chain(own) {
            let listed: Vec<Value> = serde_json::from_slice(written).map_err(|error| format!("{OWN_FILE}: {error}"))?;
            for rule in listed {
                rules.push(Rule::read(&rule).ok_or_else(|| format!("{OWN_FILE}: {rule} is no rule"))?);
            }
        }
        Ok(Rules(rules))
    }

    pub fn setup(&self, case: &Value) -> Result<Setup, String> {
        let mut merged = Map::new();
        for rule in self.0.iter().filter(|rule| rule.fits(case)) {
            merged.extend(rule.set.clone());
        }
        Setup::read(&Value::Object(merged))
    }
}

impl Rule {
    fn read(rule: &Value) -> Option<Rule> {
        let part = |name: &str| rule[name].as_object().cloned();
        let rule = Rule { when: part("when")?, set: part("set")? };
        let known = rule.set.keys().all(|key| KEYS.contains(&key.as_str()));
        (known && !rule.when.is_empty()).then_some(rule)
    }

    fn fits(&self, case: &Value) -> bool {
        self.when.iter().all(|(field, wanted)| {
            let found = case[field.as_str()].as_str().map(str::to_lowercase);
            let holds = |wanted: &Value| match (wanted.as_str(), &found) {
                (Some(wanted), Some(found)) => found.contains(&wanted.to_lowercase()),
                _ => false,
            };
            match wanted {
                Value::Null => found.is_none(),
                Value::Array(any) => any.iter().any(holds),
                one => holds(one),
            }
        })
    }
}

/// The pair of servers and the information systems beside them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Situation {
    pub service: Service,
    pub server: Server,
    /// Nobody tells whether certificates are good.
    pub no_statuses: bool,
    /// Information systems must show a registered certificate.
    pub demanding: bool,
}

/// How the provider's information system is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    #[default]
    Http,
    /// At an address that does not exist.
    Nowhere,
    /// By https with a certificate that is registered for it.
    Https,
    HttpsOtherRegistered,
    HttpsNoneRegistered,
    /// Whatever it shows will do.
    HttpsUnchecked,
}

/// Who is at the address of the provider's server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Server {
    #[default]
    Itself,
    InMaintenance,
    /// Somebody with the server's key who answers whatever the stage says.
    Played,
    /// Somebody whose certificate no authority issued.
    Stranger,
    /// Somebody with the certificate of another server.
    Another,
}

/// What the client's information system shows of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shows {
    /// It asks by plain HTTP.
    #[default]
    Http,
    /// It asks by TLS, without a certificate.
    Nothing,
    Registered,
    Other,
    Expired,
}

/// What a case is beside its fields.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub situation: Situation,
    pub shows: Shows,
    /// The request goes to the provider's server, as from the consumer's.
    pub to_provider: bool,
    pub method: Option<String>,
    /// The OCSP response of the consumer's server goes before the request's parts.
    pub status: bool,
    /// Each is sent and must come through; none are sent if there are none.
    pub soap_actions: Vec<String>,
    pub byte_order_mark: bool,
    /// The client of the request is nobody's.
    pub stranger: bool,
    /// The answer of the service, or of the server that is played, when it is not the case's file.
    pub answer: Value,
}

impl Setup {
    fn read(set: &Value) -> Result<Setup, String> {
        let wrong = |name: &str| format!("{OWN_FILE}: {name} may not be {}", set[name]);
        let service = match set["service"].as_str() {
            None => Service::Http,
            Some("nowhere") => Service::Nowhere,
            Some("https") => Service::Https,
            Some("https-other-registered") => Service::HttpsOtherRegistered,
            Some("https-none-registered") => Service::HttpsNoneRegistered,
            Some("https-unchecked") => Service::HttpsUnchecked,
            Some(_) => return Err(wrong("service")),
        };
        let server = match set["server"].as_str() {
            None => Server::Itself,
            Some("in-maintenance") => Server::InMaintenance,
            Some("played") => Server::Played,
            Some("stranger") => Server::Stranger,
            Some("another") => Server::Another,
            Some(_) => return Err(wrong("server")),
        };
        let shows = match set["shows"].as_str() {
            None => Shows::Http,
            Some("nothing") => Shows::Nothing,
            Some("registered") => Shows::Registered,
            Some("other") => Shows::Other,
            Some("expired") => Shows::Expired,
            Some(_) => return Err(wrong("shows")),
        };
        let demanding = match set["system"].as_str() {
            None => false,
            Some("certificate") => true,
            Some(_) => return Err(wrong("system")),
        };
        let to_provider = match set["to"].as_str() {
            None => false,
            Some("provider-server") => true,
            Some(_) => return Err(wrong("to")),
        };
        let actions = set["soap_actions"].as_array().into_iter().flatten();
        Ok(Setup {
            situation: Situation { service, server, no_statuses: set["statuses"] == json!(false), demanding },
            shows,
            to_provider,
            method: set["method"].as_str().map(str::to_owned),
            status: set["status"] == json!(true),
            soap_actions: actions.filter_map(|action| action.as_str().map(str::to_owned)).collect(),
            byte_order_mark: set["byte_order_mark"] == json!(true),
            stranger: set["stranger"] == json!(true),
            answer: set["answer"].clone(),
        })
    }
}
