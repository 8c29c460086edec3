//! Tokens signed as JWS (RFC 7515).
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(token) = std::str::from_utf8(data) else { return };
    let _ = formats::jose::read(token);
});
