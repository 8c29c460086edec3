//! Search in the catalogue: folded words of three languages, title before keywords before text, beginnings of words, one
//! wrong letter forgiven. A few dozen to a few hundred services: a scan is faster than any index structure.

use super::card::Card;
use base::{Lang, fold::fold};

/// Longer queries are cut: nobody types more, and the scan's cost grows with it.
const WORDS_MAX: usize = 8;
/// Shorter words must match as they are: one wrong letter in three is another word.
const TYPO_LETTERS_MIN: usize = 5;

/// A service that fits, with the language in which the words were found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    pub card: &'a Card,
    pub score: u32,
}

#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    card: usize,
    lang: Lang,
    title: Vec<String>,
    keywords: Vec<String>,
    text: Vec<String>,
}

impl Index {
    pub fn new(cards: &[Card], agency_name: impl Fn(&Card, Lang) -> String) -> Index {
        let words = |text: &str| fold(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let entry = |(place, card): (usize, &Card), lang: Lang| Entry {
            card: place,
            lang,
            title: words(card.title.in_lang(lang)),
            keywords: words(&format!("{} {}", card.id, card.keywords.in_lang(lang))),
            text: words(&format!("{} {}", card.summary.in_lang(lang), agency_name(card, lang))),
        };
        let entries =
            cards.iter().enumerate().flat_map(|numbered| Lang::ALL.map(|lang| entry(numbered, lang))).collect();
        Index { entries }
    }

    pub fn search<'a>(&self, typed: &str, lang: Lang, cards: &'a [Card]) -> Vec<Hit<'a>> {
        let folded = fold(typed);
        let words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).take(WORDS_MAX).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let mut best = vec![0_u32; cards.len()];
        for entry in &self.entries {
            // The reader's own language wins a tie.
            let score = entry.score(&words).map_or(0, |score| score * 2 + u32::from(entry.lang == lang));
            best[entry.card] = best[entry.card].max(score);
        }
        let mut hits: Vec<_> = best
            .into_iter()
            .zip(cards)
            .filter(|(score, _)| *score > 0)
            .map(|(score, card)| Hit { card, score })
            .collect();
        // Stable: equal scores keep the catalogue's order; what can be asked for here comes before what cannot.
        hits.sort_by_key(|hit| (std::cmp::Reverse(hit.score), !hit.card.online));
        hits
    }
}

impl Entry {
    /// Sum over the words; none if a word fits nowhere.
    fn score(&self, words: &[&str]) -> Option<u32> {
        words.iter().map(|word| self.word_score(word)).sum::<Option<u32>>()
    }

    fn word_score(&self, typed: &str) -> Option<u32> {
        let place = |words: &[String], weight: u32| {
            words.iter().filter_map(|word| fit(typed, word)).max().map(|fit| fit * weight)
        };
        [place(&self.title, 16), place(&self.keywords, 6), place(&self.text, 2)].into_iter().flatten().max()
    }
}

/// 4 the word itself, 3 its beginning, 1 with one wrong letter (also in its beginning); none if it does not fit.
fn fit(typed: &str, word: &str) -> Option<u32> {
    let letters = typed.chars().count();
    if typed == word {
        Some(4)
    } else if word.starts_with(typed) {
        Some(3)
    } else if letters >= TYPO_LETTERS_MIN && beginnings(word, letters).any(|part| one_edit(typed, part)) {
        Some(1)
    } else {
        None
    }
}

/// The beginnings of a word that are as long as what was typed, one letter shorter or one longer.
fn beginnings(word: &str, letters: usize) -> impl Iterator<Item = &str> {
    (letters - 1..=letters + 1).filter_map(move |length| {
        let end = word.char_indices().map(|(at, _)| at).chain([word.len()]).nth(length)?;
        Some(&word[..end])
    })
}

/// Whether one letter changed, missing, added, or two neighbours swapped make the one word the other.
fn one_edit(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    match (one.len(), other.len()) {
        (a, b) if a == b && a >= 1 => {
            one[1..] == other[1..] || (a >= 2 && one[0] == other[1] && one[1] == other[0] && one[2..] == other[2..])
        }
        (a, b) if a + 1 == b => one == &other[1..],
        (a, b) if b + 1 == a => &one[1..] == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{fit, one_edit};

    #[test]
    fn one_wrong_letter_is_forgiven_in_long_words_only() {
        for (typed, word, expected) in [
            ("icaze", "icaze", Some(4)),
            ("ica", "icaze", Some(3)),
            ("tikinri", "tikinti", Some(1)),
            ("tikniti", "tikinti", Some(1)),
            ("tikiti", "tikinti", Some(1)),
            ("issizliik", "issizlik", Some(1)),
            ("issizlk", "issizlikden", Some(1)),
            ("ev", "av", None),
            ("baca", "daca", None),
            ("muavinet", "icaze", None),
            ("пособме", "пособие", Some(1)),
        ] {
            assert_eq!(fit(typed, word), expected, "{typed} {word}");
        }
    }

    #[test]
    fn two_wrong_letters_are_two() {
        assert!(!one_edit("tixinri", "tikinti"));
        assert!(!one_edit("abc", "abcde"));
        assert!(!one_edit("", ""));
    }
}
