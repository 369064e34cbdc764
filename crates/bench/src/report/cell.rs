//! One value of a row: a number with its unit in the column's name, or a word.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A cell; exact in the JSON, rounded to three digits where people read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A figure.
    Number(f64),
    /// A word; empty for "not measured".
    Text(String),
}

impl Value {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        matches!(self, Value::Text(text) if text.is_empty())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Value {
        Value::Number(crate::clock::real(count))
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Value {
        Value::from(count as u64)
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Value {
        number.map_or_else(|| Value::Text(String::new()), Value::Number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.pad(text),
            Value::Number(number) => f.pad(&rounded(*number)),
        }
    }
}

/// Three digits, but every digit of a whole number; thousands apart.
fn rounded(number: f64) -> String {
    if number.fract() == 0.0 || number.abs() >= 100.0 {
        return thousands(&format!("{number:.0}"));
    }
    match number.abs() {
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 0.1 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

fn thousands(digits: &str) -> String {
    let mut apart = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if left.is_multiple_of(3) && apart.ends_with(|c: char| c.is_ascii_digit()) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_three_digits_and_whole_counts() {
        let shown = |number: f64| Value::from(number).to_string();
        assert_eq!(shown(1_000_000.0), "1,000,000");
        assert_eq!(shown(10_234.56), "10,235");
        assert_eq!(shown(-1_234.0), "-1,234");
        assert_eq!(shown(123.4), "123");
        assert_eq!(shown(12.34), "12.3");
        assert_eq!(shown(1.234), "1.23");
        assert_eq!(shown(0.0123), "0.012");
        assert_eq!(shown(0.0), "0");
    }
}
