//! trust: being written.
