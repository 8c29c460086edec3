//! Certificates in DER and PEM (RFC 5280).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = formats::x509::Certificate::from_der(data) {
        assert_eq!(certificate.der(), data, "what was read is what was given");
        let _ = (certificate.subject().rfc4514(), certificate.is_self_issued());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = formats::x509::from_pem(text);
    }
});
