//! What a person sees of themself: the record with its history, and who looked at it.

use super::Reply;
use super::view::plain_text;
use crate::Refusal;
use crate::access::{self, Access, AccessKind, Logged};
use crate::correction::{self, Correction};
use crate::question::Admitted;
use crate::record::{self, AsOf, Version};
use crate::schema::{DataService, Entity, Field, FieldType, Schema};
use base::{Fault, Lang, Localized};
use host::store::Store;
use serde_json::{Map, Value as Json, json};

fn seen(asked: &Admitted<'_>, fields: Vec<String>, found: bool) -> Vec<Access> {
    vec![Access { kind: AccessKind::View, about: asked.text("pin").to_owned(), fields, found }]
}

/// `accessLog`: newest first.
pub(crate) async fn access_log(store: &Store, asked: &Admitted<'_>) -> Result<Reply, Fault> {
    let entries = access::about(store, asked.text("pin"), asked.input["before"].as_i64()).await?;
    let rows: Vec<Json> = entries.iter().map(|entry| log_row(asked.schema, entry)).collect();
    let accesses = seen(asked, vec!["accessLog".to_owned()], !rows.is_empty());
    Ok(Reply { body: Ok(json!({ "register": asked.schema.identifier, "rows": rows })), accesses })
}

/// `accessProof`, the part before the tree head: is there such an entry about this person?
pub(crate) async fn find_entry(store: &Store, asked: &Admitted<'_>) -> Result<(Reply, Option<u64>), Fault> {
    let entry = access::entry(store, asked.text("id"), asked.text("pin")).await?;
    let leaf = entry.map(|entry| entry.leaf_index);
    let body = leaf.map(|_| Json::Null).ok_or(Refusal::UnknownAccess);
    let accesses = seen(asked, vec!["accessProof".to_owned()], leaf.is_some());
    Ok((Reply { body, accesses }, leaf))
}

fn in_languages(row: &mut Map<String, Json>, code: &str, text: &dyn Fn(Lang) -> String) {
    for lang in Lang::ALL {
        let suffix = match lang {
            Lang::Az => "Az",
            Lang::En => "En",
            Lang::Ru => "Ru",
        };
        row.insert(format!("{code}{suffix}"), text(lang).into());
    }
}

fn localized(row: &mut Map<String, Json>, code: &str, text: Option<&Localized>, otherwise: &str) {
    in_languages(row, code, &|lang| text.map_or(otherwise, |text| text.in_lang(lang)).to_owned());
}

fn log_row(schema: &Schema, entry: &Logged) -> Json {
    let service = schema.service(&entry.service);
    let mut row = Map::new();
    for (code, value) in [
        ("id", entry.id.as_str()),
        ("at", &entry.at.to_string()),
        ("kind", &entry.kind),
        ("readerClient", &format!("{}/{}", entry.reader_member, entry.reader_subsystem)),
        ("readerMember", entry.reader_member.rsplit('/').next().unwrap_or_default()),
        ("readerSubsystem", &entry.reader_subsystem),
        ("readerUser", &entry.reader_user),
        ("service", &entry.service),
        ("caseReference", &entry.case_reference),
        ("purpose", &entry.purpose),
        ("fields", &entry.fields.join(", ")),
        ("outcome", &entry.outcome),
        ("messageId", &entry.message_id),
    ] {
        row.insert(code.to_owned(), value.into());
    }
    row.insert("logIndex".to_owned(), entry.leaf_index.into());
    localized(&mut row, "service", service.map(|service| &service.name), &entry.service);
    localized(&mut row, "purpose", schema.purposes.get(&entry.purpose).map(|purpose| &purpose.name), &entry.purpose);
    localized(&mut row, "legalBasis", service.map(|service| &service.legal_basis), "");
    in_languages(&mut row, "fields", &|lang| {
        let labels = entry.fields.iter().map(|code| {
            service.and_then(|service| label(schema, service, code)).map_or(code.as_str(), |label| label.in_lang(lang))
        });
        labels.collect::<Vec<_>>().join(", ")
    });
    Json::Object(row)
}

