//! The conversation of RFC 5321 as a machine without input or output: it is given lines and says what to answer. The subset:
//! HELO, EHLO, MAIL, RCPT, DATA, RSET, NOOP, QUIT (§4.5.1 without VRFY), SIZE (RFC 1870) and 8BITMIME (RFC 6152).

/// Longest command with its end (§4.5.3.1.4).
pub(super) const COMMAND_BYTES_MAX: usize = 512;
/// Longest line of a mail with its end (§4.5.3.1.6).
pub(super) const LINE_BYTES_MAX: usize = 1000;
/// Largest mail that is taken.
pub(super) const MAIL_BYTES_MAX: usize = 1024 * 1024;
/// Recipients of one mail (§4.5.3.1.8).
const RECIPIENTS_MAX: usize = 100;
const SERVER: &str = "mailbox.demo.example";

/// Where a conversation stands.
#[derive(Debug, Default)]
pub(super) struct Session {
    greeted: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Reply(String),
    /// After this reply the mail's lines follow.
    ReadMail(String),
    Close(String),
}

/// From whom to whom a mail goes, by the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    pub sender: String,
    pub recipients: Vec<String>,
}

pub(super) fn greeting() -> String {
    format!("220 {SERVER} ESMTP mailbox of the demo\r\n")
}

fn reply(text: &str) -> Next {
    Next::Reply(format!("{text}\r\n"))
}

impl Session {
    /// One command line, without its end.
    pub(super) fn command(&mut self, line: &str) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "HELO" if !rest.trim().is_empty() => {
                self.greet();
                reply(&format!("250 {SERVER}"))
            }
            "EHLO" if !rest.trim().is_empty() => {
                self.greet();
                Next::Reply(format!("250-{SERVER}\r\n250-SIZE {MAIL_BYTES_MAX}\r\n250 8BITMIME\r\n"))
            }
            "HELO" | "EHLO" => reply("501 5.5.4 who are you?"),
            "MAIL" => self.mail(rest),
            "RCPT" => self.recipient(rest),
            "DATA" if !rest.trim().is_empty() => reply("501 5.5.4 DATA has no arguments"),
            "DATA" if self.sender.is_none() => reply("503 5.5.1 MAIL first"),
            "DATA" if self.recipients.is_empty() => reply("554 5.5.1 no valid recipients"),
            "DATA" => Next::ReadMail("354 end with a line that is a single dot\r\n".into()),
            "RSET" => {
                self.forget();
                reply("250 2.0.0 forgotten")
            }
            "NOOP" => reply("250 2.0.0 here"),
            "QUIT" => Next::Close(format!("221 2.0.0 {SERVER} closes\r\n")),
            "VRFY" => reply("252 2.1.5 everybody has a mailbox here"),
            _ => reply("500 5.5.2 unknown command"),
        }
    }

    fn greet(&mut self) {
        self.greeted = true;
        self.forget();
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    fn mail(&mut self, rest: &str) -> Next {
        if !self.greeted {
            return reply("503 5.5.1 HELO first");
        }
        if self.sender.is_some() {
            return reply("503 5.5.1 one mail at a time");
        }
        let Some((address, parameters)) = path(rest, "FROM:") else { return reply("501 5.5.4 MAIL FROM:<address>") };
        for parameter in parameters.split_ascii_whitespace() {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name.to_ascii_uppercase().as_str() {
                "SIZE" if value.parse::<usize>().is_ok_and(|size| size > MAIL_BYTES_MAX) => {
                    return reply("552 5.3.4 too large");
                }
                "SIZE" if value.parse::<usize>().is_err() => return reply("501 5.5.4 SIZE is a number"),
                "SIZE" | "BODY" => {}
                _ => return reply("555 5.5.4 unknown parameter"),
            }
        }
        self.sender = Some(address);
        reply("250 2.1.0 ok")
    }

    fn recipient(&mut self, rest: &str) -> Next {
        if self.sender.is_none() {
            return reply("503 5.5.1 MAIL first");
        }
        match path(rest, "TO:") {
            Some((address, "")) if !address.is_empty() => {
                if self.recipients.len() == RECIPIENTS_MAX {
                    return reply("452 4.5.3 too many recipients");
                }
                self.recipients.push(address);
                reply("250 2.1.5 ok")
            }
            Some((_, parameters)) if !parameters.is_empty() => reply("555 5.5.4 unknown parameter"),
            _ => reply("501 5.5.4 RCPT TO:<address>"),
        }
    }

    /// After the mail's last line: its envelope, and the conversation is ready for another.
    pub(super) fn take_envelope(&mut self) -> Envelope {
        let sender = self.sender.take().expect("DATA is answered only after MAIL");
        Envelope { sender, recipients: std::mem::take(&mut self.recipients) }
    }
}

