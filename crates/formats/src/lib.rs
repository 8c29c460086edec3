//! Bytes to types and back, one folder or file per standard. No input or output, no clock, no policy of the product.

pub mod asice;
pub mod asn1;
pub mod cms;
pub mod flaw;
pub mod globalconf;
pub mod hashchain;
pub mod identifier;
pub mod jose;
pub mod merkle;
pub mod message;
pub mod mime;
pub mod ocsp;
pub mod rest;
pub mod soap;
pub mod tsp;
pub mod verify;
pub mod x509;
pub mod xades;
pub mod xml;

#[cfg(test)]
mod testkey;
#[cfg(test)]
mod testpki;
