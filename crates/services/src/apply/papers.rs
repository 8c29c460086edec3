//! The documents of a case: the signed application, the receipt, the decision.

use crate::{
    case::Case,
    jobs,
    refusal::{Outcome, Refusal},
    services::{Services, refuse},
    view::{Applicant, DocumentView, FileContent},
};
use base::{Localized, Timestamp};
use host::{
    args,
    store::{Row, Tx},
};
use serde_json::json;

/// A document of a case as it is inserted.
pub(crate) struct NewDocument {
    pub kind: &'static str,
    pub number: String,
    pub title: Localized,
    pub verification_code: String,
    pub pdf: String,
    pub container: Option<String>,
    pub valid_to: Option<base::Date>,
}

/// A document as stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredDocument {
    pub id: String,
    pub reference: String,
    pub kind: &'static str,
    pub number: String,
    pub title: Localized,
    pub verification_code: String,
    pub pdf: String,
    pub container: Option<String>,
    pub valid_to: Option<base::Date>,
    pub at: Timestamp,
    pub deposited_at: Option<Timestamp>,
}

impl StoredDocument {
    pub fn read(row: &Row) -> StoredDocument {
        StoredDocument {
            id: row.text("id").to_owned(),
            reference: row.text("reference").to_owned(),
            kind: match row.text("kind") {
                "receipt" => "receipt",
                "application" => "application",
                _ => "decision",
            },
            number: row.text("number").to_owned(),
            title: serde_json::from_value(row.json("title")).expect("what we stored as JSON reads back"),
            verification_code: row.text("verification_code").to_owned(),
            pdf: row.text("pdf").to_owned(),
            container: row.opt_text("container").map(str::to_owned),
            valid_to: row.opt_text("valid_to").and_then(|day| day.parse().ok()),
            at: row.time("at"),
            deposited_at: row.opt_time("deposited_at"),
        }
    }
}

impl Services {
    pub(crate) async fn documents_of(&self, reference: &str) -> Outcome<Vec<StoredDocument>> {
        let rows = self
            .setup
            .store
            .query(
                "SELECT id, reference, kind, number, title, verification_code, pdf, container, valid_to, at, deposited_at
                 FROM services_document WHERE reference = $1 ORDER BY at, id",
                &args![reference],
            )
            .await?;
        Ok(rows.iter().map(StoredDocument::read).collect())
    }

    /// Its id; none if the case has a document of this kind already.
    pub(crate) async fn insert_document(&self, tx: &mut Tx, case: &Case, new: &NewDocument) -> Outcome<Option<String>> {
        let id = self.new_id().to_string();
        let inserted = tx
            .execute(
                "INSERT INTO services_document (id, reference, kind, number, title, verification_code, pdf, container,
                    valid_to, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (reference, kind) DO NOTHING",
                &args![
                    &id,
                    &case.reference,
                    new.kind,
                    &new.number,
                    json!(new.title).to_string(),
                    &new.verification_code,
                    &new.pdf,
                    new.container.clone(),
                    new.valid_to,
                    self.now()
                ],
            )
            .await?;
        Ok((inserted == 1).then_some(id))
    }

    /// The PDF, or with `signed` the container that holds it.
    pub async fn document(
        &self,
        who: &Applicant,
        reference: &str,
        document: &str,
        signed: bool,
    ) -> Outcome<FileContent> {
        let dossier = self.own(who, self.dossier(reference).await?)?;
        self.document_content(&dossier.case.reference, document, signed).await
    }

    pub(crate) async fn document_content(&self, reference: &str, document: &str, signed: bool) -> Outcome<FileContent> {
        let documents = self.documents_of(reference).await?;
        let Some(known) = documents.into_iter().find(|known| known.id == document) else {
            return refuse(Refusal::UnknownDocument);
        };
        let (blob, media_type, ending) = match (signed, &known.container) {
            (true, Some(container)) => (container, jobs::ASICE, "asice"),
            (true, None) => return refuse(Refusal::UnknownDocument),
            (false, _) => (&known.pdf, "application/pdf", "pdf"),
        };
        let bytes = self.blob(blob).await?;
        Ok(FileContent { name: format!("{}.{ending}", known.number), media_type: media_type.to_owned(), bytes })
    }

    pub(crate) fn document_view(&self, document: StoredDocument) -> DocumentView {
        let code = &document.verification_code;
        let address = if code.is_empty() { String::new() } else { self.setup.safe.verification_address(code) };
        DocumentView {
            verification_address: address,
            signed: document.container.is_some(),
            id: document.id,
            kind: document.kind,
            title: document.title,
            number: document.number,
            at: document.at,
        }
    }
}
