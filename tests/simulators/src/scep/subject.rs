//! The subject and the alternative names of a certificate request, from a SCEP payload's nested arrays.

use plist::Value;

use crate::der::{dotted, element, joined, object, oid, sequence, tag};

/// Most attributes of one subject.
const MAX_ATTRIBUTES: usize = 64;

/// A distinguished name: one relative name after another, each of one or several attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject(Vec<Vec<(String, String)>>);

impl Subject {
    /// A name that is only a common name.
    pub fn common_name(name: &str) -> Self {
        Self(vec![vec![("CN".to_owned(), name.to_owned())]])
    }

    /// Names, in them types and values. `None` if a type is unknown or there are too many.
    pub(crate) fn from_names(names: Vec<Vec<(String, String)>>) -> Option<Self> {
        let fits = |name: &Vec<(String, String)>| {
            (1..=MAX_ATTRIBUTES).contains(&name.len())
                && name.iter().all(|(kind, _)| attribute_oid(kind).is_some())
        };
        (names.len() <= MAX_ATTRIBUTES && names.iter().all(fits)).then_some(Self(names))
    }

    /// Reads `[[["CN","x"]],[["O","y"]]]`: names, in them attributes, in them type and value. `None` if the nesting is
    /// another, or a type is neither a known short name nor an object identifier with dots.
    pub fn from_payload(value: &Value) -> Option<Self> {
        let mut names = Vec::new();
        for name in value.as_array()? {
            let mut attributes = Vec::new();
            for attribute in name.as_array()? {
                let [kind, text] = attribute.as_array()?.as_slice() else {
                    return None;
                };
                let (kind, text) = (kind.as_string()?, text.as_string()?);
                attribute_oid(kind)?;
                attributes.push((kind.to_owned(), text.to_owned()));
            }
            if attributes.is_empty()
                || names.len() >= MAX_ATTRIBUTES
                || attributes.len() > MAX_ATTRIBUTES
            {
                return None;
            }
            names.push(attributes);
        }
        Some(Self(names))
    }

    /// The name in DER (RFC 5280 section 4.1.2.4).
    pub fn to_der(&self) -> Vec<u8> {
        let names: Vec<u8> = self
            .0
            .iter()
            .flat_map(|attributes| {
                let mut attributes: Vec<Vec<u8>> = attributes
                    .iter()
                    .map(|(kind, text)| attribute(kind, text))
                    .collect();
                attributes.sort();
                element(tag::SET, &attributes.concat())
            })
            .collect();
        element(tag::SEQUENCE, &names)
    }
}

fn attribute(kind: &str, text: &str) -> Vec<u8> {
    let oid = attribute_oid(kind).unwrap_or_default();
    let string = match kind {
        "C" => tag::PRINTABLE_STRING,
        _ if oid == oid::EMAIL_ADDRESS || oid == oid::DOMAIN_COMPONENT => tag::IA5_STRING,
        _ => tag::UTF8_STRING,
    };
    sequence(&[&object(&oid), &element(string, text.as_bytes())])
}

fn attribute_oid(kind: &str) -> Option<Vec<u8>> {
    let known: &[u8] = match kind {
        "CN" => &[0x55, 4, 3],
        "C" => &[0x55, 4, 6],
        "L" => &[0x55, 4, 7],
        "ST" => &[0x55, 4, 8],
        "O" => &[0x55, 4, 10],
        "OU" => &[0x55, 4, 11],
        "E" | "emailAddress" => oid::EMAIL_ADDRESS,
        "DC" => oid::DOMAIN_COMPONENT,
        "UID" => oid::USER_ID,
        "SERIALNUMBER" => &[0x55, 4, 5],
        _ => return dotted(kind),
    };
    Some(known.to_vec())
}

/// Alternative names a payload asks for; each kind may be there several times.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AltNames {
    /// `rfc822Name`: mail addresses.
    pub mail: Vec<String>,
    /// `dNSName`: host names.
    pub dns: Vec<String>,
    /// `uniformResourceIdentifier`.
    pub uri: Vec<String>,
    /// `ntPrincipalName`: user principal names, as an other name.
    pub principal: Vec<String>,
}

impl AltNames {
    /// Reads the payload's `SubjectAltName` dictionary; each value is a text or an array of texts.
    pub fn from_payload(dictionary: &plist::Dictionary) -> Self {
        let texts = |key: &str| match dictionary.get(key) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(array)) => array
                .iter()
                .filter_map(Value::as_string)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        };
        Self {
            mail: texts("rfc822Name"),
            dns: texts("dNSName"),
            uri: texts("uniformResourceIdentifier"),
            principal: texts("ntPrincipalName"),
        }
    }

    /// The extension's value (RFC 5280 section 4.2.1.6), or `None` without names.
    pub(crate) fn to_der(&self) -> Option<Vec<u8>> {
        let mut names = Vec::new();
        for (tag, texts) in [(0x81, &self.mail), (0x82, &self.dns), (0x86, &self.uri)] {
            names.extend(texts.iter().flat_map(|text| element(tag, text.as_bytes())));
        }
        for text in &self.principal {
            let value = element(tag::CONTEXT_0, &element(tag::UTF8_STRING, text.as_bytes()));
            names.extend(joined(
                tag::CONTEXT_0,
                &[&object(oid::NT_PRINCIPAL_NAME), &value],
            ));
        }
        (!names.is_empty()).then(|| element(tag::SEQUENCE, &names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn only_three_levels_of_arrays_are_a_subject() {
        let subject = Subject::from_payload(&nested(
            r#"[[["CN","a & <b>"]],[["O","É"],["2.5.4.97","x"]]]"#,
        ))
        .unwrap();
        assert_eq!(subject.0.len(), 2);
        for wrong in [
            r#""CN=x""#,
            r#"["CN","x"]"#,
            r#"[["CN","x"]]"#,
            r#"[[["CN"]]]"#,
            r#"[[["XX","x"]]]"#,
            "[[]]",
        ] {
            assert_eq!(Subject::from_payload(&nested(wrong)), None, "{wrong}");
        }
    }
}
