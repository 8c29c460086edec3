//! Writing DER from the inside out: every function takes finished content and returns one finished element, so that what
//! is written is distinguished by construction.

use super::tag;
use der::asn1::ObjectIdentifier;

/// One element from its tag and content.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = Vec::with_capacity(length + 6);
    out.push(tag);
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        out.push(0x80 | (bytes.len() - first) as u8);
        out.extend_from_slice(&bytes[first..]);
    }
    out.extend_from_slice(content);
    out
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(tag::SEQUENCE, &parts.concat())
}

/// SET OF: the elements in the order that X.690 §11.6 asks for.
pub fn set_of(parts: &[&[u8]]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    element(tag::SET, &sorted.concat())
}

/// `[number] EXPLICIT`.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(tag::context_constructed(number), content)
}

pub fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    element(tag::OBJECT_IDENTIFIER, oid.as_bytes())
}

/// A non-negative INTEGER from big-endian bytes with or without leading zeros.
pub fn unsigned(big_endian: &[u8]) -> Vec<u8> {
    let first = big_endian.iter().position(|byte| *byte != 0);
    let digits = first.map_or(&[0][..], |first| &big_endian[first..]);
    if digits[0] & 0x80 == 0 {
        return element(tag::INTEGER, digits);
    }
    element(tag::INTEGER, &[&[0], digits].concat())
}

pub fn number(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

pub fn octets(bytes: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, bytes)
}

/// A BIT STRING of whole bytes.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], bytes].concat())
}

/// A BIT STRING of named bits without trailing zeros (X.690 §11.2.2): key usages, failure information.
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    let Some(last) = bits.iter().max() else { return element(tag::BIT_STRING, &[0]) };
    let mut content = vec![0; 2 + usize::from(last / 8)];
    content[0] = 7 - last % 8;
    for bit in bits {
        content[1 + usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    element(tag::BIT_STRING, &content)
}

pub fn boolean(value: bool) -> Vec<u8> {
    element(tag::BOOLEAN, &[if value { 0xff } else { 0 }])
}

pub fn null() -> Vec<u8> {
    element(tag::NULL, &[])
}

pub fn utf8(text: &str) -> Vec<u8> {
    element(tag::UTF8_STRING, text.as_bytes())
}

/// PrintableString; the caller knows that the letters are in its alphabet (country codes, serial numbers).
pub fn printable(text: &str) -> Vec<u8> {
    element(tag::PRINTABLE_STRING, text.as_bytes())
}

pub fn ia5(text: &str) -> Vec<u8> {
    element(tag::IA5_STRING, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(element(4, &[0; 0x7f])[..2], [4, 0x7f]);
        assert_eq!(element(4, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(4, &[0; 0x1234])[..4], [4, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn integers_are_not_negative_by_accident() {
        for (value, bytes) in [(0, &[2, 1, 0][..]), (127, &[2, 1, 127]), (128, &[2, 2, 0, 128]), (256, &[2, 2, 1, 0])] {
            assert_eq!(number(value), bytes);
        }
    }

    #[test]
    fn named_bits_end_with_their_last_one() {
        assert_eq!(named_bits(&[0, 1]), [3, 2, 6, 0xc0]); // digitalSignature, nonRepudiation
        assert_eq!(named_bits(&[5, 6]), [3, 2, 1, 0x06]); // keyCertSign, cRLSign
        assert_eq!(named_bits(&[]), [3, 1, 0]);
    }

    #[test]
    fn a_set_is_sorted() {
        assert_eq!(set_of(&[&[4, 1, 9], &[2, 1, 7]]), [0x31, 6, 2, 1, 7, 4, 1, 9]);
    }
}
