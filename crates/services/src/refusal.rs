//! Every way in which the e-service engine says no. Each variant has one stable code, which is also the key of its text.

use crate::case::State;
use base::Localized;

/// Why one answer of a form was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    pub field: String,
    /// `services.field_required` …: the key of the message.
    pub code: &'static str,
    /// The service's own words, for rules that it declares itself; they stand instead of the message of `code`.
    pub message: Option<Localized>,
}

impl FieldProblem {
    pub fn new(field: &str, code: &'static str) -> Self {
        FieldProblem { field: field.to_owned(), code, message: None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    UnknownService,
    /// The service stands in the catalogue but cannot be asked for here.
    NotOnline,
    /// No such case, or it is not this person's (the two are not told apart).
    UnknownCase,
    /// Only a company may ask for this service, and the person acts for none.
    CompanyNeeded,
    /// The same applicant already has this service under way.
    AlreadyOpen {
        reference: String,
    },
    UnknownStep,
    /// Answers that do not stand, field by field.
    Invalid(Vec<FieldProblem>),
    /// Steps that still lack answers, by their ids in order.
    Incomplete(Vec<String>),
    /// The transition table has no such edge from the present state.
    NotNow {
        state: State,
    },
    /// Another tab or another official changed the case meanwhile.
    Stale,
    UnknownField,
    FileEmpty,
    FileTooLarge,
    FileKind,
    FileName,
    TooManyFiles,
    UnknownFile,
    NothingToSign,
    /// The signature is good, but of somebody else.
    SignatureOfAnother,
    /// The signing part refused; its own code and status are passed on.
    Signature {
        code: &'static str,
        status: u16,
    },
    NotYourQueue,
    TakenByAnother,
    TakeFirst,
    /// Nobody decides their own application.
    OwnCase,
    ReasonNeeded,
    TextTooLong,
    /// A fact that the law needs has neither come from its register nor from an original.
    EvidenceMissing,
    /// A condition of the law is not met, so an approval would be wrong.
    CheckNotMet,
    UnknownEvidence,
    OriginalNotAsked,
    UnknownDocument,
    RatingRange,
    FeedbackTwice,
    FeedbackEarly,
}

impl Refusal {
    fn row(&self) -> (&'static str, u16) {
        match self {
            Refusal::UnknownService => ("services.unknown_service", 404),
            Refusal::NotOnline => ("services.not_online", 409),
            Refusal::UnknownCase => ("services.unknown_case", 404),
            Refusal::CompanyNeeded => ("services.company_needed", 422),
            Refusal::AlreadyOpen { .. } => ("services.already_open", 409),
            Refusal::UnknownStep => ("services.unknown_step", 404),
            Refusal::Invalid(_) => ("services.invalid_answers", 422),
            Refusal::Incomplete(_) => ("services.incomplete", 422),
            Refusal::NotNow { .. } => ("services.not_now", 409),
            Refusal::Stale => ("services.stale", 409),
            Refusal::UnknownField => ("services.unknown_field", 404),
            Refusal::FileEmpty => ("services.file_empty", 422),
            Refusal::FileTooLarge => ("services.file_too_large", 413),
            Refusal::FileKind => ("services.file_kind", 415),
            Refusal::FileName => ("services.file_name", 422),
            Refusal::TooManyFiles => ("services.too_many_files", 422),
            Refusal::UnknownFile => ("services.unknown_file", 404),
            Refusal::NothingToSign => ("services.nothing_to_sign", 409),
            Refusal::SignatureOfAnother => ("services.signature_of_another", 403),
            Refusal::Signature { code, status } => (code, *status),
            Refusal::NotYourQueue => ("services.not_your_queue", 403),
            Refusal::TakenByAnother => ("services.taken_by_another", 409),
            Refusal::TakeFirst => ("services.take_first", 409),
            Refusal::OwnCase => ("services.own_case", 403),
            Refusal::ReasonNeeded => ("services.reason_needed", 422),
            Refusal::TextTooLong => ("services.text_too_long", 422),
            Refusal::EvidenceMissing => ("services.evidence_missing", 409),
            Refusal::CheckNotMet => ("services.check_not_met", 409),
            Refusal::UnknownEvidence => ("services.unknown_evidence", 404),
            Refusal::OriginalNotAsked => ("services.original_not_asked", 409),
            Refusal::UnknownDocument => ("services.unknown_document", 404),
            Refusal::RatingRange => ("services.rating_range", 422),
            Refusal::FeedbackTwice => ("services.feedback_twice", 409),
            Refusal::FeedbackEarly => ("services.feedback_early", 409),
        }
    }
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn status(&self) -> u16 {
        self.row().1
    }
}

/// What every use case of this part can end in.
pub type Outcome<T> = Result<T, base::Failure<Refusal>>;
