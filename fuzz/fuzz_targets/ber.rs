//! Basic encoding made definite: what comes out is definite, and stays what it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(definite) = formats::asn1::definite(data) {
        assert_eq!(formats::asn1::definite(&definite).as_ref(), Ok(&definite), "definite bytes stay as they are");
    }
    let _ = formats::tsp::TimeStampToken::from_ber(data);
});
