//! The global configuration of a country: its files and the certificates of its servers as shared and private parameters.

use super::{Plan, identities::Identities, ports_of};
use crate::country::Country;
use base::{Fault, Lang};
use formats::{
    globalconf::{
        ApprovedCa, ApprovedTsa, CertificateAuthority, GlobalGroup, Member, MemberClass, OcspResponder,
        PrivateParameters, SecurityServer, SharedParameters, Subsystem,
    },
    verify::Digest,
};
use std::collections::BTreeMap;

/// The language of names in documents that have room for one.
const LANG: Lang = Lang::Az;

pub(super) fn shared(plan: &Plan, identities: &BTreeMap<String, Identities>) -> Result<SharedParameters, Fault> {
    let country = &plan.country;
    let mut servers = Vec::new();
    for server in &country.servers {
        let ports = ports_of(plan, &server.code)?;
        let authentication = &identities[&server.code].authentication;
        servers.push(SecurityServer {
            id: country.server_id(server),
            address: Some(format!("{}:{}", ports.host, ports.message)),
            authentication_hashes: vec![Digest::Sha256.of(authentication.certificate.der())],
            clients: server.clients.clone(),
            maintenance: None,
        });
    }
    Ok(SharedParameters {
        instance: country.instance.clone(),
        sources: Vec::new(),
        approved_cas: vec![approved_ca(plan)],
        approved_tsas: vec![ApprovedTsa {
            name: plan.trust.tsa_name.clone(),
            url: plan.trust.tsa_url.clone(),
            certificate: plan.trust.tsa_certificate.clone(),
            cost: Some("FREE".to_owned()),
        }],
        members: country.members.iter().map(member).collect(),
        servers,
        global_groups: country.global_groups.iter().map(group).collect(),
        member_classes: country
            .classes
            .iter()
            .map(|class| MemberClass { code: class.code.clone(), description: class.name.in_lang(LANG).to_owned() })
            .collect(),
        ocsp_freshness_s: country.limits.ocsp_freshness_s,
    })
}

fn member(member: &crate::country::Member) -> Member {
    let subsystem = |subsystem: &crate::country::Subsystem| Subsystem {
        code: subsystem.code.clone(),
        name: Some(subsystem.name.in_lang(LANG).to_owned()),
    };
    Member {
        class: member.class.clone(),
        code: member.code.clone(),
        name: member.name.in_lang(LANG).to_owned(),
        subsystems: member.subsystems.iter().map(subsystem).collect(),
    }
}

fn group(group: &crate::country::GlobalGroup) -> GlobalGroup {
    GlobalGroup {
        code: group.code.clone(),
        description: group.name.in_lang(LANG).to_owned(),
        members: group.members.clone(),
    }
}

fn approved_ca(plan: &Plan) -> ApprovedCa {
    ApprovedCa {
        name: plan.trust.authority_name.clone(),
        authentication_only: false,
        // The issuing authority itself is what is approved: a chain without its root is then the leaf alone.
        top: CertificateAuthority {
            certificate: plan.trust.authority.clone(),
            responders: vec![OcspResponder {
                url: plan.trust.ocsp_url.clone(),
                certificate: plan.trust.ocsp_responder.clone(),
                cost: Some("FREE".to_owned()),
            }],
        },
        intermediates: Vec::new(),
        profile: plan.trust.profile.clone(),
    }
}

pub(super) fn private(country: &Country) -> PrivateParameters {
    PrivateParameters {
        instance: country.instance.clone(),
        anchors: Vec::new(),
        management: None,
        time_stamping_interval_s: i64::try_from(country.limits.time_stamping_interval_s).unwrap_or(i64::MAX),
    }
}
