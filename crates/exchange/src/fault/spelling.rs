//! Two spellings of one code. Until 7.7 it was `Server.ServerProxy.AccessDenied`, since 7.8 it is
//! `server.serverproxy.access_denied` (reference §2.14). Both are understood; which one is written is a setting.

use std::borrow::Cow;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// Of 7.8 and later.
    #[default]
    Current,
    /// Of 7.7 and earlier.
    Legacy,
}

/// Words that are not each other's capitals.
const IRREGULAR: &[(&str, &str)] = &[
    ("serverproxy", "ServerProxy"),
    ("clientproxy", "ClientProxy"),
    ("opmonitor", "OpMonitor"),
    ("io_error", "IOError"),
    ("hashchain_unused_inputs", "HashChainUnusedInputs"),
    ("global_conf_outdated", "OutdatedGlobalConf"),
    ("hsm_non_operational", "HSMNonOperational"),
    ("token_readonly", "TokenReadOnly"),
];
/// Words that came with 7.8, and what said the same until then. The older word has a successor of its own.
const NEWER: &[(&str, &str)] = &[("unknown_host", "NetworkError")];
/// Codes of the protocol begin with one of these; others are a service's own and stay as they are.
const FIRST: [(&str, &str); 3] = [("server", "Server"), ("client", "Client"), ("signer", "Signer")];

impl Spelling {
    /// A code in this spelling, whichever it is in.
    pub fn spell(self, code: &str) -> Cow<'_, str> {
        match self {
            Spelling::Current => current(code),
            Spelling::Legacy => legacy(code),
        }
    }
}

/// Whether a code, in either spelling, is one of the protocol's and not a service's own. SOAP's `Server` and `Client` alone are
/// the services'.
pub(super) fn is_of_the_protocol(code: &str) -> bool {
    let first = begins_with(code, |(current, _)| current) || begins_with(code, |(_, legacy)| legacy);
    first && code.contains('.')
}

/// The code in the spelling of 7.8.
pub fn current(code: &str) -> Cow<'_, str> {
    if !code.contains('.') || !begins_with(code, |(_, legacy)| legacy) {
        return Cow::Borrowed(code);
    }
    Cow::Owned(code.split('.').map(snake).collect::<Vec<_>>().join("."))
}

fn legacy(code: &str) -> Cow<'_, str> {
    if !code.contains('.') || !begins_with(code, |(current, _)| current) {
        return Cow::Borrowed(code);
    }
    Cow::Owned(code.split('.').map(camel).collect::<Vec<_>>().join("."))
}

fn begins_with(code: &str, which: fn((&'static str, &'static str)) -> &'static str) -> bool {
    let first = code.split('.').next().unwrap_or_default();
    FIRST.iter().any(|words| which(*words) == first)
}

fn camel(word: &str) -> String {
    if let Some((_, legacy)) = IRREGULAR.iter().chain(NEWER).find(|(current, _)| *current == word) {
        return (*legacy).to_owned();
    }
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    word.split('_').map(capital).collect()
}

fn snake(word: &str) -> String {
    if let Some((current, _)) = IRREGULAR.iter().find(|(_, legacy)| *legacy == word) {
        return (*current).to_owned();
    }
    let mut out = String::with_capacity(word.len() + 4);
    for letter in word.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Cause;

    #[test]
    fn every_cause_is_spelt_both_ways() {
        for cause in Cause::ALL.iter().filter(|cause| NEWER.iter().all(|(word, _)| cause.wire() != *word)) {
            let code = format!("server.serverproxy.service_failed.{}", cause.wire());
            let old = Spelling::Legacy.spell(&code).into_owned();
            assert!(old.starts_with("Server.ServerProxy.ServiceFailed.") && !old.contains('_'), "{old}");
            assert_eq!(Spelling::Current.spell(&old), code);
            assert_eq!(
                (Spelling::Legacy.spell(&old), Spelling::Current.spell(&code)),
                (old.as_str().into(), code.as_str().into())
            );
        }
    }

    #[test]
    fn the_irregular_ones_and_those_of_services() {
        for (new, old) in [
            ("client.io_error", "Client.IOError"),
            ("server.clientproxy.global_conf_outdated", "Server.ClientProxy.OutdatedGlobalConf"),
            ("server.clientproxy.ssl_authentication_failed", "Server.ClientProxy.SslAuthenticationFailed"),
        ] {
            assert_eq!((Spelling::Legacy.spell(new), Spelling::Current.spell(old)), (old.into(), new.into()));
        }
        let newer = "server.serverproxy.service_failed.unknown_host";
        assert_eq!(Spelling::Legacy.spell(newer), "Server.ServerProxy.ServiceFailed.NetworkError");
        for own in ["soap:Server", "Sender", "CODE", "", "Server", "server", "Client"] {
            assert_eq!((Spelling::Legacy.spell(own), Spelling::Current.spell(own)), (own.into(), own.into()));
            assert!(!is_of_the_protocol(own));
        }
        assert!(is_of_the_protocol("Client.IOError") && is_of_the_protocol("server.clientproxy.io_error"));
    }
}
