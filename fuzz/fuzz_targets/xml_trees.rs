//! See `targets::xml_trees`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pencere_fuzz::targets::xml_trees(data);
});
