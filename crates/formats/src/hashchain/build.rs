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
    let digests: Vec<Digest> = parts.iter().map(|(_, digest)| digest.clone()).collect();
    let steps: Vec<String> = parts.iter().map(|(name, digest)| data_ref(name, digest)).collect();
    let result = Digest { algorithm, value: node_value(algorithm, &digests) };
    write(chain_name, &result, &[steps.concat()])
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
                    let value = node_value(algorithm, &[left.clone(), right.clone()]);
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
    format!("<hc:DataRef URI=\"{}\">{}</hc:DataRef>", escape_attribute(name), digest_value(digest))
}

fn digest_value(digest: &Digest) -> String {
    format!("<ds:DigestValue>{}</ds:DigestValue>", STANDARD.encode(&digest.value))
}

fn write(chain_name: &str, result: &Digest, steps: &[String]) -> Chain {
    let method = result.algorithm.uri();
    let mut chain = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hc:HashChain xmlns:ds=\"{DSIG}\" xmlns:hc=\"{NAMESPACE}\">\
         <hc:DefaultDigestMethod Algorithm=\"{method}\"></hc:DefaultDigestMethod>"
    );
    for (place, step) in steps.iter().enumerate() {
        chain.push_str(&format!("<hc:HashStep id=\"STEP{place}\">{step}</hc:HashStep>"));
    }
    chain.push_str("</hc:HashChain>");
    let result = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hc:HashChainResult xmlns:ds=\"{DSIG}\" xmlns:hc=\"{NAMESPACE}\" \
         URI=\"{}#STEP0\"><ds:DigestMethod Algorithm=\"{method}\"></ds:DigestMethod>{}</hc:HashChainResult>",
        escape_attribute(chain_name),
        digest_value(result)
    );
    Chain { result: result.into_bytes(), chain: chain.into_bytes() }
}
