//! The country's method folder against the report's figures, and the stored parts on both databases.

mod folder;
mod report;
mod running;
