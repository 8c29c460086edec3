//! Field types and the one place where a value from outside becomes a value of a field.

use super::{Field, mask};
use base::{Date, Localized, Pin};
use serde_json::Value as Json;

/// The type of a field. Values are JSON: text, date (`2026-10-31`), PIN, code, enum and reference are strings; money is
/// whole qəpik; rows are an array of flat objects.
#[derive(Debug)]
pub enum FieldType {
    Text {
        length_max: usize,
    },
    Pin,
    /// A number with a form, such as a taxpayer number; any of the masks.
    Code {
        masks: Vec<String>,
    },
    Date,
    Bool,
    Money,
    Integer {
        min: i64,
        max: i64,
    },
    Enum {
        options: Vec<(String, Localized)>,
    },
    /// The key of a record of another entity.
    Reference {
        entity: usize,
    },
    Rows {
        columns: Vec<Field>,
    },
}

impl FieldType {
    /// The value in its stored form; `None` if it is none of this type. Numbers and truth values may come as text, because
    /// SOAP knows nothing else.
    pub fn read(&self, given: &Json) -> Option<Json> {
        match self {
            FieldType::Text { length_max } => {
                let text = given.as_str()?.trim();
                let plain =
                    !text.is_empty() && text.chars().count() <= *length_max && !text.chars().any(char::is_control);
                plain.then(|| text.into())
            }
            FieldType::Pin => Pin::parse(given.as_str()?).map(|pin| pin.as_str().into()),
            FieldType::Code { masks } => {
                let text = given.as_str()?.trim();
                masks.iter().any(|mask| mask::fits(mask, text)).then(|| text.into())
            }
            FieldType::Date => {
                let text = given.as_str()?.trim();
                let date: Date = text.parse().ok()?;
                // jiff reads more forms than one; only this one is stored.
                (date.to_string() == text).then(|| text.into())
            }
            FieldType::Bool => match given {
                Json::Bool(_) => Some(given.clone()),
                Json::String(text) => text.trim().parse::<bool>().ok().map(Json::from),
                _ => None,
            },
            FieldType::Money => whole(given).map(Json::from),
            FieldType::Integer { min, max } => whole(given).filter(|n| (min..=max).contains(&n)).map(Json::from),
            FieldType::Enum { options } => {
                let text = given.as_str()?.trim();
                options.iter().any(|(code, _)| code == text).then(|| text.into())
            }
            FieldType::Reference { .. } => given.as_str().filter(|text| !text.is_empty()).map(Json::from),
            FieldType::Rows { columns } => {
                given.as_array()?.iter().map(|row| read_row(columns, row)).collect::<Option<Vec<_>>>().map(Json::from)
            }
        }
    }

    /// The name that the files and the answers use.
    pub fn name(&self) -> &'static str {
        match self {
            FieldType::Text { .. } => "text",
            FieldType::Pin => "pin",
            FieldType::Code { .. } => "code",
            FieldType::Date => "date",
            FieldType::Bool => "bool",
            FieldType::Money => "money",
            FieldType::Integer { .. } => "integer",
            FieldType::Enum { .. } => "enum",
            FieldType::Reference { .. } => "reference",
            FieldType::Rows { .. } => "rows",
        }
    }
}

fn whole(given: &Json) -> Option<i64> {
    match given {
        Json::String(text) => text.trim().parse().ok(),
        other => other.as_i64(),
    }
}

fn read_row(columns: &[Field], row: &Json) -> Option<Json> {
    let row = row.as_object()?;
    let mut read = serde_json::Map::new();
    for column in columns {
        read.insert(column.code.clone(), column.kind.read(row.get(&column.code)?)?);
    }
    (row.len() == columns.len()).then_some(Json::Object(read))
}

impl super::Entity {
    /// A whole record in its stored form: every field in the schema's order, absent ones null. The error is the field.
    pub fn read(&self, given: &serde_json::Map<String, Json>) -> Result<serde_json::Map<String, Json>, String> {
        if let Some(stranger) = given.keys().find(|code| self.field(code).is_none()) {
            return Err(stranger.clone());
        }
        let mut document = serde_json::Map::new();
        for field in &self.fields {
            let value = match given.get(&field.code).unwrap_or(&Json::Null) {
                Json::Null if field.optional => Json::Null,
                value => field.kind.read(value).ok_or_else(|| field.code.clone())?,
            };
            document.insert(field.code.clone(), value);
        }
        Ok(document)
    }
}
