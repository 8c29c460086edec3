//! What happens to the country, drawn from a seed.

use base::{Chance, SeededChance};
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// Every packet of a process is lost for a while.
    LinkDown(&'static str, Duration),
    /// A fifth of the packets is lost, in bursts, so many times.
    LinkFlapping(&'static str, u64),
    /// A process does nothing, its connections stay: everything that it owes comes late.
    Frozen(&'static str, Duration),
    /// `kill -9`, and a start after a while.
    Killed(&'static str, Duration),
}

impl Trouble {
    pub fn draw(chance: &SeededChance) -> Trouble {
        let any = ["asker", "keeper", "echo", "world"];
        let role = any[usize::try_from(chance.below(4)).expect("below four")];
        // Both servers die most often: their logs are what is judged.
        let killed = if chance.below(4) == 0 { role } else { any[usize::from(chance.below(2) == 0)] };
        let pause = Duration::from_millis(50 + chance.below(2_000));
        match chance.below(6) {
            0 => Trouble::LinkDown(role, pause),
            1 => Trouble::LinkFlapping(role, 1 + chance.below(20)),
            2 => Trouble::Frozen(role, pause),
            _ => Trouble::Killed(killed, pause / 4),
        }
    }
}
