//! Containers and archives of the exchange, judged with nobody trusted.
#![no_main]

use formats::{
    asice::exchange::{Archive, MessageContainer, Previous, Scope, sender},
    globalconf::Trust,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(container) = MessageContainer::open(data) {
        let _ = container.check_structure();
        assert!(container.judge(Scope::Full(&Trust::default())).is_err(), "nothing is valid when nobody is trusted");
    }
    if let Ok(archive) = Archive::open(data) {
        let _ = archive.judge(&Previous::Any);
    }
    let _ = sender(data);
});
