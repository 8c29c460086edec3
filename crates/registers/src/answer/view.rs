//! Views over records: `record` and `rows` data services.

use super::Reply;
use crate::Refusal;
use crate::access::{Access, AccessKind};
use crate::question::Admitted;
use crate::record::{self, AsOf, Version};
use crate::schema::{Absent, Entity, Facts, FieldType, Source, View};
use base::{Date, Fault};
use host::store::Store;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Records that the shown ones refer to, by (entity, key).
type Joined = BTreeMap<(usize, String), Json>;

pub(crate) async fn one(
    store: &Store,
    asked: &Admitted<'_>,
    view: &View,
    absent: Absent,
    at: AsOf,
) -> Result<Reply, Fault> {
    let entity = &asked.schema.entities[view.entity];
    let found = record::as_of(store, &entity.code, asked.text(&view.by), at).await?;
    let Some(version) = found else { return nothing(asked, view, absent, at.valid) };
    let joined = load_joined(store, asked, view, std::slice::from_ref(&version), at).await?;
    let body = show(view, &version.document, &asked.input, &joined, at.valid)?;
    let fields = body.keys().cloned().collect();
    let accesses = vec![viewed(concerned(entity, &version), fields, true)];
    Ok(Reply { body: Ok(Json::Object(body)), accesses })
}

fn nothing(asked: &Admitted<'_>, view: &View, absent: Absent, today: Date) -> Result<Reply, Fault> {
    let entity = &asked.schema.entities[view.entity];
    let about = asked.text(&view.by).to_owned();
    let (body, fields) = match absent {
        Absent::Answer => {
            let body = show(view, &Json::Null, &asked.input, &Joined::new(), today)?;
            let fields = body.keys().cloned().collect();
            (Ok(Json::Object(body)), fields)
        }
        Absent::Refuse if entity.person == view.by => (Err(Refusal::UnknownPerson), Vec::new()),
        Absent::Refuse => (Err(Refusal::UnknownRecord), Vec::new()),
    };
    Ok(Reply { body, accesses: vec![viewed(about, fields, false)] })
}

pub(crate) async fn many(store: &Store, asked: &Admitted<'_>, view: &View, at: AsOf) -> Result<Reply, Fault> {
    let entity = &asked.schema.entities[view.entity];
    let value = asked.text(&view.by);
    let versions = record::by_value(store, entity, &view.by, value, at).await?;
    let joined = load_joined(store, asked, view, &versions, at).await?;
    let mut rows = Vec::with_capacity(versions.len());
    let mut concerned_people = BTreeMap::new();
    for version in &versions {
        rows.push(Json::Object(show(view, &version.document, &asked.input, &joined, at.valid)?));
        concerned_people.insert(concerned(entity, version), true);
    }
    concerned_people.entry(value.to_owned()).or_insert(!rows.is_empty());
    let fields: Vec<String> = view.output.iter().map(|output| output.code.clone()).collect();
    let accesses = concerned_people.into_iter().map(|(about, found)| viewed(about, fields.clone(), found)).collect();
    Ok(Reply { body: Ok(serde_json::json!({ "rows": rows })), accesses })
}

fn viewed(about: String, fields: Vec<String>, found: bool) -> Access {
    Access { kind: AccessKind::View, about, fields, found }
}

/// Whom a record concerns: its person, else the record itself.
pub(crate) fn concerned(entity: &Entity, version: &Version) -> String {
    version.document[&entity.person].as_str().unwrap_or(&version.key).to_owned()
}

async fn load_joined(
    store: &Store,
    asked: &Admitted<'_>,
    view: &View,
    versions: &[Version],
    at: AsOf,
) -> Result<Joined, Fault> {
    let mut joined = Joined::new();
    for output in &view.output {
        let Source::Joined { reference, entity, .. } = &output.source else { continue };
        for version in versions {
            let Some(key) = version.document[reference].as_str() else { continue };
            let place = (*entity, key.to_owned());
            if joined.contains_key(&place) {
                continue;
            }
            let code = &asked.schema.entities[*entity].code;
            if let Some(version) = record::as_of(store, code, key, at).await? {
                joined.insert(place, version.document);
            }
        }
    }
    Ok(joined)
}

/// The view of one record; values that are not there are left out.
fn show(view: &View, record: &Json, input: &Json, joined: &Joined, today: Date) -> Result<Map<String, Json>, Fault> {
    let facts = Facts { record, row: &Json::Null, input, today };
    let broken = |why| Fault::new("compute an answer of the register", why);
    let mut shown = Map::new();
    for output in &view.output {
        let value = match &output.source {
            Source::Input(code) => input[code].clone(),
            Source::Field { .. } if record.is_null() => Json::Null,
            Source::Field { field, when } => match when {
                Some(rule) if !rule.holds(&facts).map_err(broken)? => Json::Null,
                _ => record[field].clone(),
            },
            Source::RowsField { field, filter } => {
                let mut rows = Vec::new();
                for row in record[field].as_array().into_iter().flatten() {
                    let holds = match filter {
                        Some(rule) => rule.holds(&Facts { row, ..facts }).map_err(broken)?,
                        None => true,
                    };
                    if holds {
                        rows.push(row.clone());
                    }
                }
                Json::Array(rows)
            }
            Source::Joined { reference, entity, field } => record[reference]
                .as_str()
                .and_then(|key| joined.get(&(*entity, key.to_owned())))
                .map_or(Json::Null, |record| record[field].clone()),
            Source::Derived(rule) => rule.evaluate(&facts).map_err(broken)?,
        };
        if !value.is_null() {
            shown.insert(output.code.clone(), value);
        }
    }
    Ok(shown)
}

/// A value as people read it, for lists that mix types: money in manats and qəpik, rows on one line each.
pub(crate) fn plain_text(kind: &FieldType, value: &Json) -> String {
    match (kind, value) {
        (FieldType::Money, value) => base::Money::from_qepik(value.as_i64().unwrap_or_default()).decimal(),
        (FieldType::Rows { columns }, Json::Array(rows)) => {
            let line = |row: &Json| {
                let cells = columns.iter().map(|column| plain_text(&column.kind, &row[&column.code]));
                cells.collect::<Vec<_>>().join(" · ")
            };
            rows.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        (_, Json::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}
