//! The engine's door: one method per use case, taking who asks and giving a typed view. Bodies live in the rooms beside it.

use crate::{catalogue::Catalogue, form::Answers, refusal::Outcome, view::*};
use base::{Failure, Fault};
use std::{collections::BTreeMap, sync::Arc};

pub struct Services {
    pub(crate) catalogue: Arc<Catalogue>,
}

fn not_yet<T>() -> Outcome<T> {
    Err(Failure::Failed(Fault::new("services", "this use case is being written")))
}

/// The applicant's side.
#[allow(unused_variables, clippy::unused_async)]
impl Services {
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
    /// Opens an application (or comes back to the one already in draft) and asks the registers; returns the reference.
    pub async fn start(&self, who: &Applicant, service: &str) -> Outcome<String> {
        not_yet()
    }
    /// The step, or with `None` the first one that lacks an answer.
    pub async fn page(&self, who: &Applicant, reference: &str, step: Option<&str>) -> Outcome<Page> {
        not_yet()
    }
    /// Saves one step. Refused with `Refusal::Invalid` field by field; what stands is saved even then.
    pub async fn answer(
        &self,
        who: &Applicant,
        reference: &str,
        step: &str,
        typed: &BTreeMap<String, String>,
    ) -> Outcome<Next> {
        not_yet()
    }
    pub async fn attach(
        &self,
        who: &Applicant,
        reference: &str,
        field: &str,
        file_name: &str,
        content: Vec<u8>,
    ) -> Outcome<FileView> {
        not_yet()
    }
    pub async fn detach(&self, who: &Applicant, reference: &str, file: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn file(&self, who: &Applicant, reference: &str, file: &str) -> Outcome<FileContent> {
        not_yet()
    }
    pub async fn summary(&self, who: &Applicant, reference: &str) -> Outcome<Summary> {
        not_yet()
    }
    /// Freezes the application and prepares the signature; `certificate` is the signer's, DER.
    pub async fn sign_request(&self, who: &Applicant, reference: &str, certificate: &[u8]) -> Outcome<SignRequest> {
        not_yet()
    }
    /// Takes the signature value; submits, or waits for the fee. Repeating it gives the same answer.
    pub async fn sign_complete(
        &self,
        who: &Applicant,
        reference: &str,
        request: &str,
        signature: &[u8],
    ) -> Outcome<CaseView> {
        not_yet()
    }
    /// Back from the summary to the form, before signing.
    pub async fn reopen(&self, who: &Applicant, reference: &str) -> Outcome<()> {
        not_yet()
    }
    /// Called by the wiring when payments have settled the debt; idempotent.
    pub async fn fee_paid(&self, case_reference: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn my_cases(&self, who: &Applicant) -> Outcome<Vec<CaseLine>> {
        not_yet()
    }
    pub async fn case(&self, who: &Applicant, reference: &str) -> Outcome<CaseView> {
        not_yet()
    }
    pub async fn withdraw(&self, who: &Applicant, reference: &str, version: i64) -> Outcome<()> {
        not_yet()
    }
    /// During a correction, `answer`/`attach` work on the named steps; this hands the case back.
    pub async fn correct(&self, who: &Applicant, reference: &str, comment: &str) -> Outcome<()> {
        not_yet()
    }
    /// The original in place of a silent register (decree instruction 9).
    pub async fn give_original(
        &self,
        who: &Applicant,
        reference: &str,
        evidence: &str,
        file_name: &str,
        content: Vec<u8>,
    ) -> Outcome<()> {
        not_yet()
    }
    /// "This is wrong": recorded in the case, shown to the official, sent to the register as a correction request.
    pub async fn dispute(
        &self,
        who: &Applicant,
        reference: &str,
        evidence: &str,
        fact: &str,
        claimed: &str,
        reason: &str,
    ) -> Outcome<()> {
        not_yet()
    }
    /// PDF (`signed` false) or the signed container.
    pub async fn document(
        &self,
        who: &Applicant,
        reference: &str,
        document: &str,
        signed: bool,
    ) -> Outcome<FileContent> {
        not_yet()
    }
    pub async fn feedback(&self, who: &Applicant, reference: &str, rating: i64, comment: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn opinion(&self, service: &str) -> Outcome<Opinion> {
        not_yet()
    }
    pub async fn usage(&self) -> Outcome<Vec<Usage>> {
        not_yet()
    }
}

/// The official's side.
#[allow(unused_variables, clippy::unused_async)]
impl Services {
    pub async fn queue(&self, official: &Official, filter: &QueueFilter) -> Outcome<Vec<QueueLine>> {
        not_yet()
    }
    pub async fn official_case(&self, official: &Official, reference: &str) -> Outcome<OfficialCase> {
        not_yet()
    }
    pub async fn take(&self, official: &Official, reference: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn release(&self, official: &Official, reference: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn ask_correction(
        &self,
        official: &Official,
        reference: &str,
        text: &str,
        steps: &[String],
    ) -> Outcome<()> {
        not_yet()
    }
    /// Facts of an original, entered by the official: fact id → typed text.
    pub async fn read_original(
        &self,
        official: &Official,
        reference: &str,
        evidence: &str,
        facts: &Answers,
    ) -> Outcome<()> {
        not_yet()
    }
    /// Writes the decision document (PDF); it takes effect when signed.
    pub async fn decide(
        &self,
        official: &Official,
        reference: &str,
        version: i64,
        approve: bool,
        reasons: &str,
    ) -> Outcome<()> {
        not_yet()
    }
    pub async fn drop_decision(&self, official: &Official, reference: &str) -> Outcome<()> {
        not_yet()
    }
    pub async fn decision_preview(&self, official: &Official, reference: &str) -> Outcome<FileContent> {
        not_yet()
    }
    pub async fn decision_sign_request(
        &self,
        official: &Official,
        reference: &str,
        certificate: &[u8],
    ) -> Outcome<SignRequest> {
        not_yet()
    }
    pub async fn decision_sign_complete(
        &self,
        official: &Official,
        reference: &str,
        request: &str,
        signature: &[u8],
    ) -> Outcome<()> {
        not_yet()
    }
    pub async fn official_file(&self, official: &Official, reference: &str, file: &str) -> Outcome<FileContent> {
        not_yet()
    }
    pub async fn official_document(
        &self,
        official: &Official,
        reference: &str,
        document: &str,
        signed: bool,
    ) -> Outcome<FileContent> {
        not_yet()
    }
}
