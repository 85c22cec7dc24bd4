//! The query of a request, read by name.

use std::borrow::Cow;

use super::percent;

/// The text after `?`, as `name=value` pairs joined by `&`.
///
/// Differs: in the form encoding of HTML `+` means a space; here it stays, because codes and base64 contain it and no
/// client of ours sends spaces.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a>(&'a str);

/// Why a query cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// More pairs than anybody needs.
    #[error("the query has more than {} parameters", Query::MAX_PAIRS)]
    TooMany,
    /// Two values for one name.
    #[error("query parameter `{0}` is given twice")]
    Repeated(&'static str),
    /// The value does not decode.
    #[error("query parameter `{name}` contains {what}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl<'a> Query<'a> {
    /// The most pairs looked at.
    pub const MAX_PAIRS: usize = 64;

    /// `text` without the question mark; `None` is an empty query.
    pub fn new(text: Option<&'a str>) -> Self {
        Self(text.unwrap_or_default())
    }

    /// The decoded value of `name`, compared exactly; `None` if it is not there.
    pub fn get(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, QueryError> {
        let mut found = None;
        for (count, pair) in self.0.split('&').enumerate() {
            if count >= Self::MAX_PAIRS {
                return Err(QueryError::TooMany);
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if percent::decode(key).is_ok_and(|key| key == name) && found.replace(value).is_some() {
                return Err(QueryError::Repeated(name));
            }
        }
        found
            .map(percent::decode)
            .transpose()
            .map_err(|what| QueryError::Value { name, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_name() {
        let query = Query::new(Some("code=A+b%2F&signed=false&empty&caf%C3%A9=%26"));
        for (name, value) in [
            ("code", Some("A+b/")),
            ("signed", Some("false")),
            ("empty", Some("")),
            ("café", Some("&")),
            ("Code", None),
        ] {
            assert_eq!(query.get(name).unwrap().as_deref(), value, "{name}");
        }
        assert_eq!(Query::new(None).get("code"), Ok(None));
    }

    #[test]
    fn refusals() {
        let many = "a=1&".repeat(65);
        for (text, complaint) in [
            ("code=1&code=2", "query parameter `code` is given twice"),
            ("code=1&c%6fde=2", "query parameter `code` is given twice"),
            (
                "code=%00",
                "query parameter `code` contains a control character",
            ),
            (
                "code=%zz",
                "query parameter `code` contains a percent sign without two hex digits",
            ),
            (&many, "the query has more than 64 parameters"),
        ] {
            let error = Query::new(Some(text)).get("code").unwrap_err();
            assert_eq!(error.to_string(), complaint);
        }
    }
}
