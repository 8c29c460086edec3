//! See `targets::ocsp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pencere_fuzz::targets::ocsp(data);
});
