//! The web broker of a Federated enrollment: forms of a login page, filled in and sent, and the page that hands the
//! token over.

use std::collections::BTreeMap;

/// Forms and fields read from one page.
const MAX_FIELDS: usize = 200;

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) post: bool,
    /// Name and value of each field, in order.
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// The body of its submission, with these values in place of its own.
    pub(crate) fn filled(&self, values: &BTreeMap<String, String>) -> String {
        let pairs = self.fields.iter().map(|(name, value)| {
            let value = values.get(name).unwrap_or(value);
            format!(
                "{}={}",
                crate::http::percent_encode(name),
                crate::http::percent_encode(value)
            )
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The value of a field.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Finds the forms of a page. Scripts are not run: an old browser control could not either.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = Vec::new();
    let mut rest = page;
    let mut fields = 0;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, attributes, after) = tag(after);
        rest = after;
        let value = |name: &str| attributes.get(name).cloned();
        match tag.as_str() {
            "form" if forms.len() < MAX_FIELDS => forms.push(Form {
                action: value("action").unwrap_or_default(),
                post: value("method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
                fields: Vec::new(),
            }),
            "input" | "button" if fields < MAX_FIELDS => {
                if let (Some(form), Some(name)) = (forms.last_mut(), value("name")) {
                    fields += 1;
                    form.fields.push((name, value("value").unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    forms
}

/// A tag: its name in lower case, its attributes, and what follows it.
fn tag(text: &str) -> (String, BTreeMap<String, String>, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '/' && c != '!')
        .unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '>')
            .unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, after) = if let Some(quote) = quote {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or_default()
            } else {
                let end = after.find(|c: char| c.is_whitespace() || c == '>');
                after.split_at(end.unwrap_or(after.len()))
            };
            attributes.insert(attribute.to_lowercase(), unescape(value));
            rest = after;
        } else if let Some(after) = after.strip_prefix('>') {
            return (name.to_lowercase(), attributes, after);
        } else if attribute.is_empty() {
            return (name.to_lowercase(), attributes, after);
        } else {
            attributes.insert(attribute.to_lowercase(), String::new());
            rest = after;
        }
    }
}

/// Character references of HTML that pages for an old browser use.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| {
            let character = match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix(['x', 'X']) {
                        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)
                }
            };
            character.map(|character| (character, after))
        });
        let (character, after) = known.unwrap_or(('&', after));
        out.push(character);
        rest = after;
    }
    out + rest
}

/// The URL a form of a page is sent to.
pub(crate) fn resolve(page: &str, action: &str) -> String {
    let start = page.find("://").map_or(0, |at| at + 3);
    let path = page.get(start..).and_then(|rest| rest.find('/'));
    let origin = page.get(..path.map_or(page.len(), |at| start + at));
    let plain = page.split('?').next().unwrap_or_default();
    if action.contains("://") {
        action.to_owned()
    } else if action.is_empty() {
        page.to_owned()
    } else if action.starts_with('/') {
        format!("{}{action}", origin.unwrap_or_default())
    } else if action.starts_with('?') {
        format!("{plain}{action}")
    } else {
        let folder = plain.rfind('/').filter(|at| *at >= start);
        match folder.and_then(|at| plain.get(..=at)) {
            Some(folder) => format!("{folder}{action}"),
            None => format!("{plain}/{action}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_pages() {
        let page = r#"<!DOCTYPE html><p a<b><FORM method='POST' action=/login?x=1&amp;y>
            <input type=hidden name="state" value="a &quot;&#233;&#x26;&#39;&unknown;">
            <input name=user><input type=password name=password required><button name=go value=1>Go</button></FORM>
            <form action="ms-app://x"><input name='wresult' value='t&lt;'></form><input"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 2);
        assert_eq!(
            (forms[0].action.as_str(), forms[0].post),
            ("/login?x=1&y", true)
        );
        let values = BTreeMap::from([
            ("user".to_owned(), "é&".to_owned()),
            ("other".to_owned(), "x".to_owned()),
        ]);
        assert_eq!(
            forms[0].filled(&values),
            "state=a%20%22%C3%A9%26%27%26unknown%3B&user=%C3%A9%26&password=&go=1"
        );
        assert_eq!(forms[1].value("wresult"), Some("t<"));
        assert!(!forms[1].post);
    }

    #[test]
    fn where_forms_go() {
        for (action, expected) in [
            ("", "https://h:1/a/b?c"),
            ("/d?e", "https://h:1/d?e"),
            ("d", "https://h:1/a/d"),
            ("?e", "https://h:1/a/b?e"),
            ("ms-app://x", "ms-app://x"),
        ] {
            assert_eq!(resolve("https://h:1/a/b?c", action), expected);
        }
        assert_eq!(resolve("https://h", "x"), "https://h/x");
    }
}
