//! Distinguished names (RFC 5280 §4.1.2.4): compared by their encoding, shown in the string form of RFC 4514.

use crate::asn1::{Cursor, Malformed, oid, tag, write};
use der::asn1::ObjectIdentifier;

/// A name as it stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
    /// Attributes in the order of the encoding; a value that is no string is shown as `#` and hexadecimal (RFC 4514 §2.4).
    attributes: Vec<(ObjectIdentifier, String)>,
    /// How many attributes each relative name holds; more than one is joined with `+`.
    grouping: Vec<usize>,
}

impl Name {
    /// Reads the whole encoding of one Name.
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        let mut sequence = Cursor::sequence_of(der, "name")?;
        let (mut attributes, mut grouping) = (Vec::new(), Vec::new());
        while !sequence.is_empty() {
            let mut set = sequence.enter(tag::SET)?;
            let before = attributes.len();
            while !set.is_empty() {
                let mut pair = set.sequence()?;
                let kind = pair.oid()?;
                let value = pair.any()?;
                pair.end()?;
                let text = match value.tag {
                    tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING => {
                        String::from_utf8(value.content.to_vec()).map_err(|_| pair.malformed())?
                    }
                    // Latin 1 is what everybody wrote under this type (RFC 5280 §4.1.2.4 knows it from old names only).
                    tag::TELETEX_STRING => value.content.iter().map(|byte| char::from(*byte)).collect(),
                    tag::BMP_STRING => two_byte_text(value.content).ok_or(pair.malformed())?,
                    _ => format!("#{}", base::hex(value.whole)),
                };
                attributes.push((kind, text));
            }
            if attributes.len() == before {
                return Err(set.malformed());
            }
            grouping.push(attributes.len() - before);
        }
        Ok(Name { der: der.to_vec(), attributes, grouping })
    }

    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The first value of an attribute.
    pub fn attribute(&self, kind: ObjectIdentifier) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| *found == kind).map(|(_, value)| value.as_str())
    }

    /// The same attributes in the same order, whatever the types of their strings (RFC 5280 §7.1).
    pub fn matches(&self, other: &Name) -> bool {
        self.der == other.der || (self.attributes == other.attributes && self.grouping == other.grouping)
    }

    pub fn common_name(&self) -> Option<&str> {
        self.attribute(oid::COMMON_NAME)
    }

    /// "surname, given name" of a natural person's serialNumber attribute is not parsed here: this is the identifier
    /// behind `PNOAZ-` (EN 319 412-1 §5.1.3), if the serialNumber has that form.
    pub fn person_identifier(&self) -> Option<&str> {
        let (kind, identifier) = self.attribute(oid::SERIAL_NUMBER)?.split_once('-')?;
        (kind.len() == 5 && kind.starts_with("PNO")).then_some(identifier)
    }

    /// The identifier behind `NTRAZ-` in organizationIdentifier (EN 319 412-1 §5.1.4).
    pub fn organization_identifier(&self) -> Option<&str> {
        let (kind, identifier) = self.attribute(oid::ORGANIZATION_IDENTIFIER)?.split_once('-')?;
        (kind.len() == 5).then_some(identifier)
    }

    /// RFC 4514: the last relative name first.
    pub fn rfc4514(&self) -> String {
        let mut names = Vec::with_capacity(self.grouping.len());
        let mut at = 0;
        for count in &self.grouping {
            let parts: Vec<String> =
                self.attributes[at..at + count].iter().map(|(kind, value)| pair(*kind, value)).collect();
            names.push(parts.join("+"));
            at += count;
        }
        names.reverse();
        names.join(",")
    }
}

fn two_byte_text(content: &[u8]) -> Option<String> {
    let (units, []) = content.as_chunks::<2>() else { return None };
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).ok()
}

