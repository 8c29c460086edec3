//! SOAP messages of the exchange and plain XML below them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = formats::xml::read(data);
    let _ = formats::soap::read(data.to_vec());
});
