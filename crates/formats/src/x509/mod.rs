//! Certificates (RFC 5280): reading them, issuing them by profile through a `base::Signer`, checking a path to given
//! anchors at a given instant. Revocation is not here: see `ocsp`.

mod certificate;
mod extensions;
mod issue;
mod name;
mod path;
mod pem;
mod profile;

pub use certificate::{CERTIFICATE_SIZE_BYTES_MAX, Certificate};
pub use extensions::{Extensions, KeyUsage};
pub(crate) use issue::in_der;
pub use issue::{Issuer, Template, key_identifier, sign_tbs};
pub use name::{Name, NameBuilder};
pub use path::{PATH_LENGTH_MAX, PathError, PathRules, check_path, find_path};
pub use pem::{from_pem, from_written, to_pem};
pub use profile::{Profile, SubjectKind};

#[cfg(test)]
mod tests;
