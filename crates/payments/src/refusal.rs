//! Every way in which payments say no. The codes are stable; each has a test that produces it.

/// A rule of payments said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The subscriber code is not fourteen digits or its check digits are wrong (ISO 7064).
    CodeMistyped,
    DebtUnknown,
    PaymentUnknown,
    FeeUnknown,
    /// The same origin and key were used before for another debt.
    KeyReused,
    DebtAlreadyPaid,
    DebtCancelled,
    /// The debt cannot be changed while a payment of it may still succeed.
    DebtInPayment,
    /// An earlier attempt has run out, and the bank has not yet said what became of it.
    AwaitingBank,
    /// The address to come back to is not a path of the portal.
    ReturnAddress,
    /// Not signed by the bank, or not for this merchant.
    ReportForged,
    /// Signed, but sent too long ago or in the future: a copy of an old message.
    ReportStale,
    /// Signed, but not of the agreed shape.
    ReportMalformed,
    OrderUnknown,
    WrongAmount,
    /// The bank says the opposite of what it said and what was recorded.
    ReportContradicts,
    /// The payment's state does not allow the step (reversing what was not paid, settling what is not in suspense).
    StepNotAllowed,
    /// An account that must not be overdrawn would be.
    AccountOverdrawn,
    ReceiptUnknown,
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::CodeMistyped => "payments.code_mistyped",
            Refusal::DebtUnknown => "payments.debt_unknown",
            Refusal::PaymentUnknown => "payments.payment_unknown",
            Refusal::FeeUnknown => "payments.fee_unknown",
            Refusal::KeyReused => "payments.key_reused",
            Refusal::DebtAlreadyPaid => "payments.debt_already_paid",
            Refusal::DebtCancelled => "payments.debt_cancelled",
            Refusal::DebtInPayment => "payments.debt_in_payment",
            Refusal::AwaitingBank => "payments.awaiting_bank",
            Refusal::ReturnAddress => "payments.return_address",
            Refusal::ReportForged => "payments.report_forged",
            Refusal::ReportStale => "payments.report_stale",
            Refusal::ReportMalformed => "payments.report_malformed",
            Refusal::OrderUnknown => "payments.order_unknown",
            Refusal::WrongAmount => "payments.wrong_amount",
            Refusal::ReportContradicts => "payments.report_contradicts",
            Refusal::StepNotAllowed => "payments.step_not_allowed",
            Refusal::AccountOverdrawn => "payments.account_overdrawn",
            Refusal::ReceiptUnknown => "payments.receipt_unknown",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::CodeMistyped | Refusal::ReturnAddress | Refusal::ReportMalformed => 400,
            Refusal::ReportForged | Refusal::ReportStale => 401,
            Refusal::DebtUnknown
            | Refusal::PaymentUnknown
            | Refusal::FeeUnknown
            | Refusal::OrderUnknown
            | Refusal::ReceiptUnknown => 404,
            Refusal::WrongAmount => 422,
            Refusal::KeyReused
            | Refusal::DebtAlreadyPaid
            | Refusal::DebtCancelled
            | Refusal::DebtInPayment
            | Refusal::AwaitingBank
            | Refusal::ReportContradicts
            | Refusal::StepNotAllowed
            | Refusal::AccountOverdrawn => 409,
        }
    }
}

/// What a use case of payments ends in when it does not succeed.
pub type Failure = base::Failure<Refusal>;

/// Shorthand for the refusing end of a use case.
pub(crate) fn refuse<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(base::Failure::Refused(refusal))
}
