//! What the rules of monitoring say no to.

/// Texts are under `refusal.<code>` in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such service in the register of services.
    UnknownService,
    /// No such criterion in the method, or not one of this subject.
    UnknownCriterion,
    /// Not a month or day as it is written here.
    BadDate,
    /// The bulletin of a month is asked for that has not been published.
    NoBulletin,
    /// No snapshot was taken on this day.
    NoSnapshot,
    /// The month is still running: its figures are not final.
    MonthNotOver,
    /// The bulletin of the month is out; its figures stand.
    MonthClosed,
    /// A number of people below zero or beyond the country.
    CountOutOfRange,
}

impl Refusal {
    pub const ALL: [Refusal; 8] = [
        Refusal::UnknownService,
        Refusal::UnknownCriterion,
        Refusal::BadDate,
        Refusal::NoBulletin,
        Refusal::NoSnapshot,
        Refusal::MonthNotOver,
        Refusal::MonthClosed,
        Refusal::CountOutOfRange,
    ];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownService => "monitor.unknown_service",
            Refusal::UnknownCriterion => "monitor.unknown_criterion",
            Refusal::BadDate => "monitor.bad_date",
            Refusal::NoBulletin => "monitor.no_bulletin",
            Refusal::NoSnapshot => "monitor.no_snapshot",
            Refusal::MonthNotOver => "monitor.month_not_over",
            Refusal::MonthClosed => "monitor.month_closed",
            Refusal::CountOutOfRange => "monitor.count_out_of_range",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::UnknownService | Refusal::UnknownCriterion | Refusal::NoBulletin | Refusal::NoSnapshot => 404,
            Refusal::BadDate => 400,
            Refusal::MonthNotOver | Refusal::MonthClosed => 409,
            Refusal::CountOutOfRange => 422,
        }
    }
}

/// How a use case of monitoring can fail.
pub type Failure = base::Failure<Refusal>;
