//! Every way in which notices say no. The codes are stable; each has a test that produces it.

/// A rule of notices said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such message, or it is somebody else's: the two are not told apart.
    MessageUnknown,
    /// Not an e-mail address.
    AddressMalformed,
    /// Mail cannot be switched on for a person whose address is not known.
    AddressMissing,
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::MessageUnknown => "notify.message_unknown",
            Refusal::AddressMalformed => "notify.address_malformed",
            Refusal::AddressMissing => "notify.address_missing",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::MessageUnknown => 404,
            Refusal::AddressMalformed => 400,
            Refusal::AddressMissing => 409,
        }
    }
}

/// What a use case of notices ends in when it does not succeed.
pub type Failure = base::Failure<Refusal>;

pub(crate) fn refuse<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(base::Failure::Refused(refusal))
}
