//! Documents in the e-Safe: sealed outside of any transaction (their bytes go to the object store), put in the caller's
//! transaction, listed and opened by their owner. Every opening is recorded before anything is decrypted.

use crate::Safe;
use crate::code::VerificationCode;
use crate::envelope::{Key, Place};
use crate::refusal::{Failure, Refusal, refuse};
use crate::verification::{self, PublicFacts};
use base::{Date, Fault, Id, Localized, Pin, Timestamp};
use bytes::Bytes;
use host::args;
use host::audit::Entry;
use host::store::{Row, Tx};
use serde_json::json;
use std::collections::BTreeMap;

/// Longest document that is kept.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A list shows at most so many.
pub const DOCUMENTS_MAX: i64 = 500;

/// A document to be kept. `(origin, key)` is its identity: the same again is the same document, and the first one stays.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// The part that made it: `services`, `payments`.
    pub origin: &'static str,
    /// Unique within the origin: a case's reference with the kind of the document.
    pub key: String,
    /// `PIN:…` or `TIN:…`.
    pub owner: String,
    /// Stable word: `decision`, `permit`, `receipt`, `application`.
    pub kind: String,
    pub title: Localized,
    /// The document's own number, if it has one.
    pub number: Option<String>,
    pub issuer: Localized,
    pub issued_on: Date,
    pub file_name: String,
    pub media_type: String,
    pub case_reference: Option<String>,
    /// What a third person may see; without it the document cannot be checked by a code.
    pub public: Option<PublicFacts>,
    /// Who puts it there, for the audit log.
    pub actor: String,
}

/// A document whose bytes are encrypted and in the object store, but which is in nobody's safe yet.
pub struct Sealed {
    new: NewDocument,
    id: Id,
    key: Key,
    size_bytes: usize,
    sha256: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: Id,
    pub origin: String,
    pub key: String,
    pub owner: String,
    pub kind: String,
    pub title: Localized,
    pub number: Option<String>,
    pub issuer: Localized,
    pub issued_on: Date,
    pub file_name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub sha256: [u8; 32],
    pub case_reference: Option<String>,
    pub code: Option<VerificationCode>,
    pub stored_at: Timestamp,
    pub leaf_index: i64,
    /// When it was first opened: the evidence of delivery.
    pub first_opened_at: Option<Timestamp>,
    /// The owner's key was destroyed.
    pub erased: bool,
}

/// Who opens which document out of whose safe.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The safe that the reader may look into, as the session says: the own one or a company's.
    pub owner: String,
    /// The person who reads, `PIN:…`.
    pub reader: String,
    pub document: Id,
}

/// A recorded opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub reader: String,
    pub at: Timestamp,
    pub leaf_index: i64,
}

macro_rules! select_document {
    ($rest:literal) => {
        concat!(
            "SELECT d.id AS id, d.origin AS origin, d.origin_key AS origin_key, d.owner AS owner, d.kind AS kind, ",
            "d.title AS title, d.number AS number, d.issuer AS issuer, d.issued_on AS issued_on, ",
            "d.file_name AS file_name, d.media_type AS media_type, d.size_bytes AS size_bytes, d.sha256 AS sha256, ",
            "d.case_reference AS case_reference, d.code AS code, d.stored_at AS stored_at, ",
            "d.leaf_index AS leaf_index, d.wrapped_key AS wrapped_key, d.blob AS blob, d.owner_key AS owner_key, ",
            "k.wrapped AS owner_wrapped, k.destroyed_at AS destroyed_at, ",
            "(SELECT MIN(o.at) FROM safe_opening o WHERE o.document_id = d.id) AS first_opened_at ",
            "FROM safe_document d JOIN safe_owner_key k ON k.id = d.owner_key ",
            $rest
        )
    };
}

