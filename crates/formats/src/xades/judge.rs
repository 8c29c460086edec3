//! The one place that uses the XML tree and canonicalizer made by others. Everything that a verdict says is read from the
//! same tree whose canonical bytes were digested, so that what is signed is what is read.

use super::{XadesError, normal::normalized};
use crate::xml;
use bergshamra_c14n::{C14nMode, canonicalize_doc};
pub(super) use bergshamra_xml::NodeId;
use bergshamra_xml::{Document, NodeKind, NodeSet, uppsala::Parser};
use std::{borrow::Cow, collections::HashMap};

/// Largest signature document that is looked at.
pub const XML_SIZE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How deep elements may stand in each other.
pub const DEPTH_MAX: u32 = 64;

/// A parsed document with its elements by `Id`.
pub(super) struct Tree<'a> {
    document: Document<'a>,
    ids: HashMap<String, NodeId>,
}

impl<'a> Tree<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, XadesError> {
        if text.len() > XML_SIZE_BYTES_MAX {
            return Err(XadesError::Malformed);
        }
        // The tree's parser compares each attribute with each other one: our own reader's limits come first.
        xml::read(text.as_bytes()).map_err(|_| XadesError::Malformed)?;
        Tree::of_read(text)
    }

    /// Of a document that our own reader has read.
    pub(super) fn of_read(text: &'a str) -> Result<Self, XadesError> {
        if text.len() > XML_SIZE_BYTES_MAX {
            return Err(XadesError::Malformed);
        }
        let parser = Parser::new().with_forbid_dtd(true).with_max_depth(DEPTH_MAX);
        let document = match normalized(text) {
            Cow::Borrowed(text) => parser.parse(text).map_err(|_| XadesError::Malformed)?,
            Cow::Owned(text) => parser.parse(&text).map_err(|_| XadesError::Malformed)?.into_static(),
        };
        let mut ids = HashMap::new();
        for node in document.descendants(document.root()) {
            let Some(element) = document.element(node) else { continue };
            for name in ["Id", "ID", "id"] {
                let Some(value) = element
                    .attributes
                    .iter()
                    .find(|attribute| attribute.name.namespace_uri.is_none() && attribute.name.local_name == name)
                else {
                    continue;
                };
                // An identifier that stands twice could make a reference point elsewhere than a reader looks.
                if ids.insert(value.value.to_string(), node).is_some() {
                    return Err(XadesError::Structure);
                }
            }
        }
        Ok(Tree { document, ids })
    }

    pub(super) fn root(&self) -> Result<NodeId, XadesError> {
        self.document.document_element().ok_or(XadesError::Malformed)
    }

    pub(super) fn by_id(&self, id: &str) -> Option<NodeId> {
        self.ids.get(id).copied()
    }

    pub(super) fn is(&self, node: NodeId, namespace: &str, name: &str) -> bool {
        self.document.element(node).is_some_and(|element| element.matches_name_ns(namespace, name))
    }

    /// The value of an attribute in no namespace.
    pub(super) fn attribute(&self, node: NodeId, name: &str) -> Option<&str> {
        let element = self.document.element(node)?;
        let found = element
            .attributes
            .iter()
            .find(|attribute| attribute.name.namespace_uri.is_none() && attribute.name.local_name == name)?;
        Some(&found.value)
    }

    pub(super) fn children(&self, node: NodeId, namespace: &str, name: &str) -> Vec<NodeId> {
        self.document.children(node).into_iter().filter(|child| self.is(*child, namespace, name)).collect()
    }

    /// Every element of this name below another, in document order.
    pub(super) fn below(&self, node: NodeId, namespace: &str, name: &str) -> Vec<NodeId> {
        let all = self.document.descendants(node);
        all.into_iter().filter(|found| *found != node && self.is(*found, namespace, name)).collect()
    }

    pub(super) fn elements(&self, node: NodeId) -> Vec<NodeId> {
        self.document.children(node).into_iter().filter(|child| self.document.element(*child).is_some()).collect()
    }

    /// The one child of this name; none or several are a wrong structure.
    pub(super) fn only(&self, node: NodeId, namespace: &str, name: &str) -> Result<NodeId, XadesError> {
        self.at_most_one(node, namespace, name)?.ok_or(XadesError::Structure)
    }

    pub(super) fn at_most_one(&self, node: NodeId, namespace: &str, name: &str) -> Result<Option<NodeId>, XadesError> {
        match self.children(node, namespace, name)[..] {
            [] => Ok(None),
            [child] => Ok(Some(child)),
            _ => Err(XadesError::Structure),
        }
    }

    /// The text directly in an element. Elements among it are a wrong structure; comments split it and are passed over.
    pub(super) fn text(&self, node: NodeId) -> Result<String, XadesError> {
        let mut text = String::new();
        for child in self.document.children(node) {
            match self.document.node_kind(child) {
                Some(NodeKind::Text(part) | NodeKind::CData(part)) => text.push_str(part),
                Some(NodeKind::Comment(_)) => {}
                _ => return Err(XadesError::Structure),
            }
        }
        Ok(text)
    }

    /// Whether `node` stands somewhere below `above`, or is it.
    pub(super) fn is_within(&self, node: NodeId, above: NodeId) -> bool {
        node == above || self.document.ancestors(node).contains(&above)
    }

    /// The canonical bytes of an element with everything below it, comments left out where the method says so.
    pub(super) fn canonical(&self, node: NodeId, method: &str, prefixes: &[String]) -> Result<Vec<u8>, XadesError> {
        let mode = C14nMode::from_uri(method).ok_or(XadesError::Algorithm)?;
        // XML-DSig §4.4.3.3: a reference by bare name never selects comments, whatever the method.
        let set = NodeSet::tree_without_comments(node, &self.document);
        canonicalize_doc(&self.document, mode, Some(&set), prefixes).map_err(|_| XadesError::Algorithm)
    }
}

/// A whole document in canonical form without comments, as a hash chain's transform wants it.
pub fn canonical_document(text: &str, method: &str) -> Result<Vec<u8>, XadesError> {
    let tree = Tree::parse(text)?;
    tree.canonical(tree.root()?, method, &[])
}

/// The transforms of the exchange's hash chains: canonical forms of whole documents.
pub fn transform(uri: &str, data: &[u8]) -> Option<Vec<u8>> {
    canonical_document(std::str::from_utf8(data).ok()?, uri).ok()
}
