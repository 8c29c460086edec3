//! Several messages under one signature: each message is a leaf of the tree, one with attachments through a step of its own
//! over its parts.

use super::{
    Chain, Digest, Tree,
    build::{read_way, root_over, write_way},
    node_value,
};

/// For each message (its parts by name, all in one algorithm) the chain that leads to it; all have the same result.
pub fn message_chains(chain_name: &str, messages: &[&[(String, Digest)]]) -> Vec<Chain> {
    let leaves: Vec<Digest> = messages.iter().map(|parts| leaf(parts)).collect();
    let tree = Tree::over(&leaves);
    messages.iter().enumerate().map(|(place, parts)| tree.chain_to(place, chain_name, parts)).collect()
}

/// Whether the chain is to the byte one that we would write over these parts, alone or in a batch. Then it leads from its
/// result to them, and needs no reading as XML; any other is for [`super::verify`].
pub fn is_ours_over(chain: &Chain, chain_name: &str, parts: &[(String, Digest)]) -> bool {
    let Some((_, first)) = parts.first() else { return false };
    let Some(way) = read_way(&chain.chain, first.algorithm) else { return false };
    way.len() <= WAY_MAX && write_way(chain_name, &root_over(parts, &way), &way, parts) == *chain
}

/// A batch of more than 2^32 messages is none.
const WAY_MAX: usize = 32;

/// A message alone is its digest; with attachments, the node over its parts.
fn leaf(parts: &[(String, Digest)]) -> Digest {
    if let [(_, only)] = parts {
        return only.clone();
    }
    let algorithm = parts.first().expect("a message has at least one part").1.algorithm;
    Digest { algorithm, value: node_value(algorithm, parts.iter().map(|(_, digest)| digest)) }
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
                assert!(is_ours_over(chain, "/c.xml", &messages[place]), "{place} of {count}");
                let sibling = &messages[(place + 1) % count];
                assert!(count == 1 || !is_ours_over(chain, "/c.xml", sibling), "{place} of {count}");
                assert!(judge(chain, &parts(place + 3 * count)).is_err(), "another message of the same shape");
            }
        }
    }

    /// A byte changed anywhere in either document: what is still taken at once, the reading of the XML takes too.
    #[test]
    fn a_changed_chain_is_never_taken_for_ours() {
        let messages: Vec<_> = (0..5).map(parts).collect();
        let slices: Vec<&[(String, Digest)]> = messages.iter().map(Vec::as_slice).collect();
        let good = message_chains("/c.xml", &slices).swap_remove(2);
        for place in 0..good.chain.len() + good.result.len() {
            let mut changed = good.clone();
            match place.checked_sub(good.chain.len()) {
                None => changed.chain[place] ^= 1,
                Some(place) => changed.result[place] ^= 1,
            }
            assert!(!is_ours_over(&changed, "/c.xml", &messages[2]), "byte {place}");
        }
        let doubled =
            String::from_utf8(good.chain.clone()).expect("text").replacen("<hc:HashStep id=\"STEP1\">", "", 1);
        let doubled = Chain { chain: doubled.into_bytes(), ..good.clone() };
        assert!(!is_ours_over(&doubled, "/c.xml", &messages[2]));
        assert!(!is_ours_over(&good, "/c.xml", &[]));
    }
}
