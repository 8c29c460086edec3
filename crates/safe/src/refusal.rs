//! Every way in which the e-Safe says no. The codes are stable; each has a test that produces it.

/// A rule of the e-Safe said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Neither `PIN:…` nor `TIN:…`.
    OwnerMalformed,
    /// An empty file is no document.
    DocumentEmpty,
    DocumentTooLarge,
    /// The same origin and key were used before for another owner's or another kind of document.
    KeyReused,
    /// There is no such document, or it is somebody else's: the two are not told apart.
    DocumentUnknown,
    /// The owner's key was destroyed; nobody can read the document any more.
    DocumentErased,
    /// The verification code's check character is wrong.
    CodeMistyped,
    CodeUnknown,
    /// The document was withdrawn before, with another reason or successor.
    AlreadyWithdrawn,
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::OwnerMalformed => "safe.owner_malformed",
            Refusal::DocumentEmpty => "safe.document_empty",
            Refusal::DocumentTooLarge => "safe.document_too_large",
            Refusal::KeyReused => "safe.key_reused",
            Refusal::DocumentUnknown => "safe.document_unknown",
            Refusal::DocumentErased => "safe.document_erased",
            Refusal::CodeMistyped => "safe.code_mistyped",
            Refusal::CodeUnknown => "safe.code_unknown",
            Refusal::AlreadyWithdrawn => "safe.already_withdrawn",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::OwnerMalformed | Refusal::DocumentEmpty | Refusal::CodeMistyped => 400,
            Refusal::DocumentUnknown | Refusal::CodeUnknown => 404,
            Refusal::KeyReused | Refusal::AlreadyWithdrawn => 409,
            Refusal::DocumentErased => 410,
            Refusal::DocumentTooLarge => 413,
        }
    }
}

/// What a use case of the e-Safe ends in when it does not succeed.
pub type Failure = base::Failure<Refusal>;

pub(crate) fn refuse<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(base::Failure::Refused(refusal))
}
