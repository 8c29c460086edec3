//! payments: being written.
