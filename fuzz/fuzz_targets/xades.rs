//! Signatures of documents that others wrote.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = formats::xades::read_signatures(data);
});
