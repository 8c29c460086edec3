//! The textual form of certificates (RFC 7468 §5).

use super::Certificate;
use crate::asn1::{Cursor, Malformed, tag};
use base64::{Engine, engine::general_purpose::STANDARD};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

pub fn to_pem(certificates: &[Certificate]) -> String {
    let mut out = String::new();
    for certificate in certificates {
        let encoded = STANDARD.encode(certificate.der());
        out.push_str(BEGIN);
        out.push('\n');
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            out.push_str(line);
            out.push('\n');
            rest = after;
        }
        out.push_str(END);
        out.push('\n');
    }
    out
}

/// One certificate however people keep it: DER, PEM under either label, or bare base64. `TRUSTED CERTIFICATE` is OpenSSL's:
/// its own data stand behind the certificate and are left unread.
pub fn from_written(bytes: &[u8]) -> Result<Certificate, Malformed> {
    let malformed = Malformed("certificate file");
    if bytes.first() == Some(&tag::SEQUENCE) {
        return Certificate::from_der(bytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| malformed)?;
    let body = match text.split_once("-----BEGIN ") {
        Some((_, labelled)) => {
            let (label, body) = labelled.split_once("-----").ok_or(malformed)?;
            if !matches!(label, "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE") {
                return Err(malformed);
            }
            body.split_once("-----END ").ok_or(malformed)?.0
        }
        None => text,
    };
    let encoded: String = body.split_whitespace().collect();
    let der = STANDARD.decode(encoded).map_err(|_| malformed)?;
    let first = Cursor::new(&der, "certificate file").expect(tag::SEQUENCE)?;
    Certificate::from_der(first.whole)
}

/// Every certificate of the text, in order; text between them is explanatory and skipped (RFC 7468 §2).
pub fn from_pem(text: &str) -> Result<Vec<Certificate>, Malformed> {
    let malformed = Malformed("PEM certificate");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, after) = after.split_once(END).ok_or(malformed)?;
        let encoded: String = body.split_whitespace().collect();
        let der = STANDARD.decode(encoded).map_err(|_| malformed)?;
        found.push(Certificate::from_der(&der)?);
        rest = after;
    }
    Ok(found)
}
