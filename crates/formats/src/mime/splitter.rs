//! Reading a multipart body that comes piece by piece, without ever holding a part. The caller feeds what arrives and takes
//! steps until more is needed; what a part contains comes as slices of what was fed.

use super::multipart::{HEADER_BYTES_MAX, MimeError, PARTS_MAX, ends_boundary};
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::Finder;

/// How much may stand behind a boundary on its line.
const BOUNDARY_LINE_BYTES_MAX: usize = 16 * 1024;

/// What comes next in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A part begins, with these headers in their order.
    Begin(Vec<(String, String)>),
    /// A piece of its content.
    Data(Bytes),
    /// The part ends.
    End,
    /// The last boundary was read; what follows is of no account.
    Done,
    /// Nothing to say before more was fed.
    More,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary; `fresh` at the very beginning, where a boundary needs no line break before it.
    Preamble {
        fresh: bool,
    },
    Headers,
    Body {
        fresh: bool,
    },
    /// The boundary was cut off; the rest of its line is still there.
    BoundaryLine,
    Done,
}

pub struct Splitter {
    /// `\n--boundary`
    finder: Finder<'static>,
    pending: Bytes,
    state: State,
    over: bool,
    parts: usize,
}

enum Found {
    /// The content ends before `end`; the boundary's line goes on at `behind`.
    Boundary { end: usize, behind: usize },
    /// None in what is there; up to `safe` it is content in any case.
    Nowhere { safe: usize },
}

impl Splitter {
    pub fn new(boundary: &str) -> Self {
        let finder = Finder::new(format!("\n--{boundary}").as_bytes()).into_owned();
        Splitter { finder, pending: Bytes::new(), state: State::Preamble { fresh: true }, over: false, parts: 0 }
    }

    pub fn feed(&mut self, data: Bytes) {
        if self.pending.is_empty() {
            self.pending = data;
        } else {
            let mut joined = BytesMut::with_capacity(self.pending.len() + data.len());
            joined.extend_from_slice(&self.pending);
            joined.extend_from_slice(&data);
            self.pending = joined.freeze();
        }
    }

    /// Nothing more will be fed. A last boundary that is missing is then no error, as for whole bodies.
    pub fn end(&mut self) {
        self.over = true;
    }

    pub fn step(&mut self) -> Result<Step, MimeError> {
        loop {
            match self.state {
                State::Preamble { fresh } => match self.find(fresh) {
                    Found::Boundary { behind, .. } => {
                        self.pending.advance(behind);
                        self.state = State::BoundaryLine;
                    }
                    // Without a boundary there are no parts, as for whole bodies.
                    Found::Nowhere { .. } if self.over => self.state = State::Done,
                    Found::Nowhere { safe } => {
                        // What stands before the first boundary is of no account, and is not kept.
                        if safe > 0 {
                            self.pending.advance(safe);
                            self.state = State::Preamble { fresh: false };
                        }
                        return Ok(Step::More);
                    }
                },
                State::BoundaryLine => {
                    if !self.boundary_line()? {
                        return Ok(Step::More);
                    }
                }
                State::Headers => {
                    let Some(headers) = self.headers()? else { return Ok(Step::More) };
                    self.parts += 1;
                    if self.parts > PARTS_MAX {
                        return Err(MimeError("too many parts"));
                    }
                    self.state = State::Body { fresh: true };
                    return Ok(Step::Begin(headers));
                }
                State::Body { fresh } => return Ok(self.body(fresh)),
                State::Done => return Ok(Step::Done),
            }
        }
    }

    fn body(&mut self, fresh: bool) -> Step {
        match self.find(fresh) {
            Found::Boundary { end: 0, behind } => {
                self.pending.advance(behind);
                self.state = State::BoundaryLine;
                Step::End
            }
            Found::Boundary { end, .. } => {
                // The next step finds the boundary at the beginning of what is left.
                let content = self.pending.split_to(end);
                self.state = State::Body { fresh: false };
                Step::Data(content)
            }
            Found::Nowhere { .. } if self.over => {
                let content = without_line_break(&self.pending);
                let content = self.pending.slice(..content);
                self.pending = Bytes::new();
                if content.is_empty() {
                    self.state = State::Done;
                    return Step::End;
                }
                self.state = State::Body { fresh: false };
                Step::Data(content)
            }
            Found::Nowhere { safe: 0 } => Step::More,
            Found::Nowhere { safe } => {
                self.state = State::Body { fresh: false };
                Step::Data(self.pending.split_to(safe))
            }
        }
    }

    fn find(&self, fresh: bool) -> Found {
        let delimiter = self.finder.needle();
        let bytes = &self.pending[..];
        if fresh {
            let bare = &delimiter[1..];
            if bytes.starts_with(bare) {
                match ends_boundary(&bytes[bare.len()..], self.over) {
                    Some(true) => return Found::Boundary { end: 0, behind: bare.len() },
                    Some(false) => {}
                    None => return Found::Nowhere { safe: 0 },
                }
            } else if !self.over && bare.starts_with(bytes) {
                return Found::Nowhere { safe: 0 };
            }
        }
        let mut from = 0;
        while let Some(found) = self.finder.find(&bytes[from..]) {
            let found = from + found;
            let behind = found + delimiter.len();
            let end = if found > 0 && bytes[found - 1] == b'\r' { found - 1 } else { found };
            match ends_boundary(&bytes[behind..], self.over) {
                Some(true) => return Found::Boundary { end, behind },
                Some(false) => from = found + 1,
                None => return Found::Nowhere { safe: end },
            }
        }
        // A boundary may have begun in the last bytes, with the carriage return before it.
        Found::Nowhere { safe: bytes.len().saturating_sub(delimiter.len() + 1) }
    }

