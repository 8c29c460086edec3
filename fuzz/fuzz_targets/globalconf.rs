//! Documents of the global configuration.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = formats::globalconf::read_signed(data);
    let _ = formats::globalconf::SharedParameters::read(data);
    let _ = formats::globalconf::PrivateParameters::read(data);
    let _ = formats::globalconf::read_anchor(data);
    let _ = formats::globalconf::MonitoringParameters::read(data);
});
