//! The object identifiers that the product writes or reads, under the names that their standards give them.

use der::asn1::ObjectIdentifier;

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

// Algorithms (RFC 5480, RFC 5754, RFC 8017).
pub const EC_PUBLIC_KEY: ObjectIdentifier = oid("1.2.840.10045.2.1");
pub const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
pub const P384: ObjectIdentifier = oid("1.3.132.0.34");
pub const ECDSA_WITH_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
pub const ECDSA_WITH_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
pub const ECDSA_WITH_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
pub const RSA_ENCRYPTION: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
/// Read in evidence of the past only, never written.
pub const SHA1_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
pub const SHA256_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
pub const SHA384_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
pub const SHA512_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
pub const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
pub const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
pub const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
pub const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

// Attributes of names (RFC 4519, X.520).
pub const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
pub const SURNAME: ObjectIdentifier = oid("2.5.4.4");
pub const SERIAL_NUMBER: ObjectIdentifier = oid("2.5.4.5");
pub const COUNTRY: ObjectIdentifier = oid("2.5.4.6");
pub const LOCALITY: ObjectIdentifier = oid("2.5.4.7");
pub const STATE: ObjectIdentifier = oid("2.5.4.8");
pub const ORGANIZATION: ObjectIdentifier = oid("2.5.4.10");
pub const ORGANIZATIONAL_UNIT: ObjectIdentifier = oid("2.5.4.11");
pub const TITLE: ObjectIdentifier = oid("2.5.4.12");
pub const BUSINESS_CATEGORY: ObjectIdentifier = oid("2.5.4.15");
pub const GIVEN_NAME: ObjectIdentifier = oid("2.5.4.42");
pub const ORGANIZATION_IDENTIFIER: ObjectIdentifier = oid("2.5.4.97");

// Extensions of certificates (RFC 5280 §4.2).
pub const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = oid("2.5.29.14");
pub const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
pub const SUBJECT_ALT_NAME: ObjectIdentifier = oid("2.5.29.17");
pub const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
pub const CERTIFICATE_POLICIES: ObjectIdentifier = oid("2.5.29.32");
pub const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = oid("2.5.29.35");
pub const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
pub const AUTHORITY_INFO_ACCESS: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.1");
pub const QC_STATEMENTS: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.3");
pub const OCSP_NOCHECK: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1.5");
pub const AD_OCSP: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1");
pub const AD_CA_ISSUERS: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.2");

// Purposes (RFC 5280 §4.2.1.12).
pub const SERVER_AUTH: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.1");
pub const CLIENT_AUTH: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.2");
pub const TIME_STAMPING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.8");
pub const OCSP_SIGNING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.9");

// Qualified certificates (ETSI EN 319 412-5 §4, EN 319 411-2 §5.3).
pub const QC_COMPLIANCE: ObjectIdentifier = oid("0.4.0.1862.1.1");
pub const QC_SSCD: ObjectIdentifier = oid("0.4.0.1862.1.4");
pub const QC_TYPE: ObjectIdentifier = oid("0.4.0.1862.1.6");
pub const QC_TYPE_ESIGN: ObjectIdentifier = oid("0.4.0.1862.1.6.1");
pub const QC_TYPE_ESEAL: ObjectIdentifier = oid("0.4.0.1862.1.6.2");
pub const QCP_NATURAL_QSCD: ObjectIdentifier = oid("0.4.0.194112.1.2");
pub const QCP_LEGAL_QSCD: ObjectIdentifier = oid("0.4.0.194112.1.3");

// OCSP (RFC 6960).
pub const OCSP_BASIC: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1.1");
pub const OCSP_NONCE: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1.2");

// CMS and time-stamps (RFC 5652, RFC 3161, RFC 5035).
pub const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
pub const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
pub const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
pub const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");
pub const TST_INFO: ObjectIdentifier = oid("1.2.840.113549.1.9.16.1.4");
pub const SIGNING_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.12");
pub const SIGNING_CERTIFICATE_V2: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.47");
