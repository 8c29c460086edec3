//! A media type with its parameters.

/// `multipart/mixed; charset=UTF-8; boundary=xtop…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// Type and subtype in lower case.
    pub essence: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = split_outside_quotes(text).into_iter();
        let essence = pieces.next()?.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if kind.is_empty() || subtype.is_empty() || essence.contains(char::is_whitespace) {
            return None;
        }
        let mut parameters = Vec::new();
        for piece in pieces {
            if piece.trim().is_empty() {
                continue;
            }
            let (name, value) = piece.split_once('=')?;
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            parameters.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        }
        Some(ContentType { essence, parameters })
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The boundary of a multipart type (1 to 70 characters, RFC 2046 §5.1.1).
    pub fn boundary(&self) -> Option<&str> {
        self.parameter("boundary").filter(|boundary| (1..=70).contains(&boundary.len()))
    }
}

fn split_outside_quotes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quoted) = (Vec::new(), 0, false);
    for (place, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::ContentType;

    #[test]
    fn types_and_parameters() {
        let parsed = ContentType::parse("Multipart/Mixed; charset=UTF-8;boundary=\"a;b\"").expect("a type");
        assert_eq!((parsed.essence.as_str(), parsed.boundary()), ("multipart/mixed", Some("a;b")));
        for text in ["", "text", "text/", "/xml", "text/xml; charset"] {
            assert_eq!(ContentType::parse(text), None, "{text}");
        }
    }
}
