//! Merkle tree hashing of RFC 6962 §2.1: inclusion and consistency proofs of an append-only log, pure functions on hashes.

use aws_lc_rs::digest::{Context, SHA256};

pub type Hash = [u8; 32];

/// MTH({d}) = SHA-256(0x00 ‖ d), RFC 6962 §2.1.
pub fn leaf_hash(data: &[u8]) -> Hash {
    hash(&[&[0], data])
}

/// SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// The root of the empty tree: the hash of nothing.
pub fn empty_root() -> Hash {
    hash(&[])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Where a complete subtree sits: its 2^level leaves start at `index` · 2^level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub level: u32,
    pub index: u64,
}

/// The complete subtrees that a tree of `size` leaves consists of, from left (largest) to right.
pub fn peaks(size: u64) -> Vec<Node> {
    let mut start = 0;
    (0..u64::BITS)
        .rev()
        .filter(|level| size >> level & 1 == 1)
        .map(|level| {
            let node = Node { level, index: start >> level };
            start += 1 << level;
            node
        })
        .collect()
}

/// The complete subtrees that the leaf number `index` (from 0) completes when it is appended, lowest first, without the
/// leaf itself. Each is the parent of the one before and of its left neighbour.
pub fn completed_by(index: u64) -> impl Iterator<Item = Node> {
    (1..=(index + 1).trailing_zeros()).map(move |level| Node { level, index: index >> level })
}

/// Whoever can give the hash of a complete subtree: the store, or a list of leaves in tests.
pub trait Hashes {
    fn node(&self, node: Node) -> Hash;
}

/// The root of the first `size` leaves.
pub fn root(size: u64, hashes: &impl Hashes) -> Hash {
    range_hash(0, size, hashes)
}

/// The hash of the subtree over the leaves `start..end` as RFC 6962 splits them; `start` is on a subtree's border.
fn range_hash(start: u64, end: u64, hashes: &impl Hashes) -> Hash {
    let size = end - start;
    if size == 0 {
        return empty_root();
    }
    if size.is_power_of_two() {
        return hashes.node(Node { level: size.trailing_zeros(), index: start >> size.trailing_zeros() });
    }
    let split = start + largest_power_below(size);
    node_hash(&range_hash(start, split, hashes), &range_hash(split, end, hashes))
}

/// The largest power of two smaller than `size`, which is at least 2.
fn largest_power_below(size: u64) -> u64 {
    1 << (63 - (size - 1).leading_zeros())
}

/// The nodes that `inclusion_proof` and `consistency_proof` will ask for, so that a store can fetch them in one go.
pub fn nodes_of_range(start: u64, end: u64) -> Vec<Node> {
    let size = end - start;
    if size == 0 {
        return Vec::new();
    }
    if size.is_power_of_two() {
        return vec![Node { level: size.trailing_zeros(), index: start >> size.trailing_zeros() }];
    }
    let split = start + largest_power_below(size);
    let mut nodes = nodes_of_range(start, split);
    nodes.extend(nodes_of_range(split, end));
    nodes
}

/// The ranges whose hashes form the audit path of leaf `index` in a tree of `size` leaves, leaf's sibling first
/// (RFC 6962 §2.1.1). `index` is below `size`.
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let split = start + largest_power_below(end - start);
        if index < split {
            path.push((split, end));
            end = split;
        } else {
            path.push((start, split));
            start = split;
        }
    }
    path.reverse();
    path
}

/// The ranges of the consistency proof between the trees of `old` and `new` leaves (RFC 6962 §2.1.2); 0 < `old` ≤ `new`.
pub fn consistency_ranges(old: u64, new: u64) -> Vec<(u64, u64)> {
    fn sub_proof(old: u64, start: u64, end: u64, whole: bool, path: &mut Vec<(u64, u64)>) {
        if old == end {
            if !whole {
                path.push((start, end));
            }
            return;
        }
        let split = start + largest_power_below(end - start);
        if old <= split {
            sub_proof(old, start, split, whole, path);
            path.push((split, end));
        } else {
            sub_proof(old, split, end, false, path);
            path.push((start, split));
        }
    }
    let mut path = Vec::new();
    sub_proof(old, 0, new, true, &mut path);
    path
}

