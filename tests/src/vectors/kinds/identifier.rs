//! Identifiers of members, subsystems, services and servers.

use super::{Facts, Refused};
use crate::vectors::case::Case;
use formats::{
    identifier::{ObjectType, object_type, read_client, read_server, read_service},
    xml,
};
use serde_json::json;

pub fn run(case: &Case<'_>) -> Facts {
    let root = xml::read(&case.file()?).map_err(|error| Refused::code("invalid_xml", error))?;
    let invalid = |error| Refused::code("invalid_client_identifier", error);
    let (name, id) = match object_type(&root).map_err(invalid)? {
        ObjectType::Member => ("MEMBER", read_client(&root).map_err(invalid)?.to_string()),
        ObjectType::Subsystem => ("SUBSYSTEM", read_client(&root).map_err(invalid)?.to_string()),
        ObjectType::Service => ("SERVICE", read_service(&root).map_err(invalid)?.to_string()),
        ObjectType::Server => ("SERVER", read_server(&root).map_err(invalid)?.to_string()),
    };
    Ok(json!({ "type": name, "id": format!("{name}:{id}") }))
}
