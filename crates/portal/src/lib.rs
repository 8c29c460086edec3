//! portal: being written.
