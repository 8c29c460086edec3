//! `linkinginfo`: the chain of digests through an archive and from one archive to the next (reference §2.10), and the names
//! of archives and of the containers in them.

use crate::messagelog::{Direction, LogRecord};
use base::Timestamp;
use formats::hashchain::DigestAlgorithm;

const ALGORITHM: &str = "SHA-512";
const NOTHING: &str = "-";
/// Entry names of zip archives and files end somewhere; the field cuts here.
const QUERY_BYTES_MAX: usize = 226;
const GROUP_BYTES_MAX: usize = 200;

fn hex(data: &[u8]) -> String {
    base::hex(&DigestAlgorithm::Sha512.digest(data))
}

/// The last digest of an archive, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub digest: String,
    pub archive: String,
}

/// The chain of one archive while it is written.
pub(super) struct Linking {
    lines: String,
    last: String,
}

impl Linking {
    /// Behind `previous`, or the first of its group.
    pub(super) fn after(previous: Option<&Link>) -> Linking {
        let (digest, archive) = previous.map_or((NOTHING, NOTHING), |link| (&link.digest, &link.archive));
        let last = previous.map_or_else(String::new, |link| link.digest.clone());
        Linking { lines: format!("{digest} {archive} {ALGORITHM}\n"), last }
    }

    /// digest = hex(H(digest before ‖ hex(H(container)))).
    pub(super) fn add(&mut self, name: &str, container_sha512: &[u8]) {
        self.last = hex(format!("{}{}", self.last, base::hex(container_sha512)).as_bytes());
        self.lines.push_str(&format!("{} {name}\n", self.last));
    }

    pub(super) fn last(&self) -> &str {
        &self.last
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.lines.into_bytes()
    }
}

/// `<queryId>-request|response-<record number in base 32>.asice`.
pub fn container_name(record: &LogRecord) -> String {
    let mut query = escape(&record.entry.message_id);
    query.truncate(QUERY_BYTES_MAX);
    let direction = match record.entry.direction {
        Direction::Request => "request",
        Direction::Response => "response",
    };
    format!("{query}-{direction}-{}.asice", base32(record.number))
}

/// As addresses escape form fields: nothing is left that could be a path.
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Digits 0–9 and a–v.
fn base32(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 32).expect("below 32");
        digits.push(char::from_digit(digit, 32).expect("below 32"));
        number /= 32;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// `mlog-[group-]YYYYMMDDhhmmss-YYYYMMDDhhmmss-<16 hex of digest>.zip`; what it lies in adds an ending.
pub(super) fn archive_name(group: &str, from: Timestamp, until: Timestamp, digest: &str) -> String {
    let time = |at: Timestamp| at.strftime("%Y%m%d%H%M%S").to_string();
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
    let mut group: String = group.chars().map(plain).collect();
    group.truncate(GROUP_BYTES_MAX);
    if !group.is_empty() {
        group.push('-');
    }
    format!("mlog-{group}{}-{}-{}.zip", time(from), time(until), &digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_field() {
        assert_eq!((base32(0), base32(11), base32(31), base32(32)), ("0".into(), "b".into(), "v".into(), "10".into()));
        assert_eq!(escape("AZ-1/../ə ü*"), "AZ-1%2F..%2F%C9%99+%C3%BC*");
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let (from, until) = (at("2026-11-23T09:08:07Z"), at("2026-11-24T00:00:00Z"));
        let digest = "0123456789abcdef0123";
        assert_eq!(archive_name("", from, until, digest), "mlog-20261123090807-20261124000000-0123456789abcdef.zip");
        assert_eq!(
            archive_name("AZ/GOV/1/desk", from, until, digest),
            "mlog-AZ_GOV_1_desk-20261123090807-20261124000000-0123456789abcdef.zip"
        );
    }

    #[test]
    fn each_line_holds_the_one_before() {
        let sha512 = |data: &[u8]| DigestAlgorithm::Sha512.digest(data);
        let mut first = Linking::after(None);
        first.add("a", &sha512(b"A"));
        first.add("b", &sha512(b"B"));
        let one = hex(hex(b"A").as_bytes());
        let two = hex(format!("{one}{}", hex(b"B")).as_bytes());
        let link = Link { digest: first.last().to_owned(), archive: "x.zip".to_owned() };
        assert_eq!(String::from_utf8(first.into_bytes()).expect("text"), format!("- - SHA-512\n{one} a\n{two} b\n"));
        let mut second = Linking::after(Some(&link));
        second.add("c", &sha512(b"C"));
        let three = hex(format!("{two}{}", hex(b"C")).as_bytes());
        assert_eq!(second.into_bytes(), format!("{two} x.zip SHA-512\n{three} c\n").into_bytes());
    }
}
