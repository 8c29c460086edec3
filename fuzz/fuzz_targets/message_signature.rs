//! See `targets::message_signature`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pencere_fuzz::targets::message_signature(data);
});
