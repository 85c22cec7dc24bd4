//! Distinguished names as text, as Windows writes and reads them (page "`CertStrToNameW` function").

/// Most relative names of one text.
const MAX_NAMES: usize = 64;

/// Takes a text apart: relative names, in them types and values. Parts end at `,` or `;`, attributes of one part are
/// joined with `+`, and a value in quotes may hold anything, a quote twice.
pub(crate) fn parse(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut names = vec![Vec::new()];
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (kind, after) = rest.split_once('=')?;
        let kind = kind.trim();
        if kind.is_empty() || names.len() > MAX_NAMES {
            return None;
        }
        let after = after.trim_start();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let end = after.find([',', ';', '+']).unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            (value.trim_end().to_owned(), after)
        };
        names.last_mut()?.push((kind.to_owned(), value));
        let after = after.trim_start();
        rest = match after.chars().next() {
            None => after,
            Some('+') => after.get(1..)?.trim_start(),
            Some(',' | ';') => {
                names.push(Vec::new());
                after.get(1..)?.trim_start()
            }
            Some(_) => return None,
        };
    }
    names.iter().all(|name| !name.is_empty()).then_some(names)
}

/// A value up to its closing quote, and what follows it.
fn quoted_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        value.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_names() {
        let told = |text: &str| {
            parse(text).map(|names| {
                let name = |name: &Vec<(String, String)>| {
                    let pairs: Vec<String> = name
                        .iter()
                        .map(|(kind, value)| format!("{kind}:{value}"))
                        .collect();
                    pairs.join("+")
                };
                names.iter().map(name).collect::<Vec<_>>().join("|")
            })
        };
        for (text, expected) in [
            ("CN=a", Some("CN:a")),
            ("CN=a b , O = c;OU=d+L=e", Some("CN:a b|O:c|OU:d+L:e")),
            (r#"CN="a, ""b"" + <é>",O=x"#, Some(r#"CN:a, "b" + <é>|O:x"#)),
            ("CN=a=b", Some("CN:a=b")),
            ("CN", None),
            ("CN=a,", None),
            (r#"CN="a"#, None),
            (r#"CN="a"b"#, None),
            ("=a", None),
        ] {
            assert_eq!(told(text).as_deref(), expected, "{text}");
        }
    }
}
