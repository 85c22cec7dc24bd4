//! The one place that writes property lists.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::format_description::well_known::Rfc3339;

use super::value::Value;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
    <plist version=\"1.0\">\n";

/// Writes `value` as an XML property list: keys in their order, tabs for depth, base64 on one line.
///
/// A character that XML 1.0 cannot carry at all (section 2.2) is written as U+FFFD. What came from the network cannot
/// be deeper than the [`super::Budget`] it was read under, so neither is the recursion here.
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = String::from(HEAD);
    element(&mut out, value, 0);
    out.push_str("</plist>\n");
    out.into_bytes()
}

fn element(out: &mut String, value: &Value, depth: usize) {
    indent(out, depth);
    match value {
        Value::Dict(dict) if dict.is_empty() => out.push_str("<dict/>"),
        Value::Dict(dict) => {
            out.push_str("<dict>\n");
            for (key, value) in dict.iter() {
                indent(out, depth + 1);
                leaf(out, "key", key);
                out.push('\n');
                element(out, value, depth + 1);
            }
            indent(out, depth);
            out.push_str("</dict>");
        }
        Value::Array(items) if items.is_empty() => out.push_str("<array/>"),
        Value::Array(items) => {
            out.push_str("<array>\n");
            for item in items {
                element(out, item, depth + 1);
            }
            indent(out, depth);
            out.push_str("</array>");
        }
        Value::String(text) => leaf(out, "string", text),
        Value::Integer(n) => leaf(out, "integer", &n.to_string()),
        Value::Real(x) => leaf(out, "real", &x.to_string()),
        Value::Bool(true) => out.push_str("<true/>"),
        Value::Bool(false) => out.push_str("<false/>"),
        Value::Data(bytes) => {
            out.push_str("<data>");
            STANDARD.encode_string(bytes, out);
            out.push_str("</data>");
        }
        // Rfc3339 fails only for years that neither our reader nor any caller's clock produces.
        Value::Date(at) => leaf(out, "date", &at.format(&Rfc3339).unwrap_or_default()),
    }
    out.push('\n');
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n('\t', depth));
}

fn leaf(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<{name}>"); // writing to a string cannot fail
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"), // a bare one would be read as a line feed
            '\t' | '\n' => out.push(c),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    let _ = write!(out, "</{name}>");
}
