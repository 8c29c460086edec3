//! One identifier part as one segment of a path (RFC 3986 §2.1, §3.3; REST protocol §4.1).

/// Percent-encodes everything that is not unreserved in RFC 3986.
pub fn encode_segment(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Decodes one segment; `None` when an escape is broken or the result is no UTF-8.
pub fn decode_segment(segment: &str) -> Option<String> {
    let mut out = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_survive_the_path() {
        for part in ["10002", "məşğulluq", "a b", "1+1=2?", "x~y"] {
            assert_eq!(decode_segment(&encode_segment(part)).as_deref(), Some(part));
        }
        assert_eq!(encode_segment("a/b"), "a%2Fb");
    }

    #[test]
    fn broken_escapes_are_none() {
        for segment in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decode_segment(segment), None, "{segment}");
        }
    }
}
