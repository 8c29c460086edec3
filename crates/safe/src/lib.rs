//! safe: being written.
