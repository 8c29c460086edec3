//! simulator: being written.
