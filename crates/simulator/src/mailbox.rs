//! mailbox: being written.
