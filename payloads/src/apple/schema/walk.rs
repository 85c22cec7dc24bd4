//! A property list beside the keys it may have.

use plist::{Dictionary, Value};

use super::{
    os::{Standing, Target},
    rule::{Findings, Rule},
    table::{Key, Kind, Shape},
};

/// Checks `dictionary` against the keys of each of `groups`. The depth of the walk is that of the table.
pub(super) fn dictionary(
    at: &str,
    dictionary: &Dictionary,
    groups: &[&[Key]],
    target: Option<&Target>,
    findings: &mut Findings,
) {
    let keys = || groups.iter().copied().flatten();
    let any = keys().find(|key| key.name == "ANY");
    for (name, value) in dictionary {
        let name: String = name.chars().take(80).collect();
        let path = join(at, &name);
        match keys().find(|key| key.name == name) {
            Some(key) => {
                if let Some(target) = target {
                    check_standing(&path, key, target, findings);
                }
                check_value(&path, value, key, target, findings);
            }
            None => match any {
                Some(key) => check_value(&path, value, key, target, findings),
                None if keys().next().is_none() => {}
                None => findings.rule(
                    Rule::UnknownKey,
                    &path,
                    format!("`{name}` is not a key here"),
                ),
            },
        }
    }
    for key in keys().filter(|key| key.required && key.name != "ANY") {
        let expected = target.is_none_or(|target| {
            matches!(
                key.on(target.platform).standing(target),
                Standing::Available | Standing::Deprecated(_)
            )
        });
        if expected && !dictionary.contains_key(&key.name) {
            findings.rule(Rule::MissingKey, at, format!("`{}` is missing", key.name));
        }
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}

fn check_standing(at: &str, key: &Key, target: &Target, findings: &mut Findings) {
    let (name, platform) = (&key.name, target.platform);
    let (rule, text) = match key.on(platform).standing(target) {
        Standing::Available => return,
        Standing::Deprecated(version) => (
            Rule::KeyDeprecated,
            format!("`{name}` is deprecated on {platform} since {version}"),
        ),
        Standing::Missing => (
            Rule::KeyNotOnOs,
            format!("`{name}` does not exist on {platform}"),
        ),
        Standing::Newer(version) => (
            Rule::KeyNotOnOs,
            format!("`{name}` exists on {platform} since {version}"),
        ),
        Standing::Removed(version) => (
            Rule::KeyNotOnOs,
            format!("`{name}` is gone from {platform} since {version}"),
        ),
        // Said once, of the payload or command as a whole.
        Standing::OtherChannel if !at.contains('.') => return,
        Standing::OtherChannel => (
            Rule::KeyNotOnChannel,
            format!("`{name}` does nothing on this channel"),
        ),
    };
    findings.rule(rule, at, text);
}

fn check_value(
    at: &str,
    value: &Value,
    key: &Key,
    target: Option<&Target>,
    findings: &mut Findings,
) {
    let fits = match (key.kind, value) {
        (Kind::Any, _)
        | (Kind::String, Value::String(_))
        | (Kind::Boolean, Value::Boolean(_))
        | (Kind::Integer, Value::Integer(_))
        | (Kind::Real, Value::Real(_) | Value::Integer(_))
        | (Kind::Date, Value::Date(_))
        | (Kind::Data, Value::Data(_)) => true,
        (Kind::Array, Value::Array(items)) => {
            check_items(at, items, key, target, findings);
            true
        }
        (Kind::Dictionary, Value::Dictionary(inner)) => {
            dictionary(at, inner, &[&key.keys], target, findings);
            true
        }
        _ => false,
    };
    if !fits {
        findings.rule(
            Rule::WrongType,
            at,
            format!("is {}, expected {}", found(value), expected(key.kind)),
        );
        return;
    }
    if !key.allowed.is_empty() && !key.allowed.iter().any(|allowed| equal(allowed, value)) {
        let allowed: Vec<_> = key.allowed.iter().map(ToString::to_string).collect();
        findings.rule(
            Rule::ValueNotAllowed,
            at,
            format!("expected one of {}", allowed.join(", ")),
        );
    }
    check_bounds(at, value, key, findings);
    match (key.shape, value) {
        (Some(Shape::Uuid), Value::String(text)) => check_uuid(at, text, findings),
        (Some(Shape::HttpsUrl), Value::String(text)) if !text.starts_with("https://") => {
            findings.rule(Rule::MalformedUrl, at, "expected an https URL");
        }
        _ => {}
    }
}

fn check_bounds(at: &str, value: &Value, key: &Key, findings: &mut Findings) {
    let number = match value {
        Value::Integer(integer) => integer
            .as_signed()
            .and_then(|integer| i32::try_from(integer).ok())
            .map_or(Some(f64::MAX), |integer| Some(f64::from(integer))),
        Value::Real(real) => Some(*real),
        _ => None,
    };
    let (min, max) = key.bounds;
    if let Some(number) = number
        && (min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max))
    {
        let show = |bound: Option<f64>| bound.map_or_else(|| "any".to_owned(), |b| b.to_string());
        findings.rule(
            Rule::ValueNotAllowed,
            at,
            format!("expected {} to {}", show(min), show(max)),
        );
    }
}