/// What people call an output of a data service, or a field that it wrote or changed.
fn label<'a>(schema: &'a Schema, service: &'a DataService, code: &str) -> Option<&'a Localized> {
    if code == service.code {
        return Some(&service.name);
    }
    let outputs = service.outputs().iter();
    let output = outputs.filter(|output| output.code == code).map(|output| &output.label).next();
    output.or_else(|| schema.entities.iter().find_map(|entity| entity.field(code)).map(|field| &field.label))
}

/// `recordOf`: every field of every record about the person, since when it is so, what it was before, and what is disputed.
pub(crate) async fn own_record(store: &Store, asked: &Admitted<'_>, at: AsOf) -> Result<Reply, Fault> {
    let pin = asked.text("pin");
    let corrections = correction::of_person(store, pin).await?;
    let mut rows = Vec::new();
    let mut fields = Vec::new();
    for entity in &asked.schema.entities {
        for version in record::about(store, entity, pin, at).await? {
            let history = record::history(store, &entity.code, &version.key).await?;
            for field in entity.fields.iter().filter(|field| !version.document[&field.code].is_null()) {
                rows.push(field_row(entity, field, &version, &history, &corrections));
                fields.push(field.code.clone());
            }
        }
    }
    let accesses = seen(asked, fields, !rows.is_empty());
    let mut body = Map::new();
    body.insert("pin".to_owned(), pin.into());
    body.insert("register".to_owned(), asked.schema.identifier.as_str().into());
    localized(&mut body, "register", Some(&asked.schema.name), "");
    localized(&mut body, "owner", Some(&asked.schema.owner), "");
    body.insert("rows".to_owned(), rows.into());
    body.insert("corrections".to_owned(), corrections.iter().map(Correction::to_json).collect::<Vec<_>>().into());
    Ok(Reply { body: Ok(Json::Object(body)), accesses })
}

fn field_row(
    entity: &Entity,
    field: &Field,
    version: &Version,
    history: &[Version],
    corrections: &[Correction],
) -> Json {
    let value = &version.document[&field.code];
    // The oldest version of the unbroken run that has today's value.
    let run = history.iter().rev().skip_while(|older| older.number > version.number);
    let first = run.take_while(|older| &older.document[&field.code] == value).last().unwrap_or(version);
    let before = history.iter().rev().find(|older| older.number < first.number);
    let mut row = Map::new();
    let mut put = |code: &str, value: Json| row.insert(code.to_owned(), value);
    put("record", entity.code.as_str().into());
    put("key", version.key.as_str().into());
    put("field", format!("{}.{}", entity.code, field.code).into());
    put("type", field.kind.name().into());
    put("value", plain_text(&field.kind, value).into());
    put("since", first.valid_from.to_string().into());
    put("recordedAt", first.recorded_at.to_string().into());
    put("recordedBy", first.recorded_by.as_str().into());
    // A person knows the record that is theirs; a company's or a permit's field is corrected by its own register's rules.
    put("correctable", (field.correctable && entity.person == entity.key).into());
    let here = |correction: &&Correction| {
        correction.entity == entity.code && correction.record_key == version.key && correction.field == field.code
    };
    let open = corrections.iter().filter(here).any(|correction| correction.state == "open");
    put("disputed", open.into());
    if let Some(before) = before.filter(|before| !before.document[&field.code].is_null()) {
        put("previous", plain_text(&field.kind, &before.document[&field.code]).into());
    }
    localized(&mut row, "label", Some(&field.label), "");
    localized(&mut row, "record", Some(&entity.name), "");
    if let FieldType::Enum { options } = &field.kind {
        let option = options.iter().find(|(code, _)| Some(code.as_str()) == value.as_str());
        localized(&mut row, "value", option.map(|(_, label)| label), "");
    }
    Json::Object(row)
}
