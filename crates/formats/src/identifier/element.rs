//! Identifiers as XML elements with `id:objectType` (namespace `http://x-road.eu/xsd/identifiers`).

use super::{ClientId, GroupId, ServerId, ServiceId};
use crate::xml::{Element, escape};
use std::fmt;

pub const IDENTIFIERS: &str = "http://x-road.eu/xsd/identifiers";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    Member,
    Subsystem,
    Service,
    Server,
    GlobalGroup,
    LocalGroup,
}

impl ObjectType {
    const ALL: [ObjectType; 6] = [
        ObjectType::Member,
        ObjectType::Subsystem,
        ObjectType::Service,
        ObjectType::Server,
        ObjectType::GlobalGroup,
        ObjectType::LocalGroup,
    ];

    /// As it stands in documents.
    pub fn name(self) -> &'static str {
        match self {
            ObjectType::Member => "MEMBER",
            ObjectType::Subsystem => "SUBSYSTEM",
            ObjectType::Service => "SERVICE",
            ObjectType::Server => "SERVER",
            ObjectType::GlobalGroup => "GLOBALGROUP",
            ObjectType::LocalGroup => "LOCALGROUP",
        }
    }
}

/// Why an element is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentifierError {
    /// No or an unknown object type.
    ObjectType(String),
    /// MEMBER with a subsystem code, or SUBSYSTEM without one.
    Subsystem,
    /// A part that must be there is not, or is empty.
    Missing(&'static str),
}

impl fmt::Display for IdentifierError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentifierError::ObjectType(found) => write!(out, "object type {found:?} does not fit here"),
            IdentifierError::Subsystem => out.write_str("object type and subsystem code do not fit together"),
            IdentifierError::Missing(part) => write!(out, "{part} is missing"),
        }
    }
}

impl std::error::Error for IdentifierError {}

pub fn object_type(element: &Element) -> Result<ObjectType, IdentifierError> {
    let written = element.attribute(IDENTIFIERS, "objectType").unwrap_or_default();
    let known = ObjectType::ALL.into_iter().find(|kind| kind.name() == written);
    known.ok_or_else(|| IdentifierError::ObjectType(written.to_owned()))
}

fn unfit<T>(kind: ObjectType) -> Result<T, IdentifierError> {
    Err(IdentifierError::ObjectType(kind.name().to_owned()))
}

fn part(element: &Element, name: &'static str) -> Result<String, IdentifierError> {
    optional(element, name).ok_or(IdentifierError::Missing(name))
}

