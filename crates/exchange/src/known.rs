//! What was found out about byte strings (certificates, OCSP responses, signature documents), looked up by the bytes
//! themselves. They are hashed with a checksum, which costs a tenth of a cryptographic digest: only what was verified is put
//! down here, so nobody can choose entries that fall on one place, and a look-up compares the bytes.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

pub(crate) type Known<V> = HashMap<Box<[u8]>, V, BuildHasherDefault<Checksum>>;

#[derive(Default)]
pub(crate) struct Checksum(crc32fast::Hasher);

impl Hasher for Checksum {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // A map looks at the upper bits as well, of which a checksum has none.
        u64::from(self.0.clone().finalize()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_bytes_alone() {
        let mut known: Known<usize> = Known::default();
        for number in 0..1_000_usize {
            known.insert(number.to_string().repeat(100).into_bytes().into(), number);
        }
        for number in 0..1_000_usize {
            assert_eq!(known.get(number.to_string().repeat(100).as_bytes()), Some(&number));
        }
        assert_eq!(known.get(&b"1000".repeat(100)[..]), None);
    }

    #[test]
    fn two_contents_of_one_checksum_are_two_entries() {
        // Found by search: these differ and have one CRC-32.
        let (one, other) = (*b"plumless", *b"buckeroo");
        assert_eq!(crc32fast::hash(&one), crc32fast::hash(&other));
        let mut known: Known<u8> = Known::default();
        known.insert(one.into(), 1);
        assert_eq!(known.get(&other[..]), None);
        known.insert(other.into(), 2);
        assert_eq!((known.get(&one[..]), known.get(&other[..])), (Some(&1), Some(&2)));
    }
}
