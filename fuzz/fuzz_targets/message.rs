//! Messages between security servers: the first line of the input is the content type.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (content_type, body) = data.split_at(end);
    let Ok(content_type) = std::str::from_utf8(content_type) else { return };
    let _ = formats::message::decode(content_type, body);
    let _ = formats::message::read(data);
});