impl Safe {
    /// Encrypts the document under a key of its own and writes it to the object store. Slow: never inside a transaction.
    /// If it is never put, an unreadable object is left over and nothing else.
    pub async fn seal(&self, new: NewDocument, content: &[u8]) -> Result<Sealed, Failure> {
        if !is_owner(&new.owner) {
            return refuse(Refusal::OwnerMalformed);
        }
        if content.is_empty() {
            return refuse(Refusal::DocumentEmpty);
        }
        if content.len() > DOCUMENT_BYTES_MAX {
            return refuse(Refusal::DocumentTooLarge);
        }
        let id = Id::new(self.now(), self.chance());
        let key = Key::draw(self.chance());
        let place = Place { what: "document", owner: &new.owner, id: id.as_str() };
        let sealed = key.seal(&place, content, self.chance())?;
        self.blobs().put(id.as_str(), Bytes::from(sealed)).await?;
        Ok(Sealed { id, key, size_bytes: content.len(), sha256: verification::sha256(content), new })
    }

    /// Puts the sealed document into its owner's safe, in the caller's transaction, together with its public record. The
    /// document that this origin and key already put there is returned as it is.
    pub async fn put(&self, tx: &mut Tx, sealed: &Sealed) -> Result<Document, Failure> {
        let new = &sealed.new;
        if let Some(known) = find(tx, new).await? {
            return same_or_refused(known, new);
        }
        let now = self.now();
        let (owner_key_id, owner_key) = self.owner_key(tx, &new.owner, now).await?;
        let place = Place { what: "document-key", owner: &new.owner, id: sealed.id.as_str() };
        let wrapped = sealed.key.wrap(&owner_key, &place, self.chance())?;
        let leaf_index = tx
            .audit(&Entry {
                at: now,
                actor: new.actor.clone(),
                action: "safe.stored",
                subject: sealed.id.to_string(),
                detail: json!({
                    "kind": new.kind, "case": new.case_reference, "sha256": base::hex(&sealed.sha256),
                }),
            })
            .await?;
        self.insert(tx, sealed, &owner_key_id, wrapped, leaf_index, now).await?;
        if let Some(public) = &new.public {
            verification::register(tx, new, public, sealed.sha256).await?;
        }
        Ok(find(tx, new).await?.expect("inserted above"))
    }

    async fn insert(
        &self,
        tx: &mut Tx,
        sealed: &Sealed,
        owner_key: &Id,
        wrapped: Vec<u8>,
        leaf_index: u64,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let new = &sealed.new;
        let text = |text: &Localized| serde_json::to_string(text).expect("texts are JSON");
        // Without `ON CONFLICT`: two that race for one key on PostgreSQL are a passing fault for the later one, which then
        // finds the earlier one's document.
        tx.execute(
            "INSERT INTO safe_document
             (id, origin, origin_key, owner, owner_key, wrapped_key, blob, kind, title, number, issuer, issued_on,
              file_name, media_type, size_bytes, sha256, case_reference, code, stored_at, leaf_index)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
            &args![
                &sealed.id,
                new.origin,
                &new.key,
                &new.owner,
                owner_key,
                wrapped,
                &sealed.id,
                &new.kind,
                text(&new.title),
                new.number.clone(),
                text(&new.issuer),
                new.issued_on,
                &new.file_name,
                &new.media_type,
                sealed.size_bytes,
                sealed.sha256,
                new.case_reference.clone(),
                new.public.as_ref().map(|public| public.code.to_string()),
                now,
                leaf_index
            ],
        )
        .await?;
        Ok(())
    }

    /// The owner's living key, made at the first document.
    async fn owner_key(&self, tx: &mut Tx, owner: &str, now: Timestamp) -> Result<(Id, Key), Fault> {
        const FIND: &str = "SELECT id, wrapped FROM safe_owner_key WHERE owner = $1 AND destroyed_at IS NULL";
        let mut found = tx.query_opt(FIND, &args![owner]).await?;
        if found.is_none() {
            let id = Id::new(now, self.chance());
            let place = Place { what: "owner-key", owner, id: id.as_str() };
            let wrapped = Key::draw(self.chance()).wrap(self.master(), &place, self.chance())?;
            tx.execute(
                "INSERT INTO safe_owner_key (id, owner, wrapped, created_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (owner) WHERE destroyed_at IS NULL DO NOTHING",
                &args![&id, owner, wrapped, now],
            )
            .await?;
            found = tx.query_opt(FIND, &args![owner]).await?;
        }
        let row = found.expect("made above, or by whoever was faster");
        let id = row.id("id");
        let key = self.unwrap_owner_key(owner, id.as_str(), row.blob("wrapped"))?;
        Ok((id, key))
    }

