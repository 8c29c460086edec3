//! Draws from a reproducible stream: one of a list, one by share, a number of a form.

use base::{Chance, Date, Pin, SeededChance};
use jiff::ToSpan;

/// One of a list. `Lists::load` lets no empty list pass.
pub(super) fn one_of<'a, T>(chance: &SeededChance, list: &'a [T]) -> &'a T {
    &list[index(chance, list.len())]
}

pub(super) fn index(chance: &SeededChance, length: usize) -> usize {
    let length = u64::try_from(length).expect("a list in memory has fewer than 2^64 entries");
    usize::try_from(chance.below(length)).expect("below the length of a list")
}

/// One of a list by weight.
pub(super) fn by_share<'a, T>(chance: &SeededChance, list: &'a [T], share: impl Fn(&T) -> u64) -> &'a T {
    let mut drawn = chance.below(list.iter().map(&share).sum());
    for entry in list {
        match drawn.checked_sub(share(entry)) {
            Some(rest) => drawn = rest,
            None => return entry,
        }
    }
    unreachable!("the draw is below the sum of the shares")
}

/// From `from` to `to`, both included.
pub(super) fn between(chance: &SeededChance, from: u64, to: u64) -> u64 {
    from + chance.below(to.saturating_sub(from) + 1)
}

/// True for so many out of a thousand.
pub(super) fn permille(chance: &SeededChance, share: u64) -> bool {
    chance.below(1000) < share
}

/// A text of the form `mask`, in which `#` is any digit.
pub(super) fn digits(chance: &SeededChance, mask: &str) -> String {
    let mut drawn = chance.u64();
    let mut text = String::with_capacity(mask.len());
    for place in mask.chars() {
        if place == '#' {
            let digit = u32::try_from(drawn % 10).expect("below ten");
            text.push(char::from_digit(digit, 10).expect("below ten"));
            drawn /= 10;
        } else {
            text.push(place);
        }
    }
    text
}

pub(super) fn pin(chance: &SeededChance) -> String {
    let letters = Pin::ALPHABET.as_bytes();
    (0..Pin::LENGTH).map(|_| char::from(letters[index(chance, letters.len())])).collect()
}

/// A day up to `days` days before `day`.
pub(super) fn day_before(chance: &SeededChance, day: Date, days: u64) -> Date {
    let back = i64::try_from(chance.below(days.max(1))).expect("days of a life");
    day.saturating_sub(back.days())
}
