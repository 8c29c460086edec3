//! What a country decides about its message logs (`[message_log]` of `exchange.toml`), and what that leaves of a message.

use super::LogEntry;
use base::Fault;
use bytes::Bytes;
use formats::{
    identifier::ClientId,
    rest::{RequestHead, ResponseHead},
};

/// How much of a message is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The message as signed, with everything beside it.
    Full,
    /// Of SOAP the header, of REST the address of the service and the protocol's own headers.
    Metadata,
    None,
}

/// What happens to an attachment over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverLimit {
    /// The message is not exchanged.
    Refuse,
    /// Its beginning is kept; the container of such a record does not verify.
    Truncate,
}

/// When messages get their time-stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamping {
    /// Many with one token, after the exchange.
    Batch,
    /// Each its own, before anything else happens with it.
    Immediate,
}

/// Whose messages share an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    None,
    Member,
    Subsystem,
}

/// Another mode for the services of one subsystem.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The provider.
    pub subsystem: ClientId,
    pub mode: Mode,
}

/// Somebody for whom archives are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveRecipient {
    /// Whose archives; without, those of everybody who has no recipient of its own.
    pub member: Option<ClientId>,
    /// An OpenPGP public key in ASCII armour.
    pub key: String,
}

/// How such a key begins (RFC 4880 §6.2).
const ARMOUR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// The defaults are the field's (reference §2.10); encryption is ours.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogPolicy {
    pub mode: Mode,
    #[serde(rename = "override")]
    pub overrides: Vec<Override>,
    pub message_body_bytes_max: u64,
    pub over_limit: OverLimit,
    /// Whether messages lie on the disk under a key.
    pub encrypted: bool,
    /// After how many days a new key is used.
    pub key_days: u32,
    pub time_stamps: Stamping,
    pub archive_interval_s: u64,
    pub archive_bytes_max: u64,
    pub archive_grouping: Grouping,
    #[serde(rename = "archive_recipient")]
    pub archive_recipients: Vec<ArchiveRecipient>,
    /// How long archived records stay in the log.
    pub keep_records_days: u32,
}

/// No log keeps larger bodies, whatever is configured.
pub const MESSAGE_BODY_BYTES_MAX: u64 = 1024 * 1024 * 1024;

impl Default for LogPolicy {
    fn default() -> Self {
        LogPolicy {
            mode: Mode::Full,
            overrides: Vec::new(),
            message_body_bytes_max: 10 * 1024 * 1024,
            over_limit: OverLimit::Refuse,
            encrypted: true,
            key_days: 365,
            time_stamps: Stamping::Batch,
            archive_interval_s: 6 * 3600,
            archive_bytes_max: 32 * 1024 * 1024,
            archive_grouping: Grouping::None,
            archive_recipients: Vec::new(),
            keep_records_days: 30,
        }
    }
}

impl LogPolicy {
    /// What is wrong with the numbers, in a sentence.
    pub fn mistake(&self) -> Option<String> {
        if self.message_body_bytes_max > MESSAGE_BODY_BYTES_MAX {
            return Some(format!("message_body_bytes_max is at most {MESSAGE_BODY_BYTES_MAX}"));
        }
        let zero = [u64::from(self.key_days), self.archive_interval_s, self.archive_bytes_max].contains(&0);
        if zero {
            return Some("key_days, archive_interval_s and archive_bytes_max are more than 0".to_owned());
        }
        self.mistake_of_recipients().map(str::to_owned)
    }

