//! Line ends and white space, which the tree's parser leaves as they are written in some places: every line's end is one
//! letter before anything is read (XML 1.0 §2.11), and in an attribute's value it means a space, as a tab does (§3.3.3).

use std::borrow::Cow;

/// A well-formed document with its line ends made one letter, and those inside start tags, and tabs there, spaces.
pub(super) fn normalized(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return spaced(text).map_or(Cow::Borrowed(text), Cow::Owned);
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(spaced(&text).unwrap_or(text))
}

/// `None` when there is nothing to change.
fn spaced(text: &str) -> Option<String> {
    let (mut out, mut done) = (String::new(), 0);
    let tags = StartTags { text, at: 0 };
    for (start, end) in tags {
        let tag = &text[start..end];
        if tag.contains(['\n', '\t']) {
            out.push_str(&text[done..start]);
            out.push_str(&tag.replace(['\n', '\t'], " "));
            done = end;
        }
    }
    out.push_str(&text[done..]);
    (done > 0).then_some(out)
}

/// Where the start tags stand.
struct StartTags<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for StartTags<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            let start = self.at + self.text[self.at..].find('<')?;
            let rest = &self.text[start..];
            // What is no tag ends with a mark of its own and may hold anything before it.
            let others = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("</", ">"), ("<!", ">")];
            match others.iter().find(|(begin, _)| rest.starts_with(begin)) {
                Some((begin, end)) => self.at = start + begin.len() + rest[begin.len()..].find(end)? + end.len(),
                None => {
                    self.at = start + tag_end(rest)?;
                    return Some((start, self.at));
                }
            }
        }
    }
}

/// Behind the `>` that stands in no value.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (place, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(place + 1),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::canonical_document;

    #[test]
    fn line_ends_are_one_letter_and_in_values_spaces() {
        const C14N: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
        let check = |text: &str, expected: &str| {
            let canonical = canonical_document(text, C14N).expect("canonical");
            assert_eq!(String::from_utf8(canonical).expect("text"), expected);
        };
        check("<a b='x\ny\tz\r\nw'\n c=\"'>\r\"/>", "<a b=\"x y z w\" c=\"'> \"></a>");
        check("<a b='&#10;&#13;&#9;'>\n\t</a\n>", "<a b=\"&#xA;&#xD;&#x9;\">\n\t</a>");
        check(
            "<a><!-- <b c='\n'> --><?p <b c='\n'?><![CDATA[<b\n>]]><d e='\n'/></a>",
            "<a><?p <b c='\n'?>&lt;b\n&gt;<d e=\" \"></d></a>",
        );
    }
}