fn pair(kind: ObjectIdentifier, value: &str) -> String {
    let short = match kind {
        oid::COMMON_NAME => "CN",
        oid::COUNTRY => "C",
        oid::LOCALITY => "L",
        oid::STATE => "ST",
        oid::ORGANIZATION => "O",
        oid::ORGANIZATIONAL_UNIT => "OU",
        _ => {
            // RFC 4514 §2.4: attributes outside its table are written by number, their values as hexadecimal encodings.
            // Only the numbers are kept: every reader of ours shows the value as text.
            return format!("{kind}={}", escaped(value));
        }
    };
    format!("{short}={}", escaped(value))
}

/// RFC 4514 §2.4. A value that is already `#` and hexadecimal is left alone.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, letter) in value.chars().enumerate() {
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', letter]),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '\0' => out.push_str("\\00"),
            _ => out.push(letter),
        }
    }
    out
}

/// Makes a name, one attribute per relative name, in the order of the calls.
#[derive(Debug, Default)]
pub struct NameBuilder(Vec<(ObjectIdentifier, String)>);

impl NameBuilder {
    pub fn new() -> Self {
        NameBuilder::default()
    }

    /// An empty value is left out.
    pub fn with(mut self, kind: ObjectIdentifier, value: &str) -> Self {
        if !value.is_empty() {
            self.0.push((kind, value.to_owned()));
        }
        self
    }

    pub fn build(self) -> Name {
        let encoded: Vec<Vec<u8>> = self.0.iter().map(|(kind, value)| relative_name(*kind, value)).collect();
        let parts: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        let grouping = vec![1; self.0.len()];
        Name { der: write::sequence(&parts), attributes: self.0, grouping }
    }
}

/// X.520 wants countryName and serialNumber printable; everything else is UTF8String (RFC 5280 §4.1.2.4).
fn relative_name(kind: ObjectIdentifier, value: &str) -> Vec<u8> {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte));
    let text = if plain && (kind == oid::COUNTRY || kind == oid::SERIAL_NUMBER) {
        write::printable(value)
    } else {
        write::utf8(value)
    };
    write::element(tag::SET, &write::sequence(&[&write::oid(kind), &text]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_round_trips_and_is_shown_backwards() {
        let name = NameBuilder::new()
            .with(oid::COUNTRY, "AZ")
            .with(oid::ORGANIZATION, "Xəzər Tikinti, \"MMC\"")
            .with(oid::LOCALITY, "")
            .with(oid::SERIAL_NUMBER, "PNOAZ-AYTEN01")
            .with(oid::COMMON_NAME, " Məmmədova+Aytən ")
            .build();
        assert_eq!(Name::from_der(name.der()).expect("a name"), name);
        assert_eq!(name.rfc4514(), r#"CN=\ Məmmədova\+Aytən\ ,2.5.4.5=PNOAZ-AYTEN01,O=Xəzər Tikinti\, \"MMC\",C=AZ"#);
        assert_eq!(name.person_identifier(), Some("AYTEN01"));
        assert_eq!(name.organization_identifier(), None);
    }

    #[test]
    fn the_type_of_a_string_does_not_make_another_name() {
        let written = |tag: u8, content: &[u8]| {
            let pair = write::sequence(&[&write::oid(oid::COMMON_NAME), &write::element(tag, content)]);
            Name::from_der(&write::sequence(&[&write::element(tag::SET, &pair)])).expect("a name")
        };
        let utf8 = written(tag::UTF8_STRING, "Säule".as_bytes());
        for other in [written(tag::TELETEX_STRING, b"S\xe4ule"), written(tag::BMP_STRING, b"\0S\0\xe4\0u\0l\0e")] {
            assert!(utf8.matches(&other) && utf8 != other);
        }
        assert!(!utf8.matches(&written(tag::UTF8_STRING, b"Saule")));
    }

    #[test]
    fn what_is_no_name_is_malformed() {
        for der in [&[][..], &[0x31, 0x00], &[0x30, 0x02, 0x31, 0x00], &[0x30, 0x04, 0x31, 0x02, 0x30, 0x00]] {
            assert!(Name::from_der(der).is_err(), "{der:02x?}");
        }
    }
}
