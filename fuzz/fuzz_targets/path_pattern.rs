//! See `targets::path_pattern`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pencere_fuzz::targets::path_pattern(data);
});
