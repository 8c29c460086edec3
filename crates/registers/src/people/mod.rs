//! The generated population of a demo country: the same people, companies and insurance records from the same seed, made
//! from the country's lists of names, places and figures, plus the fixed demo people. No real person is in it.

mod demo;
mod draw;
mod lists;
mod person;
mod population;
mod seed;
mod work;

pub use demo::{Demo, DemoPerson};
pub use lists::Lists;
pub use population::{Draft, Population, generate};
pub use seed::{Seeded, seed_all};

#[cfg(test)]
mod tests;
