//! Writing chains: one step over the parts of a message, and the tree over many inputs with the way from its root to each.

use super::{DSIG, Digest, NAMESPACE, node_value};
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
    let algorithm = parts.first().expect("a message has at least one part").1.algorithm;
    let mut step = String::with_capacity(192 * parts.len());
    for (name, digest) in parts {
        push_data_ref(&mut step, name, digest);
    }
    let value = node_value(algorithm, parts.iter().map(|(_, digest)| digest));
    write(chain_name, &Digest { algorithm, value }, &[step])
}

/// The tree over `leaves` (digests of the documents, all in one algorithm); for each leaf, in their order, the chain that
/// leads to it, whose last step refers to `data_name`. All chains have the same result.
pub fn tree(chain_name: &str, data_name: &str, leaves: &[Digest]) -> Vec<Chain> {
    let tree = Tree::over(leaves);
    (0..leaves.len()).map(|leaf| tree.chain(leaf, chain_name, data_name)).collect()
}

/// A tree whose chains are written when they are asked for: a chain is large beside its leaf.
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
        assert!(place < self.leaves, "the tree has this leaf");
        let root = self.nodes[0].clone().expect("the leftmost leaf reaches the root");
        if self.leaves == 1 {
            // One input: the chain is one step over it, as for a message with one part.
            return data_chain(chain_name, &[(data_name.to_owned(), root)]);
        }
        write(chain_name, &root, &steps(&self.nodes, self.nodes.len() / 2 + place, data_name))
    }
}

/// The steps from the root to the node at `target` in heap order.
fn steps(nodes: &[Option<Digest>], target: usize, data_name: &str) -> Vec<String> {
    let mut way = vec![target];
    while let Some(&place) = way.last().filter(|place| **place > 0) {
        way.push((place - 1) / 2);
    }
    way.reverse();
    let pairs: Vec<(usize, usize)> = way
        .windows(2)
        .map(|pair| (pair[1], if pair[1] % 2 == 1 { pair[1] + 1 } else { pair[1] - 1 }))
        .filter(|(_, sibling)| nodes[*sibling].is_some())
        .collect();
    let mut out = Vec::with_capacity(pairs.len());
    for (step, (place, sibling)) in pairs.iter().enumerate() {
        let own = if step + 1 == pairs.len() {
            data_ref(data_name, nodes[target].as_ref().expect("the target is a leaf"))
        } else {
            format!("<hc:StepRef URI=\"#STEP{}\"></hc:StepRef>", step + 1)
        };
        let other = nodes[*sibling].as_ref().expect("filtered above");
        let other = format!("<hc:HashValue>{}</hc:HashValue>", digest_value(other));
        out.push(if place < sibling { own + &other } else { other + &own });
    }
    out
}

pub(super) fn data_ref(name: &str, digest: &Digest) -> String {
    let mut out = String::new();
    push_data_ref(&mut out, name, digest);
    out
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
    out.push_str("<ds:DigestValue>");
    STANDARD.encode_string(&digest.value, out);
    out.push_str("</ds:DigestValue>");
}

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
        for piece in ["<hc:HashStep id=\"STEP", &place.to_string(), "\">", step, "</hc:HashStep>"] {
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