    /// Reads the rest of the boundary's line; `false` when it is not all there.
    fn boundary_line(&mut self) -> Result<bool, MimeError> {
        if self.pending.starts_with(b"--") {
            self.state = State::Done;
            self.pending = Bytes::new();
            return Ok(true);
        }
        match memchr::memchr(b'\n', &self.pending) {
            Some(end) => {
                self.pending.advance(end + 1);
                self.state = State::Headers;
                Ok(true)
            }
            None if self.over => {
                self.state = State::Done;
                Ok(true)
            }
            None if self.pending.len() > BOUNDARY_LINE_BYTES_MAX => {
                Err(MimeError("the line of a boundary is too long"))
            }
            None => Ok(false),
        }
    }

    /// The headers of a part, once all of them are there.
    fn headers(&mut self) -> Result<Option<Vec<(String, String)>>, MimeError> {
        let bare = &self.finder.needle()[1..];
        let (mut headers, mut at) = (Vec::<(String, String)>::new(), 0);
        loop {
            let rest = &self.pending[at..];
            let length = match memchr::memchr(b'\n', rest) {
                Some(length) => length,
                None if self.over && rest.starts_with(bare) => break,
                None if self.over => return Err(MimeError("a part ends in its header")),
                None if self.pending.len() > HEADER_BYTES_MAX => {
                    return Err(MimeError("the header of a part is too large"));
                }
                None => return Ok(None),
            };
            let line = std::str::from_utf8(&rest[..length]).map_err(|_| MimeError("a header is not text"))?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            // A boundary where a header should be: the part is its header alone.
            if line.as_bytes().starts_with(bare) {
                break;
            }
            at += length + 1;
            if at > HEADER_BYTES_MAX {
                return Err(MimeError("the header of a part is too large"));
            }
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut().ok_or(MimeError("a header begins with a space"))?;
                value.push_str(line);
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(MimeError("a header has no colon"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        self.pending.advance(at);
        Ok(Some(headers))
    }
}

fn without_line_break(bytes: &[u8]) -> usize {
    match bytes {
        [rest @ .., b'\r', b'\n'] => rest.len(),
        [rest @ .., b'\n'] => rest.len(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_all;
    use super::*;

    type Parts = Vec<(Vec<(String, String)>, Vec<u8>)>;

    fn split(bytes: &[u8], piece: usize) -> Result<Parts, MimeError> {
        let (mut splitter, mut parts, mut pieces) = (Splitter::new("b"), Parts::new(), bytes.chunks(piece));
        loop {
            match splitter.step()? {
                Step::Begin(headers) => parts.push((headers, Vec::new())),
                Step::Data(data) => parts.last_mut().expect("a part").1.extend_from_slice(&data),
                Step::End => {}
                Step::Done => return Ok(parts),
                Step::More => match pieces.next() {
                    Some(piece) => splitter.feed(Bytes::copy_from_slice(piece)),
                    None => splitter.end(),
                },
            }
        }
    }

    /// Any cut gives what the reader of whole bodies gives.
    fn check(bytes: &[u8]) {
        let whole = read_all(bytes, 0..bytes.len(), "b").map(|parts| -> Parts {
            parts.into_iter().map(|part| (part.headers, bytes[part.body].to_vec())).collect()
        });
        for piece in (1..20).chain([64, 100_000]) {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(split(bytes, piece), whole, "{piece}: {text}");
        }
    }

    #[test]
    fn however_it_is_cut() {
        for text in [
            "--b\r\nContent-Type: text/plain\r\n\r\none\r\n\r\n--b\r\n\r\n\r\n--b\r\n\r\n--bc is not ours, nor x--b\r\n--b--\r\n",
            "pre\n--b\nA: 1\n\nx\n--b\n\ny",
            "pre\n--b\nA: 1\n B\n\nx\r\r\n--b",
            "--b\r\n\r\nx\r\n--b--\r\nafter",
            "--b\nA: 1\n--b\nA: 2\n--b--",
            "--b\r\n\r\n--b--",
            "--b\r\n\r\n\r\n--b \t\r\n\r\n\n\r\n--b-\n--b--",
            "--b\r\n\r\n--b is text\r\n--b \r text\r\n--b\t",
            "",
            "x",
            "--b\r\nA: 1",
            "--b\r\nA\r\n\r\nx\r\n--b--",
            "--b\r\n A: 1\r\n\r\n",
            "--bb\r\n\r\nx",
        ] {
            check(text.as_bytes());
        }
    }

    #[test]
    fn headers_end_somewhere() {
        let long = format!("--b\r\nA: {}\r\n\r\nx\r\n--b--", "a".repeat(HEADER_BYTES_MAX));
        check(long.as_bytes());
        let mut endless = Splitter::new("b");
        endless.feed(Bytes::from(format!("--b\r\nA: {}", "a".repeat(HEADER_BYTES_MAX + 1))));
        assert_eq!(endless.step(), Err(MimeError("the header of a part is too large")));
    }

    #[test]
    fn what_stands_before_the_first_boundary_is_not_kept() {
        let mut splitter = Splitter::new("b");
        for _ in 0..1_000 {
            splitter.feed(Bytes::from(vec![b'x'; HEADER_BYTES_MAX]));
            assert_eq!(splitter.step(), Ok(Step::More));
            assert!(splitter.pending.len() < 16, "{}", splitter.pending.len());
        }
        splitter.feed(Bytes::from_static(b"\r\n--b\r\n\r\none\r\n--b--"));
        assert_eq!(splitter.step(), Ok(Step::Begin(Vec::new())));
        assert_eq!(splitter.step(), Ok(Step::Data(Bytes::from_static(b"one"))));
    }
}
