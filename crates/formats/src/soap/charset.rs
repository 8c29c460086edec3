//! Envelopes in other encodings than UTF-8. They are read through a UTF-8 copy, and every place in the copy is a place in
//! the received bytes, which are what is signed and handed on.

use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    Utf8,
    Latin1,
    Utf16Le,
    Utf16Be,
}

impl Charset {
    /// By the name in a content type; a message without one is UTF-8 (message protocol §2.6).
    pub fn named(name: Option<&str>, bytes: &[u8]) -> Option<Charset> {
        let Some(name) = name else { return Some(Charset::Utf8) };
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Some(Charset::Utf8),
            "iso-8859-1" | "latin1" => Some(Charset::Latin1),
            "utf-16le" => Some(Charset::Utf16Le),
            "utf-16be" => Some(Charset::Utf16Be),
            // The byte order mark decides (RFC 2781 §4.3).
            "utf-16" if bytes.starts_with(b"\xff\xfe") => Some(Charset::Utf16Le),
            "utf-16" => Some(Charset::Utf16Be),
            _ => None,
        }
    }

    /// The text in UTF-8, if the bytes are what the charset allows.
    pub fn decode(self, bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
        let units = |read: fn([u8; 2]) -> u16| -> Option<Vec<u8>> {
            let pairs = bytes.chunks_exact(2);
            let whole = pairs.remainder().is_empty();
            let units = pairs.map(|pair| read([pair[0], pair[1]]));
            let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok().filter(|_| whole)?;
            Some(text.into_bytes())
        };
        Some(match self {
            Charset::Utf8 => Cow::Borrowed(bytes),
            Charset::Latin1 => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()),
            Charset::Utf16Le => Cow::Owned(units(u16::from_le_bytes)?),
            Charset::Utf16Be => Cow::Owned(units(u16::from_be_bytes)?),
        })
    }

    /// Where the received bytes have what the copy has at `place`, which is between two characters.
    pub fn place(self, copy: &[u8], place: usize) -> usize {
        let before = || String::from_utf8_lossy(&copy[..place]).into_owned();
        match self {
            Charset::Utf8 => place,
            Charset::Latin1 => before().chars().count(),
            Charset::Utf16Le | Charset::Utf16Be => before().encode_utf16().count() * 2,
        }
    }

    /// Markup in the charset; what it has no letters for becomes a character reference.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Latin1 => text
                .chars()
                .flat_map(|letter| match u8::try_from(u32::from(letter)) {
                    Ok(byte) => vec![byte],
                    Err(_) => format!("&#{};", u32::from(letter)).into_bytes(),
                })
                .collect(),
            Charset::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Charset::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}
