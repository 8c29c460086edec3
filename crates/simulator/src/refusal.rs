//! What card and phone decline before anybody has typed a code.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Not a request that a card understands.
    Unreadable,
    /// The address to return to is not on the list of the demo country.
    ForeignOrigin,
    /// No such request, person or page.
    Unknown,
}

impl Refusal {
    pub const ALL: [Refusal; 3] = [Refusal::Unreadable, Refusal::ForeignOrigin, Refusal::Unknown];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::Unreadable => "simulator.unreadable",
            Refusal::ForeignOrigin => "simulator.foreign_origin",
            Refusal::Unknown => "simulator.unknown",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::Unreadable => 400,
            Refusal::ForeignOrigin => 403,
            Refusal::Unknown => 404,
        }
    }
}
