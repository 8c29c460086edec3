//! Every way in which a register says no. Data of a person never appears in a refusal; at most the name of a field does.

/// A register's refusal. The code is stable; the field, where there is one, says which part of the question was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    UnknownService,
    /// Not JSON or not a SOAP message, or not one flat object.
    MalformedBody,
    BodyTooLarge,
    /// No `X-Road-Client` (or SOAP header `client`): whoever asks must be named by the security server.
    MissingClient,
    MissingPurpose,
    PurposeNotAllowed,
    MissingCase,
    MissingUser,
    MissingInput(String),
    UnknownInput(String),
    BadPin,
    BadValue(String),
    UnknownPerson,
    UnknownRecord,
    /// A service for a person's own data was asked about somebody else.
    NotYourData,
    UnknownAccess,
    UnknownField(String),
    FieldNotCorrectable(String),
    ValueUnchanged,
    CorrectionPending,
    UnknownCorrection,
    CorrectionDecided,
    /// The key is taken by a record with another content.
    RecordDiffers,
    /// A value that only one record may have belongs to another one.
    ValueTaken(String),
}

impl Refusal {
    /// The field of the question or of the register that is meant.
    pub fn field(&self) -> Option<&str> {
        match self {
            Refusal::MissingInput(field)
            | Refusal::UnknownInput(field)
            | Refusal::BadValue(field)
            | Refusal::UnknownField(field)
            | Refusal::FieldNotCorrectable(field)
            | Refusal::ValueTaken(field) => Some(field),
            _ => None,
        }
    }

    /// For machines and logs; people read the text of `refusal.<code>` in their language.
    pub fn english(&self) -> &'static str {
        match self {
            Refusal::UnknownService => "the register has no such data service",
            Refusal::MalformedBody => "the question cannot be read",
            Refusal::BodyTooLarge => "the question is too large",
            Refusal::MissingClient => "the question does not name the asking subsystem",
            Refusal::MissingPurpose => "the question does not name its purpose",
            Refusal::PurposeNotAllowed => "the data service does not serve this purpose",
            Refusal::MissingCase => "this purpose needs the case it is asked for",
            Refusal::MissingUser => "this purpose needs the person who acts",
            Refusal::MissingInput(_) => "a field of the question is missing",
            Refusal::UnknownInput(_) => "the question has a field that the data service does not know",
            Refusal::BadPin => "this is no PIN",
            Refusal::BadValue(_) => "a field of the question has a value of the wrong form",
            Refusal::UnknownPerson => "the register holds no such person",
            Refusal::UnknownRecord => "the register holds no such record",
            Refusal::NotYourData => "a person may ask this about themself only",
            Refusal::UnknownAccess => "the access log has no such entry about this person",
            Refusal::UnknownField(_) => "the register has no such field about this person",
            Refusal::FieldNotCorrectable(_) => "this field is not corrected on request",
            Refusal::ValueUnchanged => "the register already holds this value",
            Refusal::CorrectionPending => "another correction of this field is being decided",
            Refusal::UnknownCorrection => "there is no such correction request",
            Refusal::CorrectionDecided => "the correction was already decided differently",
            Refusal::RecordDiffers => "the register already holds this record with another content",
            Refusal::ValueTaken(_) => "another record already has this value",
        }
    }
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownService => "registers.unknown_service",
            Refusal::MalformedBody => "registers.malformed_body",
            Refusal::BodyTooLarge => "registers.body_too_large",
            Refusal::MissingClient => "registers.missing_client",
            Refusal::MissingPurpose => "registers.missing_purpose",
            Refusal::PurposeNotAllowed => "registers.purpose_not_allowed",
            Refusal::MissingCase => "registers.missing_case",
            Refusal::MissingUser => "registers.missing_user",
            Refusal::MissingInput(_) => "registers.missing_input",
            Refusal::UnknownInput(_) => "registers.unknown_input",
            Refusal::BadPin => "registers.bad_pin",
            Refusal::BadValue(_) => "registers.bad_value",
            Refusal::UnknownPerson => "registers.unknown_person",
            Refusal::UnknownRecord => "registers.unknown_record",
            Refusal::NotYourData => "registers.not_your_data",
            Refusal::UnknownAccess => "registers.unknown_access",
            Refusal::UnknownField(_) => "registers.unknown_field",
            Refusal::FieldNotCorrectable(_) => "registers.field_not_correctable",
            Refusal::ValueUnchanged => "registers.value_unchanged",
            Refusal::CorrectionPending => "registers.correction_pending",
            Refusal::UnknownCorrection => "registers.unknown_correction",
            Refusal::CorrectionDecided => "registers.correction_decided",
            Refusal::RecordDiffers => "registers.record_differs",
            Refusal::ValueTaken(_) => "registers.value_taken",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::MalformedBody
            | Refusal::MissingClient
            | Refusal::MissingPurpose
            | Refusal::MissingCase
            | Refusal::MissingUser
            | Refusal::MissingInput(_)
            | Refusal::UnknownInput(_) => 400,
            Refusal::PurposeNotAllowed | Refusal::NotYourData => 403,
            Refusal::UnknownService
            | Refusal::UnknownPerson
            | Refusal::UnknownRecord
            | Refusal::UnknownAccess
            | Refusal::UnknownCorrection => 404,
            Refusal::ValueUnchanged
            | Refusal::CorrectionPending
            | Refusal::CorrectionDecided
            | Refusal::RecordDiffers
            | Refusal::ValueTaken(_) => 409,
            Refusal::BodyTooLarge => 413,
            Refusal::BadPin | Refusal::BadValue(_) | Refusal::UnknownField(_) | Refusal::FieldNotCorrectable(_) => 422,
        }
    }
}
