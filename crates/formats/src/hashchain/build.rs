//! Writing chains: one step over the parts of a message, and the tree over many inputs with the way from its root to each.

use super::{DSIG, Digest, DigestAlgorithm, NAMESPACE, node_value};
use crate::xml::escape_attribute;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The two documents of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// `…-hashchainresult.xml`: these bytes are what is signed or time-stamped.
    pub result: Vec<u8>,
    /// `…-hashchain.xml`.
    pub chain: Vec<u8>,
}

/// The chain over the parts of one message. `chain_name` is the file name of the chain: `/sig-hashchain.xml`.
pub fn data_chain(chain_name: &str, parts: &[(String, Digest)]) -> Chain {
    write_way(chain_name, &root_over(parts, &[]), &[], parts)
}

/// A tree over many inputs. Chains are written when they are asked for, because a chain is large beside its leaf; all have
/// the same result.
pub struct Tree {
    /// In heap order; the leaves are the last ones.
    nodes: Vec<Option<Digest>>,
    leaves: usize,
}

impl Tree {
    /// Over digests of the documents, all in one algorithm.
    pub fn over(leaves: &[Digest]) -> Tree {
        assert!(!leaves.is_empty(), "a tree needs a leaf");
        let algorithm = leaves[0].algorithm;
        let inner = leaves.len().next_power_of_two() - 1;
        let mut nodes: Vec<Option<Digest>> = vec![None; 2 * inner + 1];
        for (place, leaf) in leaves.iter().enumerate() {
            nodes[inner + place] = Some(leaf.clone());
        }
        for place in (0..inner).rev() {
            nodes[place] = match (&nodes[2 * place + 1], &nodes[2 * place + 2]) {
                (Some(left), Some(right)) => {
                    let value = node_value(algorithm, [left, right]);
                    Some(Digest { algorithm, value })
                }
                // A missing right subtree is skipped: the left value moves up.
                (left, _) => left.clone(),
            };
        }
        Tree { nodes, leaves: leaves.len() }
    }

    /// The chain that leads to the leaf at `place`, whose last step refers to `data_name`.
    pub fn chain(&self, place: usize, chain_name: &str, data_name: &str) -> Chain {
        let leaf = self.nodes[self.inner() + place].clone().expect("the tree has this leaf");
        self.chain_to(place, chain_name, &[(data_name.to_owned(), leaf)])
    }

    /// The same for a leaf that is a message of these parts: one part itself, or the node over several.
    pub(super) fn chain_to(&self, place: usize, chain_name: &str, parts: &[(String, Digest)]) -> Chain {
        assert!(place < self.leaves, "the tree has this leaf");
        let way = self.way(self.inner() + place);
        match &self.nodes[0] {
            Some(root) if !way.is_empty() => write_way(chain_name, root, &way, parts),
            // One input: the chain is one step over it, as for a message that is signed alone.
            _ => write_way(chain_name, &root_over(parts, &way), &way, parts),
        }
    }

    fn inner(&self) -> usize {
        self.nodes.len() / 2
    }

    /// What stands beside the way from the root to the node at `target` in heap order.
    fn way(&self, target: usize) -> Vec<Sibling> {
        let (mut way, mut place) = (Vec::new(), target);
        while place > 0 {
            let is_left = place % 2 == 0;
            let sibling = if is_left { place - 1 } else { place + 1 };
            way.extend(self.nodes[sibling].clone().map(|digest| Sibling { is_left, digest }));
            place = (place - 1) / 2;
        }
        way.reverse();
        way
    }
}

/// A node beside the way from the root to a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sibling {
    /// It stands before the way's own node.
    pub is_left: bool,
    pub digest: Digest,
}

/// The value of the root above a message of these parts, with these nodes beside the way to it.
pub(super) fn root_over(parts: &[(String, Digest)], way: &[Sibling]) -> Digest {
    let algorithm = parts.first().expect("a message has at least one part").1.algorithm;
    let over = |digests: &[&Digest]| Digest { algorithm, value: node_value(algorithm, digests.iter().copied()) };
    let leaf = match parts {
        [(_, only)] if !way.is_empty() => only.clone(),
        _ => over(&parts.iter().map(|(_, digest)| digest).collect::<Vec<_>>()),
    };
    way.iter().rev().fold(leaf, |own, beside| match beside.is_left {
        true => over(&[&beside.digest, &own]),
        false => over(&[&own, &beside.digest]),
    })
}

