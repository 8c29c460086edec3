//! Following a chain from its result down to the data that it covers.

use super::{DSIG, Digest, DigestAlgorithm, NAMESPACE, node_value};
use crate::xml::{
    self, Element,
    shape::{Schema, Shape},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    rc::Rc,
};

/// What is at hand of a document that the chain covers.
#[derive(Debug, Clone)]
pub enum Input {
    Data(Vec<u8>),
    /// Taken in the place of the stored digest, which must not differ in the end result.
    Digest(Vec<u8>),
    /// Not at hand: the stored digest is believed, and the name is reported.
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainError {
    Malformed(String),
    /// Inputs that the chain does not reach.
    UnusedInputs(Vec<String>),
    /// The data of a reference do not have the stored digest.
    InvalidDataReference(String),
    /// A document or an input that is not there.
    InvalidReference(String),
    /// The result is not the one that follows from the steps.
    InvalidChain,
}

impl ChainError {
    pub fn code(&self) -> &'static str {
        match self {
            ChainError::Malformed(_) => "malformed_hash_chain",
            ChainError::UnusedInputs(_) => "hashchain_unused_inputs",
            ChainError::InvalidDataReference(_) => "invalid_hash_chain_ref",
            ChainError::InvalidReference(_) => "invalid_reference",
            ChainError::InvalidChain => "invalid_hash_chain",
        }
    }
}

impl fmt::Display for ChainError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChainError::Malformed(why) => write!(out, "malformed hash chain: {why}"),
            ChainError::UnusedInputs(names) => write!(out, "the hash chain does not cover {}", names.join(", ")),
            ChainError::InvalidDataReference(name) => write!(out, "{name} does not have the digest in the hash chain"),
            ChainError::InvalidReference(name) => write!(out, "the hash chain refers to {name}, which is not there"),
            ChainError::InvalidChain => out.write_str("the hash chain does not lead to its result"),
        }
    }
}

impl std::error::Error for ChainError {}

/// What applies a transform (named by its URI) to data; `None` when it is not known.
pub type Transform<'a> = &'a dyn Fn(&str, &[u8]) -> Option<Vec<u8>>;

/// Gives what is at hand of a document by its name; `None` when nobody knows the name.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<Input>;

/// How deep steps may lead: a tree over 2^32 inputs.
const DEPTH_MAX: usize = 64;
/// How many steps one verification resolves: a chain that refers to itself twice per step would never end.
const STEPS_MAX: usize = 1_024;

/// Verifies the chain whose result document is `result`. `documents` gives the chain by the name in the result's URI.
/// Returns the names whose data were absent.
pub fn verify(
    result: &[u8],
    documents: &dyn Fn(&str) -> Option<Vec<u8>>,
    inputs: &[(String, Input)],
    transform: Transform<'_>,
) -> Result<Vec<String>, ChainError> {
    let required: Vec<String> = inputs.iter().map(|(name, _)| name.clone()).collect();
    let resolve = |name: &str| inputs.iter().find(|(known, _)| known == name).map(|(_, input)| input.clone());
    follow(result, documents, &required, &resolve, transform)
}

/// The same with inputs that are looked up as the chain names them; those in `required` must be reached.
pub fn follow(
    result: &[u8],
    documents: &dyn Fn(&str) -> Option<Vec<u8>>,
    required: &[String],
    resolve: Resolve<'_>,
    transform: Transform<'_>,
) -> Result<Vec<String>, ChainError> {
    let result = read(result, "HashChainResult")?;
    let uri = result.attribute("", "URI").ok_or(ChainError::Malformed("no URI".into()))?;
    let (name, step) = uri.split_once('#').ok_or(ChainError::Malformed("URI names no step".into()))?;
    let algorithm = method(result.child(DSIG, "DigestMethod"))?;
    let expected = digest_value(&result)?;
    let (used, absent, count) = (RefCell::default(), RefCell::default(), Cell::new(0));
    let walk = Walk { documents, chains: RefCell::default(), resolve, transform, used, absent, count };
    let computed = walk.step(name, step, algorithm, 0)?;
    let unused: Vec<String> = required.iter().filter(|name| !walk.used.borrow().contains(*name)).cloned().collect();
    if !unused.is_empty() {
        return Err(ChainError::UnusedInputs(unused));
    }
    if computed != expected {
        return Err(ChainError::InvalidChain);
    }
    Ok(walk.absent.into_inner())
}

