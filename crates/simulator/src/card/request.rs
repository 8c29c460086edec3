//! What is asked of a card, and what it answers: plain functions.
//!
//! | form | fields | answer, as form fields to `return` |
//! |---|---|---|
//! | `/card/login` | `origin`, `nonce`, `return`, `state`, `lang` | `auth_token` (Web eID, JSON), `state` |
//! | `/card/certificate` | `return`, `state`, `lang`, `person` | `certificate` (signature certificate, base64 DER), `state` |
//! | `/card/sign` | `digest` and `title` (1 to 10 of each), `return`, `state`, `lang`, `person` | `signature` (base64 r‖s, as many), `certificate`, `state` |

use crate::{
    people::{Chip, Purpose},
    refusal::Refusal,
};
use base::{Fault, Lang};
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use formats::verify::sha256;
use serde_json::json;

const FIELD_LENGTH_MAX: usize = 2048;
const DIGESTS_MAX: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    Login,
    /// Reads the certificate with which a later signature will be made; no code is needed.
    Certificate,
    Sign,
}

impl Kind {
    pub fn purpose(self) -> Purpose {
        match self {
            Kind::Login => Purpose::Authentication,
            Kind::Certificate | Kind::Sign => Purpose::Signature,
        }
    }

    /// Which code the card asks for.
    pub fn code(self) -> Option<Purpose> {
        match self {
            Kind::Login | Kind::Sign => Some(self.purpose()),
            Kind::Certificate => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Request {
    pub kind: Kind,
    pub back: String,
    /// Comes back as it went.
    pub state: String,
    pub lang: Lang,
    /// Whose card the asker expects; only a suggestion.
    pub person: String,
    /// Log-in only.
    pub nonce: String,
    /// Signature only: base64 SHA-256 and what it is the digest of.
    pub documents: Vec<(String, String)>,
}

/// Form fields that go back.
pub type Answer = Vec<(String, String)>;

pub fn read(kind: Kind, pairs: &[(String, String)], origins: &[String]) -> Result<Request, Refusal> {
    if pairs.iter().any(|(_, value)| value.len() > FIELD_LENGTH_MAX) {
        return Err(Refusal::Unreadable);
    }
    let all = |name: &'static str| pairs.iter().filter(move |(named, _)| named == name).map(|(_, value)| value.clone());
    let one = |name: &'static str| all(name).next().unwrap_or_default();
    let back = one("return");
    let origin = origin(&back).ok_or(Refusal::Unreadable)?;
    if !origins.iter().any(|allowed| allowed == origin) {
        return Err(Refusal::ForeignOrigin);
    }
    let nonce = one("nonce");
    if kind == Kind::Login && nonce.len() < 44 {
        return Err(Refusal::Unreadable);
    }
    // The card signs the origin that asks; a page cannot ask in the name of another.
    if kind == Kind::Login && one("origin") != origin {
        return Err(Refusal::ForeignOrigin);
    }
    let documents: Vec<(String, String)> = all("digest").zip(all("title")).collect();
    let whole = documents.len() == all("digest").count() && documents.len() <= DIGESTS_MAX;
    let readable = documents.iter().all(|(digest, _)| digest_of(digest).is_some());
    if kind == Kind::Sign && (documents.is_empty() || !whole || !readable) {
        return Err(Refusal::Unreadable);
    }
    let lang = Lang::parse(&one("lang")).unwrap_or_default();
    Ok(Request { kind, state: one("state"), lang, person: one("person"), nonce, documents, back })
}

/// `scheme://host[:port]`.
pub fn origin(address: &str) -> Option<&str> {
    let after_scheme = address.find("://")? + 3;
    let authority = address[after_scheme..].find(['/', '?', '#']).unwrap_or(address.len() - after_scheme);
    // User information before an @ would make one origin look like another.
    let plain = authority > 0 && !address[..after_scheme + authority].contains('@');
    plain.then(|| &address[..after_scheme + authority])
}

fn digest_of(base64: &str) -> Option<[u8; 32]> {
    BASE64.decode(base64).ok()?.try_into().ok()
}

impl Request {
    pub fn origin(&self) -> &str {
        origin(&self.back).unwrap_or_default()
    }

    pub fn answered_by(&self, chip: &Chip) -> Result<Answer, Fault> {
        let certificate = BASE64.encode(&chip.certificate);
        let mut answer = match self.kind {
            Kind::Certificate => vec![("certificate".to_owned(), certificate)],
            Kind::Sign => {
                let mut answer = Vec::new();
                for (digest, _) in &self.documents {
                    let digest = digest_of(digest).ok_or_else(|| Fault::new("sign with a card", "not a digest"))?;
                    answer.push(("signature".to_owned(), BASE64.encode(chip.signer.sign_digest(&digest)?)));
                }
                answer.push(("certificate".to_owned(), certificate));
                answer
            }
            Kind::Login => {
                // Web eID: hash(origin) ‖ hash(nonce), the nonce as the text it was issued as.
                let value = [sha256(self.origin().as_bytes()), sha256(self.nonce.as_bytes())].concat();
                let token = json!({ "unverifiedCertificate": certificate, "algorithm": "ES256",
                    "signature": BASE64.encode(chip.signer.sign(&value)?), "format": "web-eid:1.0",
                    "appVersion": "pencere-simulator" });
                vec![("auth_token".to_owned(), token.to_string())]
            }
        };
        answer.push(("state".to_owned(), self.state.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(changed: &[(&str, &str)], without: &[&str]) -> Vec<(String, String)> {
        let good = [
            ("origin", "http://127.0.0.1:8802"),
            ("nonce", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"),
            ("return", "http://127.0.0.1:8802/login/1/card"),
            ("digest", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            ("title", "Ərizə.pdf"),
            ("lang", "ru"),
        ];
        let kept = good.iter().filter(|(name, _)| !without.contains(name));
        let overridden = |name: &str| changed.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
        kept.map(|(name, value)| ((*name).to_owned(), overridden(name).unwrap_or(value).to_owned())).collect()
    }

    #[test]
    fn requests_are_read_or_refused() {
        let origins = ["http://127.0.0.1:8802".to_owned(), "http://127.0.0.1:8800".to_owned()];
        let check = |kind, changed: &[(&str, &str)], without: &[&str], refused: Option<Refusal>| {
            assert_eq!(
                read(kind, &pairs(changed, without), &origins).err(),
                refused,
                "{kind:?} {changed:?} {without:?}"
            );
        };
        for kind in [Kind::Login, Kind::Certificate, Kind::Sign] {
            check(kind, &[], &[], None);
            check(kind, &[], &["return"], Some(Refusal::Unreadable));
            check(kind, &[("return", "/login")], &[], Some(Refusal::Unreadable));
            check(kind, &[("return", "http://evil.example/x")], &[], Some(Refusal::ForeignOrigin));
            check(kind, &[("return", "http://127.0.0.1:8802@evil.example/x")], &[], Some(Refusal::Unreadable));
            check(kind, &[("title", &"x".repeat(FIELD_LENGTH_MAX + 1))], &[], Some(Refusal::Unreadable));
        }
        check(Kind::Login, &[("origin", "http://127.0.0.1:8800")], &[], Some(Refusal::ForeignOrigin));
        check(Kind::Login, &[("nonce", "short")], &[], Some(Refusal::Unreadable));
        check(Kind::Sign, &[], &["digest"], Some(Refusal::Unreadable));
        check(Kind::Sign, &[], &["title"], Some(Refusal::Unreadable));
        check(Kind::Sign, &[("digest", "AAAA")], &[], Some(Refusal::Unreadable));
        let mut many = pairs(&[], &[]);
        for _ in 0..DIGESTS_MAX {
            many.extend(pairs(&[], &["origin", "nonce", "return", "lang"]));
        }
        assert_eq!(read(Kind::Sign, &many, &origins).err(), Some(Refusal::Unreadable), "too many documents");
    }
}
