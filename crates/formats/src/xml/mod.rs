//! A small read-only tree of an XML document with namespaces resolved and the place of every element in the received
//! bytes, for the exchange's messages and parameters. Nothing is fetched, no document type is read, depth and size end.

mod read;
pub mod shape;
mod write;

pub use read::{ReadError, read, read_large};
pub use write::{escape, escape_attribute};

use std::ops::Range;

/// How deep elements may stand in each other.
pub const DEPTH_MAX: usize = 64;
/// How many elements one document may have.
pub const ELEMENTS_MAX: usize = 200_000;
/// How many attributes and namespace declarations one element may have.
pub const ATTRIBUTES_MAX: usize = 256;
/// How many namespace declarations may be in force at one place: each name is looked up among them.
pub const NAMESPACES_MAX: usize = 256;

/// An element with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace name; empty when the element is in none.
    pub namespace: String,
    pub name: String,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Element>,
    /// Character data that stands directly in this element, references resolved, comments left out.
    pub text: String,
    /// From the `<` of the start tag to behind the `>` of the end tag, in bytes.
    pub span: Range<usize>,
    /// What stands between start and end tag; empty for `<a/>`.
    pub inner: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    pub namespace: String,
    pub name: String,
    pub value: String,
}

impl Element {
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// The first child of this name.
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(namespace, name))
    }

    /// The text of the first child of this name, without the white space around it.
    pub fn text_of(&self, namespace: &str, name: &str) -> Option<&str> {
        self.child(namespace, name).map(|child| child.text.trim())
    }

    pub fn children_named<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(namespace, name))
    }

    /// The value of an attribute in the given namespace (empty: in none).
    pub fn attribute(&self, namespace: &str, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name && attribute.namespace == namespace)
            .map(|attribute| attribute.value.as_str())
    }

    /// This element or the first below it, in document order, for which `wanted` holds.
    pub fn find(&self, wanted: &dyn Fn(&Element) -> bool) -> Option<&Element> {
        if wanted(self) {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(wanted))
    }
}
