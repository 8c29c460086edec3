//! Time-stamp requests, responses and tokens (RFC 3161).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = formats::tsp::TimeStampRequest::from_der(data);
    let _ = formats::tsp::TimeStampToken::from_der(data);
    let _ = formats::tsp::read_response(data);
});
