//! What the house's own tests stand on: a running country as a process, and a real browser. The tests are in `tests/`.

pub mod country;
pub mod webdriver;
