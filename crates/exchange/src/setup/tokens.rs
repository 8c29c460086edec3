//! Which servers have their keys in a token, and the keys there.

use crate::country::Country;
use base::{Algorithm, Fault, Signer};
use formats::identifier::ClientId;
use host::{
    keys::KeyDir,
    token::{Token, TokenKey, TokenPlace},
};
use std::{collections::BTreeSet, sync::Arc};

/// A token for keys of servers.
#[derive(Debug, Clone)]
pub struct ServerToken {
    pub place: TokenPlace,
    /// Codes of the servers whose keys are in it; without, every server's.
    pub servers: Option<Vec<String>>,
    /// What kind of signing keys is made there. `None`: signing keys are not in the token.
    pub signing: Option<Algorithm>,
    /// Whether the key for TLS is there too. It is a P-256 key.
    pub authentication: bool,
}

impl ServerToken {
    fn is_for(&self, server: &str) -> bool {
        self.servers.as_ref().is_none_or(|servers| servers.iter().any(|code| code == server))
    }

    /// What is wrong with these settings in this country, a sentence each.
    pub fn mistakes(tokens: &[ServerToken], country: &Country) -> Vec<String> {
        let codes: BTreeSet<&str> = country.servers.iter().map(|server| server.code.as_str()).collect();
        let mut mistakes = Vec::new();
        for token in tokens {
            let label = &token.place.label;
            let named = token.servers.iter().flatten().filter(|code| !codes.contains(code.as_str()));
            mistakes.extend(named.map(|code| format!("token {label:?}: there is no security server {code:?}")));
            if token.signing.is_none() && !token.authentication {
                mistakes.push(format!("token {label:?}: it is for no key"));
            }
            mistakes.extend(host::token::check_pin_file(&token.place.pin_file).err().map(|fault| fault.to_string()));
        }
        for code in codes {
            let uses = |is_used: fn(&ServerToken) -> bool| {
                tokens.iter().filter(|token| token.is_for(code) && is_used(token)).count()
            };
            if uses(|token| token.signing.is_some()) > 1 || uses(|token| token.authentication) > 1 {
                mistakes.push(format!("security server {code:?}: its keys cannot be in two tokens"));
            }
        }
        mistakes
    }
}

/// The tokens of a plan, opened.
pub(super) struct Tokens(Vec<(ServerToken, Arc<Token>)>);

impl Tokens {
    pub(super) fn open(tokens: &[ServerToken], country: &Country) -> Result<Tokens, Fault> {
        let mistakes = ServerToken::mistakes(tokens, country);
        if !mistakes.is_empty() {
            return Err(Fault::new("set up the tokens", mistakes.join("; ")));
        }
        let open = |token: &ServerToken| Ok((token.clone(), Token::open(token.place.clone())?));
        tokens.iter().map(open).collect::<Result<_, Fault>>().map(Tokens)
    }

    /// The signing key of a member on a server: in its token, or in its folder.
    pub(super) fn signing_key(
        &self,
        server: &str,
        member: &ClientId,
        folder: &KeyDir,
        usual: Algorithm,
    ) -> Result<Arc<dyn Signer>, Fault> {
        let found =
            self.0.iter().find_map(|(token, open)| Some((open, token.signing.filter(|_| token.is_for(server))?)));
        match found {
            Some((token, algorithm)) => {
                let label = format!("{}/{server}/sign/{}/{}", member.instance, member.class, member.member);
                Ok(Arc::new(TokenKey::load_or_create(token, &label, algorithm)?))
            }
            None => Ok(folder.load_or_create(&format!("sign-{}-{}", member.class, member.member), usual)?),
        }
    }

    /// The key with which a server shows itself to others by TLS.
    pub(super) fn authentication_key(
        &self,
        server: &str,
        instance: &str,
        folder: &KeyDir,
    ) -> Result<Arc<dyn Signer>, Fault> {
        match self.0.iter().find(|(token, _)| token.authentication && token.is_for(server)) {
            Some((_, token)) => {
                let label = format!("{instance}/{server}/auth");
                Ok(Arc::new(TokenKey::load_or_create(token, &label, Algorithm::EcdsaP256Sha256)?))
            }
            None => Ok(folder.load_or_create("auth", Algorithm::EcdsaP256Sha256)?),
        }
    }
}
