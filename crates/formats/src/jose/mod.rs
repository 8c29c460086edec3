//! JSON Web Signature with ES256 only (RFC 7515, RFC 7518 §3.4), JSON Web Keys on P-256 (RFC 7517) and their thumbprints
//! (RFC 7638). One algorithm, so that no header can choose a weaker one (RFC 8725 §3.1).

mod jwk;
mod jws;

pub use jwk::{Jwk, Jwks};
pub use jws::{TOKEN_SIZE_BYTES_MAX, UnverifiedJws, VerifiedJws, read, sign};

/// Why a token or key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoseError {
    /// Not three base64url parts with a JSON header, or longer than `TOKEN_SIZE_BYTES_MAX`.
    Malformed,
    /// `alg` is not ES256, or `crit` asks for something unknown (RFC 7515 §4.1.11).
    Algorithm,
    /// No key of the set has the token's `kid`.
    UnknownKey,
    /// The signature value is not this key's over these parts.
    Signature,
}

impl std::fmt::Display for JoseError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            JoseError::Malformed => "malformed token",
            JoseError::Algorithm => "algorithm not accepted",
            JoseError::UnknownKey => "unknown key",
            JoseError::Signature => "signature does not verify",
        })
    }
}

impl std::error::Error for JoseError {}
