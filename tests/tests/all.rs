//! One test binary for everything that looks at the house from outside.

mod browser;
mod commands;
mod federation;
mod first_request;
mod fuzzing;
mod kill;
mod soak;
mod tidy;
mod vectors;
