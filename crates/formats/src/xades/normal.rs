//! White space in attribute values, which the tree's parser leaves as it is written: a line's end or a tab means a space
//! there (XML 1.0 §2.11, §3.3.3), and is one in the canonical form.

use std::borrow::Cow;

/// A well-formed document with every line's end and tab inside its start tags made a space.
pub(super) fn normalized(text: &str) -> Cow<'_, str> {
    let (mut out, mut done) = (String::new(), 0);
    let tags = StartTags { text, at: 0 };
    for (start, end) in tags {
        let tag = &text[start..end];
        if tag.contains(['\n', '\r', '\t']) {
            out.push_str(&text[done..start]);
            out.push_str(&tag.replace("\r\n", " ").replace(['\n', '\r', '\t'], " "));
            done = end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
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
    fn white_space_in_values_is_spaces_and_elsewhere_itself() {
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