    fn unwrap_owner_key(&self, owner: &str, id: &str, wrapped: &[u8]) -> Result<Key, Fault> {
        Key::unwrap(self.master(), &Place { what: "owner-key", owner, id }, wrapped)
    }

    /// What is in the owner's safe, newest first, at most [`DOCUMENTS_MAX`].
    pub async fn list(&self, owner: &str) -> Result<Vec<Document>, Fault> {
        let sql = select_document!("WHERE d.owner = $1 ORDER BY d.stored_at DESC, d.id DESC LIMIT $2");
        Ok(self.store().query(sql, &args![owner, DOCUMENTS_MAX]).await?.iter().map(read).collect())
    }

    /// The document that an origin and key put there, if it did.
    pub async fn document_of(&self, origin: &str, key: &str) -> Result<Option<Document>, Fault> {
        let sql = select_document!("WHERE d.origin = $1 AND d.origin_key = $2");
        Ok(self.store().query_opt(sql, &args![origin, key]).await?.as_ref().map(read))
    }

    /// Ids of the documents that this origin put into the owner's safe, by the origin's key.
    pub async fn documents_from(&self, origin: &str, owner: &str) -> Result<BTreeMap<String, Id>, Fault> {
        let sql = "SELECT id, origin_key FROM safe_document WHERE owner = $1 AND origin = $2
                   ORDER BY stored_at DESC, id DESC LIMIT $3";
        let rows = self.store().query(sql, &args![owner, origin, DOCUMENTS_MAX]).await?;
        Ok(rows.iter().map(|row| (row.text("origin_key").to_owned(), row.id("id"))).collect())
    }

    /// What the list says about one document, without opening it. Somebody else's is unknown.
    pub async fn document(&self, owner: &str, document: &Id) -> Result<Document, Failure> {
        let sql = select_document!("WHERE d.id = $1 AND d.owner = $2");
        let row = self.store().query_opt(sql, &args![document, owner]).await?;
        row.as_ref().map_or_else(|| refuse(Refusal::DocumentUnknown), |row| Ok(read(row)))
    }

    /// Records the opening, then decrypts. The record stays even if decrypting fails: an attempt is an attempt.
    pub async fn open(&self, opening: &Opening) -> Result<(Document, Bytes), Failure> {
        let sql = select_document!("WHERE d.id = $1 AND d.owner = $2");
        let args = args![&opening.document, &opening.owner];
        let Some(row) = self.store().query_opt(sql, &args).await? else { return refuse(Refusal::DocumentUnknown) };
        let Some(owner_wrapped) = row.opt_blob("owner_wrapped") else { return refuse(Refusal::DocumentErased) };
        self.record_opening(opening).await?;
        let document = read(&row);
        let (owner, id) = (document.owner.as_str(), document.id.as_str());
        let owner_key = self.unwrap_owner_key(owner, row.text("owner_key"), owner_wrapped)?;
        let key_place = Place { what: "document-key", owner, id };
        let key = Key::unwrap(&owner_key, &key_place, row.blob("wrapped_key"))?;
        let sealed = self.blobs().get(row.text("blob")).await?;
        let sealed = sealed.ok_or_else(|| Fault::new("open a document", "its object is not in the object store"))?;
        let plain = key.open(&Place { what: "document", owner, id }, &sealed)?;
        assert!(verification::sha256(&plain) == document.sha256, "what authenticates is what was sealed");
        Ok((document, plain.into()))
    }

