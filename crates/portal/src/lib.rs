//! portal: every page that people see, for the citizen, the official, the operator and the public. It owns no rule: it reads
//! a request, calls the part whose matter it is, and places the answer. Works without JavaScript; sends nothing elsewhere.

pub mod pages;
pub mod parts;
pub mod shell;
pub mod texts;

#[cfg(test)]
mod samples;
