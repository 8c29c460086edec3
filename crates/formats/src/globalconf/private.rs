//! Private parameters, and the anchor with which a server trusts its first configuration.

use super::{NAMESPACE, ParameterError, base64_element, decode_base64, open_conf, text_element};
use crate::{
    identifier::{ClientId, read_client, write_client},
    xml::{self, Element},
};
use base::Timestamp;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateParameters {
    pub instance: String,
    /// Federation partners.
    pub anchors: Vec<Anchor>,
    pub management: Option<ManagementService>,
    pub time_stamping_interval_s: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagementService {
    pub registration_address: Option<String>,
    pub registration_certificate: Option<Vec<u8>>,
    pub provider: ClientId,
}

/// Where a configuration is published and who signs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub generated_at: Option<Timestamp>,
    pub instance: String,
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub url: String,
    /// DER.
    pub certificates: Vec<Vec<u8>>,
}

fn missing(name: &str) -> ParameterError {
    ParameterError(format!("no {name}"))
}

impl PrivateParameters {
    /// The document `private-params.xml`.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut out = open_conf();
        out.push_str(&text_element("instanceIdentifier", &self.instance));
        for anchor in &self.anchors {
            out.push_str(&format!("<configurationAnchor>{}</configurationAnchor>", anchor_inside(anchor)));
        }
        if let Some(management) = &self.management {
            out.push_str("<managementService>");
            let address = management.registration_address.iter();
            address.for_each(|address| out.push_str(&text_element("authCertRegServiceAddress", address)));
            let certificate = management.registration_certificate.iter();
            certificate.for_each(|der| out.push_str(&base64_element("authCertRegServiceCert", der)));
            out.push_str(&write_client("managementRequestServiceProviderId", &management.provider));
            out.push_str("</managementService>");
        }
        out.push_str(&text_element("timeStampingIntervalSeconds", &self.time_stamping_interval_s.to_string()));
        out.push_str("</tns:conf>");
        out.into_bytes()
    }

    pub fn read(document: &[u8]) -> Result<Self, ParameterError> {
        let root = xml::read(document).map_err(|error| ParameterError(error.to_string()))?;
        let instance = root.text_of("", "instanceIdentifier").ok_or_else(|| missing("instanceIdentifier"))?.to_owned();
        let interval = root.text_of("", "timeStampingIntervalSeconds").and_then(|text| text.parse().ok());
        Ok(PrivateParameters {
            instance,
            anchors: root.children_named("", "configurationAnchor").map(anchor).collect::<Result<_, _>>()?,
            management: root.child("", "managementService").map(management).transpose()?,
            time_stamping_interval_s: interval.ok_or_else(|| missing("timeStampingIntervalSeconds"))?,
        })
    }
}

fn management(element: &Element) -> Result<ManagementService, ParameterError> {
    let provider = element.child("", "managementRequestServiceProviderId").ok_or_else(|| missing("provider"))?;
    Ok(ManagementService {
        registration_address: element.text_of("", "authCertRegServiceAddress").map(str::to_owned),
        registration_certificate: element.text_of("", "authCertRegServiceCert").map(decode_base64).transpose()?,
        provider: read_client(provider).map_err(|error| ParameterError(error.to_string()))?,
    })
}

fn anchor(element: &Element) -> Result<Anchor, ParameterError> {
    let mut sources = Vec::new();
    for source in element.children.iter().filter(|child| child.name == "source") {
        let url = source.text_of("", "downloadURL").ok_or_else(|| missing("downloadURL"))?.to_owned();
        let certificates =
            source.children_named("", "verificationCert").map(|certificate| decode_base64(&certificate.text));
        sources.push(Source { url, certificates: certificates.collect::<Result<_, _>>()? });
    }
    Ok(Anchor {
        generated_at: element.text_of("", "generatedAt").and_then(|text| text.parse().ok()),
        instance: element.text_of("", "instanceIdentifier").ok_or_else(|| missing("instanceIdentifier"))?.to_owned(),
        sources,
    })
}

fn anchor_inside(anchor: &Anchor) -> String {
    let mut out = String::new();
    anchor.generated_at.iter().for_each(|at| out.push_str(&text_element("generatedAt", &at.to_string())));
    out.push_str(&text_element("instanceIdentifier", &anchor.instance));
    for source in &anchor.sources {
        out.push_str(&format!("<source>{}", text_element("downloadURL", &source.url)));
        source.certificates.iter().for_each(|der| out.push_str(&base64_element("verificationCert", der)));
        out.push_str("</source>");
    }
    out
}

/// The document `configuration-anchor.xml`.
pub fn write_anchor(anchor: &Anchor) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tns:configurationAnchor xmlns:tns=\"{NAMESPACE}\">{}</tns:configurationAnchor>",
        anchor_inside(anchor)
    )
    .into_bytes()
}

/// By which people compare an anchor that was handed over: SHA-224, in pairs of digits (reference §2.7).
pub fn anchor_hash(document: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA224, document);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

pub fn read_anchor(document: &[u8]) -> Result<Anchor, ParameterError> {
    let root = xml::read(document).map_err(|error| ParameterError(error.to_string()))?;
    if !root.is(NAMESPACE, "configurationAnchor") {
        return Err(missing("configurationAnchor"));
    }
    anchor(&root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_anchors_are_read_back() {
        let anchor = Anchor {
            generated_at: Some(base::clock::from_micros(1_500_000)),
            instance: "AZ".into(),
            sources: vec![Source {
                url: "http://127.0.0.1:8806/internalconf".into(),
                certificates: vec![b"c".to_vec()],
            }],
        };
        assert_eq!(read_anchor(&write_anchor(&anchor)), Ok(anchor.clone()));
        assert_eq!(
            anchor_hash(b"abc"),
            "23:09:7D:22:34:05:D8:22:86:42:A4:77:BD:A2:55:B3:2A:AD:BC:E4:BD:A0:B3:F7:E3:6C:9D:A7",
            "the example of FIPS 180-4"
        );
        let parameters = PrivateParameters {
            instance: "AZ".into(),
            anchors: vec![anchor],
            management: Some(ManagementService {
                registration_address: Some("http://127.0.0.1".into()),
                registration_certificate: None,
                provider: ClientId::parse("AZ/GOV/10001").expect("a client"),
            }),
            time_stamping_interval_s: 60,
        };
        assert_eq!(PrivateParameters::read(&parameters.to_xml()), Ok(parameters));
        assert!(PrivateParameters::read(b"<conf/>").is_err());
    }
}
