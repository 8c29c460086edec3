//! What goes into a statement and what comes out of a row: 64-bit integers, text and bytes, each possibly absent. Nothing
//! else exists in our tables, so that both databases mean the same by everything.

use base::{Id, Lang, Money, Pin, Timestamp, clock};
use std::collections::HashMap;
use std::sync::Arc;

/// An argument. Absence keeps its type, because PostgreSQL asks for one.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A row read: columns by name.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Arc<HashMap<String, usize>>,
    values: Vec<Value>,
}

macro_rules! from {
    ($($from:ty => $variant:ident, |$value:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self { Value::$variant(Some($into)) }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self { Value::$variant(value.map(|$value| $into)) }
        }
    )*};
}

from! {
    i64 => Integer, |value| value;
    i32 => Integer, |value| i64::from(value);
    u32 => Integer, |value| i64::from(value);
    bool => Integer, |value| i64::from(value);
    Timestamp => Integer, |value| value.as_microsecond();
    Money => Integer, |value| value.qepik();
    &str => Text, |value| value.to_owned();
    String => Text, |value| value;
    &String => Text, |value| value.clone();
    &Id => Text, |value| value.to_string();
    Id => Text, |value| value.to_string();
    &Pin => Text, |value| value.as_str().to_owned();
    Lang => Text, |value| value.tag().to_owned();
    base::Date => Text, |value| value.to_string();
    &serde_json::Value => Text, |value| value.to_string();
    Vec<u8> => Bytes, |value| value;
    &[u8] => Bytes, |value| value.to_vec();
    &Vec<u8> => Bytes, |value| value.clone();
    [u8; 32] => Bytes, |value| value.to_vec();
}

/// Sizes and counts; a number above `i64::MAX` cannot be a count of anything we store.
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Value::Integer(Some(i64::try_from(value).expect("no count of ours reaches 2^63")))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Integer(Some(i64::try_from(value).expect("no count of ours reaches 2^63")))
    }
}

/// Accessors by column name. A column that is not there, or not of that type, is a bug in our SQL and stops the request.
impl Row {
    pub(super) fn new(columns: Arc<HashMap<String, usize>>, values: Vec<Value>) -> Self {
        Row { columns, values }
    }

    fn value(&self, column: &str) -> &Value {
        let place = self.columns.get(column).unwrap_or_else(|| panic!("no column {column} in the row"));
        &self.values[*place]
    }

    pub fn opt_int(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => *number,
            // SQLite types values, not columns: an absent value arrives without a type.
            Value::Text(None) | Value::Bytes(None) => None,
            other => panic!("column {column} holds {other:?}, not an integer"),
        }
    }

    pub fn opt_text(&self, column: &str) -> Option<&str> {
        match self.value(column) {
            Value::Text(text) => text.as_deref(),
            Value::Integer(None) | Value::Bytes(None) => None,
            _ => panic!("column {column} is not a text"),
        }
    }

    pub fn opt_blob(&self, column: &str) -> Option<&[u8]> {
        match self.value(column) {
            Value::Bytes(bytes) => bytes.as_deref(),
            Value::Integer(None) | Value::Text(None) => None,
            _ => panic!("column {column} is not bytes"),
        }
    }

    pub fn int(&self, column: &str) -> i64 {
        self.opt_int(column).unwrap_or_else(|| panic!("column {column} is absent"))
    }

    pub fn text(&self, column: &str) -> &str {
        self.opt_text(column).unwrap_or_else(|| panic!("column {column} is absent"))
    }

    pub fn blob(&self, column: &str) -> &[u8] {
        self.opt_blob(column).unwrap_or_else(|| panic!("column {column} is absent"))
    }

    pub fn bool(&self, column: &str) -> bool {
        self.int(column) != 0
    }

    pub fn time(&self, column: &str) -> Timestamp {
        clock::from_micros(self.int(column))
    }

    pub fn opt_time(&self, column: &str) -> Option<Timestamp> {
        self.opt_int(column).map(clock::from_micros)
    }

    pub fn id(&self, column: &str) -> Id {
        Id::parse(self.text(column)).unwrap_or_else(|| panic!("column {column} is not an identifier"))
    }

    pub fn money(&self, column: &str) -> Money {
        Money::from_qepik(self.int(column))
    }

    /// A JSON text; what is not JSON was never written by us.
    pub fn json(&self, column: &str) -> serde_json::Value {
        serde_json::from_str(self.text(column)).unwrap_or_else(|_| panic!("column {column} is not JSON"))
    }
}
