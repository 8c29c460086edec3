//! Identifiers of members, subsystems, services and servers.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    identifier::{ObjectType, object_type, read_client, read_group, read_server, read_service},
    xml,
};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let root = xml::read(&case.file()?).map_err(|error| Refused::code("invalid_xml", error))?;
    let invalid = |error| Refused::code("invalid_client_identifier", error);
    let kind = object_type(&root).map_err(invalid)?;
    let id = match kind {
        ObjectType::Member | ObjectType::Subsystem => read_client(&root).map(|id| id.to_string()),
        ObjectType::Service => read_service(&root).map(|id| id.to_string()),
        ObjectType::Server => read_server(&root).map(|id| id.to_string()),
        ObjectType::GlobalGroup | ObjectType::LocalGroup => read_group(&root).map(|id| id.to_string()),
    };
    let (name, id) = (kind.name(), id.map_err(invalid)?);
    Ok(json!({ "type": name, "id": format!("{name}:{id}") }))
}