/// The digest in a result document, to compare with a signature's.
pub fn check_result(result: &[u8]) -> Result<Vec<u8>, ChainError> {
    let result = xml::read(result).map_err(|error| ChainError::Malformed(error.to_string()))?;
    digest_value(&result)
}

fn malformed<T>(why: &str) -> Result<T, ChainError> {
    Err(ChainError::Malformed(why.to_owned()))
}

fn method(element: Option<&Element>) -> Result<DigestAlgorithm, ChainError> {
    let uri = element.and_then(|element| element.attribute("", "Algorithm"));
    let uri = uri.ok_or(ChainError::Malformed("no digest method".into()))?;
    DigestAlgorithm::from_uri(uri).ok_or_else(|| ChainError::Malformed(format!("digest method {uri} is not known")))
}

fn digest_value(element: &Element) -> Result<Vec<u8>, ChainError> {
    let text = element.text_of(DSIG, "DigestValue").ok_or(ChainError::Malformed("no digest value".into()))?;
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).map_err(|_| ChainError::Malformed("digest value is not base64".into()))
}

/// Reads one of the two documents and checks it by the schema (hash chain schema of BATCH-TS).
fn read(document: &[u8], root: &str) -> Result<Element, ChainError> {
    let element = xml::read(document).map_err(|error| ChainError::Malformed(error.to_string()))?;
    if !element.is(NAMESPACE, root) {
        return malformed(&format!("the root is not {root}"));
    }
    SCHEMA.check(&element).map_err(ChainError::Malformed)?;
    Ok(element)
}

const fn shape(element: &'static str, content: &'static str, attributes: &'static str) -> Shape {
    Shape { element, content, attributes }
}

const SCHEMA: Schema = Schema {
    prefixes: &[("hc", NAMESPACE), ("ds", DSIG)],
    shapes: &[
        shape("hc:HashChainResult", "ds:DigestMethod? ds:DigestValue", "URI!"),
        shape("hc:HashChain", "hc:DefaultDigestMethod? hc:HashStep*", ""),
        shape("hc:DefaultDigestMethod", "#any", "Algorithm!"),
        shape("hc:HashStep", "(hc:HashValue | hc:StepRef | hc:DataRef)*", "id"),
        shape("hc:HashValue", "ds:DigestMethod? ds:Transforms? ds:DigestValue", ""),
        shape("hc:StepRef", "ds:DigestMethod?", "URI!"),
        shape("hc:DataRef", "ds:DigestMethod? ds:Transforms? ds:DigestValue", "URI!"),
        shape("ds:DigestMethod", "#any", "Algorithm!"),
        shape("ds:DigestValue", "#base64", ""),
        shape("ds:Transforms", "ds:Transform+", ""),
        shape("ds:Transform", "#any", "Algorithm!"),
    ],
};

/// A chain document with its steps by their ids.
struct ChainDocument {
    default: Option<DigestAlgorithm>,
    steps: BTreeMap<String, Element>,
}

impl ChainDocument {
    /// Every step that is referred to within the document is there, once.
    fn read(document: &[u8]) -> Result<Self, ChainError> {
        let chain = read(document, "HashChain")?;
        let default = chain.child(NAMESPACE, "DefaultDigestMethod");
        let default = default.map(|default| method(Some(default))).transpose()?;
        let mut steps = BTreeMap::new();
        let of_chain = chain.children.into_iter().filter(|child| child.is(NAMESPACE, "HashStep"));
        for step in of_chain {
            let Some(id) = step.attribute("", "id").map(str::to_owned) else { continue };
            if steps.insert(id.clone(), step).is_some() {
                return malformed(&format!("there are two steps {id}"));
            }
        }
        let parts = steps.values().flat_map(|step| &step.children).filter(|part| part.is(NAMESPACE, "StepRef"));
        let inside = parts.filter_map(|part| part.attribute("", "URI")?.strip_prefix('#'));
        match inside.into_iter().find(|id| !steps.contains_key(*id)) {
            Some(id) => malformed(&format!("there is no step {id}")),
            None => Ok(ChainDocument { default, steps }),
        }
    }
}

