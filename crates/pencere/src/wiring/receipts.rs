//! The paper of a payment's receipt: set in the payer's language, sealed by the operator of the portal, put into the e-Safe of
//! whoever owed. The job that makes it is enqueued where the money is booked; it may run twice and makes one paper.

use super::World;
use super::papers::{ASICE, PDF, Seals, fault};
use base::{Fault, Lang, Localized, Money};
use formats::asice::DataFile;
use host::jobs::{Done, Worker};
use host::store::Store;
use payments::{Payments, RECEIPT_JOB, Receipt, ReceiptIssued};
use safe::{NewDocument, PublicFacts, Safe, VerificationCode};
use services::catalogue::Catalogue;
use services::document::{Block, Body, Check, Line, Sheet, render};
use std::sync::Arc;

const ATTEMPT: &str = "make the paper of a receipt";
/// The word under which the e-Safe keeps receipts.
const KIND: &str = "receipt";

#[derive(Clone)]
pub struct Receipts {
    pub payments: Payments,
    pub safe: Safe,
    pub store: Store,
    pub catalogue: Arc<Catalogue>,
    pub seals: Arc<Seals>,
    pub world: World,
    /// Where verification pages are: the portal's origin.
    pub portal_origin: String,
    /// The operator's code as a member of the exchange: its seal has it as number.
    pub operator: String,
}

impl Receipts {
    pub fn register(self, worker: Worker) -> Worker {
        worker.on(RECEIPT_JOB, move |job| {
            let receipts = self.clone();
            async move {
                let issued: ReceiptIssued =
                    serde_json::from_value(job.payload).map_err(|cause| Fault::new(ATTEMPT, cause))?;
                receipts.make(&issued.receipt).await.map(|()| Done::Finished)
            }
        })
    }

    async fn make(&self, number: &str) -> Result<(), Fault> {
        if self.safe.document_of(payments::ORIGIN, number).await?.is_some() {
            return Ok(());
        }
        let receipt = self.payments.receipt(number).await.map_err(|failure| fault(ATTEMPT, failure))?;
        let payment = self.payments.payment(&receipt.payment).await.map_err(|failure| fault(ATTEMPT, failure))?;
        let code = VerificationCode::draw(self.world.chance.as_ref());
        let sheet = self.sheet(&receipt, payment.lang, &code);
        let pdf = tokio::task::spawn_blocking(move || render(&sheet)).await;
        let pdf = pdf.map_err(|bug| Fault::new(ATTEMPT, bug))??;
        let file = DataFile { name: format!("{number}.pdf"), media_type: PDF.to_owned(), bytes: pdf };
        let container = self.seals.seal(&self.operator, &receipt.operator, file).await?;
        let (signer, content_sha256) = self.seals.look_inside(&container, self.world.clock.now());
        let new = NewDocument {
            origin: payments::ORIGIN,
            key: number.to_owned(),
            owner: receipt.payer.clone(),
            kind: KIND.to_owned(),
            title: self.payments.tariff().receipt.title.clone(),
            number: Some(number.to_owned()),
            issuer: receipt.operator.clone(),
            issued_on: self.catalogue.calendar().day_of(receipt.issued_at),
            file_name: format!("{number}.asice"),
            media_type: ASICE.to_owned(),
            case_reference: receipt.case_reference.clone(),
            public: Some(PublicFacts { code, signer, content_sha256 }),
            actor: payments::ORIGIN.to_owned(),
        };
        let sealed = self.safe.seal(new, &container).await.map_err(|failure| fault(ATTEMPT, failure))?;
        let mut tx = self.store.begin().await?;
        self.safe.put(&mut tx, &sealed).await.map_err(|failure| fault(ATTEMPT, failure))?;
        tx.commit().await
    }

    fn sheet(&self, receipt: &Receipt, lang: Lang, code: &VerificationCode) -> Sheet {
        let (words, common) = (&self.payments.tariff().receipt, self.catalogue.words());
        let line = |label: &Localized, value: Localized| Line { label: label.clone(), value };
        let who = |id: &str| match id.split_once(':') {
            Some(("TIN", tin)) => each(|lang| format!("{} {tin}", words.company.in_lang(lang))),
            Some((_, pin)) => each(|lang| format!("{} {pin}", words.person.in_lang(lang))),
            None => same(id),
        };
        let mut lines = vec![
            line(&words.purpose, receipt.purpose.clone()),
            line(&words.amount, money(receipt.amount)),
            line(&words.payer, who(&receipt.payer)),
            line(&words.paid_by, who(&receipt.paid_by)),
            line(&words.payee, receipt.payee.clone()),
            line(&words.account, same(&receipt.payee_account)),
            line(&words.budget_code, same(&receipt.budget_code)),
            line(&words.code, same(&receipt.code)),
        ];
        lines.extend(receipt.case_reference.as_ref().map(|case| line(&words.case, same(case))));
        lines.push(line(&words.bank, same(&receipt.bank)));
        lines.push(line(&words.bank_reference, same(&receipt.bank_reference)));
        Sheet {
            lang,
            ceremonial: false,
            state: common.state.clone(),
            issuer: receipt.operator.clone(),
            title: words.title.clone(),
            lead: words.lead.clone(),
            marks: vec![
                (words.number.clone(), receipt.number.clone()),
                (words.paid_at.clone(), self.catalogue.calendar().stamp(receipt.issued_at)),
            ],
            blocks: vec![
                Block { title: words.payment.clone(), body: Body::Lines(lines) },
                Block { title: words.remark.clone(), body: Body::Text(words.note.clone()) },
            ],
            signer: None,
            check: Some(Check { caption: common.check.clone(), address: format!("{}/v/{code}", self.portal_origin) }),
            page: common.page.clone(),
            at: receipt.issued_at,
        }
    }
}

fn each(words: impl Fn(Lang) -> String) -> Localized {
    Localized { az: words(Lang::Az), en: words(Lang::En), ru: words(Lang::Ru) }
}

fn same(text: &str) -> Localized {
    each(|_| text.to_owned())
}

fn money(amount: Money) -> Localized {
    each(|lang| amount.display(lang))
}
