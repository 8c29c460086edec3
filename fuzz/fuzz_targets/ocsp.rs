//! OCSP requests and responses (RFC 6960).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = formats::ocsp::OcspRequest::from_der(data);
    let _ = formats::ocsp::BasicResponse::from_der(data);
});
