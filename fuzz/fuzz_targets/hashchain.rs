//! Hash chains of batch signatures: the input is the result document and, after a zero byte, the chain.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (result, chain) = data.split_at(end);
    let chain = chain.get(1..).unwrap_or_default().to_vec();
    let documents = |_: &str| Some(chain.clone());
    let transform = |_: &str, bytes: &[u8]| Some(bytes.to_vec());
    let _ = formats::hashchain::verify(result, &documents, &[], &transform);
});
