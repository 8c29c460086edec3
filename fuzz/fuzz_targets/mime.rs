//! Multipart bodies: the first line of the input is the boundary.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (boundary, body) = data.split_at(end);
    let Ok(boundary) = std::str::from_utf8(boundary) else { return };
    let _ = formats::mime::ContentType::parse(boundary);
    if let Ok(parts) = formats::mime::read_all(body, 0..body.len(), boundary) {
        assert!(parts.len() <= body.len());
    }
});
