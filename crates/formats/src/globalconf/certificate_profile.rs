//! Certificate profiles: how a signing certificate names its member. The global configuration names a profile by the class
//! that implements it in the field's first implementation; which fields it reads stands here as data, by which subjects are
//! written too.

use crate::{
    asn1::oid,
    identifier::{ClientId, ServerId},
    x509::{Name, NameBuilder},
};
use der::asn1::ObjectIdentifier;
use std::collections::BTreeMap;

const PACKAGE: &str = "ee.ria.xroad.common.certificateprofile.impl.";

/// Where one part of an identifier comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// The instance of the member that claims to have signed: the certificate does not tell it.
    Claimed,
    Fixed(&'static str),
    Attribute(ObjectIdentifier),
    /// The serialNumber attribute split at `/`: which part of how many.
    SerialPart(usize, usize),
}

/// One way in which certificates of a profile name a member.
#[derive(Debug)]
struct Reading {
    /// The way is for certificates that have these attributes and lack those.
    present: &'static [ObjectIdentifier],
    absent: &'static [ObjectIdentifier],
    instance: Source,
    class: Source,
    member: Source,
}

#[derive(Debug)]
struct Profile {
    class_name: &'static str,
    readings: &'static [Reading],
}

use Source::{Attribute, Claimed, Fixed, SerialPart};

/// C, O and CN are instance, class and code.
const PLAIN: Reading = Reading {
    present: &[],
    absent: &[oid::SERIAL_NUMBER, oid::ORGANIZATIONAL_UNIT],
    instance: Attribute(oid::COUNTRY),
    class: Attribute(oid::ORGANIZATION),
    member: Attribute(oid::COMMON_NAME),
};

/// O, OU and CN are instance, class and code.
const BY_UNIT: Reading = Reading {
    present: &[oid::ORGANIZATIONAL_UNIT],
    absent: &[],
    instance: Attribute(oid::ORGANIZATION),
    class: Attribute(oid::ORGANIZATIONAL_UNIT),
    member: Attribute(oid::COMMON_NAME),
};

const BY_CATEGORY: Reading = Reading {
    present: &[],
    absent: &[],
    instance: Claimed,
    class: Attribute(oid::BUSINESS_CATEGORY),
    member: Attribute(oid::SERIAL_NUMBER),
};

const PROFILES: [Profile; 9] = [
    // serialNumber = instance/server/class, CN = code; two older forms.
    Profile {
        class_name: "FiVRKCertificateProfileInfoProvider",
        readings: &[
            Reading {
                present: &[oid::SERIAL_NUMBER],
                absent: &[],
                instance: SerialPart(0, 3),
                class: SerialPart(2, 3),
                member: Attribute(oid::COMMON_NAME),
            },
            Reading { absent: &[oid::SERIAL_NUMBER], ..BY_UNIT },
            PLAIN,
        ],
    },
    Profile {
        class_name: "IsCertificateProfileInfoProvider",
        readings: &[Reading { present: &[oid::ORGANIZATIONAL_UNIT, oid::SERIAL_NUMBER], ..BY_UNIT }, PLAIN],
    },
    Profile {
        class_name: "FoCertificateProfileInfoProvider",
        readings: &[Reading { present: &[oid::ORGANIZATIONAL_UNIT, oid::SERIAL_NUMBER], ..BY_UNIT }],
    },
    Profile { class_name: "BasicCertificateProfileInfoProvider", readings: &[BY_CATEGORY] },
    Profile { class_name: "BasicACMECertificateProfileInfoProvider", readings: &[BY_CATEGORY] },
    Profile { class_name: "EjbcaCertificateProfileInfoProvider", readings: &[Reading { absent: &[], ..PLAIN }] },
    // Estonia's registers are told apart by the number: see `estonian`.
    Profile { class_name: "SkKlass3CertificateProfileInfoProvider", readings: &[] },
    Profile {
        class_name: "SkEsteIdCertificateProfileInfoProvider",
        readings: &[Reading { class: Fixed("PERSON"), ..BY_CATEGORY }],
    },
    // Of test configurations only.
    Profile {
        class_name: "TestCertificateProfileInfoProvider",
        readings: &[Reading { class: Fixed("BUSINESS"), member: Attribute(oid::COMMON_NAME), ..BY_CATEGORY }],
    },
];