struct Walk<'a> {
    documents: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// Documents that were read, by their names: steps may lead from one to another.
    chains: RefCell<BTreeMap<String, Rc<ChainDocument>>>,
    resolve: Resolve<'a>,
    transform: Transform<'a>,
    used: RefCell<BTreeSet<String>>,
    absent: RefCell<Vec<String>>,
    count: Cell<usize>,
}

impl Walk<'_> {
    fn chain(&self, name: &str) -> Result<Rc<ChainDocument>, ChainError> {
        if let Some(known) = self.chains.borrow().get(name) {
            return Ok(known.clone());
        }
        let bytes = (self.documents)(name).ok_or(ChainError::InvalidReference(name.to_owned()))?;
        let chain = Rc::new(ChainDocument::read(&bytes)?);
        self.chains.borrow_mut().insert(name.to_owned(), chain.clone());
        Ok(chain)
    }

    /// The value of the step `id` of the document `name`.
    fn step(&self, name: &str, id: &str, algorithm: DigestAlgorithm, depth: usize) -> Result<Vec<u8>, ChainError> {
        self.count.set(self.count.get() + 1);
        if depth > DEPTH_MAX || self.count.get() > STEPS_MAX {
            return malformed("steps lead too deep");
        }
        let chain = self.chain(name)?;
        let step = chain.steps.get(id).ok_or_else(|| ChainError::Malformed(format!("there is no step {id}")))?;
        let mut digests = Vec::with_capacity(step.children.len());
        for part in &step.children {
            let algorithm = match part.child(DSIG, "DigestMethod") {
                Some(own) => method(Some(own))?,
                None => chain.default.ok_or(ChainError::Malformed("no digest method".into()))?,
            };
            let value = match part.name.as_str() {
                "HashValue" => digest_value(part)?,
                "StepRef" => {
                    let uri = part.attribute("", "URI").and_then(|uri| uri.split_once('#'));
                    let (document, step) = uri.ok_or(ChainError::Malformed("bad step reference".into()))?;
                    // Without a name the same document is meant.
                    let document = if document.is_empty() { name } else { document };
                    self.step(document, step, algorithm, depth + 1)?
                }
                _ => self.data(part, algorithm)?,
            };
            digests.push(Digest { algorithm, value });
        }
        Ok(node_value(algorithm, &digests))
    }

    fn data(&self, part: &Element, algorithm: DigestAlgorithm) -> Result<Vec<u8>, ChainError> {
        let name = part.attribute("", "URI").ok_or(ChainError::Malformed("data reference without URI".into()))?;
        let stored = digest_value(part)?;
        let input = (self.resolve)(name);
        self.used.borrow_mut().insert(name.to_owned());
        match input {
            None => Err(ChainError::InvalidReference(name.to_owned())),
            Some(Input::Digest(digest)) => Ok(digest),
            Some(Input::Absent) => {
                self.absent.borrow_mut().push(name.to_owned());
                Ok(stored)
            }
            Some(Input::Data(mut data)) => {
                for applied in part.child(DSIG, "Transforms").iter().flat_map(|list| &list.children) {
                    let uri = applied.attribute("", "Algorithm").unwrap_or_default();
                    data = (self.transform)(uri, &data)
                        .ok_or_else(|| ChainError::Malformed(format!("transform {uri} is not known")))?;
                }
                if algorithm.digest(&data) == stored {
                    Ok(stored)
                } else {
                    Err(ChainError::InvalidDataReference(name.to_owned()))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Chain, Tree, data_chain};
    use super::*;

    fn judge(chain: &Chain, inputs: &[(&str, &[u8])]) -> Result<Vec<String>, ChainError> {
        let inputs: Vec<_> =
            inputs.iter().map(|(name, data)| ((*name).to_owned(), Input::Data(data.to_vec()))).collect();
        verify(&chain.result, &|name| (name == "/c.xml").then(|| chain.chain.clone()), &inputs, &|_, _| None)
    }

    #[test]
    fn a_message_with_attachments() {
        let parts =
            [("/message.xml".to_owned(), Digest::sha512(b"m")), ("/attachment1".to_owned(), Digest::sha512(b"a"))];
        let chain = data_chain("/c.xml", &parts);
        assert_eq!(judge(&chain, &[("/message.xml", b"m"), ("/attachment1", b"a")]), Ok(vec![]));
        assert!(matches!(
            judge(&chain, &[("/message.xml", b"m"), ("/attachment1", b"b")]),
            Err(ChainError::InvalidDataReference(_))
        ));
        assert!(matches!(judge(&chain, &[("/message.xml", b"m")]), Err(ChainError::InvalidReference(_))));
        let more: [(&str, &[u8]); 3] = [("/message.xml", b"m"), ("/attachment1", b"a"), ("/x", b"x")];
        assert_eq!(judge(&chain, &more), Err(ChainError::UnusedInputs(vec!["/x".into()])));
    }

    #[test]
    fn every_leaf_of_every_tree_is_covered() {
        for count in 1..20_u8 {
            let leaves: Vec<Digest> = (0..count).map(|leaf| Digest::sha512(&[leaf])).collect();
            let tree = Tree::over(&leaves);
            let chains: Vec<Chain> = (0..leaves.len()).map(|leaf| tree.chain(leaf, "/c.xml", "/s")).collect();
            for leaf in 0..count {
                let chain = &chains[usize::from(leaf)];
                assert_eq!(chain.result, chains[0].result);
                assert_eq!(judge(chain, &[("/s", &[leaf])]), Ok(vec![]), "{leaf} of {count}");
                assert!(judge(chain, &[("/s", &[leaf, 0])]).is_err());
            }
        }
    }

    #[test]
    fn steps_lead_from_one_document_to_another() {
        let inner = data_chain("/b.xml", &[("/m".to_owned(), Digest::sha512(b"m"))]);
        let outer = data_chain("/a.xml", &[("/other".to_owned(), Digest::sha512(b"o"))]);
        let value = check_result(&inner.result).expect("a result");
        let text = String::from_utf8(outer.chain).expect("text");
        let start = text.find("<hc:DataRef").expect("a reference");
        let end = text.find("</hc:HashStep>").expect("an end");
        let joined = format!("{}<hc:StepRef URI=\"/b.xml#STEP0\"></hc:StepRef>{}", &text[..start], &text[end..]);
        let algorithm = DigestAlgorithm::Sha512;
        let whole = STANDARD.encode(node_value(algorithm, &[Digest { algorithm, value }]));
        let stated = STANDARD.encode(check_result(&outer.result).expect("a result"));
        let result = String::from_utf8(outer.result).expect("text").replace(&stated, &whole);
        let judge = |inside: Option<&Chain>| {
            let documents = |name: &str| match name {
                "/a.xml" => Some(joined.clone().into_bytes()),
                "/b.xml" => inside.map(|chain| chain.chain.clone()),
                _ => None,
            };
            verify(result.as_bytes(), &documents, &[("/m".to_owned(), Input::Data(b"m".to_vec()))], &|_, _| None)
        };
        assert_eq!(judge(Some(&inner)), Ok(vec![]));
        assert_eq!(judge(None), Err(ChainError::InvalidReference("/b.xml".into())));
        let other = data_chain("/b.xml", &[("/m".to_owned(), Digest::sha512(b"n"))]);
        assert_eq!(judge(Some(&other)), Err(ChainError::InvalidDataReference("/m".into())));
    }

    #[test]
    fn a_changed_result_is_not_reached() {
        let chain = data_chain("/c.xml", &[("/m".to_owned(), Digest::sha512(b"m"))]);
        let other = data_chain("/c.xml", &[("/m".to_owned(), Digest::sha512(b"n"))]);
        let mixed = Chain { result: other.result, chain: chain.chain };
        assert_eq!(judge(&mixed, &[("/m", b"m")]), Err(ChainError::InvalidChain));
    }
}
