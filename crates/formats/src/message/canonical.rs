//! Canonical bytes of the two signed elements. What this product writes is canonical as it stands (C14N 1.0 inclusive):
//! the scanner here proves that of received bytes, and only the namespaces of the ancestors have to be put into the first
//! tag. Documents that others wrote differently go to the general canonicalizer.

use crate::xml::Element;

/// The literal beginning of every signature document of the profile, and the namespaces that it declares, in canonical
/// order. Other beginnings are not judged here.
pub const ROOT: &str = "<asic:XAdESSignatures xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">";
const NAMESPACES: &str = " xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" \
    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\" \
    xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Whether nothing but the root of the document declares namespaces, and it declares exactly ours.
pub fn has_our_root(document: &str) -> bool {
    let body = match document.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, body)| body),
        None => document,
    };
    body.trim_start_matches('\n').strip_prefix(ROOT).is_some_and(|rest| !rest.contains("xmlns"))
}

/// The canonical form of `element` inside `document`, if its bytes are canonical as they stand.
pub fn verbatim(document: &str, element: &Element) -> Option<Vec<u8>> {
    let text = document.get(element.span.clone())?;
    if !is_canonical(text) {
        return None;
    }
    with_namespaces(text)
}

/// Puts the inherited namespaces into the first tag, before its attributes (C14N 1.0 §2.2).
pub fn with_namespaces(text: &str) -> Option<Vec<u8>> {
    let name_end = text.find([' ', '>'])?;
    Some([&text[..name_end], NAMESPACES, &text[name_end..]].concat().into_bytes())
}

/// Whether an element without namespace declarations is in canonical form: start and end tags only, single spaces,
/// attributes in double quotes and in order, no needless reference, comment, instruction or carriage return.
fn is_canonical(text: &str) -> bool {
    if text.contains('\r') {
        return false;
    }
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        if !is_canonical_text(&rest[..open]) {
            return false;
        }
        let Some(close) = rest[open..].find('>') else { return false };
        if !is_canonical_tag(&rest[open + 1..open + close]) {
            return false;
        }
        rest = &rest[open + close + 1..];
    }
    rest.is_empty()
}

/// Text has its references in the only form that canonical text has.
fn is_canonical_text(text: &str) -> bool {
    let mut pieces = text.split('&');
    let first = pieces.next().unwrap_or_default();
    let references = ["amp;", "lt;", "gt;", "#xD;"];
    !first.contains('>')
        && pieces.all(|piece| references.iter().any(|known| piece.starts_with(known)) && !piece.contains('>'))
}

fn is_canonical_tag(tag: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.'))
    };
    if let Some(name) = tag.strip_prefix('/') {
        return is_name(name);
    }
    let name_end = tag.find(' ').unwrap_or(tag.len());
    let (name, mut attributes) = tag.split_at(name_end);
    if !is_name(name) {
        return false;
    }
    let mut previous = "";
    while let Some(rest) = attributes.strip_prefix(' ') {
        let Some((attribute, rest)) = rest.split_once("=\"") else { return false };
        let Some((value, rest)) = rest.split_once('"') else { return false };
        // Attributes without a prefix are ordered by name; prefixed ones would need their namespace: not ours.
        if !is_name(attribute)
            || attribute.contains(':')
            || attribute <= previous
            || value.contains(['<', '\n', '\t', '&'])
        {
            return false;
        }
        previous = attribute;
        attributes = rest;
    }
    attributes.is_empty()
}

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn what_is_canonical_and_what_is_not() {
        for text in ["<a></a>", "<a:b C=\"1\" d=\"2\">x\ny</a:b>", "<a>\n<b></b></a>", "<a>x &amp; y\tz</a>"] {
            assert!(is_canonical(text), "{text}");
        }
        for text in [
            "<a/>",
            "<a ></a>",
            "<a  b=\"1\"></a>",
            "<a b='1'></a>",
            "<a d=\"1\" b=\"1\"></a>",
            "<a b=\"1\" b=\"1\"></a>",
            "<a>&#65;</a>",
            "<a><!-- --></a>",
            "<a><?b?></a>",
            "<a><![CDATA[x]]></a>",
            "<a>\r\n</a>",
            "<a b=\"\n\"></a>",
            "<a b=\"&amp;\"></a>",
            "<a>&quot;</a>",
            "<a p:b=\"1\"></a>",
            "<a></a >",
            "<a>></a>",
            "<a",
        ] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