fn optional(element: &Element, name: &'static str) -> Option<String> {
    element.text_of(IDENTIFIERS, name).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn owner(element: &Element) -> Result<ClientId, IdentifierError> {
    Ok(ClientId {
        instance: part(element, "xRoadInstance")?,
        class: part(element, "memberClass")?,
        member: part(element, "memberCode")?,
        subsystem: optional(element, "subsystemCode"),
    })
}

/// Reads a member or subsystem by its parts, whatever the object type says: groups in the field's configurations call
/// subsystems members.
pub fn read_group_member(element: &Element) -> Result<ClientId, IdentifierError> {
    owner(element)
}

/// Reads MEMBER or SUBSYSTEM.
pub fn read_client(element: &Element) -> Result<ClientId, IdentifierError> {
    let kind = object_type(element)?;
    let client = owner(element)?;
    match (kind, client.subsystem.is_some()) {
        (ObjectType::Member, false) | (ObjectType::Subsystem, true) => Ok(client),
        (ObjectType::Member | ObjectType::Subsystem, _) => Err(IdentifierError::Subsystem),
        _ => unfit(kind),
    }
}

/// Reads SERVICE.
pub fn read_service(element: &Element) -> Result<ServiceId, IdentifierError> {
    match object_type(element)? {
        ObjectType::Service => Ok(ServiceId {
            provider: owner(element)?,
            code: part(element, "serviceCode")?,
            version: optional(element, "serviceVersion"),
        }),
        other => unfit(other),
    }
}

/// Reads SERVER.
pub fn read_server(element: &Element) -> Result<ServerId, IdentifierError> {
    match object_type(element)? {
        ObjectType::Server => Ok(ServerId {
            instance: part(element, "xRoadInstance")?,
            class: part(element, "memberClass")?,
            member: part(element, "memberCode")?,
            code: part(element, "serverCode")?,
        }),
        other => unfit(other),
    }
}

/// Reads GLOBALGROUP or LOCALGROUP.
pub fn read_group(element: &Element) -> Result<GroupId, IdentifierError> {
    let code = part(element, "groupCode")?;
    match object_type(element)? {
        ObjectType::GlobalGroup => Ok(GroupId { instance: Some(part(element, "xRoadInstance")?), code }),
        ObjectType::LocalGroup => Ok(GroupId { instance: None, code }),
        other => unfit(other),
    }
}

fn child(name: &str, value: &str) -> String {
    format!("<id:{name}>{}</id:{name}>", escape(value))
}

fn owner_children(client: &ClientId) -> String {
    let mut out = child("xRoadInstance", &client.instance);
    out.push_str(&child("memberClass", &client.class));
    out.push_str(&child("memberCode", &client.member));
    if let Some(subsystem) = &client.subsystem {
        out.push_str(&child("subsystemCode", subsystem));
    }
    out
}

/// `<tag id:objectType="…">…</tag>`; the prefix `id` must be declared around it.
pub fn write_client(tag: &str, client: &ClientId) -> String {
    let kind = if client.subsystem.is_some() { "SUBSYSTEM" } else { "MEMBER" };
    format!("<{tag} id:objectType=\"{kind}\">{}</{tag}>", owner_children(client))
}

pub fn write_service(tag: &str, service: &ServiceId) -> String {
    let mut inside = owner_children(&service.provider);
    inside.push_str(&child("serviceCode", &service.code));
    if let Some(version) = &service.version {
        inside.push_str(&child("serviceVersion", version));
    }
    format!("<{tag} id:objectType=\"SERVICE\">{inside}</{tag}>")
}

pub fn write_server(tag: &str, server: &ServerId) -> String {
    let inside = owner_children(&server.owner()) + &child("serverCode", &server.code);
    format!("<{tag} id:objectType=\"SERVER\">{inside}</{tag}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    fn element(inside: &str) -> Element {
        xml::read(inside.replacen(' ', &format!(" xmlns:id=\"{IDENTIFIERS}\" "), 1).as_bytes()).expect("well formed")
    }

    #[test]
    fn written_identifiers_are_read_back() {
        let client = ClientId::parse("AZ/GOV/10002/employment").expect("a client");
        assert_eq!(read_client(&element(&write_client("c", &client))), Ok(client));
        let service = ServiceId::parse("AZ/GOV/10005/insurance/salaries/v1").expect("a service");
        assert_eq!(read_service(&element(&write_service("s", &service))), Ok(service));
        let server = ServerId::parse("AZ/GOV/10001/portal").expect("a server");
        assert_eq!(read_server(&element(&write_server("s", &server))), Ok(server));
    }

    #[test]
    fn groups_are_of_an_instance_or_of_a_server() {
        let group = |kind: &str, inside: &str| element(&format!("<g id:objectType=\"{kind}\">{inside}</g>"));
        let (code, instance) = ("<id:groupCode>doctors</id:groupCode>", "<id:xRoadInstance>EE</id:xRoadInstance>");
        let global = read_group(&group("GLOBALGROUP", &format!("{instance}{code}"))).expect("a group");
        let local = read_group(&group("LOCALGROUP", code)).expect("a group");
        assert_eq!((global.to_string().as_str(), local.to_string().as_str()), ("EE/doctors", "doctors"));
        assert_eq!(read_group(&group("GLOBALGROUP", code)), Err(IdentifierError::Missing("xRoadInstance")));
        assert_eq!(read_group(&group("MEMBER", code)), Err(IdentifierError::ObjectType("MEMBER".into())));
    }

    #[test]
    fn type_and_parts_must_fit() {
        let member =
            write_client("c", &ClientId::parse("AZ/GOV/1/s").expect("a client")).replace("SUBSYSTEM", "MEMBER");
        assert_eq!(read_client(&element(&member)), Err(IdentifierError::Subsystem));
        let none = "<c id:objectType=\"SUBSYSTEM\"></c>";
        assert_eq!(read_client(&element(none)), Err(IdentifierError::Missing("xRoadInstance")));
        assert!(matches!(read_service(&element("<c id:objectType=\"X\"/>")), Err(IdentifierError::ObjectType(_))));
    }
}
