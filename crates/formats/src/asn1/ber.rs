//! Basic encoding turned into definite lengths, for what others stream: CMS may leave lengths open and cut an octet string
//! into pieces (X.690 §8.1.3.6, §8.7.3). Bytes that are definite already stay as they are, because signatures are over them.

use super::Malformed;

/// How deep elements may stand in each other.
const DEPTH_MAX: usize = 32;
/// Longest input that is looked at.
const SIZE_BYTES_MAX: usize = 1024 * 1024;
const CONSTRUCTED: u8 = 0x20;
const OCTETS: u8 = 0x04;
const INDEFINITE: u8 = 0x80;
const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// The one element that `bytes` are, every length in it definite.
pub fn definite(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    const WHAT: Malformed = Malformed("basic encoding");
    if bytes.len() > SIZE_BYTES_MAX {
        return Err(WHAT);
    }
    let (element, rest) = element(bytes, 0).ok_or(WHAT)?;
    if rest.is_empty() { Ok(element) } else { Err(WHAT) }
}

/// The first element in definite form, and what follows it.
fn element(bytes: &[u8], depth: usize) -> Option<(Vec<u8>, &[u8])> {
    let (&tag, after_tag) = bytes.split_first()?;
    // Numbers above 30 take more bytes; nothing that is read here has them.
    if depth > DEPTH_MAX || tag & 0x1f == 0x1f {
        return None;
    }
    if after_tag.first() == Some(&INDEFINITE) {
        if tag & CONSTRUCTED == 0 {
            return None;
        }
        let (parts, rest) = until_end(&after_tag[1..], depth)?;
        return Some((join(tag, &parts)?, rest));
    }
    let (length, after_length) = length(after_tag)?;
    let (content, rest) = after_length.split_at_checked(length)?;
    let whole = &bytes[..bytes.len() - rest.len()];
    if tag & CONSTRUCTED == 0 {
        return Some((whole.to_vec(), rest));
    }
    let parts = all(content, depth)?;
    let unchanged = tag != CONSTRUCTED | OCTETS && parts.concat() == content;
    Some((if unchanged { whole.to_vec() } else { join(tag, &parts)? }, rest))
}

fn all(mut content: &[u8], depth: usize) -> Option<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    while !content.is_empty() {
        let (part, rest) = element(content, depth + 1)?;
        parts.push(part);
        content = rest;
    }
    Some(parts)
}

fn until_end(mut bytes: &[u8], depth: usize) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let mut parts = Vec::new();
    loop {
        if let Some(rest) = bytes.strip_prefix(&END_OF_CONTENTS) {
            return Some((parts, rest));
        }
        let (part, rest) = element(bytes, depth + 1)?;
        parts.push(part);
        bytes = rest;
    }
}

/// A constructed octet string becomes the one string that its pieces are.
fn join(tag: u8, parts: &[Vec<u8>]) -> Option<Vec<u8>> {
    if tag != CONSTRUCTED | OCTETS {
        return Some(super::write::element(tag, &parts.concat()));
    }
    let mut whole = Vec::new();
    for part in parts {
        let (&OCTETS, after_tag) = part.split_first()? else { return None };
        whole.extend_from_slice(length(after_tag)?.1);
    }
    Some(super::write::element(OCTETS, &whole))
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < INDEFINITE {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
    Some((digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_lengths_close_and_pieces_join() {
        for (basic, expected) in [
            (&[0x30, 0x80, 0x02, 0x01, 0x05, 0x00, 0x00][..], &[0x30, 0x03, 0x02, 0x01, 0x05][..]),
            (&[0x30, 0x80, 0x30, 0x80, 0x00, 0x00, 0x00, 0x00], &[0x30, 0x02, 0x30, 0x00]),
            (&[0x24, 0x80, 0x04, 0x01, 0xaa, 0x04, 0x01, 0xbb, 0x00, 0x00], &[0x04, 0x02, 0xaa, 0xbb]),
            (&[0x24, 0x03, 0x04, 0x01, 0xaa], &[0x04, 0x01, 0xaa]),
            (&[0x30, 0x81, 0x03, 0x02, 0x01, 0x05], &[0x30, 0x81, 0x03, 0x02, 0x01, 0x05]),
        ] {
            assert_eq!(definite(basic).as_deref(), Ok(expected), "{basic:02x?}");
        }
    }

    #[test]
    fn what_does_not_end_is_malformed() {
        let deep = [[0x30, 0x80]; 40].concat();
        for basic in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x80, 0x02, 0x01, 0x05],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x02, 0x01, 0x05, 0x00],
            &[0x24, 0x80, 0x02, 0x01, 0xaa, 0x00, 0x00],
            &[0x1f, 0x81, 0x00, 0x00],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &deep,
        ] {
            assert!(definite(basic).is_err(), "{basic:02x?}");
        }
    }
}
