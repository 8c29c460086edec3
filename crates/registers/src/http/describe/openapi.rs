//! OpenAPI 3.0: one operation, a POST, because questions name persons and those belong into no address.

use super::{Answered, answered, asked};
use crate::schema::{DataService, FieldType, Schema};
use serde_json::{Map, Value as Json, json};

pub(super) fn document(schema: &Schema, service: &DataService) -> String {
    let question = asked(schema, service);
    let required: Vec<&str> = question.iter().filter(|(_, _, optional)| !optional).map(|(code, _, _)| *code).collect();
    let properties: Map<String, Json> =
        question.iter().map(|(code, kind, _)| ((*code).to_owned(), of_kind(Some(kind)))).collect();
    let mut body = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        body["required"] = json!(required);
    }
    let header = |name: &str, required: bool| json!({ "name": name, "in": "header", "required": required, "schema": { "type": "string" } });
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": service.name.en, "version": service.version, "description": service.legal_basis.en },
        "servers": [{ "url": "/" }],
        "paths": { "/": { "post": {
            "operationId": service.code,
            "summary": service.name.en,
            "parameters": [header("X-Road-Client", true), header("X-Road-UserId", false), header("X-Road-Issue", false),
                header("Pencere-Purpose", true)],
            "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
            "responses": {
                "200": { "description": "The answer", "content": { "application/json": { "schema": answer(schema, service) } } },
                "4XX": problem("The question is refused"),
                "500": problem("The register cannot answer now"),
            },
        } } },
    });
    document.to_string()
}

fn problem(what: &str) -> Json {
    let text = json!({ "type": "string", "nullable": true });
    let schema = json!({ "type": "object", "properties": { "type": text, "message": text, "detail": text } });
    json!({ "description": what, "content": { "application/json": { "schema": schema } } })
}

fn answer(schema: &Schema, service: &DataService) -> Json {
    let object = |fields: Vec<(&str, Option<&FieldType>)>| {
        let properties: Map<String, Json> =
            fields.into_iter().map(|(code, kind)| (code.to_owned(), of_kind(kind))).collect();
        json!({ "type": "object", "properties": properties })
    };
    match answered(schema, service) {
        Answered::One(fields) => object(fields),
        Answered::Many(fields) => json!({
            "type": "object",
            "properties": { "rows": { "type": "array", "items": object(fields) } },
            "required": ["rows"],
        }),
        Answered::Open => json!({ "type": "object", "additionalProperties": true }),
    }
}

fn of_kind(kind: Option<&FieldType>) -> Json {
    match kind {
        None => json!({}),
        Some(FieldType::Text { length_max }) => json!({ "type": "string", "maxLength": length_max }),
        Some(FieldType::Pin | FieldType::Code { .. } | FieldType::Reference { .. }) => json!({ "type": "string" }),
        Some(FieldType::Date) => json!({ "type": "string", "format": "date" }),
        Some(FieldType::Bool) => json!({ "type": "boolean" }),
        Some(FieldType::Money) => json!({ "type": "integer", "format": "int64", "description": "qəpik" }),
        Some(FieldType::Integer { min, max }) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Some(FieldType::Enum { options }) => {
            json!({ "type": "string", "enum": options.iter().map(|(code, _)| code).collect::<Vec<_>>() })
        }
        Some(FieldType::Rows { columns }) => {
            let properties: Map<String, Json> =
                columns.iter().map(|column| (column.code.clone(), of_kind(Some(&column.kind)))).collect();
            json!({ "type": "array", "items": { "type": "object", "properties": properties } })
        }
    }
}
