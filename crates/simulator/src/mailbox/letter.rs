//! A mail made readable: its headers of interest and its text, decoded as far as the product's own mails need it (RFC 5322
//! headers, RFC 2047 words, RFC 2045 base64 and quoted-printable). A mail in many parts is shown as it came.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A mail as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its file's name.
    pub name: String,
    /// When it came, in microseconds.
    pub came: i64,
    /// Recipients by the envelope.
    pub recipients: String,
    pub message_id: Option<String>,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    pub(super) fn read(name: &str, came: i64, recipients: &str, mail: &[u8]) -> Letter {
        let (head, body) = split(mail);
        let headers = headers(&head);
        let find = |wanted: &str| {
            headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
        };
        let decoded = |wanted: &str| words(find(wanted).unwrap_or_default());
        let text = match find("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase().as_str() {
            "quoted-printable" => quoted_printable(body),
            "base64" => {
                let plain: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                STANDARD.decode(plain).unwrap_or_else(|_| body.to_vec())
            }
            _ => body.to_vec(),
        };
        Letter {
            name: name.to_owned(),
            came,
            recipients: recipients.to_owned(),
            message_id: find("Message-ID").map(str::to_owned),
            from: decoded("From"),
            to: decoded("To"),
            subject: decoded("Subject"),
            text: String::from_utf8_lossy(&text).replace("\r\n", "\n"),
        }
    }
}

fn split(mail: &[u8]) -> (String, &[u8]) {
    let end = mail.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = end.map_or((mail, &[][..]), |end| (&mail[..end], &mail[end + 4..]));
    (String::from_utf8_lossy(head).into_owned(), body)
}

/// Unfolded headers (RFC 5322 §2.2.3).
fn headers(head: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t'])
            && let Some((_, value)) = headers.last_mut()
        {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}

/// Decodes encoded words; white space between two of them disappears (RFC 2047 §6.2).
fn words(value: &str) -> String {
    let mut out = String::new();
    let mut after_encoded = false;
    for word in value.split_inclusive(' ') {
        match encoded(word.trim_end()) {
            Some(decoded) => {
                if after_encoded {
                    out.truncate(out.trim_end().len());
                }
                out.push_str(&decoded);
                out.push_str(&word[word.trim_end().len()..]);
                after_encoded = true;
            }
            None => {
                out.push_str(word);
                after_encoded = false;
            }
        }
    }
    out.trim().to_owned()
}

/// `=?utf-8?b?…?=` or `=?utf-8?q?…?=`.
fn encoded(word: &str) -> Option<String> {
    let mut parts = word.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
    let (charset, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => STANDARD.decode(text).ok()?,
        "q" | "Q" => quoted_printable(text.replace('_', " ").as_bytes()),
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}

/// RFC 2045 §6.7; what is not rightly encoded stays as it is.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low).expect("both are digits"));
                after
            }
            _ => {
                out.push(*first);
                after
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_made_readable() {
        let mail = "Message-ID: <1@x>\r\nFrom: =?utf-8?b?xo9tx5lr?= <a@b.example>\r\nTo: Ayt\r\n \
                    =?utf-8?b?xZ8=?= =?utf-8?q?_=C9=99?=\r\nSubject: Plain words\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\nM=C9=99ktub =\r\nbir=3D=\r\n=ZZ\r\n";
        let letter = Letter::read("n", 5, "a@b.example", mail.as_bytes());
        assert_eq!(letter.message_id.as_deref(), Some("<1@x>"));
        assert_eq!(letter.to, "Ayt ş ə");
        assert_eq!(letter.subject, "Plain words");
        assert_eq!(letter.text, "Məktub bir==ZZ\n");
    }

    #[test]
    fn base64_and_broken_mails_are_shown_too() {
        let letter = |mail: &str| Letter::read("n", 0, "", mail.as_bytes());
        let mail = "Content-Transfer-Encoding: base64\r\n\r\nU2Fs\r\nYW0=\r\n";
        assert_eq!(letter(mail).text, "Salam");
        assert_eq!(letter("Content-Transfer-Encoding: base64\r\n\r\n%%%").text, "%%%");
        assert_eq!(letter("no headers at all").subject, "");
        assert_eq!(letter("Subject: =?latin1?b?4Q==?=\r\n\r\n").subject, "=?latin1?b?4Q==?=");
    }
}