pub fn inclusion_proof(index: u64, size: u64, hashes: &impl Hashes) -> Vec<Hash> {
    inclusion_ranges(index, size).into_iter().map(|(start, end)| range_hash(start, end, hashes)).collect()
}

pub fn consistency_proof(old: u64, new: u64, hashes: &impl Hashes) -> Vec<Hash> {
    consistency_ranges(old, new).into_iter().map(|(start, end)| range_hash(start, end, hashes)).collect()
}

/// Whether `path` proves that the leaf with `leaf` as its hash is number `index` under `root` (RFC 9162 §2.1.3.2).
pub fn inclusion_holds(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut found) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            found = node_hash(sibling, &found);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            found = node_hash(&found, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && found == *root
}

/// Whether `path` proves that the tree `new_root` begins with the tree `old_root` (RFC 9162 §2.1.4.2).
pub fn consistency_holds(old: u64, old_root: &Hash, new: u64, new_root: &Hash, path: &[Hash]) -> bool {
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 || old > new {
        return false;
    }
    let mut path = path.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(first) = first else { return false };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_found, mut new_found) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_found = node_hash(sibling, &old_found);
            new_found = node_hash(sibling, &new_found);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_found = node_hash(&new_found, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_found == *old_root && new_found == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Leaves(Vec<Hash>);

    impl Hashes for Leaves {
        fn node(&self, node: Node) -> Hash {
            if node.level == 0 {
                return self.0[usize::try_from(node.index).expect("small")];
            }
            let child = |index| Node { level: node.level - 1, index };
            node_hash(&self.node(child(node.index * 2)), &self.node(child(node.index * 2 + 1)))
        }
    }

    fn tree(size: u8) -> Leaves {
        Leaves((0..size).map(|number| leaf_hash(&[number])).collect())
    }

    /// The known answers of the Certificate Transparency reference tests: eight leaves and their root.
    #[test]
    fn the_reference_tree_has_the_reference_roots() {
        let inputs: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let leaves = Leaves(inputs.iter().map(|input| leaf_hash(input)).collect());
        assert_eq!(base::hex(&empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(base::hex(&root(1, &leaves)), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(base::hex(&root(8, &leaves)), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn every_leaf_of_every_tree_is_proven_and_no_other() {
        let leaves = tree(40);
        for size in 1..=40 {
            let root = root(size, &leaves);
            for index in 0..size {
                let path = inclusion_proof(index, size, &leaves);
                let leaf = leaves.node(Node { level: 0, index });
                assert!(inclusion_holds(&leaf, index, size, &path, &root), "{index} of {size}");
                assert!(!inclusion_holds(&leaf_hash(b"x"), index, size, &path, &root));
                assert!(!inclusion_holds(&leaf, index + 1, size, &path, &root));
                let mut longer = path.clone();
                longer.push(root);
                assert!(!inclusion_holds(&leaf, index, size, &longer, &root));
            }
        }
    }

    #[test]
    fn a_tree_grows_only_at_its_end() {
        let leaves = tree(40);
        for new in 1..=40 {
            for old in 1..=new {
                let (old_root, new_root) = (root(old, &leaves), root(new, &leaves));
                let path = consistency_proof(old, new, &leaves);
                assert!(consistency_holds(old, &old_root, new, &new_root, &path), "{old} to {new}");
                assert!(!consistency_holds(old, &leaf_hash(b"x"), new, &new_root, &path), "{old} to {new}");
            }
        }
    }

    #[test]
    fn completed_nodes_and_peaks_agree() {
        let mut seen: Vec<Node> = Vec::new();
        for index in 0..64 {
            seen.push(Node { level: 0, index });
            seen.extend(completed_by(index));
            for peak in peaks(index + 1) {
                assert!(seen.contains(&peak), "{peak:?} at {index}");
            }
        }
    }
}
