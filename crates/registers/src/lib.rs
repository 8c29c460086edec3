//! registers: being written.
