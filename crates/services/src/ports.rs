//! What the engine needs of other parts, in its own words; the binary's wiring joins each port to the part that has it.
//! Evidence is asked through `base::dataservice::DataServices`.

use base::{Failure, Fault, Localized, Money, Timestamp};
use host::store::Tx;
use std::{future::Future, pin::Pin as Pinned};

pub type PortFuture<'a, T> = Pinned<Box<dyn Future<Output = T> + Send + 'a>>;

/// A file that goes into a signed container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileToSign {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// A signature in the making: the digest goes to the card or the phone, `kept` comes back to `complete` unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub digest: [u8; 32],
    pub kept: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContainer {
    /// The ASiC-E container with certificate, OCSP response and time-stamp inside.
    pub bytes: Vec<u8>,
    pub signer_name: String,
    /// PIN of the signer, as the certificate's serialNumber says it without its prefix.
    pub signer_pin: String,
    /// The time of the time-stamp.
    pub signed_at: Timestamp,
}

/// The signing part's own refusal, passed on to the person as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignRefusal {
    pub code: &'static str,
    pub status: u16,
}

impl base::Refusal for SignRefusal {
    fn code(&self) -> &'static str {
        self.code
    }

    fn status(&self) -> u16 {
        self.status
    }
}

/// Signing in two steps, with the key in the person's card or phone between them.
pub trait SignDocuments: Send + Sync {
    /// `certificate`: the signer's certificate, DER.
    fn prepare<'a>(
        &'a self,
        files: &'a [FileToSign],
        certificate: &'a [u8],
        at: Timestamp,
    ) -> PortFuture<'a, Result<Prepared, Failure<SignRefusal>>>;

    /// Checks the signature value against the certificate, asks for status and time, closes the container.
    fn complete<'a>(
        &'a self,
        files: &'a [FileToSign],
        kept: &'a [u8],
        signature: &'a [u8],
    ) -> PortFuture<'a, Result<SignedContainer, Failure<SignRefusal>>>;
}

/// A fee that is owed for a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDebt {
    /// The case's reference: raising the same debt twice gives the same debt.
    pub case_reference: String,
    /// Id of the fee in the country's tariff.
    pub fee: String,
    pub amount: Money,
    pub title: Localized,
    /// Member code of the agency that is owed.
    pub payee: String,
    /// PIN of the person who pays.
    pub payer: String,
    /// TIN of the company in whose name the person acts.
    pub payer_company: Option<String>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    pub at: Timestamp,
    pub amount: Money,
    pub receipt_number: String,
}

pub trait Fees: Send + Sync {
    /// Records the debt in the caller's transaction and returns its code.
    fn raise<'a>(&'a self, tx: &'a mut Tx, debt: NewDebt) -> PortFuture<'a, Result<String, Fault>>;

    /// Whether the debt is paid, by its committed state.
    fn paid<'a>(&'a self, debt_code: &'a str) -> PortFuture<'a, Result<Option<Paid>, Fault>>;

    /// Gives up a debt of a withdrawn application, in the caller's transaction; a paid one stays as it is.
    fn cancel<'a>(&'a self, tx: &'a mut Tx, debt_code: &'a str, at: Timestamp) -> PortFuture<'a, Result<(), Fault>>;
}

/// A document on its way to its owner's e-Safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeDocument {
    /// Depositing the same key twice deposits once.
    pub key: String,
    /// Public code of the verification page; unguessable, chosen by the engine.
    pub verification_code: String,
    /// `receipt` or `decision`.
    pub kind: &'static str,
    /// `PIN:…` or `TIN:…`.
    pub owner: String,
    pub owner_name: String,
    /// PIN of the person who applied (the owner, or the one who acts for the owning company).
    pub applicant: String,
    pub number: String,
    pub title: Localized,
    /// Member code of the agency that issues it, and its name.
    pub agency: String,
    pub issuer: Localized,
    /// `application/vnd.etsi.asic-e+zip` or `application/pdf`.
    pub media_type: &'static str,
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub case_reference: String,
    pub issued_at: Timestamp,
    /// The day in the country.
    pub issued_on: base::Date,
    /// Last day on which the document holds good.
    pub valid_to: Option<base::Date>,
}

pub trait Safe: Send + Sync {
    /// A new public code; it is printed on the document before the document exists.
    fn draw_code(&self) -> String;

    /// Where anyone may check the document; it is printed as text and as a QR code before the document exists in the safe.
    fn verification_address(&self, verification_code: &str) -> String;

    fn deposit(&self, document: SafeDocument) -> PortFuture<'_, Result<(), Fault>>;
}
