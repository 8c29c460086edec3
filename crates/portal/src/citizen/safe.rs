//! The e-Safe: the documents of the person, or of the company acted for.

use crate::{
    evidence::download,
    pages,
    parts::{Crumbs, DocCard, Fact, Facts, Mood, QrCard, Tag},
    shell::{Place, encode},
    trouble::Trouble,
    visit::{Paged, Visit, page as paged},
};
use ::safe::{Document, Opening};
use axum::extract::Path;
use base::{Fault, Id};
use bytes::Bytes;
use formats::asice::Container;
use services::view::FileContent;

const PDF: &str = "application/pdf";

pub async fn list(visit: Visit) -> Paged {
    let owner = visit.person()?.owner();
    let s = visit.at(Place::Safe);
    let documents = visit.app.safe.list(&owner).await?;
    let card = |document: &Document| DocCard {
        title: document.title.in_lang(visit.lang).to_owned(),
        href: s.url(&format!("/safe/{}", document.id)),
        lines: vec![
            document.issuer.in_lang(visit.lang).to_owned(),
            [document.number.clone().unwrap_or_default(), s.day(document.issued_on)].join(" · "),
        ],
        tag: None,
    };
    let documents = documents.iter().filter(|document| !document.erased).map(card).collect();
    paged(&pages::SafePage { documents, s })
}

pub async fn document(visit: Visit, Path(id): Path<String>) -> Paged {
    let owner = visit.person()?.owner();
    let id = Id::parse(&id).ok_or(Trouble::NotFound)?;
    let document = visit.app.safe.document(&owner, &id).await?;
    let s = visit.at(Place::Safe);
    let public = match &document.code {
        Some(code) => Some(visit.app.safe.verify_code(code.as_str()).await?),
        None => None,
    };
    let mut rows = Vec::new();
    rows.extend(document.number.as_ref().map(|number| Fact::new(s.t("document.number"), number.as_str())));
    rows.push(Fact::new(s.t("document.issuer"), document.issuer.in_lang(visit.lang)));
    rows.push(Fact::new(s.t("document.issued"), s.day(document.issued_on)));
    if let Some(reference) = &document.case_reference {
        let change = Some((s.url(&format!("/cases/{}", encode(reference))), s.t("inbox.open").to_owned()));
        rows.push(Fact { change, ..Fact::new(s.t("document.case"), reference.as_str()) });
    }
    let signatures = public.iter().flat_map(|record| {
        [
            Fact::new(s.t("document.signed_by"), record.signer.as_str()),
            Fact::new(s.t("document.digest"), base::hex(&record.sha256)),
        ]
    });
    let withdrawn = public.as_ref().is_some_and(|record| record.withdrawn.is_some());
    let tag = match withdrawn {
        true => Tag::new(Mood::Bad, s.t("verified.false_title")),
        false => Tag::new(Mood::Good, s.t("document.valid")),
    };
    let qr = document.code.as_ref().and_then(|code| {
        let address = format!("{}/v/{}", visit.app.origins.portal, code.grouped());
        QrCard::new(&address, s.t("document.qr"), s.t("document.qr_caption"))
    });
    let file = Some(s.url(&format!("/safe/{id}/file")));
    let signed = document.media_type.contains("asic");
    let paper = Some(s.url(&format!("/safe/{id}/paper")));
    paged(&pages::Document {
        crumbs: Crumbs { label: s.t("layout.crumbs").into(), links: vec![(s.url("/safe"), s.t("nav.safe").into())] },
        title: document.title.in_lang(visit.lang).to_owned(),
        tag,
        facts: Facts { rows },
        pdf: if signed { paper } else { file.clone() },
        container: if signed { file } else { None },
        signatures: Facts { rows: signatures.collect() },
        qr,
        s,
    })
}

/// The document itself; the opening is recorded.
pub async fn file(visit: Visit, Path(id): Path<String>) -> Paged {
    let (document, bytes) = open(&visit, &id).await?;
    Ok(download(FileContent { name: document.file_name, media_type: document.media_type, bytes: bytes.to_vec() }))
}

/// The PDF out of the container, for people who want to read it; an opening like the other.
pub async fn paper(visit: Visit, Path(id): Path<String>) -> Paged {
    let (_, bytes) = open(&visit, &id).await?;
    let container =
        Container::read(&bytes).map_err(|cause| Fault::new("open a signed document", format!("{cause:?}")))?;
    let paper = container.files.into_iter().find(|file| file.media_type == PDF).ok_or(Trouble::NotFound)?;
    Ok(download(FileContent { name: paper.name, media_type: paper.media_type, bytes: paper.bytes }))
}

async fn open(visit: &Visit, id: &str) -> Result<(Document, Bytes), Trouble> {
    let person = visit.person()?;
    let document = Id::parse(id).ok_or(Trouble::NotFound)?;
    let opening = Opening { owner: person.owner(), reader: person.user(), document };
    Ok(visit.app.safe.open(&opening).await?)
}
