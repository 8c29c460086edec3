//! The register's data services as others' programs read them: a WSDL for SOAP, an OpenAPI document for REST, both made
//! from the schema. What the engine answers of its own (access logs, corrections) is described as open content.

mod openapi;
mod wsdl;

use crate::Register;
use crate::schema::{DataService, FieldType, Input, Schema, ServiceKind, Source};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use std::sync::Arc;

pub(super) async fn wsdl(State(register): State<Arc<Register>>, Path(service): Path<String>) -> Response {
    described(&register, &service, "text/xml; charset=UTF-8", wsdl::document)
}

pub(super) async fn openapi(State(register): State<Arc<Register>>, Path(service): Path<String>) -> Response {
    described(&register, &service, "application/json", openapi::document)
}

fn described(
    register: &Register,
    service: &str,
    kind: &'static str,
    write: fn(&Schema, &DataService) -> String,
) -> Response {
    let schema = register.schema();
    match schema.service(service) {
        Some(service) => ([(CONTENT_TYPE, kind)], write(schema, service)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What an answer holds.
enum Answered<'a> {
    /// These fields.
    One(Vec<(&'a str, Option<&'a FieldType>)>),
    /// Rows of these fields.
    Many(Vec<(&'a str, Option<&'a FieldType>)>),
    /// Fields that the engine fixes.
    Open,
}

fn answered<'a>(schema: &'a Schema, service: &'a DataService) -> Answered<'a> {
    let view = match &service.kind {
        ServiceKind::Record { view, .. } | ServiceKind::Rows { view } => view,
        _ => return Answered::Open,
    };
    let fields = view.output.iter().map(|output| {
        let of = |entity: usize, field: &str| schema.entities[entity].field(field).map(|field| &field.kind);
        let kind = match &output.source {
            Source::Input(code) => service.input.iter().find(|input| input.code == *code).map(|input| &input.kind),
            Source::Field { field, .. } | Source::RowsField { field, .. } => of(view.entity, field),
            Source::Joined { entity, field, .. } => of(*entity, field),
            Source::Derived(_) => None,
        };
        (output.code.as_str(), kind)
    });
    let fields = fields.collect();
    if matches!(service.kind, ServiceKind::Rows { .. }) { Answered::Many(fields) } else { Answered::One(fields) }
}

/// What a question holds: the declared input, or the record that is entered.
fn asked<'a>(schema: &'a Schema, service: &'a DataService) -> Vec<(&'a str, &'a FieldType, bool)> {
    match service.kind {
        ServiceKind::Write { entity } => {
            let fields = schema.entities[entity].fields.iter();
            fields.map(|field| (field.code.as_str(), &field.kind, field.optional)).collect()
        }
        _ => {
            let input = |input: &'a Input| (input.code.as_str(), &input.kind, input.optional);
            service.input.iter().map(input).collect()
        }
    }
}
