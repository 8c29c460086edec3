//! The checks that make a register's file a schema. Each problem is collected, none stops the others.

use super::load::{Problems, RawEntity, RawField, RawInput, RawRegister, RawService};
use super::{Absent, DataService, Entity, Field, FieldType, Input, Purpose, Schema, ServiceKind};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

const TEXT_LENGTH_MAX: usize = 200;

pub(super) struct Checker {
    purposes: BTreeMap<String, Purpose>,
    formats: BTreeMap<String, Vec<String>>,
    entity_codes: Vec<String>,
}

/// What a field or an input says about its type.
struct RawType<'a> {
    kind: &'a Spanned<String>,
    length_max: Option<usize>,
    format: Option<&'a Spanned<String>>,
    min: Option<i64>,
    max: Option<i64>,
}

impl Checker {
    pub fn new(purposes: BTreeMap<String, Purpose>) -> Self {
        Checker { purposes, formats: BTreeMap::new(), entity_codes: Vec::new() }
    }

    pub fn schema(
        mut self,
        raw: RawRegister,
        own: &mut Problems<'_>,
        every: Vec<RawService>,
        common: &mut Problems<'_>,
    ) -> Schema {
        let at = raw.identifier.span().start;
        own.localized(at, "the register's name", &raw.name);
        own.localized(at, "the owner's name", &raw.owner);
        if raw.identifier.get_ref().split('/').filter(|part| !part.is_empty()).count() != 4 {
            own.add(at, "the identifier must be instance/class/member/subsystem");
        }
        self.formats = raw.formats;
        self.entity_codes = raw.entity.iter().map(|entity| entity.code.get_ref().clone()).collect();
        unique(own, "entity", raw.entity.iter().map(|entity| &entity.code));
        let entities: Vec<Entity> = raw.entity.into_iter().map(|entity| self.entity(entity, own)).collect();
        unique(own, "service", raw.service.iter().map(|service| &service.code));
        let mut services: Vec<DataService> =
            raw.service.into_iter().filter_map(|service| self.service(service, &entities, own)).collect();
        for service in every {
            let at = service.code.span().start;
            if let Some(service) = self.service(service, &entities, common) {
                if services.iter().any(|known| known.code == service.code) {
                    common.add(at, format!("the register has a service “{}” of its own", service.code));
                }
                services.push(service);
            }
        }
        let identifier = raw.identifier.into_inner();
        Schema { identifier, name: raw.name, owner: raw.owner, entities, services, purposes: self.purposes }
    }

    fn entity(&self, raw: RawEntity, problems: &mut Problems<'_>) -> Entity {
        problems.localized(raw.code.span().start, "the entity", &raw.name);
        unique(problems, "field", raw.field.iter().map(|field| &field.code));
        let fields: Vec<Field> = raw.field.into_iter().map(|field| self.field(field, problems)).collect();
        let entity = Entity {
            code: raw.code.get_ref().clone(),
            name: raw.name,
            key: raw.key.get_ref().clone(),
            person: raw.person.get_ref().clone(),
            fields,
        };
        match entity.field(&entity.key) {
            None => problems.add(raw.key.span().start, format!("the key “{}” is no field", entity.key)),
            Some(key) if key.optional || key.correctable => {
                problems.add(raw.key.span().start, "the key must be there and stay what it is");
            }
            Some(_) => {}
        }
        match entity.field(&entity.person) {
            Some(field) if matches!(field.kind, FieldType::Pin) && (field.indexed || field.code == entity.key) => {}
            _ => problems.add(
                raw.person.span().start,
                format!(
                    "“{}” must be a PIN that is the key or indexed: it says whom the record concerns",
                    entity.person
                ),
            ),
        }
        entity
    }

