//! Escaping of character data and attribute values so that the written form is also the canonical one (C14N 1.0 §2.3).

/// Text between tags.
pub fn escape(text: &str) -> String {
    escaped(text, |letter| match letter {
        '>' => Some("&gt;"),
        _ => None,
    })
}

/// Text between double quotes.
pub fn escape_attribute(text: &str) -> String {
    escaped(text, |letter| match letter {
        '"' => Some("&quot;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        _ => None,
    })
}

/// With what both places have in common, and what `also` says of this one.
fn escaped(text: &str, also: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\r' => out.push_str("&#xD;"),
            // Characters that XML 1.0 cannot carry at all (§2.2) become the replacement character.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}')
            }
            _ => match also(letter) {
                Some(reference) => out.push_str(reference),
                None => out.push(letter),
            },
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own_references() {
        let text = "a&b<c>d\"e\tf\ng\rh\u{1}i\u{ffff}ə";
        assert_eq!(escape(text), "a&amp;b&lt;c&gt;d\"e\tf\ng&#xD;h\u{fffd}i\u{fffd}ə");
        assert_eq!(escape_attribute(text), "a&amp;b&lt;c>d&quot;e&#x9;f&#xA;g&#xD;h\u{fffd}i\u{fffd}ə");
    }
}
