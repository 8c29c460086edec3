//! Which elements a document may have, as its schema says: content models written as small expressions, checked against
//! the tree. For documents whose schema is fixed and short; types of values are checked as far as a verdict needs them.

use super::Element;
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What one element may contain.
///
/// `content` is an expression over prefixed names: `a:b` once, with `?`, `*` or `+` behind it, `|` between alternatives,
/// brackets around groups, blanks between what follows each other; `*:*` is any element of a namespace that no prefix
/// names. `~` before it lets text stand between the elements. Or one word: `#text`, `#base64`, `#time`, `#number` for a
/// value without elements; `#any` for anything at all; `#lax` for any elements, those that are known checked.
#[derive(Debug)]
pub struct Shape {
    pub element: &'static str,
    pub content: &'static str,
    /// Attributes in no namespace, blanks between; `!` behind those that must be there.
    pub attributes: &'static str,
}

#[derive(Debug)]
pub struct Schema {
    pub prefixes: &'static [(&'static str, &'static str)],
    pub shapes: &'static [Shape],
}

const ANY_OTHER: &str = "*:*";

impl Schema {
    /// Checks `element` and everything below it. Elements of other namespaces are passed over where they may stand.
    pub fn check(&self, element: &Element) -> Result<(), String> {
        let name = self.name(element);
        if name == ANY_OTHER {
            return Ok(());
        }
        let Some(shape) = self.shapes.iter().find(|shape| shape.element == name) else {
            return Err(format!("{name} is not known"));
        };
        check_attributes(shape, element)?;
        let (mixed, content) =
            shape.content.strip_prefix('~').map_or((false, shape.content), |content| (true, content));
        match content {
            "#any" => return Ok(()),
            "#lax" => {
                let known = |child: &&Element| self.shapes.iter().any(|shape| shape.element == self.name(child));
                return element.children.iter().filter(known).try_for_each(|child| self.check(child));
            }
            simple if simple.starts_with('#') => return check_value(simple, element),
            _ => {}
        }
        if !mixed && !element.text.trim().is_empty() {
            return Err(format!("{name} has text"));
        }
        let names: Vec<String> = element.children.iter().map(|child| self.name(child)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if !Expression::parse(content).matches(&names) {
            return Err(format!("the elements in {name} are not those of the schema"));
        }
        element.children.iter().try_for_each(|child| self.check(child))
    }

    fn name(&self, element: &Element) -> String {
        let prefix = self.prefixes.iter().find(|(_, namespace)| *namespace == element.namespace);
        prefix.map_or(ANY_OTHER.to_owned(), |(prefix, _)| format!("{prefix}:{}", element.name))
    }
}

fn check_attributes(shape: &Shape, element: &Element) -> Result<(), String> {
    let words = || shape.attributes.split_whitespace();
    for attribute in element.attributes.iter().filter(|attribute| attribute.namespace.is_empty()) {
        if !words().any(|word| word.trim_end_matches('!') == attribute.name) {
            return Err(format!("{} has an attribute {}", shape.element, attribute.name));
        }
    }
    let missing = words().filter_map(|word| word.strip_suffix('!')).find(|name| element.attribute("", name).is_none());
    missing.map_or(Ok(()), |name| Err(format!("{} has no attribute {name}", shape.element)))
}

fn check_value(kind: &str, element: &Element) -> Result<(), String> {
    let text = element.text.trim();
    let right = element.children.is_empty()
        && match kind {
            "#base64" => STANDARD.decode(text.split_whitespace().collect::<String>()).is_ok(),
            "#time" => text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok(),
            "#number" => !text.is_empty() && text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()),
            _ => true,
        };
    if right { Ok(()) } else { Err(format!("the value of {} is not {}", element.name, &kind[1..])) }
}