    fn field(&self, raw: RawField, problems: &mut Problems<'_>) -> Field {
        let at = raw.code.span().start;
        problems.localized(at, "the field", &raw.label);
        let kind = match raw.kind.get_ref().as_str() {
            "enum" => {
                let options = raw.options.unwrap_or_default();
                if options.is_empty() {
                    problems.add(at, "an enum needs options");
                }
                unique(problems, "option", options.iter().map(|option| &option.code));
                for option in &options {
                    problems.localized(option.code.span().start, "the option", &option.label);
                }
                FieldType::Enum {
                    options: options.into_iter().map(|option| (option.code.into_inner(), option.label)).collect(),
                }
            }
            "reference" => {
                FieldType::Reference { entity: self.entity_index(raw.entity.as_ref(), at, problems).unwrap_or(0) }
            }
            "rows" => {
                let columns = raw.columns.unwrap_or_default();
                if columns.is_empty() {
                    problems.add(at, "rows need columns");
                }
                unique(problems, "column", columns.iter().map(|column| &column.code));
                FieldType::Rows { columns: columns.into_iter().map(|column| self.field(column, problems)).collect() }
            }
            _ => {
                let (length_max, min, max) = (raw.length_max, raw.min, raw.max);
                self.simple_type(
                    &RawType { kind: &raw.kind, length_max, format: raw.format.as_ref(), min, max },
                    problems,
                )
            }
        };
        if (raw.indexed || raw.unique) && matches!(kind, FieldType::Rows { .. }) {
            problems.add(at, "rows cannot be indexed");
        }
        Field {
            code: raw.code.into_inner(),
            label: raw.label,
            kind,
            optional: raw.optional,
            indexed: raw.indexed || raw.unique,
            unique: raw.unique,
            correctable: raw.correctable,
        }
    }

    fn simple_type(&self, raw: &RawType<'_>, problems: &mut Problems<'_>) -> FieldType {
        let at = raw.kind.span().start;
        match raw.kind.get_ref().as_str() {
            "text" => FieldType::Text { length_max: raw.length_max.unwrap_or(TEXT_LENGTH_MAX) },
            "pin" => FieldType::Pin,
            "date" => FieldType::Date,
            "bool" => FieldType::Bool,
            "money" => FieldType::Money,
            "integer" => {
                let (min, max) = (raw.min.unwrap_or(0), raw.max.unwrap_or(i64::MAX));
                if min > max {
                    problems.add(at, "the smallest number is above the largest");
                }
                FieldType::Integer { min, max }
            }
            "code" => {
                let Some(format) = raw.format else {
                    problems.add(at, "a code needs a format");
                    return FieldType::Code { masks: Vec::new() };
                };
                let masks = self.formats.get(format.get_ref()).cloned().unwrap_or_default();
                if masks.is_empty() {
                    problems.add(format.span().start, format!("there is no format “{}”", format.get_ref()));
                }
                FieldType::Code { masks }
            }
            other => {
                problems.add(at, format!("there is no type “{other}”"));
                FieldType::Bool
            }
        }
    }

    pub(super) fn entity_index(
        &self,
        code: Option<&Spanned<String>>,
        at: usize,
        problems: &mut Problems<'_>,
    ) -> Option<usize> {
        let Some(code) = code else {
            problems.add(at, "the entity is not named");
            return None;
        };
        let found = self.entity_codes.iter().position(|known| known == code.get_ref());
        if found.is_none() {
            problems.add(code.span().start, format!("there is no entity “{}”", code.get_ref()));
        }
        found
    }

    fn service(&self, raw: RawService, entities: &[Entity], problems: &mut Problems<'_>) -> Option<DataService> {
        let at = raw.code.span().start;
        problems.localized(at, "the service", &raw.name);
        problems.localized(at, "the legal basis", &raw.legal_basis);
        if raw.purposes.is_empty() {
            problems.add(at, "a data service without a purpose could never be asked");
        }
        for purpose in &raw.purposes {
            if !self.purposes.contains_key(purpose.get_ref()) {
                problems.add(purpose.span().start, format!("there is no purpose “{}”", purpose.get_ref()));
            }
        }
        let (kind, input) = self.service_kind(&raw, entities, problems)?;
        Some(DataService {
            code: raw.code.into_inner(),
            version: raw.version,
            name: raw.name,
            legal_basis: raw.legal_basis,
            purposes: raw.purposes.into_iter().map(Spanned::into_inner).collect(),
            kind,
            input,
        })
    }

