//! Paths of REST services as rights speak of them: `*` stands for what is between two slashes, `**` for anything. A path
//! is normalised before it is compared, and one that could mean two things must be allowed in both meanings.

use formats::identifier::decode_segment;

/// A pattern with more `**` than this would be slow to refuse.
const WILDCARDS_MAX: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(String),
    Segment,
    Rest,
}

/// `/pages/*`, `/archive/**`; `\*` is the character itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    tokens: Vec<Token>,
}

impl PathPattern {
    /// Everything, which is what a right for a whole service is.
    pub fn anything() -> PathPattern {
        PathPattern { tokens: vec![Token::Rest] }
    }

    pub fn parse(text: &str) -> Option<PathPattern> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '*' if letters.peek() == Some(&'*') => {
                    while letters.next_if_eq(&'*').is_some() {}
                    tokens.push(Token::Rest);
                }
                '*' => tokens.push(Token::Segment),
                '\\' if matches!(letters.peek(), Some('*' | '\\')) => push(&mut tokens, letters.next()?),
                other => push(&mut tokens, other),
            }
        }
        let rests = tokens.iter().filter(|token| **token == Token::Rest).count();
        let begins = matches!(tokens.first(), Some(Token::Rest)) || text.starts_with('/');
        (begins && rests <= WILDCARDS_MAX).then_some(PathPattern { tokens })
    }

    /// Whether the pattern covers the path in each of its meanings.
    pub fn covers(&self, path: &ServicePath) -> bool {
        covers(&self.tokens, &path.kept) && (path.kept == path.decoded || covers(&self.tokens, &path.decoded))
    }

    /// Whether all that `endpoint` names may be asked for under this pattern: the field compares the texts.
    pub fn covers_endpoint(&self, endpoint: &str) -> bool {
        covers(&self.tokens, endpoint)
    }
}

fn push(tokens: &mut Vec<Token>, letter: char) {
    match tokens.last_mut() {
        Some(Token::Text(text)) => text.push(letter),
        _ => tokens.push(Token::Text(letter.to_string())),
    }
}

/// Tokens between two `**` are looked for at the first place where they fit, and never again further on: what begins later
/// ends no earlier, so nothing that follows could fit better.
fn covers(tokens: &[Token], path: &str) -> bool {
    let mut groups = tokens.split(|token| *token == Token::Rest);
    let first = groups.next().expect("a split has a first part");
    let Some(mut left) = behind(first, path) else { return false };
    let mut groups = groups.peekable();
    let mut ends = left.is_empty();
    while let Some(group) = groups.next() {
        let mut places = left.char_indices().map(|(place, _)| place).chain([left.len()]);
        if groups.peek().is_none() {
            ends = places.any(|place| behind(group, &left[place..]) == Some(""));
            break;
        }
        let Some(after) = places.find_map(|place| behind(group, &left[place..])) else { return false };
        left = after;
    }
    ends
}

/// What is left of the path behind these tokens, of which none is `**`.
fn behind<'a>(tokens: &[Token], path: &'a str) -> Option<&'a str> {
    tokens.iter().try_fold(path, |path, token| match token {
        Token::Text(text) => path.strip_prefix(text.as_str()),
        Token::Segment => Some(&path[path.find('/').unwrap_or(path.len())..]),
        Token::Rest => None,
    })
}

/// The path behind a service code, decoded and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePath {
    /// An escaped slash stays what it is.
    kept: String,
    /// An escaped slash, or a backslash, is a slash.
    decoded: String,
}