/// A content model. Matching gives every number of names that can be taken, so that no order of trying matters.
#[derive(Debug)]
enum Expression<'a> {
    Name(&'a str),
    Sequence(Vec<Expression<'a>>),
    Choice(Vec<Expression<'a>>),
    Repeated { inside: Box<Expression<'a>>, least: usize, most: usize },
}

impl<'a> Expression<'a> {
    fn parse(text: &'a str) -> Self {
        let mut rest = text;
        let parsed = Expression::choice(&mut rest);
        assert!(rest.trim().is_empty(), "content model {text:?} is not an expression");
        parsed
    }

    fn choice(rest: &mut &'a str) -> Self {
        let mut alternatives = vec![Expression::sequence(rest)];
        while let Some(after) = rest.trim_start().strip_prefix('|') {
            *rest = after;
            alternatives.push(Expression::sequence(rest));
        }
        Expression::Choice(alternatives)
    }

    fn sequence(rest: &mut &'a str) -> Self {
        let mut parts = Vec::new();
        loop {
            *rest = rest.trim_start();
            let part = if let Some(after) = rest.strip_prefix('(') {
                *rest = after;
                let inside = Expression::choice(rest);
                *rest = rest.trim_start().strip_prefix(')').expect("a bracket of a content model is closed");
                inside
            } else if let Some(after) = rest.strip_prefix(ANY_OTHER) {
                *rest = after;
                Expression::Name(ANY_OTHER)
            } else {
                let end = rest.find([' ', '?', '*', '+', '|', '(', ')']).unwrap_or(rest.len());
                if end == 0 {
                    return Expression::Sequence(parts);
                }
                let (name, after) = rest.split_at(end);
                *rest = after;
                Expression::Name(name)
            };
            let (least, most) = match rest.chars().next() {
                Some('?') => (0, 1),
                Some('*') => (0, usize::MAX),
                Some('+') => (1, usize::MAX),
                _ => (1, 1),
            };
            if (least, most) != (1, 1) {
                *rest = &rest[1..];
            }
            parts.push(Expression::Repeated { inside: Box::new(part), least, most });
        }
    }

    fn matches(&self, names: &[&str]) -> bool {
        self.ends(names, vec![0]).contains(&names.len())
    }

    /// Where this expression can end, when it begins at any of `starts`.
    fn ends(&self, names: &[&str], starts: Vec<usize>) -> Vec<usize> {
        let mut ends: Vec<usize> = match self {
            Expression::Name(wanted) => {
                starts.into_iter().filter(|at| names.get(*at) == Some(wanted)).map(|at| at + 1).collect()
            }
            Expression::Sequence(parts) => parts.iter().fold(starts, |starts, part| part.ends(names, starts)),
            Expression::Choice(parts) => parts.iter().flat_map(|part| part.ends(names, starts.clone())).collect(),
            Expression::Repeated { inside, least, most } => {
                let mut reached = if *least == 0 { starts.clone() } else { Vec::new() };
                let mut current = starts;
                let mut count = 0;
                while count < *most && !current.is_empty() {
                    current = inside.ends(names, current);
                    count += 1;
                    if count >= *least {
                        current.retain(|end| !reached.contains(end));
                        reached.extend(&current);
                    }
                }
                reached
            }
        };
        ends.sort_unstable();
        ends.dedup();
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_models_take_what_they_say() {
        let check = |model: &str, names: &str, expected: bool| {
            let names: Vec<&str> = names.split_whitespace().collect();
            assert_eq!(Expression::parse(model).matches(&names), expected, "{model} {names:?}");
        };
        for (names, expected) in [("a b", true), ("a", false), ("a b c", true), ("a c", false), ("a b c c", false)] {
            check("a b c?", names, expected);
        }
        for (names, expected) in
            [("", false), ("a", true), ("b a b", true), ("a c", true), ("c", false), ("a c a", false)]
        {
            check("(a | b)+ c?", names, expected);
        }
        check("", "", true);
        check("", "a", false);
        check("(a? b?)*", "b a a b", true);
        check("a* a b", "a a a b", true);
        check("a (b | *:*)*", "a *:* b", true);
    }

    #[test]
    fn a_document_is_checked_to_its_leaves() {
        const SCHEMA: Schema = Schema {
            prefixes: &[("a", "urn:a")],
            shapes: &[
                Shape { element: "a:list", content: "a:entry+ *:*?", attributes: "" },
                Shape { element: "a:entry", content: "a:value | a:at", attributes: "id! note" },
                Shape { element: "a:value", content: "#base64", attributes: "" },
                Shape { element: "a:at", content: "#time", attributes: "" },
            ],
        };
        let check = |text: &str, expected: bool| {
            let root = super::super::read(format!("<list xmlns='urn:a'>{text}</list>").as_bytes()).expect("XML");
            assert_eq!(SCHEMA.check(&root).is_ok(), expected, "{text}: {:?}", SCHEMA.check(&root));
        };
        check("<entry id='1'><value>YQ==</value></entry>", true);
        check("<entry id='1'><at>2026-11-23T12:00:00Z</at></entry><x xmlns='urn:x' y='z'/>", true);
        check("<entry><value>YQ==</value></entry>", false);
        check("<entry id='1' other='2'><value>YQ==</value></entry>", false);
        check("<entry id='1'><value>?</value></entry>", false);
        check("<entry id='1'><at>noon</at></entry>", false);
        check("<entry id='1'>text<value>YQ==</value></entry>", false);
        check("<entry id='1'/>", false);
        check("<x xmlns='urn:x'/>", false);
        check("<entry id='1'><value><b/></value></entry>", false);
        check("", false);
    }
}