fn profile(class_name: &str) -> Option<&'static Profile> {
    let short = class_name.strip_prefix(PACKAGE)?;
    PROFILES.iter().find(|profile| profile.class_name == short)
}

/// The member that a certificate's `subject` names by the profile `class_name`, when a member of `instance` claims to have
/// signed. `None` when the profile is not known or the subject does not have its fields.
pub fn member_by_profile(class_name: &str, subject: &Name, instance: &str) -> Option<ClientId> {
    let profile = profile(class_name)?;
    let attribute = |kind| subject.attribute(kind).filter(|value| !value.is_empty());
    if profile.readings.is_empty() {
        return estonian(attribute(oid::ORGANIZATION_IDENTIFIER), attribute(oid::SERIAL_NUMBER), instance);
    }
    let fits = |reading: &&Reading| {
        reading.present.iter().all(|kind| attribute(*kind).is_some())
            && reading.absent.iter().all(|kind| attribute(*kind).is_none())
    };
    let reading = profile.readings.iter().find(fits)?;
    let value = |source| match source {
        Claimed => Some(instance),
        Fixed(value) => Some(value),
        Attribute(kind) => attribute(kind),
        SerialPart(place, count) => {
            let parts: Vec<&str> = attribute(oid::SERIAL_NUMBER)?.split('/').collect();
            parts.get(place).copied().filter(|part| parts.len() == count && !part.is_empty())
        }
    };
    member(value(reading.instance)?, value(reading.class)?, value(reading.member)?)
}

/// A subject for a signing certificate by which the profile names `member`. `None` when the profile is not known, or has no
/// name for this member.
pub fn subject_by_profile(class_name: &str, member: &ClientId, server: &ServerId, organization: &str) -> Option<Name> {
    let profile = profile(class_name)?;
    let serial = format!("{}/{}/{}", member.instance, server.code, member.class);
    let mut fields = BTreeMap::new();
    let mut unused: &[ObjectIdentifier] = &[];
    match profile.readings.first() {
        // One of the registers is told by the code.
        None => drop(fields.insert(oid::SERIAL_NUMBER, member.member.as_str())),
        Some(reading) => {
            unused = reading.absent;
            let sources = [
                (reading.instance, &member.instance),
                (reading.class, &member.class),
                (reading.member, &member.member),
            ];
            if reading.present.contains(&oid::SERIAL_NUMBER) {
                fields.insert(oid::SERIAL_NUMBER, serial.as_str());
            }
            for (source, value) in sources {
                if let Attribute(kind) = source {
                    fields.insert(kind, value);
                }
            }
        }
    }
    for (kind, value) in
        [(oid::COUNTRY, &*member.instance), (oid::ORGANIZATION, organization), (oid::COMMON_NAME, organization)]
    {
        if !unused.contains(&kind) {
            fields.entry(kind).or_insert(value);
        }
    }
    const ORDER: [ObjectIdentifier; 6] = [
        oid::COUNTRY,
        oid::ORGANIZATION,
        oid::ORGANIZATIONAL_UNIT,
        oid::COMMON_NAME,
        oid::SERIAL_NUMBER,
        oid::BUSINESS_CATEGORY,
    ];
    let named = ORDER.iter().filter_map(|kind| Some((*kind, *fields.get(kind)?)));
    let name = named.fold(NameBuilder::new(), |name, (kind, value)| name.with(kind, value)).build();
    // What cannot be written is read as another member, or as none.
    let read = member_by_profile(class_name, &name, &member.instance);
    (read.as_ref() == Some(&member.member_id())).then_some(name)
}

