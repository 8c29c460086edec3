//! Randomness as a parameter. `SystemChance` for secrets and identifiers; `SeededChance` only where the same seed must
//! give the same world (the generated population, simulation) and never for a secret.

use std::sync::Mutex;

/// Where random bytes come from.
pub trait Chance: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);

    fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number in `0..bound`, without bias. `bound` must not be 0.
    fn below(&self, bound: u64) -> u64 {
        assert!(bound > 0, "an empty range has no number to draw");
        let zone = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.u64();
            if drawn < zone {
                return drawn % bound;
            }
        }
    }

    /// `bytes` random bytes in lower-case hexadecimal: tokens, session ids, nonces.
    fn hex(&self, bytes: usize) -> String {
        let mut raw = vec![0; bytes];
        self.fill(&mut raw);
        crate::hex(&raw)
    }

    /// `count` letters from `a` to `z`, drawn together: a call into the system costs more than all of them.
    fn letters(&self, count: usize) -> String {
        /// Bytes from here on would make the first letters likelier.
        const END: u8 = 26 * 9;
        let mut out = String::with_capacity(count);
        let mut drawn = [0; 64];
        while out.len() < count {
            self.fill(&mut drawn);
            let fair = drawn.iter().filter(|byte| **byte < END);
            out.extend(fair.take(count - out.len()).map(|byte| char::from(b'a' + byte % 26)));
        }
        out
    }
}

/// The operating system's randomness.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemChance;

impl Chance for SystemChance {
    #[expect(clippy::disallowed_methods, reason = "the one door to the system's randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key, token or session may be made: stopping is the only safe answer.
        getrandom::fill(bytes).expect("the operating system provides randomness");
    }
}

/// A reproducible stream (SplitMix64) for generated worlds.
#[derive(Debug)]
pub struct SeededChance(Mutex<u64>);

impl SeededChance {
    pub fn new(seed: u64) -> Self {
        SeededChance(Mutex::new(seed))
    }

    fn step(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Chance for SeededChance {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for chunk in bytes.chunks_mut(8) {
            let drawn = Self::step(&mut state).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let (one, two) = (SeededChance::new(7), SeededChance::new(7));
        assert_eq!(one.hex(20), two.hex(20));
        assert_ne!(SeededChance::new(8).u64(), SeededChance::new(7).u64());
    }

    #[test]
    fn below_stays_below_and_reaches_every_number() {
        let chance = SeededChance::new(1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[usize::try_from(chance.below(6)).expect("six fits")] = true;
        }
        assert_eq!(seen, [true; 6]);
    }

    #[test]
    fn letters_are_as_many_as_wanted_and_all_of_them_come() {
        let chance = SeededChance::new(1);
        for count in [0, 1, 30, 64, 65, 1_000] {
            let letters = chance.letters(count);
            assert!(letters.len() == count && letters.bytes().all(|letter| letter.is_ascii_lowercase()), "{letters}");
        }
        let many = chance.letters(26_000);
        for letter in 'a'..='z' {
            let count = many.matches(letter).count();
            assert!((850..1_150).contains(&count), "{letter} stands there {count} times");
        }
    }

    #[test]
    fn system_chance_does_not_repeat() {
        assert_ne!(SystemChance.hex(16), SystemChance.hex(16));
    }
}
