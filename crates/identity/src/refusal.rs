//! Why a visitor of the log-in pages is told no. What a client's server is told stands in `oidc`, in the words of the protocol.

/// Each is a page with its own sentence and a way on. None says whether a person, number or card is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No client is registered under this name, or the query cannot be read: nobody to send an error back to.
    UnknownClient,
    /// The redirect address is not registered for this client.
    ForeignRedirect,
    /// This log-in is over, or was begun in another browser.
    AttemptOver,
    /// The form's token is not this browser's.
    FormExpired,
    /// The country has switched this way of logging in off.
    MethodOff,
    TooManyAttempts,
    /// The challenge that the card signed is used up or too old.
    ChallengeOver,
    /// Certificate or signature are not good; the audit entry says which.
    CardNotAccepted,
    /// The number or the PIN is not written as one.
    PhoneUnreadable,
    /// Not confirmed on the phone: refused, no answer in time, unknown there, or not a good certificate.
    PhoneNotConfirmed,
    /// The register does not name this person for that company (any more).
    NoMandate,
    /// The back office is for those who hold an office.
    NoOffice,
    NoSuchPage,
}

impl Refusal {
    pub const ALL: [Refusal; 13] = [
        Refusal::UnknownClient,
        Refusal::ForeignRedirect,
        Refusal::AttemptOver,
        Refusal::FormExpired,
        Refusal::MethodOff,
        Refusal::TooManyAttempts,
        Refusal::ChallengeOver,
        Refusal::CardNotAccepted,
        Refusal::PhoneUnreadable,
        Refusal::PhoneNotConfirmed,
        Refusal::NoMandate,
        Refusal::NoOffice,
        Refusal::NoSuchPage,
    ];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownClient => "identity.unknown_client",
            Refusal::ForeignRedirect => "identity.foreign_redirect",
            Refusal::AttemptOver => "identity.attempt_over",
            Refusal::FormExpired => "identity.form_expired",
            Refusal::MethodOff => "identity.method_off",
            Refusal::TooManyAttempts => "identity.too_many_attempts",
            Refusal::ChallengeOver => "identity.challenge_over",
            Refusal::CardNotAccepted => "identity.card_not_accepted",
            Refusal::PhoneUnreadable => "identity.phone_unreadable",
            Refusal::PhoneNotConfirmed => "identity.phone_not_confirmed",
            Refusal::NoMandate => "identity.no_mandate",
            Refusal::NoOffice => "identity.no_office",
            Refusal::NoSuchPage => "identity.no_such_page",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::UnknownClient | Refusal::ForeignRedirect | Refusal::AttemptOver => 400,
            Refusal::FormExpired | Refusal::ChallengeOver => 400,
            Refusal::MethodOff | Refusal::NoSuchPage => 404,
            Refusal::TooManyAttempts => 429,
            Refusal::PhoneUnreadable => 422,
            Refusal::CardNotAccepted | Refusal::PhoneNotConfirmed | Refusal::NoMandate | Refusal::NoOffice => 403,
        }
    }
}