    fn mistake_of_recipients(&self) -> Option<&'static str> {
        let recipients = &self.archive_recipients;
        if !recipients.iter().all(|recipient| recipient.key.trim_start().starts_with(ARMOUR)) {
            return Some("the key of an archive_recipient is an OpenPGP public key in ASCII armour");
        }
        let own = recipients.iter().filter_map(|recipient| recipient.member.as_ref());
        if self.archive_grouping == Grouping::None && own.clone().next().is_some() {
            return Some("an archive_recipient of a member needs archives by member or subsystem");
        }
        if own.clone().any(|member| member.subsystem.is_some()) {
            return Some("the member of an archive_recipient is a member and no subsystem");
        }
        // Whoever wants archives for recipients and forgets one member would find its messages open.
        let general = recipients.iter().any(|recipient| recipient.member.is_none());
        (!self.encrypted && !recipients.is_empty() && !general)
            .then_some("an archive_recipient for everybody else is missing, since the log is not encrypted")
    }

    /// The keys for which the archives of a group are encrypted: its member's own, or those for everybody else. None at all
    /// when the country names none.
    pub(crate) fn archive_keys(&self, group: &str) -> Vec<&str> {
        let member = ClientId::parse(group).map(|client| client.member_id());
        let of = |member: Option<&ClientId>| -> Vec<&str> {
            let own = self.archive_recipients.iter().filter(|recipient| recipient.member.as_ref() == member);
            own.map(|recipient| recipient.key.as_str()).collect()
        };
        let own = member.as_ref().map(|member| of(Some(member))).unwrap_or_default();
        if own.is_empty() { of(None) } else { own }
    }

    /// The mode for messages to and from the services of `provider`.
    pub fn mode_of(&self, provider: &ClientId) -> Mode {
        let own = self.overrides.iter().find(|over| over.subsystem == *provider);
        own.map_or(self.mode, |over| over.mode)
    }

    /// How much of a body of this size is kept.
    pub(super) fn limit(&self, size_bytes: u64) -> Result<u64, Fault> {
        let most = self.message_body_bytes_max;
        if size_bytes <= most {
            return Ok(size_bytes);
        }
        match self.over_limit {
            OverLimit::Truncate => Ok(most),
            OverLimit::Refuse => {
                let text = format!("a message body may have {most} bytes, this one has {size_bytes}");
                Err(Fault::new("log a message body over the limit", text))
            }
        }
    }
}

/// What is kept of a message whose content is not.
pub(super) fn reduce(entry: &mut LogEntry) {
    entry.attachments.clear();
    let kept = match (entry.wording, entry.direction) {
        ("soap", _) => without_body(&entry.message),
        (_, super::Direction::Request) => RequestHead::decode(&entry.message).ok().map(|head| request_line(&head)),
        (_, super::Direction::Response) => ResponseHead::decode(&entry.message).ok().map(|head| status_line(&head)),
    };
    // What cannot be taken apart is not kept either.
    entry.message = Bytes::from(kept.unwrap_or_default());
}

/// The envelope with an empty body.
fn without_body(message: &[u8]) -> Option<Vec<u8>> {
    let root = formats::xml::read(message).ok()?;
    let inner = &root.child(formats::soap::ENVELOPE, "Body")?.inner;
    Some([&message[..inner.start], &message[inner.end..]].concat())
}

/// Method, address of the service without what follows its code, and the protocol's headers.
fn request_line(head: &RequestHead) -> Vec<u8> {
    let path = head.target.split('?').next().unwrap_or_default();
    let service = path.strip_suffix(head.path.as_str()).unwrap_or_default();
    head_of(&head.method, service, &head.headers)
}

fn status_line(head: &ResponseHead) -> Vec<u8> {
    head_of(&head.status.to_string(), &head.reason, &head.headers)
}

