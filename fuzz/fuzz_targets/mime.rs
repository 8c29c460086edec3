//! Multipart bodies, whole and in pieces: the first line of the input is the boundary.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (boundary, body) = data.split_at(end);
    let Ok(boundary) = std::str::from_utf8(boundary) else { return };
    let _ = formats::mime::ContentType::parse(boundary);
    let whole = formats::mime::read_all(body, 0..body.len(), boundary);
    if let Ok(parts) = &whole {
        assert!(parts.len() <= body.len());
    }
    // In pieces the same parts come out, unless a limit on what is held ends it before.
    let piece = 1 + data.len() % 7;
    if let Some(contents) = in_pieces(body, boundary, piece) {
        let whole: Vec<&[u8]> = whole.expect("whole").iter().map(|part| &body[part.body.clone()]).collect();
        assert_eq!(contents, whole);
    }
});

fn in_pieces(body: &[u8], boundary: &str, piece: usize) -> Option<Vec<Vec<u8>>> {
    use formats::mime::Step;
    let (mut splitter, mut contents, mut pieces) =
        (formats::mime::Splitter::new(boundary), Vec::<Vec<u8>>::new(), body.chunks(piece));
    loop {
        match splitter.step().ok()? {
            Step::Begin(_) => contents.push(Vec::new()),
            Step::Data(data) => contents.last_mut().expect("a part").extend_from_slice(&data),
            Step::End => {}
            Step::Done => return Some(contents),
            Step::More => match pieces.next() {
                Some(piece) => splitter.feed(piece.to_vec().into()),
                None => splitter.end(),
            },
        }
    }
}
