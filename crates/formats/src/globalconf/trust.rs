//! Whom a judge of messages trusts: the approved authorities of every instance with their responders and profiles, and the
//! time-stamping authorities of the judge's own instance.

use super::{CertificateAuthority, SharedParameters, certificate_profile::member_by_profile};
use crate::{identifier::ClientId, verify::AlgorithmPolicy, x509::Certificate};

/// A certification authority that signatures of an instance may come from.
#[derive(Debug, Clone)]
pub struct ApprovedAuthority {
    pub certificate: Certificate,
    /// OCSP responders that the configuration names for this authority.
    pub responders: Vec<Certificate>,
    /// Class name of the certificate profile.
    pub profile: String,
}

#[derive(Debug, Clone, Default)]
struct InstanceTrust {
    instance: String,
    authorities: Vec<ApprovedAuthority>,
}

/// Trust taken out of global configurations. Their own expiry and signature are not asked here.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    instances: Vec<InstanceTrust>,
    /// Authorities whom the caller named outside of any configuration; they count for every instance.
    named: Vec<ApprovedAuthority>,
    /// Certificates that may stand between a signer's and an approved authority's.
    pub intermediates: Vec<Certificate>,
    pub time_stamping: Vec<Certificate>,
    /// How old an OCSP response may be, in seconds.
    pub ocsp_freshness_s: i64,
    pub algorithms: AlgorithmPolicy,
}

impl Trust {
    /// From the shared parameters of `own` instance and of those that it is federated with.
    pub fn from_parameters<'a>(own: &str, parameters: impl IntoIterator<Item = &'a SharedParameters>) -> Self {
        let mut trust = Trust::default();
        for shared in parameters {
            if shared.instance == own {
                // A certificate that cannot be read cannot be trusted; the others still can.
                let stamping = shared.approved_tsas.iter().filter_map(|tsa| read(&tsa.certificate));
                trust.time_stamping.extend(stamping);
                trust.ocsp_freshness_s = shared.ocsp_freshness_s;
            }
            let approved = shared.approved_cas.iter().filter(|ca| !ca.authentication_only);
            let authorities = approved.flat_map(|ca| {
                let all = std::iter::once(&ca.top).chain(&ca.intermediates);
                all.filter_map(|authority| approved_authority(authority, &ca.profile))
            });
            let authorities = authorities.collect();
            trust.instances.push(InstanceTrust { instance: shared.instance.clone(), authorities });
        }
        trust
    }

    /// Adds an authority of no configuration. Its certificates name members by `profile`.
    pub fn approve(&mut self, certificate: Certificate, profile: &str) {
        self.named.push(ApprovedAuthority { certificate, responders: Vec::new(), profile: profile.to_owned() });
    }

    /// The authorities that may have certified members of `instance`.
    pub fn authorities_of<'a>(&'a self, instance: &'a str) -> impl Iterator<Item = &'a ApprovedAuthority> {
        let of_instance = self.instances.iter().filter(move |trusted| trusted.instance == instance);
        of_instance.flat_map(|trusted| &trusted.authorities).chain(&self.named)
    }

    /// The member of `instance` that a certificate of `authority` names, by the profile that the configuration names for it.
    /// An authority that is approved for authentication alone names nobody.
    pub fn member(&self, authority: &Certificate, certificate: &Certificate, instance: &str) -> Option<ClientId> {
        let approved = self.authorities_of(instance).filter(|approved| approved.certificate == *authority);
        let mut named =
            approved.filter_map(|approved| member_by_profile(&approved.profile, certificate.subject(), instance));
        // Where the certificate names the instance, too, it must be this one.
        named.find(|member| member.instance == instance)
    }
}

fn approved_authority(authority: &CertificateAuthority, profile: &str) -> Option<ApprovedAuthority> {
    let responders = authority.responders.iter().filter_map(|responder| read(responder.certificate.as_ref()?));
    Some(ApprovedAuthority {
        certificate: read(&authority.certificate)?,
        responders: responders.collect(),
        profile: profile.to_owned(),
    })
}

fn read(der: &[u8]) -> Option<Certificate> {
    Certificate::from_der(der).ok()
}