/// `FROM:<a@b> SIZE=1` → the address and what follows. An empty address is a bounce's.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let head = rest.get(..keyword.len())?;
    let rest = rest[head.len()..].trim_start_matches(' ').strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    let plain = address.chars().all(|letter| letter.is_ascii_graphic() && !matches!(letter, '<' | '"'));
    let right = head.eq_ignore_ascii_case(keyword) && plain && (address.is_empty() || address.contains('@'));
    right.then(|| (address.to_owned(), parameters.trim()))
}

/// What a line of a mail means (§4.5.2: a leading dot was doubled by the sender).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MailLine<'a> {
    End,
    Line(&'a [u8]),
}

/// One line without its CRLF.
pub(super) fn mail_line(line: &[u8]) -> MailLine<'_> {
    match line {
        b"." => MailLine::End,
        [b'.', rest @ ..] => MailLine::Line(rest),
        _ => MailLine::Line(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each command with the code that must answer it, from a fresh conversation on.
    fn check(conversation: &[(&str, &str)]) {
        let mut session = Session::default();
        for (command, code) in conversation {
            let answer = match session.command(command) {
                Next::Reply(text) | Next::ReadMail(text) | Next::Close(text) => text,
            };
            assert!(answer.starts_with(code) && answer.ends_with("\r\n"), "{command}: {answer:?}");
        }
    }

    #[test]
    fn the_usual_conversation_is_answered() {
        check(&[
            ("EHLO portal", "250-"),
            ("MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME", "250"),
            ("RCPT TO:<c@d.example>", "250"),
            ("rcpt to:<e@d.example>", "250"),
            ("DATA", "354"),
        ]);
        check(&[("HELO portal", "250 "), ("MAIL FROM:<>", "250"), ("RSET", "250"), ("NOOP", "250"), ("QUIT", "221")]);
    }

    #[test]
    fn what_is_out_of_order_or_malformed_is_refused() {
        check(&[("MAIL FROM:<a@b.example>", "503"), ("RCPT TO:<a@b.example>", "503"), ("DATA", "503")]);
        check(&[
            ("EHLO", "501"),
            ("EHLO x", "250"),
            ("MAIL", "501"),
            ("MAIL FROM:a@b.example", "501"),
            ("MAIL FROM:<a b@c.example>", "501"),
            ("MAIL FROM:<a@b.example> COLOUR=BLUE", "555"),
            ("MAIL FROM:<a@b.example> SIZE=99999999", "552"),
            ("MAIL FROM:<a@b.example> SIZE=many", "501"),
            ("MAIL FROM:<a@b.example>", "250"),
            ("MAIL FROM:<a@b.example>", "503"),
            ("DATA", "554"),
            ("RCPT TO:<>", "501"),
            ("RCPT TO:<ə>", "501"),
            ("DATA now", "501"),
            ("TURN", "500"),
            ("", "500"),
        ]);
    }

    #[test]
    fn recipients_have_a_limit() {
        let mut session = Session::default();
        session.command("HELO x");
        session.command("MAIL FROM:<a@b.example>");
        for _ in 0..RECIPIENTS_MAX {
            assert_eq!(session.command("RCPT TO:<c@d.example>"), reply("250 2.1.5 ok"));
        }
        assert_eq!(session.command("RCPT TO:<c@d.example>"), reply("452 4.5.3 too many recipients"));
    }

    #[test]
    fn dots_are_taken_off_again() {
        assert_eq!(mail_line(b"."), MailLine::End);
        assert_eq!(mail_line(b".."), MailLine::Line(b"."));
        assert_eq!(mail_line(b"..x"), MailLine::Line(b".x"));
        assert_eq!(mail_line(b"x."), MailLine::Line(b"x."));
        assert_eq!(mail_line(b""), MailLine::Line(b""));
    }
}
