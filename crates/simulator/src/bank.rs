//! bank: being written.
