//! Signature documents of the exchange, by schema and without, judged over data that are not there.
#![no_main]

use formats::xades::exchange::{Conformance, Missing, Question, SignatureDocument};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for conformance in [Conformance::Schema, Conformance::Structure] {
        let Ok(document) = SignatureDocument::read(data, conformance) else { continue };
        let _ = (document.time_stamp(), document.certificate());
        let documents = |_: &str| None;
        for missing in [Missing::Refused, Missing::Reported] {
            let _ = document.judge(&Question { inputs: &[], documents: &documents, missing, identity: None });
        }
    }
});
