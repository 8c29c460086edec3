//! See `targets::rest_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pencere_fuzz::targets::rest_header(data);
});
