//! Who and what is meant on the exchange: members, subsystems, services and security servers (message protocol 4.0 §2.1),
//! as text with slashes, as path segments (REST protocol §4.1) and as XML.

mod element;
mod segment;

pub use element::{
    IDENTIFIERS, IdentifierError, ObjectType, object_type, read_client, read_group, read_group_member, read_server,
    read_service, write_client, write_server, write_service,
};
pub use segment::{decode_segment, encode_segment};

use std::fmt;

/// A member or one of its subsystems: whoever asks, and whoever owns a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId {
    pub instance: String,
    pub class: String,
    pub member: String,
    pub subsystem: Option<String>,
}

/// A service of a member or subsystem.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceId {
    pub provider: ClientId,
    pub code: String,
    pub version: Option<String>,
}

/// A security server: its owner and a code that the owner chose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerId {
    pub instance: String,
    pub class: String,
    pub member: String,
    pub code: String,
}

/// A group of clients: of an instance, or of one security server alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId {
    /// `None` for a local group.
    pub instance: Option<String>,
    pub code: String,
}

impl fmt::Display for GroupId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.instance {
            Some(instance) => write!(out, "{instance}/{}", self.code),
            None => out.write_str(&self.code),
        }
    }
}

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnIdentifier;

impl fmt::Display for NotAnIdentifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not an identifier")
    }
}

impl std::error::Error for NotAnIdentifier {}

/// Characters that no part of an identifier may have: the separators of its written forms and invisible ones (§2.1).
pub fn is_part(text: &str) -> bool {
    let bad =
        |letter: char| matches!(letter, ':' | ';' | '/' | '\\' | '%' | '\u{200b}' | '\u{feff}') || letter.is_control();
    !text.is_empty() && text.len() <= 255 && !text.contains(bad)
}

fn parts(text: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
    parts.iter().all(|part| is_part(part)).then_some(parts)
}

impl ClientId {
    /// `AZ/GOV/10002` or `AZ/GOV/10002/employment`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_parts(&parts(text)?)
    }

    fn from_parts(parts: &[String]) -> Option<Self> {
        match parts {
            [instance, class, member, rest @ ..] if rest.len() <= 1 => Some(ClientId {
                instance: instance.clone(),
                class: class.clone(),
                member: member.clone(),
                subsystem: rest.first().cloned(),
            }),
            _ => None,
        }
    }

    /// The member itself, whichever of its subsystems this is.
    pub fn member_id(&self) -> ClientId {
        ClientId { subsystem: None, ..self.clone() }
    }
}

impl ServiceId {
    /// `AZ/GOV/10005/insurance/pensionStatus[/v1]`, or with four parts a service of the member itself.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = parts(text)?;
        let owner_parts = if parts.len() == 4 { 3 } else { 4 };
        let provider = ClientId::from_parts(parts.get(..owner_parts)?)?;
        match &parts[owner_parts..] {
            [code] => Some(ServiceId { provider, code: code.clone(), version: None }),
            [code, version] => Some(ServiceId { provider, code: code.clone(), version: Some(version.clone()) }),
            _ => None,
        }
    }
}

impl ServerId {
    /// `AZ/GOV/10001/portal`.
    pub fn parse(text: &str) -> Option<Self> {
        match parts(text)?.as_slice() {
            [instance, class, member, code] => Some(ServerId {
                instance: instance.clone(),
                class: class.clone(),
                member: member.clone(),
                code: code.clone(),
            }),
            _ => None,
        }
    }

    pub fn owner(&self) -> ClientId {
        ClientId {
            instance: self.instance.clone(),
            class: self.class.clone(),
            member: self.member.clone(),
            subsystem: None,
        }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}", self.instance, self.class, self.member)?;
        self.subsystem.iter().try_for_each(|subsystem| write!(out, "/{subsystem}"))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.provider, self.code)?;
        self.version.iter().try_for_each(|version| write!(out, "/{version}"))
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}/{}/{}", self.instance, self.class, self.member, self.code)
    }
}

macro_rules! text_form {
    ($kind:ty) => {
        impl TryFrom<String> for $kind {
            type Error = NotAnIdentifier;
            fn try_from(text: String) -> Result<Self, NotAnIdentifier> {
                <$kind>::parse(&text).ok_or(NotAnIdentifier)
            }
        }
        impl From<$kind> for String {
            fn from(id: $kind) -> String {
                id.to_string()
            }
        }
    };
}

text_form!(ClientId);
text_form!(ServiceId);
text_form!(ServerId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_round_trip() {
        for text in ["AZ/GOV/10002", "AZ/GOV/10002/employment"] {
            assert_eq!(ClientId::parse(text).expect("a client").to_string(), text);
        }
        for text in ["AZ/GOV/10005/getState", "AZ/GOV/10005/insurance/salaries", "AZ/GOV/10005/insurance/salaries/v1"] {
            assert_eq!(ServiceId::parse(text).expect("a service").to_string(), text);
        }
        assert_eq!(ServerId::parse("AZ/GOV/10001/portal").expect("a server").owner().to_string(), "AZ/GOV/10001");
    }

    #[test]
    fn what_is_no_identifier_is_none() {
        for text in ["", "AZ", "AZ/GOV", "AZ//1", "AZ/GOV/1/2/3", "AZ/GOV/1%2F/x", "AZ/GOV/1\u{200b}", "A:Z/GOV/1"] {
            assert_eq!(ClientId::parse(text), None, "{text}");
        }
        assert_eq!(ServiceId::parse("AZ/GOV/1"), None);
        assert_eq!(ServiceId::parse("AZ/GOV/1/s/c/v/x"), None);
        assert_eq!(ServerId::parse("AZ/GOV/1"), None);
    }
}
