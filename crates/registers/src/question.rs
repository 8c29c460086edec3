//! A question to a register, and the one decision whether it may be asked at all: known service, allowed purpose, named
//! reader, well-formed input. Nothing is read from the store before `admit` has said yes.

use crate::Refusal;
use crate::schema::{DataService, FieldType, Input, Schema, ServiceKind};
use serde_json::{Map, Value as Json};

/// Who asks, in whose name, for which case and why; as the security servers pass it on.
#[derive(Debug, Clone, Default)]
pub struct Reader {
    /// The asking subsystem: `AZ/GOV/10002/employment`.
    pub client: String,
    /// The person who acts: `PIN:…`.
    pub user: Option<String>,
    pub case_reference: Option<String>,
    pub purpose: Option<String>,
    /// The exchange's message identifier; a repeated question has the same.
    pub message_id: String,
}

impl Reader {
    /// `AZ/GOV/10002` of `AZ/GOV/10002/employment`.
    pub fn member(&self) -> &str {
        self.split().0
    }

    /// `employment` of `AZ/GOV/10002/employment`; empty when the member itself asks.
    pub fn subsystem(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        match self.client.match_indices('/').nth(2) {
            Some((at, _)) => (&self.client[..at], &self.client[at + 1..]),
            None => (&self.client, ""),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Question {
    /// Code of the data service: `personByPin`.
    pub service: String,
    pub input: Json,
    pub reader: Reader,
}

/// A question that may be asked. Its input is checked and in stored form; optional fields that were left out are null.
pub(crate) struct Admitted<'a> {
    pub schema: &'a Schema,
    pub service: &'a DataService,
    pub reader: &'a Reader,
    pub purpose: &'a str,
    pub input: Json,
}

impl Admitted<'_> {
    /// An input that `admit` has seen as text.
    pub fn text(&self, code: &str) -> &str {
        self.input[code].as_str().unwrap_or_default()
    }
}

pub(crate) fn admit<'a>(schema: &'a Schema, question: &'a Question) -> Result<Admitted<'a>, Refusal> {
    let reader = &question.reader;
    if reader.subsystem().is_empty() {
        return Err(Refusal::MissingClient);
    }
    let service = schema.service(&question.service).ok_or(Refusal::UnknownService)?;
    let said = |field: &'a Option<String>| field.as_deref().filter(|text| !text.trim().is_empty());
    let code = said(&reader.purpose).ok_or(Refusal::MissingPurpose)?;
    let purpose = schema
        .purposes
        .get(code)
        .filter(|purpose| service.purposes.contains(&purpose.code))
        .ok_or(Refusal::PurposeNotAllowed)?;
    if purpose.needs_case && said(&reader.case_reference).is_none() {
        return Err(Refusal::MissingCase);
    }
    if (purpose.needs_user || service.is_own_data()) && said(&reader.user).is_none() {
        return Err(Refusal::MissingUser);
    }
    let given = question.input.as_object().ok_or(Refusal::MalformedBody)?;
    let input = match &service.kind {
        ServiceKind::Write { entity } => {
            schema.entities[*entity].read(given).map_err(|field| explain(given, &schema.entities[*entity], field))?
        }
        _ => read_input(&service.input, given)?,
    };
    let admitted = Admitted { schema, service, reader, purpose: &purpose.code, input: Json::Object(input) };
    let user_pin = reader.user.as_deref().and_then(|user| user.strip_prefix("PIN:"));
    if service.is_own_data() && user_pin != Some(admitted.text("pin")) {
        return Err(Refusal::NotYourData);
    }
    Ok(admitted)
}

fn read_input(inputs: &[Input], given: &Map<String, Json>) -> Result<Map<String, Json>, Refusal> {
    if let Some(stranger) = given.keys().find(|code| !inputs.iter().any(|input| &input.code == *code)) {
        return Err(Refusal::UnknownInput(stranger.clone()));
    }
    let mut read = Map::new();
    for input in inputs {
        let value = match given.get(&input.code).unwrap_or(&Json::Null) {
            Json::Null if input.optional => Json::Null,
            Json::Null => return Err(Refusal::MissingInput(input.code.clone())),
            value => input.kind.read(value).ok_or_else(|| bad(&input.kind, &input.code))?,
        };
        read.insert(input.code.clone(), value);
    }
    Ok(read)
}

fn bad(kind: &FieldType, code: &str) -> Refusal {
    if matches!(kind, FieldType::Pin) { Refusal::BadPin } else { Refusal::BadValue(code.to_owned()) }
}

/// Which refusal fits the field that `Entity::read` did not take.
fn explain(given: &Map<String, Json>, entity: &crate::schema::Entity, field: String) -> Refusal {
    match (entity.field(&field), given.get(&field)) {
        (None, _) => Refusal::UnknownInput(field),
        (Some(_), None | Some(Json::Null)) => Refusal::MissingInput(field),
        (Some(known), Some(_)) => bad(&known.kind, &known.code),
    }
}