impl ServicePath {
    /// `None` when the path climbs, in whatever spelling a system behind us might take for climbing, or cannot be decoded.
    pub fn parse(path: &str) -> Option<ServicePath> {
        let mut kept = String::with_capacity(path.len() + 1);
        let mut decoded = String::with_capacity(path.len() + 1);
        for written in path.split('/').filter(|segment| !segment.is_empty()) {
            let segment = decode_segment(written)?;
            for part in segment.split(['/', '\\']) {
                // Some servers cut what stands behind a semicolon off before they walk the path.
                let name = part.split(';').next().unwrap_or_default();
                if name == ".." || name == "." || part.contains('\0') {
                    return None;
                }
                if !part.is_empty() {
                    decoded.push('/');
                    decoded.push_str(part);
                }
            }
            kept.push('/');
            kept.push_str(&segment.replace('/', "%2F").replace('\\', "%5C"));
        }
        let closed = path.is_empty() || path.ends_with('/');
        for text in [&mut kept, &mut decoded] {
            if closed || text.is_empty() {
                text.push('/');
            }
        }
        Some(ServicePath { kept, decoded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        let compiled = PathPattern::parse(pattern).unwrap_or_else(|| panic!("{pattern} is no pattern"));
        let path = ServicePath::parse(path);
        assert_eq!(path.is_some_and(|path| compiled.covers(&path)), expected, "{pattern}");
    }

    #[test]
    fn one_segment_and_the_rest() {
        for (path, expected) in [("/a/b", true), ("/a/", true), ("/a", false), ("/a/b/c", false), ("/x/b", false)] {
            check("/a/*", path, expected);
        }
        for path in ["", "/", "/a", "/a/b/c", "/%D0%B0"] {
            check("**", path, true);
        }
        check("/a/**", "/a/b/c", true);
        check("/a/**", "/a", false);
        check("/a/*/c", "/a/b/c", true);
        check("/a/*/c", "/a/b/d/c", false);
        check("**/c/**", "/a/b/c/d", true);
        check("**/c/**", "/a/b/d", false);
        check("/", "", true);
        check("/\\*", "/*", true);
        check("/\\*", "/a", false);
        check("/a.b", "/axb", false);
    }

    #[test]
    fn paths_are_normalised_first() {
        check("/a/b", "//a///b", true);
        check("/a b", "/a%20b", true);
        check("/A", "/%41", true);
        for climbing in ["/a/../b", "/a/%2e%2E/b", "/a/..%2Fb", "/a/..;x=1/b", "/a/..%5cb", "/a/./b", "/a%00b", "/%zz"]
        {
            assert_eq!(ServicePath::parse(climbing), None, "{climbing}");
        }
    }

    /// A system behind us may or may not take an escaped slash for a slash.
    #[test]
    fn an_escaped_slash_must_be_allowed_in_both_meanings() {
        check("/a/*", "/a/b%2Fc", false);
        check("/a/b/c", "/a/b%2Fc", false);
        check("/a/**", "/a/b%2Fc", true);
    }

    /// Whether it covers, by trying every place for every `**`.
    fn tried(tokens: &[Token], path: &str) -> bool {
        match tokens.split_first() {
            None => path.is_empty(),
            Some((Token::Rest, after)) => (0..=path.len()).any(|place| tried(after, &path[place..])),
            Some((one, after)) => behind(std::slice::from_ref(one), path).is_some_and(|path| tried(after, path)),
        }
    }

    #[test]
    fn the_first_place_is_as_good_as_any() {
        let words = |letters: &[&str], most: u32| -> Vec<String> {
            let count = letters.len();
            let word = |number: usize, length: u32| -> String {
                (0..length).map(|place| letters[number / count.pow(place) % count]).collect()
            };
            (0..=most).flat_map(|length| (0..count.pow(length)).map(move |number| word(number, length))).collect()
        };
        let paths = words(&["/", "a", "b"], 6);
        let patterns: Vec<_> =
            words(&["/", "a", "*", "**a"], 5).iter().filter_map(|it| PathPattern::parse(it)).collect();
        assert!(patterns.len() > 500, "{}", patterns.len());
        for pattern in patterns {
            for path in &paths {
                assert_eq!(covers(&pattern.tokens, path), tried(&pattern.tokens, path), "{pattern:?} {path}");
            }
        }
    }

    /// Tried place by place for every `**` this would take days.
    #[test]
    fn a_long_path_is_refused_at_once() {
        let pattern = PathPattern::parse("**a**a**a**b").expect("a pattern");
        let path = ServicePath::parse(&format!("/{}", "a".repeat(30_000))).expect("a path");
        assert!(!pattern.covers(&path));
    }

    #[test]
    fn what_is_no_pattern() {
        for text in ["", "a", "*", "/**/**/**/**/**"] {
            assert_eq!(PathPattern::parse(text), None, "{text}");
        }
    }
}
