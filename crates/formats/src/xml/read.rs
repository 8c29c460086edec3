//! From bytes to the tree: well-formedness by quick-xml, namespaces by us (Namespaces in XML 1.0).

use super::{ATTRIBUTES_MAX, Attribute, DEPTH_MAX, ELEMENTS_MAX, Element, NAMESPACES_MAX};
use quick_xml::{Reader, XmlVersion, events::BytesStart, events::Event};
use std::fmt;

/// Why a document is no XML that we read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError(pub String);

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

fn refuse<T>(why: impl fmt::Display) -> Result<T, ReadError> {
    Err(ReadError(why.to_string()))
}

/// Reads a whole document in UTF-8; a byte order mark at its start is allowed.
pub fn read(bytes: &[u8]) -> Result<Element, ReadError> {
    read_large(bytes, ELEMENTS_MAX)
}

/// As `read`, for documents whose size is the number of an instance's members.
pub fn read_large(bytes: &[u8], elements_max: usize) -> Result<Element, ReadError> {
    let skipped = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let text = std::str::from_utf8(&bytes[skipped..]).or_else(|error| refuse(format_args!("not UTF-8: {error}")))?;
    check_letters(text)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().enable_all_checks(true);
    let mut growing = Growing { open: Vec::new(), scopes: Vec::new(), root: None, count: 0, elements_max, skipped };
    loop {
        let start = position(&reader, skipped);
        let event = reader.read_event().or_else(refuse)?;
        let end = position(&reader, skipped);
        match event {
            Event::Start(tag) => growing.open_element(&tag, start, end)?,
            Event::Empty(tag) => {
                growing.open_element(&tag, start, end)?;
                growing.close_element(end, end)?;
            }
            Event::End(_) => growing.close_element(start, end)?,
            Event::Text(text) => growing.text(&text.xml10_content())?,
            Event::CData(text) => growing.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().or_else(refuse)? {
                    Some(letter) => check_letters(letter.encode_utf8(&mut [0; 4])).map(|()| letter.to_string())?,
                    None => predefined(&reference.xml10_content())?.to_string(),
                };
                growing.text(&resolved)?;
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::DocType(_) => return refuse("a document type declaration is not accepted"),
            Event::Eof => break,
        }
    }
    growing.finish()
}

/// What is no character of XML (XML 1.0 §2.2) comes neither as it is nor by its number: a zero in an identifier would get as
/// far as the store, which may have no place for it.
fn check_letters(text: &str) -> Result<(), ReadError> {
    let control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    if text.bytes().any(control) || text.contains("\u{fffe}") || text.contains("\u{ffff}") {
        return refuse("a character that XML does not have");
    }
    Ok(())
}

fn position(reader: &Reader<&[u8]>, skipped: usize) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).saturating_add(skipped)
}

fn predefined(name: &str) -> Result<&'static str, ReadError> {
    quick_xml::escape::resolve_xml_entity(name).ok_or_else(|| ReadError(format!("entity {name} is not known")))
}

struct Growing {
    open: Vec<Element>,
    /// Prefix and namespace name, one list per open element, the innermost last.
    scopes: Vec<Vec<(String, String)>>,
    root: Option<Element>,
    count: usize,
    elements_max: usize,
    skipped: usize,
}

/// Namespaces in XML 1.0, §3: these two have their prefixes and no others.
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const RESERVED: [&str; 2] = [XML, "http://www.w3.org/2000/xmlns/"];

/// Whether `xmlns:prefix="namespace"` may be written: no prefix is taken back, and the reserved ones are what they are
/// (§2.2, §3).
fn may_be_declared(prefix: &str, namespace: &str) -> bool {
    match prefix {
        "" | "xmlns" => false,
        _ if prefix.contains(':') => false,
        "xml" => namespace == XML,
        _ => !namespace.is_empty() && !RESERVED.contains(&namespace),
    }
}

