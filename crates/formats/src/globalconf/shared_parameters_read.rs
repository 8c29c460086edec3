//! Reading shared parameters of versions 2 to 6: later elements are simply absent in earlier ones.

use super::{
    ApprovedCa, ApprovedTsa, CertificateAuthority, ConfigurationSource, GlobalGroup, Member, MemberClass,
    OcspResponder, ParameterError, SecurityServer, SharedParameters, Subsystem, decode_base64,
};
use crate::{
    identifier::{ClientId, ServerId, read_group_member},
    x509::from_written,
    xml::{self, Element},
};
use std::collections::BTreeMap;

/// What upstream assumes when the setting is absent.
const OCSP_FRESHNESS_DEFAULT_S: i64 = 3_600;
/// Some twenty elements for a member with its subsystems and server.
const ELEMENTS_MAX: usize = 2_000_000;

impl SharedParameters {
    pub fn read(document: &[u8]) -> Result<Self, ParameterError> {
        let root = xml::read_large(document, ELEMENTS_MAX).map_err(|error| ParameterError(error.to_string()))?;
        let instance = needed(&root, "instanceIdentifier")?;
        let mut references = BTreeMap::new();
        let members = all(&root, "member")
            .map(|member| read_member(member, &instance, &mut references))
            .collect::<Result<_, _>>()?;
        let settings = root.child("", "globalSettings");
        let freshness = settings.and_then(|settings| settings.text_of("", "ocspFreshnessSeconds"));
        Ok(SharedParameters {
            sources: all(&root, "source").map(read_source).collect::<Result<_, _>>()?,
            approved_cas: all(&root, "approvedCA").map(read_ca).collect::<Result<_, _>>()?,
            approved_tsas: all(&root, "approvedTSA").map(read_tsa).collect::<Result<_, _>>()?,
            members,
            servers: all(&root, "securityServer")
                .map(|server| read_server(server, &references))
                .collect::<Result<_, _>>()?,
            global_groups: all(&root, "globalGroup").map(read_group).collect::<Result<_, _>>()?,
            member_classes: settings
                .map_or(Ok(Vec::new()), |settings| all(settings, "memberClass").map(read_class).collect())?,
            ocsp_freshness_s: freshness.and_then(|text| text.parse().ok()).unwrap_or(OCSP_FRESHNESS_DEFAULT_S),
            instance,
        })
    }
}

fn all<'a>(element: &'a Element, name: &'static str) -> impl Iterator<Item = &'a Element> {
    element.children.iter().filter(move |child| child.name == name)
}

fn optional(element: &Element, name: &str) -> Option<String> {
    element.text_of("", name).map(str::to_owned)
}

fn needed(element: &Element, name: &str) -> Result<String, ParameterError> {
    optional(element, name).ok_or_else(|| ParameterError(format!("{} has no {name}", element.name)))
}

fn certificate(element: &Element, name: &str) -> Result<Vec<u8>, ParameterError> {
    decode_certificate(&needed(element, name)?)
}

/// Some central servers put the textual form under the base64: then the certificate inside is meant.
fn decode_certificate(text: &str) -> Result<Vec<u8>, ParameterError> {
    let bytes = decode_base64(text)?;
    if !bytes.starts_with(b"-----BEGIN ") {
        return Ok(bytes);
    }
    let certificate = from_written(&bytes).map_err(|error| ParameterError(error.to_string()))?;
    Ok(certificate.der().to_vec())
}

fn certificates(element: &Element, name: &'static str) -> Result<Vec<Vec<u8>>, ParameterError> {
    all(element, name).map(|child| decode_base64(&child.text)).collect()
}

fn read_source(element: &Element) -> Result<ConfigurationSource, ParameterError> {
    Ok(ConfigurationSource {
        address: needed(element, "address")?,
        internal_certificates: certificates(element, "internalVerificationCert")?,
        external_certificates: certificates(element, "externalVerificationCert")?,
    })
}

fn read_ca(element: &Element) -> Result<ApprovedCa, ParameterError> {
    let top = element.child("", "topCA").ok_or_else(|| ParameterError("approvedCA has no topCA".to_owned()))?;
    Ok(ApprovedCa {
        name: needed(element, "name")?,
        authentication_only: optional(element, "authenticationOnly").as_deref() == Some("true"),
        top: read_authority(top)?,
        intermediates: all(element, "intermediateCA").map(read_authority).collect::<Result<_, _>>()?,
        profile: needed(element, "certificateProfileInfo")?,
    })
}

fn read_authority(element: &Element) -> Result<CertificateAuthority, ParameterError> {
    let responder = |ocsp: &Element| {
        Ok(OcspResponder {
            url: needed(ocsp, "url")?,
            certificate: optional(ocsp, "cert").map(|text| decode_certificate(&text)).transpose()?,
            cost: optional(ocsp, "costType"),
        })
    };
    Ok(CertificateAuthority {
        certificate: certificate(element, "cert")?,
        responders: all(element, "ocsp").map(responder).collect::<Result<_, _>>()?,
    })
}

fn read_tsa(element: &Element) -> Result<ApprovedTsa, ParameterError> {
    Ok(ApprovedTsa {
        name: needed(element, "name")?,
        url: needed(element, "url")?,
        certificate: certificate(element, "cert")?,
        cost: optional(element, "costType"),
    })
}

fn read_class(element: &Element) -> Result<MemberClass, ParameterError> {
    Ok(MemberClass {
        code: needed(element, "code")?,
        description: optional(element, "description").unwrap_or_default(),
    })
}

