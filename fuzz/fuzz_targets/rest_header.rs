//! Heads of REST requests and answers as they travel between servers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(head) = formats::rest::RequestHead::decode(data) {
        let again = formats::rest::RequestHead::decode(&head.encode()).expect("what was written can be read");
        assert_eq!(again.headers, head.headers);
    }
    let _ = formats::rest::ResponseHead::decode(data);
});
