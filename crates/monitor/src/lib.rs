//! monitor: being written.
