//! Tokens in the configuration file, in the words of the operator.

use base::Algorithm;
use exchange::setup::ServerToken;
use host::token::TokenPlace;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A token that holds keys of security servers (docs/CONFIGURATION.md).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenSettings {
    pub module: PathBuf,
    pub label: String,
    pub pin_file: PathBuf,
    pub servers: Option<Vec<String>>,
    #[serde(default = "default_keys")]
    pub keys: Vec<Usage>,
    #[serde(default = "default_signing")]
    pub signing: KeyKind,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Usage {
    Signing,
    Authentication,
}

/// What kind of signing keys is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    P256,
    Rsa,
}

fn default_keys() -> Vec<Usage> {
    vec![Usage::Signing]
}

fn default_signing() -> KeyKind {
    KeyKind::P256
}

impl TokenSettings {
    /// As the exchange knows it; what has to be remembered of the token is kept in `folder`.
    pub fn in_folder(&self, folder: &Path) -> ServerToken {
        let algorithm = match self.signing {
            KeyKind::P256 => Algorithm::EcdsaP256Sha256,
            KeyKind::Rsa => Algorithm::RsaPkcs1Sha512,
        };
        ServerToken {
            place: TokenPlace {
                module: self.module.clone(),
                label: self.label.clone(),
                pin_file: self.pin_file.clone(),
                refusal_file: folder.join(format!("token-{}.refused", base::hex(self.label.as_bytes()))),
            },
            servers: self.servers.clone(),
            signing: self.keys.contains(&Usage::Signing).then_some(algorithm),
            authentication: self.keys.contains(&Usage::Authentication),
        }
    }
}