    async fn record_opening(&self, opening: &Opening) -> Result<(), Fault> {
        let now = self.now();
        let mut tx = self.store().begin().await?;
        let leaf_index = tx
            .audit(&Entry {
                at: now,
                actor: opening.reader.clone(),
                action: "safe.opened",
                subject: opening.document.to_string(),
                detail: json!({ "owner": if opening.owner == opening.reader { "self" } else { "represented" } }),
            })
            .await?;
        tx.execute(
            "INSERT INTO safe_opening (id, document_id, reader, at, leaf_index) VALUES ($1, $2, $3, $4, $5)",
            &args![Id::new(now, self.chance()), &opening.document, &opening.reader, now, leaf_index],
        )
        .await?;
        tx.commit().await
    }

    /// Who opened the document and when, oldest first. Somebody else's is unknown.
    pub async fn openings(&self, owner: &str, document: &Id) -> Result<Vec<Opened>, Failure> {
        self.document(owner, document).await?;
        let rows = self
            .store()
            .query(
                "SELECT reader, at, leaf_index FROM safe_opening WHERE document_id = $1 ORDER BY at, id LIMIT 1000",
                &args![document],
            )
            .await?;
        let read = |row: &Row| Opened {
            reader: row.text("reader").to_owned(),
            at: row.time("at"),
            leaf_index: row.int("leaf_index"),
        };
        Ok(rows.iter().map(read).collect())
    }
}

async fn find(tx: &mut Tx, new: &NewDocument) -> Result<Option<Document>, Fault> {
    let sql = select_document!("WHERE d.origin = $1 AND d.origin_key = $2");
    Ok(tx.query_opt(sql, &args![new.origin, &new.key]).await?.as_ref().map(read))
}

fn same_or_refused(known: Document, new: &NewDocument) -> Result<Document, Failure> {
    let same = known.owner == new.owner && known.kind == new.kind;
    if same { Ok(known) } else { refuse(Refusal::KeyReused) }
}

/// `PIN:` with a PIN or `TIN:` with ten digits; nothing else owns a safe.
fn is_owner(text: &str) -> bool {
    match text.split_once(':') {
        Some(("PIN", pin)) => Pin::parse(pin).is_some_and(|parsed| parsed.as_str() == pin),
        Some(("TIN", tin)) => tin.len() == 10 && tin.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

fn read(row: &Row) -> Document {
    let text = |column: &str| serde_json::from_str(row.text(column)).expect("written as texts");
    Document {
        id: row.id("id"),
        origin: row.text("origin").to_owned(),
        key: row.text("origin_key").to_owned(),
        owner: row.text("owner").to_owned(),
        kind: row.text("kind").to_owned(),
        title: text("title"),
        number: row.opt_text("number").map(str::to_owned),
        issuer: text("issuer"),
        issued_on: row.text("issued_on").parse().expect("written as a date"),
        file_name: row.text("file_name").to_owned(),
        media_type: row.text("media_type").to_owned(),
        size_bytes: row.int("size_bytes"),
        sha256: row.blob("sha256").try_into().expect("written with 32 bytes"),
        case_reference: row.opt_text("case_reference").map(str::to_owned),
        code: row.opt_text("code").map(|code| VerificationCode::parse(code).expect("only right codes are stored")),
        stored_at: row.time("stored_at"),
        leaf_index: row.int("leaf_index"),
        first_opened_at: row.opt_time("first_opened_at"),
        erased: row.opt_time("destroyed_at").is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_owner;

    #[test]
    fn persons_and_companies_own_safes_and_nobody_else() {
        for owner in ["PIN:AYTEN01", "TIN:1400123451"] {
            assert!(is_owner(owner), "{owner}");
        }
        for other in ["", "AYTEN01", "PIN:", "PIN:ayten01", "PIN:AYTENI1", "TIN:14", "TIN:14001234x1", "PIN:AYTEN01\0"]
        {
            assert!(!is_owner(other), "{other}");
        }
    }
}