impl Growing {
    fn open_element(&mut self, tag: &BytesStart<'_>, start: usize, end: usize) -> Result<(), ReadError> {
        if self.open.is_empty() && self.root.is_some() {
            return refuse("content after the root element");
        }
        self.count += 1;
        if self.open.len() >= DEPTH_MAX || self.count > self.elements_max {
            return refuse("too deep or too many elements");
        }
        let mut declared = Vec::new();
        let mut plain = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.or_else(refuse)?;
            if declared.len() + plain.len() >= ATTRIBUTES_MAX {
                return refuse("too many attributes");
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).or_else(refuse)?.into_owned();
            check_letters(&value)?;
            let name = attribute.key.as_ref();
            match name.strip_prefix("xmlns:") {
                Some(prefix) if may_be_declared(prefix, &value) => declared.push((prefix.to_owned(), value)),
                Some(prefix) => return refuse(format_args!("prefix {prefix} cannot be declared so")),
                None if name == "xmlns" && !RESERVED.contains(&value.as_str()) => {
                    declared.push((String::new(), value));
                }
                None if name == "xmlns" => return refuse("a reserved namespace has its own prefix"),
                None => plain.push((name.to_owned(), value)),
            }
        }
        self.scopes.push(declared);
        if self.scopes.iter().map(Vec::len).sum::<usize>() > NAMESPACES_MAX {
            return refuse("too many namespaces");
        }
        let (namespace, name) = self.resolve(tag.name().as_ref(), true)?;
        let mut attributes: Vec<Attribute> = Vec::with_capacity(plain.len());
        for (written, value) in plain {
            let (namespace, name) = self.resolve(&written, false)?;
            if !namespace.is_empty() && attributes.iter().any(|it| it.namespace == namespace && it.name == name) {
                return refuse(format_args!("attribute {name} stands there twice under two prefixes"));
            }
            attributes.push(Attribute { namespace, name, value });
        }
        let inner = end..end;
        self.open.push(Element {
            namespace,
            name,
            attributes,
            children: Vec::new(),
            text: String::new(),
            span: start..end,
            inner,
        });
        Ok(())
    }

    fn close_element(&mut self, inner_end: usize, end: usize) -> Result<(), ReadError> {
        let Some(mut done) = self.open.pop() else { return refuse("an end tag without its start") };
        self.scopes.pop();
        done.inner.end = inner_end;
        done.span.end = end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        match self.open.last_mut() {
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => refuse("text outside the root element"),
        }
    }

    /// Namespace and local name of a qualified name; only elements take the default namespace.
    fn resolve(&self, qualified: &str, element: bool) -> Result<(String, String), ReadError> {
        let (prefix, local) = qualified.split_once(':').unwrap_or(("", qualified));
        // Namespaces in XML 1.0, §4: one colon at most, and something on either side of it.
        if local.is_empty() || local.contains(':') || qualified.starts_with(':') {
            return refuse(format_args!("{qualified} is no name"));
        }
        if prefix == "xml" {
            return Ok((XML.to_owned(), local.to_owned()));
        }
        if prefix.is_empty() && !element {
            return Ok((String::new(), local.to_owned()));
        }
        let found = self.scopes.iter().rev().flatten().find(|(known, _)| known == prefix);
        match found {
            Some((_, namespace)) => Ok((namespace.clone(), local.to_owned())),
            None if prefix.is_empty() => Ok((String::new(), local.to_owned())),
            None => refuse(format_args!("prefix {prefix} is not declared")),
        }
    }

    fn finish(self) -> Result<Element, ReadError> {
        debug_assert!(self.skipped == 0 || self.skipped == 3, "only a byte order mark is skipped");
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => refuse("the document ends before its root element does"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_text_and_places() {
        let bytes = br#"<?xml version="1.0"?><a xmlns="urn:1" xmlns:p="urn:2"><p:b p:c="1" d="2">x &amp; <!-- c -->y</p:b><e/></a>"#;
        let root = read(bytes).expect("well formed");
        assert!(root.is("urn:1", "a"));
        let b = root.child("urn:2", "b").expect("there");
        assert_eq!((b.text.as_str(), b.attribute("urn:2", "c"), b.attribute("", "d")), ("x & y", Some("1"), Some("2")));
        assert_eq!(&bytes[b.inner.clone()], b"x &amp; <!-- c -->y");
        let e = root.child("urn:1", "e").expect("there");
        assert_eq!(&bytes[e.span.clone()], b"<e/>");
    }

    #[test]
    fn a_byte_order_mark_shifts_the_places() {
        let bytes = b"\xef\xbb\xbf<a><b>1</b></a>";
        let root = read(bytes).expect("well formed");
        assert_eq!(&bytes[root.children[0].span.clone()], b"<b>1</b>");
    }

    #[test]
    fn attributes_and_namespaces_end_somewhere() {
        let many =
            |count: usize, of: &str| (0..count).map(|number| format!(" {of}{number}='urn:1'")).collect::<String>();
        for of in ["a", "xmlns:a"] {
            assert!(read(format!("<x{}/>", many(ATTRIBUTES_MAX, of)).as_bytes()).is_ok(), "{of}");
            assert!(read(format!("<x{}/>", many(ATTRIBUTES_MAX + 1, of)).as_bytes()).is_err(), "{of}");
        }
        let half = many(NAMESPACES_MAX / 2, "xmlns:a");
        assert!(read(format!("<x{half}><y{half}/><y{half}/></x>").as_bytes()).is_ok());
        assert!(read(format!("<x{half}><y{half}><z xmlns='urn:1'/></y></x>").as_bytes()).is_err());
    }

    #[test]
    fn what_is_not_accepted() {
        let deep = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<p:a/>",
            "<p:a xmlns:p=''/>",
            "<a xmlns:='urn:1'/>",
            "<a xmlns:b:c='urn:1'/>",
            "<:a/>",
            "<a:/>",
            "<x:a:b xmlns:x='urn:1'/>",
            "<x b='1' :b='2'/>",
            "<a xmlns:xmlns='urn:1'/>",
            "<a xmlns:xml='urn:1'/>",
            "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
            "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
            "<a xmlns:p='urn:1' xmlns:q='urn:1' p:b='1' q:b='2'/>",
            "<a b='1' b='2'/>",
            "<!DOCTYPE a><a/>",
            "<a>&foo;</a>",
            "<a/>x",
            "<a>\0</a>",
            "<a>\u{1}</a>",
            "<a>\u{ffff}</a>",
            "<a b='\u{b}'/>",
            "<!-- \u{1f} --><a/>",
            "<a>&#0;</a>",
            "<a>&#1;</a>",
            "<a>&#xFFFE;</a>",
            "<a b='&#x1f;'/>",
            deep.as_str(),
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }
}
