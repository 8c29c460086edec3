//! Checking a document as a third person: by its code, or by the file itself. The public record holds what may be shown to
//! anybody and nothing of the owner.

use crate::Safe;
use crate::code::VerificationCode;
use crate::document::NewDocument;
use crate::refusal::{Failure, Refusal, refuse};
use aws_lc_rs::digest::{SHA256, digest};
use base::{Date, Fault, Localized, Timestamp};
use host::args;
use host::audit::Entry;
use host::store::{Row, Tx};
use serde_json::json;
use std::future::Future;
use std::pin::Pin;

/// What is made public of a new document, besides its title, number, issuer and date.
#[derive(Debug, Clone)]
pub struct PublicFacts {
    /// Drawn before the document was made, because the document shows it.
    pub code: VerificationCode,
    /// The official or seal that signed: a name in office, `Leyla Həsənova, Əmək və Əhalinin Sosial Müdafiəsi Nazirliyi`.
    pub signer: String,
    /// Digest of the paper inside of the container, for those who hold only that.
    pub content_sha256: Option<[u8; 32]>,
}

/// What anybody with the code may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRecord {
    pub code: VerificationCode,
    pub title: Localized,
    pub number: Option<String>,
    pub issuer: Localized,
    pub issued_on: Date,
    pub signer: String,
    /// Digest of the container.
    pub sha256: [u8; 32],
    pub content_sha256: Option<[u8; 32]>,
    pub withdrawn: Option<Withdrawn>,
}

/// Why a document is no longer valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawn {
    pub at: Timestamp,
    pub because: String,
    pub superseded_by: Option<VerificationCode>,
}

/// What the signatures of a container are worth. Made by the trust services; see [`Judge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub valid: bool,
    /// Common names of the signers, in the order of the signatures.
    pub signers: Vec<String>,
    pub signed_at: Option<Timestamp>,
    /// Why it is not valid, or what was noticed: codes, whose texts are `verdict.<code>`.
    pub reasons: Vec<String>,
}

/// The port to whoever validates signed documents; the binary joins it to the trust services.
pub trait Judge: Send + Sync {
    fn judge<'a>(&'a self, container: &'a [u8]) -> Pin<Box<dyn Future<Output = Judgement> + Send + 'a>>;
}

/// What is said about an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub sha256: [u8; 32],
    /// The record of exactly this file, if it was issued here.
    pub registered: Option<PublicRecord>,
    /// The file is the paper out of the container and not the container, so it carries no signature of its own.
    pub content_only: bool,
    pub judgement: Judgement,
}

impl Verdict {
    /// Issued here, not withdrawn, and its signatures hold (a bare paper has none: its digest speaks for it).
    pub fn is_genuine(&self) -> bool {
        let standing = self.registered.as_ref().is_some_and(|record| record.withdrawn.is_none());
        standing && (self.content_only || self.judgement.valid)
    }
}

macro_rules! select_record {
    ($rest:literal) => {
        concat!(
            "SELECT code, title, number, issuer, issued_on, signer, sha256, content_sha256, withdrawn_at, ",
            "withdrawn_because, superseded_by FROM safe_verification ",
            $rest
        )
    };
}

impl Safe {
    /// The public record behind a code as a person types it. The caller limits how often strangers may try.
    pub async fn verify_code(&self, typed: &str) -> Result<PublicRecord, Failure> {
        let code = VerificationCode::parse(typed).map_err(base::Failure::Refused)?;
        let row = self.store().query_opt(select_record!("WHERE code = $1"), &args![code.as_str()]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::CodeUnknown), |row| Ok(read(row)))
    }

    /// Judges an uploaded file. The file is looked at and not kept.
    pub async fn verify_upload(&self, content: &[u8]) -> Result<Verdict, Failure> {
        if content.is_empty() {
            return refuse(Refusal::DocumentEmpty);
        }
        if content.len() > crate::DOCUMENT_BYTES_MAX {
            return refuse(Refusal::DocumentTooLarge);
        }
        let sha256 = sha256(content);
        let container = self.store().query_opt(select_record!("WHERE sha256 = $1"), &args![sha256]).await?;
        let (row, content_only) = match container {
            Some(row) => (Some(row), false),
            None => {
                let sql = select_record!("WHERE content_sha256 = $1 ORDER BY code LIMIT 1");
                let row = self.store().query_opt(sql, &args![sha256]).await?;
                let found = row.is_some();
                (row, found)
            }
        };
        let judgement = self.judge().judge(content).await;
        Ok(Verdict { sha256, registered: row.as_ref().map(read), content_only, judgement })
    }

    /// Withdraws a document, in the caller's transaction: from now on its code says so. Twice the same is once.
    pub async fn withdraw(
        &self,
        tx: &mut Tx,
        code: &VerificationCode,
        because: &str,
        superseded_by: Option<&VerificationCode>,
        actor: &str,
    ) -> Result<(), Failure> {
        let row = tx.query_opt(select_record!("WHERE code = $1"), &args![code.as_str()]).await?;
        let Some(row) = row else { return refuse(Refusal::CodeUnknown) };
        if let Some(before) = read(&row).withdrawn {
            let same = before.because == because && before.superseded_by.as_ref() == superseded_by;
            return if same { Ok(()) } else { refuse(Refusal::AlreadyWithdrawn) };
        }
        let now = self.now();
        tx.execute(
            "UPDATE safe_verification SET withdrawn_at = $1, withdrawn_because = $2, superseded_by = $3 WHERE code = $4",
            &args![now, because, superseded_by.map(|code| code.to_string()), code.as_str()],
        )
        .await?;
        tx.audit(&Entry {
            at: now,
            actor: actor.to_owned(),
            action: "safe.withdrawn",
            subject: code.to_string(),
            detail: json!({ "because": because, "supersededBy": superseded_by }),
        })
        .await?;
        Ok(())
    }
}

pub(crate) async fn register(
    tx: &mut Tx,
    new: &NewDocument,
    public: &PublicFacts,
    sha256: [u8; 32],
) -> Result<(), Fault> {
    let text = |text: &Localized| serde_json::to_string(text).expect("texts are JSON");
    tx.execute(
        "INSERT INTO safe_verification (code, title, number, issuer, issued_on, signer, sha256, content_sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &args![
            public.code.as_str(),
            text(&new.title),
            new.number.clone(),
            text(&new.issuer),
            new.issued_on,
            &public.signer,
            sha256,
            public.content_sha256.map(|digest| digest.to_vec())
        ],
    )
    .await?;
    Ok(())
}

pub(crate) fn sha256(content: &[u8]) -> [u8; 32] {
    digest(&SHA256, content).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

fn read(row: &Row) -> PublicRecord {
    let text = |column: &str| serde_json::from_str(row.text(column)).expect("written as texts");
    let code = |text: &str| VerificationCode::parse(text).expect("only right codes are stored");
    let digest = |bytes: &[u8]| bytes.try_into().expect("written with 32 bytes");
    PublicRecord {
        code: code(row.text("code")),
        title: text("title"),
        number: row.opt_text("number").map(str::to_owned),
        issuer: text("issuer"),
        issued_on: row.text("issued_on").parse().expect("written as a date"),
        signer: row.text("signer").to_owned(),
        sha256: digest(row.blob("sha256")),
        content_sha256: row.opt_blob("content_sha256").map(digest),
        withdrawn: row.opt_time("withdrawn_at").map(|at| Withdrawn {
            at,
            because: row.opt_text("withdrawn_because").unwrap_or_default().to_owned(),
            superseded_by: row.opt_text("superseded_by").map(code),
        }),
    }
}