fn check_items(
    at: &str,
    items: &[Value],
    key: &Key,
    target: Option<&Target>,
    findings: &mut Findings,
) {
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}[{index}]");
        match key.keys.as_slice() {
            [] => {}
            [one] => {
                let (min, max) = one.repetition;
                if index == 0
                    && (min.is_some_and(|min| items.len() < min)
                        || max.is_some_and(|max| items.len() > max))
                {
                    findings.rule(
                        Rule::ValueNotAllowed,
                        &at,
                        format!(
                            "stands in an array of {}, which is not its length",
                            items.len()
                        ),
                    );
                }
                check_value(&at, item, one, target, findings);
            }
            several => match several.iter().find(|key| is_item(key, item)) {
                Some(key) => check_value(&at, item, key, target, findings),
                None => findings.rule(
                    Rule::ValueNotAllowed,
                    &at,
                    "its `Item` names nothing that may stand here",
                ),
            },
        }
    }
}

/// Whether `item` is the dictionary that `key` describes, told by its `Item`.
fn is_item(key: &Key, item: &Value) -> bool {
    let Some(name) = item.as_dictionary().and_then(|item| item.get("Item")) else {
        return false;
    };
    let discriminator = key.keys.iter().find(|key| key.name == "Item");
    discriminator.is_some_and(|key| key.allowed.iter().any(|allowed| equal(allowed, name)))
}

fn equal(allowed: &serde_json::Value, value: &Value) -> bool {
    match (allowed, value) {
        (serde_json::Value::String(allowed), Value::String(value)) => allowed == value,
        (serde_json::Value::Bool(allowed), Value::Boolean(value)) => allowed == value,
        (serde_json::Value::Number(allowed), Value::Integer(value)) => {
            allowed.as_i64() == value.as_signed()
        }
        (serde_json::Value::Number(allowed), Value::Real(value)) => {
            allowed.as_f64() == Some(*value)
        }
        _ => false,
    }
}

/// Complains unless `text` is 8-4-4-4-12 hexadecimal digits.
pub(super) fn check_uuid(at: &str, text: &str, findings: &mut Findings) {
    let groups: Vec<_> = text.split('-').collect();
    let lengths = [8, 4, 4, 4, 12];
    let fits = groups.len() == lengths.len()
        && groups.iter().zip(lengths).all(|(group, length)| {
            group.len() == length && group.bytes().all(|b| b.is_ascii_hexdigit())
        });
    if !fits {
        findings.rule(
            Rule::MalformedUuid,
            at,
            "expected 8-4-4-4-12 hexadecimal digits",
        );
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::String => "a string",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Real => "a number",
        Kind::Date => "a date",
        Kind::Data => "data",
        Kind::Array => "an array",
        Kind::Dictionary => "a dictionary",
        Kind::Any => "anything",
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Boolean(_) => "a boolean",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a number",
        Value::Date(_) => "a date",
        Value::Data(_) => "data",
        Value::Array(_) => "an array",
        Value::Dictionary(_) => "a dictionary",
        _ => "of another type",
    }
}