/// The chain with these nodes beside its way. The last step of a way refers to the data; several parts have a step of their
/// own, and so has a part without a way.
pub(super) fn write_way(chain_name: &str, root: &Digest, way: &[Sibling], parts: &[(String, Digest)]) -> Chain {
    let mut steps = Vec::with_capacity(way.len() + 1);
    let refs = || {
        let mut refs = String::with_capacity(192 * parts.len());
        parts.iter().for_each(|(name, digest)| push_data_ref(&mut refs, name, digest));
        refs
    };
    let apart = parts.len() > 1 || way.is_empty();
    for (step, beside) in (1..).zip(way) {
        let own = match step == way.len() && !apart {
            true => refs(),
            false => format!("<hc:StepRef URI=\"#STEP{step}\"></hc:StepRef>"),
        };
        let other = format!("{HASH_VALUE}{}{HASH_VALUE_END}", digest_value(&beside.digest));
        steps.push(if beside.is_left { other + &own } else { own + &other });
    }
    if apart {
        steps.push(refs());
    }
    write(chain_name, root, &steps)
}

/// The nodes beside the way of a chain, if it is written as ours are. What is returned is a guess: the chain is ours if
/// [`write_way`] writes the same with it.
pub(super) fn read_way(chain: &[u8], algorithm: DigestAlgorithm) -> Option<Vec<Sibling>> {
    let text = std::str::from_utf8(chain).ok()?;
    let mut way = Vec::new();
    for step in text.split(STEP).skip(1) {
        let (_, step) = step.split_once("\">")?;
        let Some((before, value)) = step.split_once(HASH_VALUE) else { continue };
        let (value, _) = value.strip_prefix(DIGEST_VALUE)?.split_once('<')?;
        let digest = Digest { algorithm, value: STANDARD.decode(value).ok()? };
        way.push(Sibling { is_left: before.is_empty(), digest });
    }
    Some(way)
}

fn push_data_ref(out: &mut String, name: &str, digest: &Digest) {
    out.push_str("<hc:DataRef URI=\"");
    out.push_str(&escape_attribute(name));
    out.push_str("\">");
    push_digest_value(out, digest);
    out.push_str("</hc:DataRef>");
}

fn digest_value(digest: &Digest) -> String {
    let mut out = String::new();
    push_digest_value(&mut out, digest);
    out
}

fn push_digest_value(out: &mut String, digest: &Digest) {
    out.push_str(DIGEST_VALUE);
    STANDARD.encode_string(&digest.value, out);
    out.push_str("</ds:DigestValue>");
}

const STEP: &str = "<hc:HashStep id=\"STEP";
const HASH_VALUE: &str = "<hc:HashValue>";
const HASH_VALUE_END: &str = "</hc:HashValue>";
const DIGEST_VALUE: &str = "<ds:DigestValue>";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn write(chain_name: &str, result: &Digest, steps: &[String]) -> Chain {
    let method = result.algorithm.uri();
    let size = steps.iter().map(|step| step.len() + 64).sum::<usize>();
    let mut chain = String::with_capacity(512 + size);
    for piece in [
        DECLARATION,
        "<hc:HashChain xmlns:ds=\"",
        DSIG,
        "\" xmlns:hc=\"",
        NAMESPACE,
        "\"><hc:DefaultDigestMethod Algorithm=\"",
        method,
        "\"></hc:DefaultDigestMethod>",
    ] {
        chain.push_str(piece);
    }
    for (place, step) in steps.iter().enumerate() {
        for piece in [STEP, &place.to_string(), "\">", step, "</hc:HashStep>"] {
            chain.push_str(piece);
        }
    }
    chain.push_str("</hc:HashChain>");
    let result = [
        DECLARATION,
        "<hc:HashChainResult xmlns:ds=\"",
        DSIG,
        "\" xmlns:hc=\"",
        NAMESPACE,
        "\" URI=\"",
        &escape_attribute(chain_name),
        "#STEP0\"><ds:DigestMethod Algorithm=\"",
        method,
        "\"></ds:DigestMethod>",
        &digest_value(result),
        "</hc:HashChainResult>",
    ];
    Chain { result: result.concat().into_bytes(), chain: chain.into_bytes() }
}
