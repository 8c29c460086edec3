//! The catalogue: every e-service of the country, read from its folder once and never changed while the product runs.

mod card;
mod search;

pub use card::{Agency, Audience, Card, FeeCard, Grade, Group, Period, Report};
pub use search::Hit;

use base::Lang;

/// Every service of the country, in the order of its number.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) cards: Vec<Card>,
    pub(crate) agencies: Vec<Agency>,
    pub(crate) groups: Vec<Group>,
    pub(crate) announced: i64,
    pub(crate) index: search::Index,
}

impl Catalogue {
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    pub fn card(&self, id: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    pub fn agencies(&self) -> &[Agency] {
        &self.agencies
    }

    pub fn agency(&self, code: &str) -> Option<&Agency> {
        self.agencies.iter().find(|agency| agency.code == code)
    }

    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many e-services the law lists (449), of which the cards are those that the report assessed.
    pub fn announced(&self) -> i64 {
        self.announced
    }

    /// Services that fit the words, best first. Words of any of the three languages find a service in all of them.
    pub fn search(&self, words: &str, lang: Lang) -> Vec<Hit<'_>> {
        self.index.search(words, lang, &self.cards)
    }
}
