//! What the house's own tests stand on: a running country as a process, a real browser, and the judging of test vectors made
//! by others. The tests are in `tests/`.

pub mod country;
pub mod page;
pub mod seeds;
pub mod vectors;
pub mod webdriver;
