//! The information system at the other end of a connection, and which subsystems it may speak for (reference §2.3): what a
//! subsystem's settings demand is plain HTTP, TLS, or TLS with a certificate that is registered for it.

use super::{AuthenticationIdentity, SecurityServer, tls};
use crate::{
    country::{System, SystemAuthentication},
    fault::{Cause, ExchangeFault, Place},
};
use base::{Fault, Timestamp};
use formats::{identifier::ClientId, x509::Certificate};
use rustls::ServerConfig;
use std::{collections::HashMap, sync::Arc};

/// What a connection shows about who is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asker {
    pub tls: bool,
    /// The TLS client's certificate, DER; possession of its key is proven by the handshake.
    pub certificate: Option<Vec<u8>>,
}

/// How the information systems of the server's clients are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Askers {
    known: HashMap<ClientId, Demand>,
}

#[derive(Debug, Clone)]
struct Demand {
    authentication: SystemAuthentication,
    certificates: Vec<Certificate>,
}

impl Askers {
    pub(super) fn of(systems: &[System]) -> Askers {
        let demand = |system: &System| {
            let registered = system.registered();
            let certificates = registered.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
            (system.client.clone(), Demand { authentication: system.authentication, certificates })
        };
        Askers { known: systems.iter().map(demand).collect() }
    }

    /// Why `asker` may not speak for `client`, if it may not.
    fn objection(&self, asker: &Asker, client: &ClientId, now: Timestamp) -> Option<&'static str> {
        // A subsystem without settings demands nothing, as in the field.
        let demand = self.known.get(client)?;
        match demand.authentication {
            SystemAuthentication::None => None,
            SystemAuthentication::Tls => (!asker.tls).then_some("asks by TLS only"),
            SystemAuthentication::Certificate => match &asker.certificate {
                None => Some("must show a certificate"),
                Some(shown) => match demand.certificates.iter().find(|known| known.der() == shown.as_slice()) {
                    None => Some("showed a certificate that is not registered for it"),
                    Some(known) => (!known.is_valid_at(now)).then_some("showed a certificate that is not valid now"),
                },
            },
        }
    }
}

impl SecurityServer {
    /// The information system must be one that may ask in the name of `client`.
    pub(super) fn check_asker(&self, asker: &Asker, client: &ClientId) -> Result<(), ExchangeFault> {
        match self.askers.objection(asker, client, self.clock.now()) {
            None => Ok(()),
            Some(why) => {
                let text = format!("the information system of {client} {why}");
                Err(ExchangeFault::new(Place::ClientProxy, Cause::SslAuthenticationFailed, text))
            }
        }
    }

    /// The clients of this server in whose name the connection may act, and whose messages it may fetch.
    pub fn speaks_for(&self, asker: &Asker) -> Vec<&ClientId> {
        let now = self.clock.now();
        self.clients.iter().filter(|client| self.askers.objection(asker, client, now).is_none()).collect()
    }

    /// For the information systems' TLS port: a client certificate is asked for and not demanded.
    pub(super) fn system_tls(&self) -> Result<Arc<ServerConfig>, Fault> {
        tls::system_config(&self.system_identity)
    }
}

/// A key and the certificate that it signed itself; information systems know it by its digest.
pub type SystemIdentity = AuthenticationIdentity;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).expect("a client")
    }

    #[test]
    fn each_mode_lets_its_own_through() {
        let certificate = Certificate::from_der(&some_certificate()).expect("a certificate");
        let pem = formats::x509::to_pem(std::slice::from_ref(&certificate));
        let system = |client: &str, authentication| System {
            authentication,
            certificates: vec![pem.clone()],
            ..System::usual(id(client))
        };
        let askers = Askers::of(&[
            system("AZ/GOV/1/open", SystemAuthentication::None),
            system("AZ/GOV/1/tls", SystemAuthentication::Tls),
            system("AZ/GOV/1/own", SystemAuthentication::Certificate),
        ]);
        let (good, late) =
            (certificate.not_before(), base::clock::from_micros(certificate.not_after().as_microsecond() + 1));
        let plain = Asker::default();
        let tls = Asker { tls: true, certificate: None };
        let other = Asker { tls: true, certificate: Some(vec![1]) };
        let own = Asker { tls: true, certificate: Some(certificate.der().to_vec()) };
        let lets = |asker: &Asker, client: &str, at| askers.objection(asker, &id(client), at).is_none();
        for (client, expected) in [
            ("AZ/GOV/1/open", [true, true, true, true]),
            ("AZ/GOV/1/tls", [false, true, true, true]),
            ("AZ/GOV/1/own", [false, false, false, true]),
            ("AZ/GOV/1/unnamed", [true, true, true, true]),
        ] {
            let got = [&plain, &tls, &other, &own].map(|asker| lets(asker, client, good));
            assert_eq!(got, expected, "{client}");
        }
        assert!(!lets(&own, "AZ/GOV/1/own", late));
    }

    fn name(text: &str) -> formats::x509::Name {
        formats::x509::NameBuilder::new().with(formats::asn1::oid::COMMON_NAME, text).build()
    }

    fn some_certificate() -> Vec<u8> {
        use base::Clock;
        let clock = base::ManualClock::at("2026-11-23T12:00:00Z".parse().expect("an instant"));
        let key = host::keys::SoftKey::generate(base::Algorithm::EcdsaP256Sha256).expect("a key");
        let made =
            super::super::self_signed(&key, name("system"), Vec::new(), clock.now(), 3600).expect("a certificate");
        made.der().to_vec()
    }
}
