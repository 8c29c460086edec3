//! Reading the parts of a multipart body one after the other, and writing them.

use std::{fmt, ops::Range};

/// How many parts a body may have, and how large the header of one may be.
pub const PARTS_MAX: usize = 1_000;
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// How much white space may follow a boundary before it is believed to be text.
const PADDING_BYTES_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MimeError(pub &'static str);

impl fmt::Display for MimeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "multipart body: {}", self.0)
    }
}

impl std::error::Error for MimeError {}

/// One part: its headers, and where its body lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub headers: Vec<(String, String)>,
    pub body: Range<usize>,
}

impl Part {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Walks over the parts in `bytes[range]`.
pub struct PartReader<'a> {
    bytes: &'a [u8],
    delimiter: Vec<u8>,
    /// Where the next part begins; `None` behind the last boundary.
    at: Option<usize>,
    end: usize,
    count: usize,
}

impl<'a> PartReader<'a> {
    /// What stands before the first boundary is of no account; without one there are no parts, and that is for the caller to
    /// judge.
    pub fn new(bytes: &'a [u8], range: Range<usize>, boundary: &str) -> Self {
        let delimiter = format!("--{boundary}").into_bytes();
        let mut reader = PartReader { bytes, delimiter, at: None, end: range.end, count: 0 };
        reader.at = reader.boundary_from(range.start).and_then(|first| reader.behind(first));
        reader
    }

    /// The next boundary at the beginning of a line at or behind `from`.
    fn boundary_from(&self, from: usize) -> Option<usize> {
        let mut place = from;
        while place + self.delimiter.len() <= self.end {
            let found = find(&self.bytes[place..self.end], &self.delimiter)? + place;
            let line_start = found == from || self.bytes[found - 1] == b'\n';
            let after = &self.bytes[found + self.delimiter.len()..self.end];
            if line_start && ends_boundary(after, true) == Some(true) {
                return Some(found);
            }
            place = found + 1;
        }
        None
    }

    /// Where the part behind the boundary at `place` begins; `None` when that was the last boundary.
    fn behind(&self, place: usize) -> Option<usize> {
        let after = place + self.delimiter.len();
        if self.bytes[after..self.end].starts_with(b"--") {
            return None;
        }
        find(&self.bytes[after..self.end], b"\n").map(|line_end| after + line_end + 1)
    }

    pub fn next_part(&mut self) -> Result<Option<Part>, MimeError> {
        let Some(start) = self.at else { return Ok(None) };
        self.count += 1;
        if self.count > PARTS_MAX {
            return Err(MimeError("too many parts"));
        }
        let (headers, body_start) = self.headers(start)?;
        let (boundary, next) = match self.boundary_from(body_start) {
            Some(boundary) => (boundary, self.behind(boundary)),
            // The last boundary is missing: the part goes to the end.
            None => (self.end, None),
        };
        self.at = next;
        let mut body_end = boundary;
        if boundary < self.end || next.is_none() {
            body_end = without_line_break(self.bytes, body_start, boundary);
        }
        Ok(Some(Part { headers, body: body_start..body_end }))
    }

