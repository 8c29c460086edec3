//! Bytes to types and back, one folder or file per standard. No input or output, no clock, no policy of the product.

pub mod asn1;
pub mod jose;
pub mod merkle;
pub mod hashchain;
pub mod identifier;
pub mod mime;
pub mod rest;
pub mod soap;
pub mod xml;
pub mod verify;

#[cfg(test)]
mod testkey;
