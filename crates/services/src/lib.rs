//! services: being written.