fn read_member(
    element: &Element,
    instance: &str,
    references: &mut BTreeMap<String, ClientId>,
) -> Result<Member, ParameterError> {
    let class = element.child("", "memberClass").ok_or_else(|| ParameterError("member has no class".to_owned()))?;
    let (class, code) = (needed(class, "code")?, needed(element, "memberCode")?);
    let own = ClientId { instance: instance.to_owned(), class: class.clone(), member: code.clone(), subsystem: None };
    let mut subsystems = Vec::new();
    for subsystem in all(element, "subsystem") {
        let code = needed(subsystem, "subsystemCode")?;
        if let Some(id) = subsystem.attribute("", "id") {
            references.insert(id.to_owned(), ClientId { subsystem: Some(code.clone()), ..own.clone() });
        }
        subsystems.push(Subsystem { code, name: optional(subsystem, "subsystemName") });
    }
    if let Some(id) = element.attribute("", "id") {
        references.insert(id.to_owned(), own);
    }
    Ok(Member { class, code, name: needed(element, "name")?, subsystems })
}

fn read_server(element: &Element, references: &BTreeMap<String, ClientId>) -> Result<SecurityServer, ParameterError> {
    let resolve = |id: &str| {
        references
            .get(id)
            .cloned()
            .ok_or_else(|| ParameterError(format!("securityServer refers to {id}, which is not there")))
    };
    let owner = resolve(&needed(element, "owner")?)?;
    let clients = all(element, "client").map(|client| resolve(client.text.trim())).collect::<Result<_, _>>()?;
    let id = ServerId {
        instance: owner.instance,
        class: owner.class,
        member: owner.member,
        code: needed(element, "serverCode")?,
    };
    let maintenance = element.child("", "inMaintenanceMode");
    Ok(SecurityServer {
        id,
        address: optional(element, "address"),
        authentication_hashes: certificates(element, "authCertHash")?,
        clients,
        maintenance: maintenance.map(|mode| optional(mode, "message").unwrap_or_default()),
    })
}

fn read_group(element: &Element) -> Result<GlobalGroup, ParameterError> {
    let members = all(element, "groupMember")
        .map(|member| read_group_member(member).map_err(|error| ParameterError(error.to_string())));
    Ok(GlobalGroup {
        code: needed(element, "groupCode")?,
        description: optional(element, "description").unwrap_or_default(),
        members: members.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testpki::TestPki, x509::to_pem};

    fn example() -> SharedParameters {
        let client = |text: &str| ClientId::parse(text).expect("a client");
        SharedParameters {
            instance: "AZ".into(),
            sources: vec![ConfigurationSource {
                address: "127.0.0.1:8806".into(),
                internal_certificates: vec![b"i".to_vec()],
                external_certificates: vec![],
            }],
            approved_cas: vec![ApprovedCa {
                name: "Exchange <CA>".into(),
                authentication_only: false,
                top: CertificateAuthority { certificate: b"root".to_vec(), responders: vec![] },
                intermediates: vec![CertificateAuthority {
                    certificate: b"issuing".to_vec(),
                    responders: vec![OcspResponder {
                        url: "http://127.0.0.1:8805/ocsp".into(),
                        certificate: None,
                        cost: Some("FREE".into()),
                    }],
                }],
                profile: "a.b.C".into(),
            }],
            approved_tsas: vec![ApprovedTsa {
                name: "TSA".into(),
                url: "http://127.0.0.1:8805/tsa".into(),
                certificate: b"tsa".to_vec(),
                cost: None,
            }],
            members: vec![
                Member {
                    class: "GOV".into(),
                    code: "10001".into(),
                    name: "Portal".into(),
                    subsystems: vec![Subsystem { code: "portal".into(), name: Some("Portal".into()) }],
                },
                Member { class: "GOV".into(), code: "10002".into(), name: "Labour".into(), subsystems: vec![] },
            ],
            servers: vec![SecurityServer {
                id: ServerId::parse("AZ/GOV/10001/portal").expect("a server"),
                address: Some("127.0.0.1:8810".into()),
                authentication_hashes: vec![vec![7; 32]],
                clients: vec![client("AZ/GOV/10001/portal"), client("AZ/GOV/10002")],
                maintenance: None,
            }],
            global_groups: vec![GlobalGroup {
                code: "all".into(),
                description: "everybody".into(),
                members: vec![client("AZ/GOV/10002")],
            }],
            member_classes: vec![MemberClass { code: "GOV".into(), description: "Government".into() }],
            ocsp_freshness_s: 3_600,
        }
    }

    #[test]
    fn parameters_are_read_back() {
        let parameters = example();
        assert_eq!(SharedParameters::read(&parameters.to_xml()), Ok(parameters));
    }

    #[test]
    fn a_certificate_may_be_written_as_text_under_the_base64() {
        let root = TestPki::new().root;
        let with = |certificate: &[u8]| {
            let mut parameters = example();
            parameters.approved_cas[0].top.certificate = certificate.to_vec();
            SharedParameters::read(&parameters.to_xml()).map(|read| read.approved_cas[0].top.certificate.clone())
        };
        assert_eq!(with(to_pem(std::slice::from_ref(&root)).as_bytes()), Ok(root.der().to_vec()));
        assert_eq!(with(root.der()), Ok(root.der().to_vec()));
        assert!(with(b"-----BEGIN NOTHING-----\n").is_err());
    }

    #[test]
    fn a_dangling_reference_is_an_error() {
        let text = String::from_utf8(example().to_xml()).expect("text").replace("<owner>m0<", "<owner>m9<");
        assert!(SharedParameters::read(text.as_bytes()).is_err());
        assert!(SharedParameters::read(b"not XML").is_err());
    }
}
