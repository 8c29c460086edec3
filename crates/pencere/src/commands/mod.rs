//! One file a command.

pub mod central;
pub mod check;
pub mod demo;
pub mod score;
pub mod serve;
pub mod tour;
pub mod unseal;
pub mod verify;