/// By organizationIdentifier, else by an eight-digit register code whose first digit tells the register.
fn estonian(organisation: Option<&str>, serial: Option<&str>, instance: &str) -> Option<ClientId> {
    if let Some(identifier) = organisation {
        let registers = [("NTREE-", "COM"), ("GO:EE-", "GOV"), ("NP:EE-", "NGO")];
        let known = registers.iter().find_map(|(prefix, class)| Some((class, identifier.strip_prefix(prefix)?)));
        let (class, code) = known.unwrap_or((&"NEE", identifier));
        return member(instance, class, code);
    }
    let code = serial.filter(|code| code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()))?;
    let class = match code.as_bytes()[0] {
        b'1'..=b'6' => "COM",
        b'7' => "GOV",
        b'8' | b'9' => "NGO",
        _ => return None,
    };
    member(instance, class, code)
}

fn member(instance: &str, class: &str, member: &str) -> Option<ClientId> {
    let id =
        ClientId { instance: instance.to_owned(), class: class.to_owned(), member: member.to_owned(), subsystem: None };
    (!id.instance.is_empty() && !id.class.is_empty() && !id.member.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class_name(profile: &str) -> String {
        format!("{PACKAGE}{profile}CertificateProfileInfoProvider")
    }

    fn check(profile: &str, subject: &[(ObjectIdentifier, &str)], expected: Option<&str>) {
        let name = subject.iter().fold(NameBuilder::new(), |name, (kind, value)| name.with(*kind, value)).build();
        let found = member_by_profile(&class_name(profile), &name, "XX");
        assert_eq!(found.map(|id| id.to_string()).as_deref(), expected, "{profile} {subject:?}");
    }

    #[test]
    fn every_profile_reads_its_own_fields() {
        use oid::{
            BUSINESS_CATEGORY as BC, COMMON_NAME as CN, COUNTRY as C, ORGANIZATION as O, ORGANIZATION_IDENTIFIER as OI,
            ORGANIZATIONAL_UNIT as OU, SERIAL_NUMBER as SN,
        };
        let finnish = [(C, "FI"), (O, "ACME"), (CN, "1234567-8"), (SN, "FI-TEST/serverCode/PUB")];
        check("FiVRK", &finnish, Some("FI-TEST/PUB/1234567-8"));
        check("FiVRK", &[(C, "FI"), (CN, "1"), (SN, "1/2/3/4")], None);
        check("FiVRK", &[(C, "FI"), (CN, "1"), (SN, "//")], None);
        check("FiVRK", &[(C, "FI"), (O, "FI-TEST"), (OU, "PUB"), (CN, "1234567-8")], Some("FI-TEST/PUB/1234567-8"));
        check("FiVRK", &[(C, "FI-DEV"), (O, "GOV"), (CN, "0245437-2")], Some("FI-DEV/GOV/0245437-2"));
        check("Is", &[(C, "IS"), (O, "IS-DEV"), (OU, "GOV"), (CN, "55"), (SN, "x")], Some("IS-DEV/GOV/55"));
        check("Is", &[(C, "IS"), (O, "IS-DEV"), (OU, "GOV"), (CN, "55")], None);
        check("Fo", &[(C, "FO"), (O, "FO-TST"), (OU, "COM"), (CN, "12"), (SN, "x")], Some("FO-TST/COM/12"));
        check("Fo", &[(C, "FO"), (O, "FO-TST"), (CN, "12"), (SN, "x")], None);
        check("Basic", &[(CN, "Org"), (BC, "COM"), (SN, "55")], Some("XX/COM/55"));
        check("BasicACME", &[(CN, "Org"), (BC, "COM"), (SN, "55")], Some("XX/COM/55"));
        check("Basic", &[(CN, "Org"), (SN, "55")], None);
        check("Ejbca", &[(C, "EE"), (O, "GOV"), (CN, "7")], Some("EE/GOV/7"));
        check("SkEsteId", &[(CN, "A,B,3"), (SN, "37702211230")], Some("XX/PERSON/37702211230"));
        check("Test", &[(CN, "consumer")], Some("XX/BUSINESS/consumer"));
        for (code, class) in [("16543212", "COM"), ("66543212", "COM"), ("76543212", "GOV"), ("86543212", "NGO")] {
            check("SkKlass3", &[(SN, code)], Some(&format!("XX/{class}/{code}")));
        }
        check("SkKlass3", &[(OI, "NTREE-10747013"), (SN, "76543212")], Some("XX/COM/10747013"));
        check("SkKlass3", &[(OI, "GO:EE-86543212")], Some("XX/GOV/86543212"));
        check("SkKlass3", &[(OI, "NP:EE-96543212")], Some("XX/NGO/96543212"));
        check("SkKlass3", &[(OI, "NP:FI-96543212")], Some("XX/NEE/NP:FI-96543212"));
        for code in ["123", "06543212", "s1234567"] {
            check("SkKlass3", &[(SN, code)], None);
        }
        check("Unknown", &finnish, None);
    }

    fn shown(name: &Name) -> String {
        let kinds = [
            ("BC", oid::BUSINESS_CATEGORY),
            ("SERIALNUMBER", oid::SERIAL_NUMBER),
            ("CN", oid::COMMON_NAME),
            ("OU", oid::ORGANIZATIONAL_UNIT),
            ("O", oid::ORGANIZATION),
            ("C", oid::COUNTRY),
        ];
        let shown = kinds.iter().filter_map(|(short, kind)| Some(format!("{short}={}", name.attribute(*kind)?)));
        shown.collect::<Vec<_>>().join(",")
    }

    #[test]
    fn what_a_profile_writes_it_reads() {
        let server = ServerId::parse("AZ/GOV/1/s").expect("a server");
        for (profile, member, expected) in [
            ("FiVRK", "AZ/GOV/1", "SERIALNUMBER=AZ/s/GOV,CN=1,O=Agency Ə,C=AZ"),
            ("Is", "AZ/GOV/1", "SERIALNUMBER=AZ/s/GOV,CN=1,OU=GOV,O=AZ,C=AZ"),
            ("Fo", "AZ/GOV/1", "SERIALNUMBER=AZ/s/GOV,CN=1,OU=GOV,O=AZ,C=AZ"),
            ("Basic", "AZ/GOV/1", "BC=GOV,SERIALNUMBER=1,CN=Agency Ə,O=Agency Ə,C=AZ"),
            ("BasicACME", "AZ/GOV/1", "BC=GOV,SERIALNUMBER=1,CN=Agency Ə,O=Agency Ə,C=AZ"),
            ("Ejbca", "AZ/GOV/1", "CN=1,O=GOV,C=AZ"),
            ("SkKlass3", "AZ/COM/10747013", "SERIALNUMBER=10747013,CN=Agency Ə,O=Agency Ə,C=AZ"),
            ("SkEsteId", "AZ/PERSON/37702211230", "SERIALNUMBER=37702211230,CN=Agency Ə,O=Agency Ə,C=AZ"),
        ] {
            let member = ClientId::parse(member).expect("a member");
            let name = subject_by_profile(&class_name(profile), &member, &server, "Agency Ə").expect(profile);
            assert_eq!(shown(&name), expected, "{profile}");
            assert_eq!(member_by_profile(&class_name(profile), &name, "AZ").as_ref(), Some(&member), "{profile}");
        }
        for (profile, member) in [
            ("SkKlass3", "AZ/GOV/1"),
            ("SkKlass3", "AZ/GOV/10747013"),
            ("SkEsteId", "AZ/GOV/1"),
            ("Unknown", "AZ/GOV/1"),
        ] {
            let member = ClientId::parse(member).expect("a member");
            assert!(subject_by_profile(&class_name(profile), &member, &server, "x").is_none(), "{profile} {member}");
        }
    }
}
