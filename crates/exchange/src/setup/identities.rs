//! Keys and certificates of the servers. A certificate is a file beside its key; one that will soon expire is replaced.

use super::{CertificateOrder, IssueCertificates, Plan, tokens::Tokens};
use crate::{
    country::Server,
    server::{AuthenticationIdentity, SigningIdentity, SystemIdentity, self_signed},
};
use base::{Algorithm, Clock, Fault, Lang, Signer};
use formats::{
    asn1::oid,
    globalconf::subject_by_profile,
    identifier::ClientId,
    x509::{Certificate, Name, NameBuilder, Profile},
};
use host::keys::KeyDir;
use std::{collections::BTreeSet, path::Path};

/// A certificate with less time left than this is replaced at start.
const RENEW_BEFORE_S: i64 = 14 * 24 * 3600;
/// Certificates that are known by their digest only: their years do not matter.
const SELF_VALIDITY_S: i64 = 20 * 365 * 24 * 3600;

/// What one server signs and authenticates with.
pub(super) struct Identities {
    pub signing: Vec<SigningIdentity>,
    pub authentication: AuthenticationIdentity,
    /// What information systems see.
    pub system: SystemIdentity,
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("set up keys and certificates of the exchange", cause)
}

impl Identities {
    pub(super) async fn load_or_make(
        plan: &Plan,
        tokens: &Tokens,
        server: &Server,
        host: &str,
        issuer: &dyn IssueCertificates,
        clock: &dyn Clock,
    ) -> Result<Identities, Fault> {
        let folder = plan.directory.join(format!("ss-{}", server.code));
        let keys = KeyDir::open(&folder.join("keys"))?;
        // The owner is a client of its server, whether or not one of its subsystems is.
        let owner = std::iter::once(server.owner.member_id());
        let members: BTreeSet<ClientId> = server.clients.iter().map(ClientId::member_id).chain(owner).collect();
        let mut signing = Vec::new();
        for member in members {
            let usual = (plan.settings)(folder.clone()).signing;
            let key = tokens.signing_key(&server.code, &member, &keys, usual)?;
            let order = CertificateOrder {
                profile: Profile::MemberSigning,
                subject: signing_name(plan, server, &member)?,
                public_key_der: key.public_key_der().to_vec(),
                host_names: Vec::new(),
            };
            let file = folder.join(format!("sign-{}-{}.der", member.class, member.member));
            let certificate = certificate(&file, order, issuer, clock).await?;
            signing.push(SigningIdentity { member, certificate, signer: key });
        }
        let key = tokens.authentication_key(&server.code, &plan.country.instance, &keys)?;
        let order = CertificateOrder {
            profile: Profile::MemberAuthentication,
            subject: authentication_name(plan, server, host),
            public_key_der: key.public_key_der().to_vec(),
            host_names: vec![host.to_owned()],
        };
        let certificate = certificate(&folder.join("auth.der"), order, issuer, clock).await?;
        let authentication = AuthenticationIdentity { certificate, signer: key };
        let system = system_identity(plan, &keys, &folder, host, clock)?;
        Ok(Identities { signing, authentication, system })
    }
}

/// The certificate on the information systems' TLS port, made once by the server itself.
fn system_identity(
    plan: &Plan,
    keys: &KeyDir,
    folder: &Path,
    host: &str,
    clock: &dyn Clock,
) -> Result<SystemIdentity, Fault> {
    let key = keys.load_or_create("system", Algorithm::EcdsaP256Sha256)?;
    let file = folder.join("system.der");
    let kept = std::fs::read(&file).ok().and_then(|der| Certificate::from_der(&der).ok());
    let certificate = match kept.filter(|kept| kept.key().spki() == key.public_key_der()) {
        Some(kept) => kept,
        None => {
            let name =
                NameBuilder::new().with(oid::COUNTRY, &plan.country.instance).with(oid::COMMON_NAME, host).build();
            let made = self_signed(&key, name, vec![host.to_owned()], clock.now(), SELF_VALIDITY_S)?;
            write_durably(&file, made.der())?;
            made
        }
    };
    Ok(SystemIdentity { certificate, signer: key })
}

/// As the authority's profile reads it.
fn signing_name(plan: &Plan, server: &Server, member: &ClientId) -> Result<Name, Fault> {
    let organization = plan.country.name(member, Lang::En).unwrap_or(&member.member);
    let profile = &plan.trust.profile;
    subject_by_profile(profile, member, &plan.country.server_id(server), organization)
        .ok_or_else(|| failed(format_args!("certificates of {profile} cannot name {member}")))
}

fn authentication_name(plan: &Plan, server: &Server, host: &str) -> Name {
    let owner = &server.owner;
    let organization = plan.country.name(owner, Lang::En).unwrap_or(&owner.member);
    NameBuilder::new()
        .with(oid::COUNTRY, &plan.country.instance)
        .with(oid::ORGANIZATION, organization)
        .with(oid::COMMON_NAME, host)
        .with(oid::SERIAL_NUMBER, &format!("{}/{}/{}", owner.instance, server.code, owner.class))
        .build()
}

/// The certificate in `file`, if it is for this key and lasts; otherwise a new one, kept before it is used.
async fn certificate(
    file: &Path,
    order: CertificateOrder,
    issuer: &dyn IssueCertificates,
    clock: &dyn Clock,
) -> Result<Certificate, Fault> {
    let lasts = |certificate: &Certificate| {
        certificate.key().spki() == order.public_key_der
            && certificate.not_before() <= clock.now()
            && certificate.not_after().as_second() - clock.now().as_second() > RENEW_BEFORE_S
    };
    let kept = std::fs::read(file).ok().and_then(|der| Certificate::from_der(&der).ok());
    if let Some(kept) = kept.filter(lasts) {
        return Ok(kept);
    }
    let der = issuer.issue(order).await?;
    let certificate = Certificate::from_der(&der).map_err(failed)?;
    write_durably(file, &der)?;
    Ok(certificate)
}

pub(super) fn write_durably(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write as _;
    let partial = file.with_extension("partial");
    let mut out = std::fs::File::create(&partial).map_err(failed)?;
    out.write_all(bytes).and_then(|()| out.sync_all()).map_err(failed)?;
    std::fs::rename(&partial, file).map_err(failed)
}
