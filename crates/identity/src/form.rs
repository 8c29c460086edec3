//! `application/x-www-form-urlencoded` and queries, as this crate writes them: pairs in, text out (WHATWG URL §5.2 with
//! `%20` for a space, which every reader takes).

/// Everything but the unreserved characters of RFC 3986 §2.3 as %XX.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// `a=1&b=2`.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encoded: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    encoded.join("&")
}

/// Adds parameters to an address that may have a query already.
pub fn with_query<'a>(address: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}{}", pairs(query))
}

/// `scheme://host[:port]` of an absolute address, without a trailing slash: what browsers call its origin.
pub fn origin(address: &str) -> Option<&str> {
    let after_scheme = address.find("://")? + 3;
    let authority = address[after_scheme..].find(['/', '?', '#']).unwrap_or(address.len() - after_scheme);
    (authority > 0).then(|| &address[..after_scheme + authority])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_language_travel() {
        assert_eq!(pairs([("ad", "Ə b"), ("x", "1&2=3")]), "ad=%C6%8F%20b&x=1%262%3D3");
        assert_eq!(with_query("http://h/a?b=1", [("c", "2")]), "http://h/a?b=1&c=2");
    }

    #[test]
    fn origins_have_no_path() {
        assert_eq!(origin("http://127.0.0.1:8800/login/callback?x"), Some("http://127.0.0.1:8800"));
        assert_eq!(origin("https://a.az"), Some("https://a.az"));
        assert_eq!(origin("/only/a/path"), None);
        assert_eq!(origin("http:///x"), None);
    }
}
