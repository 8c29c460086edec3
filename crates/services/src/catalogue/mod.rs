//! The catalogue: every e-service of the country, read from its folder once and never changed while the product runs.

mod card;
mod check;
mod definition;
mod load;
mod search;

pub use card::{Agency, Audience, Card, FeeCard, Grade, Group, Period, Report};
pub use definition::{Amount, Definition, DocumentWords};
pub use load::{Problem, load};
pub use search::Hit;

use crate::calendar::Calendar;
use base::Lang;
use std::{collections::BTreeMap, sync::Arc};

/// Every service of the country, in the order of its number.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) cards: Vec<Card>,
    pub(crate) agencies: Vec<Agency>,
    pub(crate) groups: Vec<Group>,
    pub(crate) announced: i64,
    pub(crate) reference_prefix: String,
    pub(crate) receipt_prefix: String,
    pub(crate) index: search::Index,
    pub(crate) online: BTreeMap<String, Arc<Definition>>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) words: DocumentWords,
}

impl Catalogue {
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    pub fn card(&self, id: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    /// The whole definition of a service that can be asked for here.
    pub fn definition(&self, id: &str) -> Option<&Arc<Definition>> {
        self.online.get(id)
    }

    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    pub fn words(&self) -> &DocumentWords {
        &self.words
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

#[cfg(test)]
mod tests;
