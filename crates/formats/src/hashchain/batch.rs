//! Several messages under one signature: each message is a leaf of the tree, one with attachments through a step of its own
//! over its parts.

use super::{Chain, Digest, build::data_ref, data_chain, node_value, tree};

/// Stands in the tree's chains for the message that each of them leads to.
const MESSAGE: &str = "/message";

/// For each message (its parts by name, all in one algorithm) the chain that leads to it; all have the same result.
pub fn message_chains(chain_name: &str, messages: &[&[(String, Digest)]]) -> Vec<Chain> {
    if let [only] = messages {
        return vec![data_chain(chain_name, only)];
    }
    let leaves: Vec<Digest> = messages.iter().map(|parts| leaf(parts)).collect();
    let chains = tree(chain_name, MESSAGE, &leaves).into_iter();
    chains.zip(&leaves).zip(messages).map(|((chain, leaf), parts)| leading_to(chain, leaf, parts)).collect()
}

/// A message alone is its digest; with attachments, the node over its parts.
fn leaf(parts: &[(String, Digest)]) -> Digest {
    if let [(_, only)] = parts {
        return only.clone();
    }
    let algorithm = parts.first().expect("a message has at least one part").1.algorithm;
    Digest { algorithm, value: node_value(algorithm, parts.iter().map(|(_, digest)| digest)) }
}

/// The chain with the message's parts in the place of the leaf.
fn leading_to(chain: Chain, leaf: &Digest, parts: &[(String, Digest)]) -> Chain {
    let text = String::from_utf8(chain.chain).expect("our own chains are text");
    let place = data_ref(MESSAGE, leaf);
    let text = match parts {
        [(name, digest)] => text.replacen(&place, &data_ref(name, digest), 1),
        _ => {
            let step = text.matches("<hc:HashStep ").count();
            let own: String = parts.iter().map(|(name, digest)| data_ref(name, digest)).collect();
            let text = text.replacen(&place, &format!("<hc:StepRef URI=\"#STEP{step}\"></hc:StepRef>"), 1);
            let own = format!("<hc:HashStep id=\"STEP{step}\">{own}</hc:HashStep></hc:HashChain>");
            text.replacen("</hc:HashChain>", &own, 1)
        }
    };
    Chain { result: chain.result, chain: text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::super::{Input, verify};
    use super::*;

    fn parts(message: usize) -> Vec<(String, Digest)> {
        let attachments = (1..=message % 3).map(|number| format!("/attachment{number}"));
        let names = std::iter::once("/message.xml".to_owned()).chain(attachments);
        names.map(|name| (name.clone(), Digest::sha512(format!("{message}{name}").as_bytes()))).collect()
    }

    #[test]
    fn every_message_of_every_batch_is_covered_and_no_other() {
        for count in 1..12 {
            let messages: Vec<_> = (0..count).map(parts).collect();
            let slices: Vec<&[(String, Digest)]> = messages.iter().map(Vec::as_slice).collect();
            let chains = message_chains("/c.xml", &slices);
            let judge = |chain: &Chain, parts: &[(String, Digest)]| {
                let inputs: Vec<_> =
                    parts.iter().map(|(name, digest)| (name.clone(), Input::Digest(digest.value.clone()))).collect();
                verify(&chain.result, &|_| Some(chain.chain.clone()), &inputs, &|_, _| None)
            };
            for (place, chain) in chains.iter().enumerate() {
                assert_eq!(chain.result, chains[0].result);
                assert_eq!(judge(chain, &messages[place]), Ok(vec![]), "{place} of {count}");
                assert!(judge(chain, &parts(place + 3 * count)).is_err(), "another message of the same shape");
            }
        }
    }
}