    fn service_kind(
        &self,
        raw: &RawService,
        entities: &[Entity],
        problems: &mut Problems<'_>,
    ) -> Option<(ServiceKind, Vec<Input>)> {
        let at = raw.kind.span().start;
        let pin = || input("pin", FieldType::Pin);
        let text = |code, length_max| input(code, FieldType::Text { length_max });
        Some(match raw.kind.get_ref().as_str() {
            "record" | "rows" => {
                let input = self.inputs(raw, problems);
                let view = self.view(raw, entities, &input, problems)?;
                let kind = match (raw.kind.get_ref().as_str(), raw.absent) {
                    ("record", absent) => ServiceKind::Record { view, absent: absent.unwrap_or(Absent::Refuse) },
                    (_, None | Some(Absent::Answer)) => ServiceKind::Rows { view },
                    (_, Some(Absent::Refuse)) => {
                        problems.add(at, "no rows are an answer, never a refusal");
                        return None;
                    }
                };
                (kind, input)
            }
            "write" => {
                let entity = self.entity_index(raw.entity.as_ref(), at, problems)?;
                (ServiceKind::Write { entity }, Vec::new())
            }
            "access-log" => (
                ServiceKind::AccessLog,
                vec![pin(), Input { optional: true, ..input("before", FieldType::Integer { min: 0, max: i64::MAX }) }],
            ),
            "access-proof" => (ServiceKind::AccessProof, vec![text("id", 36), pin()]),
            "own-record" => (ServiceKind::OwnRecord, vec![pin()]),
            "correction-request" => (
                ServiceKind::CorrectionRequest,
                vec![pin(), text("field", 80), text("claimedValue", 300), text("reason", 1000)],
            ),
            "correction-list" => (ServiceKind::CorrectionList, Vec::new()),
            "correction-decision" => (
                ServiceKind::CorrectionDecision,
                vec![text("reference", 36), input("accept", FieldType::Bool), text("reason", 1000)],
            ),
            other => {
                problems.add(at, format!("there is no kind of data service “{other}”"));
                return None;
            }
        })
    }

    fn inputs(&self, raw: &RawService, problems: &mut Problems<'_>) -> Vec<Input> {
        let declared: &[RawInput] = raw.input.as_deref().unwrap_or_default();
        unique(problems, "input", declared.iter().map(|input| &input.code));
        let read = |input: &RawInput, problems: &mut Problems<'_>| Input {
            code: input.code.get_ref().clone(),
            kind: self.simple_type(
                &RawType {
                    kind: &input.kind,
                    length_max: input.length_max,
                    format: input.format.as_ref(),
                    min: input.min,
                    max: input.max,
                },
                problems,
            ),
            optional: input.optional,
        };
        declared.iter().map(|input| read(input, problems)).collect()
    }
}

fn input(code: &str, kind: FieldType) -> Input {
    Input { code: code.to_owned(), kind, optional: false }
}

pub(super) fn unique<'a>(problems: &mut Problems<'_>, what: &str, codes: impl Iterator<Item = &'a Spanned<String>>) {
    let mut seen = BTreeSet::new();
    for code in codes {
        let well_formed = code.get_ref().starts_with(|letter: char| letter.is_ascii_alphabetic())
            && code.get_ref().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !well_formed {
            problems.add(code.span().start, format!("“{}” is no code: letters, digits and “-” only", code.get_ref()));
        }
        if !seen.insert(code.get_ref()) {
            problems.add(code.span().start, format!("the {what} “{}” stands twice", code.get_ref()));
        }
    }
}
