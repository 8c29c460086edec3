//! The typed views of the pages, one per template. They hold what is shown, already in the page's language; handlers fill
//! them, templates only place them. No rule lives here.

mod citizen;
mod desk;
mod office;
mod public;

pub use citizen::*;
pub use desk::*;
pub use office::*;
pub use public::*;
