//! Reading DER one element after the other. The `der` crate judges headers (shortest length, no indefinite length); the
//! cursor never recurses, so the depth of the input costs nothing.

use super::Malformed;
use der::{Decode, Header, Reader, SliceReader, asn1::ObjectIdentifier};

/// First bytes of elements: class, constructed bit and number together (X.690 §8.1.2).
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const ENUMERATED: u8 = 0x0a;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const TELETEX_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;

    /// `[number]`, primitive: an implicit tag over a string or number.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]`, constructed: an explicit tag, or an implicit one over a sequence or set.
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element: its tag, its content, and its whole encoding as it stood in the input (what signatures are over).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

/// Reads the elements of one constructed value in order. `what` names the structure in the error.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Cursor { rest: bytes, what }
    }

    /// Enters the one sequence that `bytes` are; bytes after it are malformed.
    pub fn sequence_of(bytes: &'a [u8], what: &'static str) -> Result<Self, Malformed> {
        let mut outer = Cursor::new(bytes, what);
        let inner = outer.sequence()?;
        outer.end()?;
        Ok(inner)
    }

    pub fn malformed(&self) -> Malformed {
        Malformed(self.what)
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn next_is(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// The next element whatever its tag.
    pub fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let tag = *self.rest.first().ok_or(Malformed(self.what))?;
        let mut reader = SliceReader::new(self.rest).map_err(|_| Malformed(self.what))?;
        let header = Header::decode(&mut reader).map_err(|_| Malformed(self.what))?;
        let head = usize::try_from(reader.position()).map_err(|_| Malformed(self.what))?;
        let length = usize::try_from(header.length()).map_err(|_| Malformed(self.what))?;
        let end = head.checked_add(length).filter(|end| *end <= self.rest.len()).ok_or(Malformed(self.what))?;
        let (whole, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Element { tag, content: &whole[head..], whole })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        if !self.next_is(tag) {
            return Err(Malformed(self.what));
        }
        self.any()
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.next_is(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// A cursor over the content of the next element, which must have this tag.
    pub fn enter(&mut self, tag: u8) -> Result<Cursor<'a>, Malformed> {
        let what = self.what;
        Ok(Cursor::new(self.expect(tag)?.content, what))
    }

    pub fn sequence(&mut self) -> Result<Cursor<'a>, Malformed> {
        self.enter(tag::SEQUENCE)
    }

    pub fn oid(&mut self) -> Result<ObjectIdentifier, Malformed> {
        let element = self.expect(tag::OBJECT_IDENTIFIER)?;
        ObjectIdentifier::from_bytes(element.content).map_err(|_| Malformed(self.what))
    }

    /// The big-endian content of an INTEGER: never empty, shortest form (X.690 §8.3.2), sign bit as it stands.
    pub fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(tag::INTEGER)?.content;
        match content {
            [] => Err(Malformed(self.what)),
            [0x00, second, ..] if second & 0x80 == 0 => Err(Malformed(self.what)),
            [0xff, second, ..] if second & 0x80 != 0 => Err(Malformed(self.what)),
            _ => Ok(content),
        }
    }

    /// An INTEGER that is small and not negative: versions, seconds, statuses.
    pub fn small_integer(&mut self) -> Result<u64, Malformed> {
        let content = self.integer()?;
        if content[0] & 0x80 != 0 || content.len() > 8 {
            return Err(Malformed(self.what));
        }
        Ok(content.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub fn octets(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.expect(tag::OCTET_STRING)?.content)
    }

    /// A BIT STRING whose length is whole bytes, as signatures and keys are.
    pub fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        match self.expect(tag::BIT_STRING)?.content.split_first() {
            Some((0, bytes)) => Ok(bytes),
            _ => Err(Malformed(self.what)),
        }
    }

    pub fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.expect(tag::BOOLEAN)?.content {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(Malformed(self.what)),
        }
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed(self.what)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_in_order_and_nothing_may_follow() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xaa];
        let mut inside = Cursor::sequence_of(&bytes, "example").expect("a sequence");
        assert_eq!(inside.small_integer(), Ok(5));
        assert_eq!(inside.octets(), Ok(&[0xaa][..]));
        assert_eq!(inside.end(), Ok(()));
        assert_eq!(inside.any(), Err(Malformed("example")));
    }

    #[test]
    fn what_is_not_distinguished_is_malformed() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0x00, 0x00],             // indefinite length
            &[0x30, 0x81, 0x01, 0x00],             // length longer than needed
            &[0x30, 0x05, 0x02, 0x01, 0x05],       // shorter than it says
            &[0x30, 0x03, 0x02, 0x01, 0x05, 0x00], // something after the end
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Cursor::sequence_of(bytes, "example").is_err(), "{bytes:02x?}");
        }
        for integer in [&[0x02, 0x00][..], &[0x02, 0x02, 0x00, 0x05], &[0x02, 0x02, 0xff, 0x85]] {
            assert!(Cursor::new(integer, "example").integer().is_err(), "{integer:02x?}");
        }
        assert!(Cursor::new(&[0x01, 0x01, 0x05], "example").boolean().is_err());
        assert!(Cursor::new(&[0x03, 0x02, 0x04, 0xf0], "example").bit_string().is_err());
        assert!(Cursor::new(&[0x02, 0x01, 0xff], "example").small_integer().is_err());
    }
}
