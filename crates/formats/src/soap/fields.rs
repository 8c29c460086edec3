//! Flat JSON fields as the children of the service element and back. XML Schema types in `xsi:type` keep numbers and
//! truth values what they are; a child without a type is a text. `rows` is the repeated element `row`; any other list is
//! an element with `list="true"` and children `item`.

use super::XSI;
use crate::xml::{Element, escape};
use serde_json::{Map, Number, Value};

/// The children for `fields`, which must be an object; the prefixes `xsi` and `xsd` must be declared around them.
pub fn write_fields(fields: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(fields) = fields {
        for (name, value) in fields {
            write_field(name, value, &mut out);
        }
    }
    out
}

/// An attribute that says that there is a list `rows` though no row stands there.
pub(super) fn empty_rows(fields: &Value) -> &'static str {
    match fields.get("rows") {
        Some(Value::Array(rows)) if rows.is_empty() => " rows=\"0\"",
        _ => "",
    }
}

fn write_field(name: &str, value: &Value, out: &mut String) {
    // A name that is no XML name would let a field's name become markup.
    if !is_name(name) {
        return;
    }
    match value {
        Value::Array(rows) if name == "rows" => rows.iter().for_each(|row| write_field("row", row, out)),
        Value::Array(items) => {
            out.push_str(&format!("<{name} list=\"true\">"));
            items.iter().for_each(|item| write_field("item", item, out));
            out.push_str(&format!("</{name}>"));
        }
        Value::Object(_) => {
            let inside = write_fields(value);
            // An element with children is an object anyway; only an empty one has to say so.
            let mark = if inside.is_empty() { " object=\"true\"" } else { "" };
            out.push_str(&format!("<{name}{mark}{}>{inside}</{name}>", empty_rows(value)));
        }
        Value::Null => out.push_str(&format!("<{name} xsi:nil=\"true\"/>")),
        Value::Bool(truth) => out.push_str(&format!("<{name} xsi:type=\"xsd:boolean\">{truth}</{name}>")),
        Value::Number(number) => {
            let kind = if number.is_f64() { "xsd:double" } else { "xsd:integer" };
            out.push_str(&format!("<{name} xsi:type=\"{kind}\">{number}</{name}>"));
        }
        Value::String(text) => out.push_str(&format!("<{name}>{}</{name}>", escape(text))),
    }
}

fn is_name(name: &str) -> bool {
    let start = name.chars().next().is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    start && name.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
}

/// The fields of a service element, or of any element that holds fields.
pub fn read_fields(element: &Element) -> Value {
    let mut fields = Map::new();
    let mut rows: Vec<Value> = Vec::new();
    for child in &element.children {
        if child.name == "row" {
            rows.push(read_value(child));
        } else {
            fields.insert(child.name.clone(), read_value(child));
        }
    }
    if !rows.is_empty() || element.attribute("", "rows").is_some() {
        fields.insert("rows".to_owned(), Value::Array(rows));
    }
    Value::Object(fields)
}

fn read_value(element: &Element) -> Value {
    if element.attribute(XSI, "nil") == Some("true") {
        return Value::Null;
    }
    if element.attribute("", "list") == Some("true") {
        return Value::Array(element.children.iter().map(read_value).collect());
    }
    if !element.children.is_empty() || element.attribute("", "object").is_some() {
        return read_fields(element);
    }
    let text = element.text.as_str();
    let kind = element.attribute(XSI, "type").map(|kind| kind.rsplit(':').next().unwrap_or(kind));
    let typed = match kind {
        Some("boolean") => match text.trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Some("integer" | "int" | "long") => text.trim().parse::<i64>().ok().map(Value::from),
        Some("double" | "float" | "decimal") => text.trim().parse().ok().and_then(Number::from_f64).map(Value::Number),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn round_trip(fields: &Value) -> Value {
        let text = format!("<a xmlns:xsi=\"{XSI}\"{}>{}</a>", empty_rows(fields), write_fields(fields));
        read_fields(&crate::xml::read(text.as_bytes()).expect("well formed"))
    }

    #[test]
    fn every_shape_comes_back() {
        for fields in [
            json!({}),
            json!({"pin": "AYTEN01", "months": 12, "receivesPension": false, "kind": null, "rate": 1.5}),
            json!({"pin": "A", "rows": [{"month": "2026-10", "qepik": 90000}, {"month": "2026-09", "qepik": 1}]}),
            json!({"rows": []}),
            json!({"proof": ["a", "b"], "treeHead": {"size": 3, "signature": "x"}, "none": []}),
            json!({"employer": "Bakı & Oğulları <MMC>", "empty": "", "nested": {}}),
        ] {
            assert_eq!(round_trip(&fields), fields);
        }
    }

    #[test]
    fn a_name_that_is_no_name_is_left_out() {
        assert_eq!(write_fields(&json!({"a><b": 1, "1a": 2, "": 3})), "");
    }
}
