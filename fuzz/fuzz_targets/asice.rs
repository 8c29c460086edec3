//! Signed containers: reading them, and judging them against no anchors at all.
#![no_main]

use formats::asice::{Container, TrustAnchors, validate};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(container) = Container::read(data) {
        assert!(container.files.len() <= data.len(), "every file takes place");
    }
    let at = base::clock::from_micros(1_795_392_000_000_000);
    let verdict = validate(data, &TrustAnchors::default(), at);
    assert!(!verdict.valid, "nothing is valid when nobody is trusted");
});