    fn headers(&self, start: usize) -> Result<(Vec<(String, String)>, usize), MimeError> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut at = start;
        loop {
            let rest = &self.bytes[at..self.end];
            let length = match find(rest, b"\n") {
                Some(length) => length,
                None if rest.starts_with(&self.delimiter) => return Ok((headers, at)),
                None => return Err(MimeError("a part ends in its header")),
            };
            let line = std::str::from_utf8(&rest[..length]).map_err(|_| MimeError("a header is not text"))?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            at += length + 1;
            if at - start > HEADER_BYTES_MAX {
                return Err(MimeError("the header of a part is too large"));
            }
            if line.is_empty() {
                return Ok((headers, at));
            }
            // A boundary where a header should be: the part is its header alone (seen in the field's configurations).
            if line.as_bytes().starts_with(&self.delimiter) {
                return Ok((headers, at - length - 1));
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut().ok_or(MimeError("a header begins with a space"))?;
                value.push_str(line);
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(MimeError("a header has no colon"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
}

/// Whether a boundary ends before `after`: only white space may follow it on its line, or the mark of the last one (RFC 2046
/// §5.1.1). A longer boundary that begins like this one is another one. `None` when more must come (`over`: nothing will).
pub(super) fn ends_boundary(after: &[u8], over: bool) -> Option<bool> {
    let padding = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match after.get(padding..).unwrap_or_default() {
        _ if padding > PADDING_BYTES_MAX => Some(false),
        [b'\n', ..] | [b'\r', b'\n', ..] => Some(true),
        [b'-', b'-', ..] => Some(padding == 0),
        [] | [b'\r'] => over.then_some(true),
        [b'-'] if padding == 0 && !over => None,
        _ => Some(false),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while at + needle.len() <= haystack.len() {
        let step = haystack[at..=haystack.len() - needle.len()].iter().position(|byte| *byte == first)?;
        at += step;
        if haystack[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The line break before a boundary belongs to the boundary (RFC 2046 §5.1.1).
fn without_line_break(bytes: &[u8], start: usize, end: usize) -> usize {
    let body = &bytes[start.min(end)..end];
    match body {
        [.., b'\r', b'\n'] => end - 2,
        [.., b'\n'] => end - 1,
        _ => end,
    }
}

/// All parts of a whole body.
pub fn read_all(bytes: &[u8], range: Range<usize>, boundary: &str) -> Result<Vec<Part>, MimeError> {
    let mut reader = PartReader::new(bytes, range, boundary);
    let mut parts = Vec::new();
    while let Some(part) = reader.next_part()? {
        parts.push(part);
    }
    Ok(parts)
}

/// Writes the beginning of a part: the boundary and the headers. The content and a line break follow.
pub fn write_head(out: &mut Vec<u8>, boundary: &str, headers: &[(&str, &str)]) {
    for piece in ["--", boundary, "\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    for (name, value) in headers {
        for piece in [name, ": ", value, "\r\n"] {
            out.extend_from_slice(piece.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes one part with its boundary before it.
pub fn write_part(out: &mut Vec<u8>, boundary: &str, headers: &[(&str, &str)], body: &[u8]) {
    write_head(out, boundary, headers);
    out.extend_from_slice(body);
    out.extend_from_slice(b"\r\n");
}

pub fn write_end(out: &mut Vec<u8>, boundary: &str) {
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(bytes: &[u8], boundary: &str) -> Vec<String> {
        let parts = read_all(bytes, 0..bytes.len(), boundary).expect("multipart");
        parts.iter().map(|part| String::from_utf8_lossy(&bytes[part.body.clone()]).into_owned()).collect()
    }

    #[test]
    fn written_parts_are_read_back() {
        let mut bytes = Vec::new();
        write_part(&mut bytes, "b", &[("Content-Type", "text/plain")], b"one\r\n");
        write_part(&mut bytes, "b", &[], b"");
        write_part(&mut bytes, "b", &[], b"--bc is not ours, nor is x--b");
        write_end(&mut bytes, "b");
        assert_eq!(bodies(&bytes, "b"), ["one\r\n", "", "--bc is not ours, nor is x--b"]);
    }

    #[test]
    fn bare_line_feeds_and_a_missing_end() {
        assert_eq!(bodies(b"pre\n--b\nA: 1\n\nx\n--b\n\ny", "b"), ["x", "y"]);
        assert_eq!(bodies(b"--b\r\n\r\nx\r\n--b--\r\nafter", "b"), ["x"]);
        assert_eq!(bodies(b"--b\nA: 1\n--b\nA: 2\n--b--", "b"), ["", ""]);
    }

    #[test]
    fn without_its_boundary_a_body_has_no_parts() {
        for bytes in [&b""[..], b"x", b"--bb\r\n\r\nx\r\n--bb--"] {
            assert_eq!(read_all(bytes, 0..bytes.len(), "b"), Ok(Vec::new()), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_is_no_multipart_body() {
        for bytes in [&b"--b\r\nA: 1"[..], b"--b\r\nA\r\n\r\nx\r\n--b--", b"--b\r\n A: 1\r\n\r\n"] {
            let outcome = read_all(bytes, 0..bytes.len(), "b");
            assert!(outcome.is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