fn head_of(first: &str, second: &str, headers: &[(String, String)]) -> Vec<u8> {
    let mut out = format!("{first}\r\n{second}\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-road-")) {
        out.push_str(&format!("{name}:{value}\r\n"));
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::{Attachment, Direction};
    use super::*;
    use crate::{body::Body, opmonitor::Side};

    fn entry(wording: &'static str, direction: Direction, message: &str) -> LogEntry {
        LogEntry {
            message_id: "1".to_owned(),
            request_id: "2".to_owned(),
            direction,
            side: Side::Client,
            wording,
            client: "AZ/GOV/1/desk".to_owned(),
            service: "AZ/GOV/2/book/page".to_owned(),
            provider: ClientId::parse("AZ/GOV/2/book").expect("an identifier"),
            signer: "AZ/GOV/1".to_owned(),
            content_type: String::new(),
            message: Bytes::copy_from_slice(message.as_bytes()),
            attachments: vec![Attachment { headers: Vec::new(), body: Body::of(b"0123456789".to_vec()) }],
            signature: Vec::new(),
            chain_result: None,
            chain: None,
        }
    }

    fn check(wording: &'static str, direction: Direction, message: &str, kept: &str) {
        let mut entry = entry(wording, direction, message);
        reduce(&mut entry);
        assert_eq!(String::from_utf8(entry.message.to_vec()).expect("text"), kept);
        assert!(entry.attachments.is_empty());
    }

    #[test]
    fn of_a_message_only_the_metadata_are_kept() {
        let head = "POST\r\n/r1/AZ/GOV/2/book/page/person/AYTEN01?year=2026\r\nX-Road-Client:AZ/GOV/1/desk\r\n\
            Authorization:secret\r\nx-road-userid:AZ1\r\nX-Road-Id:7\r\n";
        let kept =
            "POST\r\n/r1/AZ/GOV/2/book/page\r\nX-Road-Client:AZ/GOV/1/desk\r\nx-road-userid:AZ1\r\nX-Road-Id:7\r\n";
        check("rest", Direction::Request, head, kept);
        let head = "200\r\nOK\r\nContent-Type:a/b\r\nSet-Cookie:x\r\nx-road-id:7\r\n";
        check("rest", Direction::Response, head, "200\r\nOK\r\nx-road-id:7\r\n");
        let envelope = |body: &str| {
            format!(
                "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Header><id>7</id></S:Header>\
                 <S:Body>{body}</S:Body></S:Envelope>"
            )
        };
        check("soap", Direction::Request, &envelope("<page><pin>AYTEN01</pin></page>"), &envelope(""));
        check("soap", Direction::Response, "not xml at all", "");
    }

    #[test]
    fn what_is_over_the_limit_is_refused_or_cut() {
        let policy = |most, over_limit| LogPolicy { message_body_bytes_max: most, over_limit, ..LogPolicy::default() };
        assert_eq!(policy(10, OverLimit::Refuse).limit(10).expect("within"), 10);
        assert!(policy(10, OverLimit::Refuse).limit(11).is_err());
        assert_eq!(policy(10, OverLimit::Truncate).limit(11).expect("cut"), 10);
    }

    #[test]
    fn archives_are_for_the_member_s_recipients_or_for_everybody_else_s() {
        let recipient = |member: &str, name: &str| {
            let member = if member.is_empty() { String::new() } else { format!("member = \"{member}\"\n") };
            format!("[[archive_recipient]]\n{member}key = \"{ARMOUR} {name}\"\n")
        };
        let policy = |text: &str| toml::from_str::<LogPolicy>(text).expect("a policy");
        let all = [recipient("AZ/GOV/1", "a"), recipient("AZ/GOV/1", "b"), recipient("", "c")].concat();
        let both = policy(&format!("archive_grouping = \"subsystem\"\n{all}"));
        assert_eq!(both.mistake(), None);
        let names = |policy: &LogPolicy, group: &str| -> Vec<String> {
            policy.archive_keys(group).iter().map(|key| key.replace(ARMOUR, "").trim().to_owned()).collect()
        };
        for group in ["AZ/GOV/1", "AZ/GOV/1/desk"] {
            assert_eq!(names(&both, group), ["a", "b"], "{group}");
        }
        for group in ["AZ/GOV/2", "AZ/COM/1/desk", ""] {
            assert_eq!(names(&both, group), ["c"], "{group}");
        }
        assert!(names(&LogPolicy::default(), "AZ/GOV/1").is_empty());
        let by_member = "archive_grouping = \"member\"\n";
        for (text, said) in [
            (recipient("AZ/GOV/1", "a"), "needs archives by member"),
            (format!("{by_member}{}", recipient("AZ/GOV/1/desk", "a")), "no subsystem"),
            (format!("{by_member}encrypted = false\n{}", recipient("AZ/GOV/1", "a")), "everybody else"),
            ("[[archive_recipient]]\nkey = \"/etc/key.asc\"\n".to_owned(), "ASCII armour"),
        ] {
            let mistake = policy(&text).mistake().expect("a mistake");
            assert!(mistake.contains(said), "{mistake}");
        }
    }

    #[test]
    fn the_mode_is_the_provider_s() {
        let id = |text| ClientId::parse(text).expect("an identifier");
        let text = "mode = \"full\"\n[[override]]\nsubsystem = \"AZ/GOV/2/book\"\nmode = \"none\"\n";
        let policy: LogPolicy = toml::from_str(text).expect("a policy");
        assert_eq!(policy.mode_of(&id("AZ/GOV/2/book")), Mode::None);
        assert_eq!(policy.mode_of(&id("AZ/GOV/1/desk")), Mode::Full);
        assert_eq!(policy.mistake(), None);
        assert!(LogPolicy { key_days: 0, ..LogPolicy::default() }.mistake().is_some());
        assert!(LogPolicy { message_body_bytes_max: 1 << 31, ..LogPolicy::default() }.mistake().is_some());
        assert!(toml::from_str::<LogPolicy>("unknown = 1").is_err());
    }
}
