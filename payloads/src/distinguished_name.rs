//! Subject names written as text, `CN={{UserName}},O=Example`.

use crate::{
    subject::Subject,
    variable::{self, RenderError},
};

/// The type of an attribute of a name, as its dotted object identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeType(String);

/// Short names (RFC 4514 section 3, and those in general use for what it lists no name for) and their identifiers.
const SHORT_NAMES: [(&str, &str); 17] = [
    ("CN", "2.5.4.3"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("S", "2.5.4.8"),
    ("E", "1.2.840.113549.1.9.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("SN", "2.5.4.4"),
    ("G", "2.5.4.42"),
    ("GN", "2.5.4.42"),
    ("T", "2.5.4.12"),
    ("STREET", "2.5.4.9"),
];

impl AttributeType {
    /// The dotted object identifier.
    pub fn oid(&self) -> &str {
        &self.0
    }

    /// The short name for the types that have one in a SCEP payload (Apple, `SCEP.PayloadContent`: `C L ST O OU CN`), else the identifier.
    pub fn apple_name(&self) -> &str {
        SHORT_NAMES
            .iter()
            .take(6)
            .find(|(_, oid)| *oid == self.0)
            .map_or(self.0.as_str(), |(name, _)| name)
    }

    /// The short name for the types that Windows knows by one (Microsoft, `CertStrToName`), else the identifier.
    pub fn windows_name(&self) -> &str {
        const KNOWN: [&str; 13] = [
            "CN",
            "O",
            "OU",
            "C",
            "L",
            "S",
            "E",
            "DC",
            "SERIALNUMBER",
            "SN",
            "G",
            "T",
            "STREET",
        ];
        SHORT_NAMES
            .iter()
            .find(|(name, oid)| *oid == self.0 && KNOWN.contains(name))
            .map_or(self.0.as_str(), |(name, _)| name)
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some((_, oid)) = SHORT_NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Some(Self((*oid).to_owned()));
        }
        let text = text
            .get(..4)
            .filter(|prefix| prefix.eq_ignore_ascii_case("OID."))
            .and_then(|_| text.get(4..))
            .unwrap_or(text);
        is_oid(text).then(|| Self(text.to_owned()))
    }
}

/// Whether `text` is a dotted object identifier of at most 64 characters: two arcs or more, the first 0 to 2, no leading zeros.
pub(crate) fn is_oid(text: &str) -> bool {
    let arc = |arc: &str| {
        !arc.is_empty()
            && arc.bytes().all(|b| b.is_ascii_digit())
            && (arc == "0" || !arc.starts_with('0'))
            && arc.parse::<u64>().is_ok()
    };
    let mut arcs = text.split('.');
    text.len() <= 64
        && matches!(arcs.next(), Some("0" | "1" | "2"))
        && text.contains('.')
        && arcs.all(arc)
}

/// One attribute of a name; each makes its own relative distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its type.
    pub kind: AttributeType,
    /// Its value.
    pub value: String,
}

/// Renders a subject name. The text is divided before its variables are replaced, so that a comma in somebody's name stays in the name.
///
/// Values may be quoted, and `\` takes the next character literally. A part that is `{{OnPrem_Distinguished_Name}}` alone
/// becomes all attributes of that name.
pub fn render(text: &str, subject: &Subject<'_>) -> Result<Vec<Attribute>, RenderError> {
    let mut attributes = Vec::new();
    for part in split(text)? {
        match part {
            Part::Attribute { kind, value } => attributes.push(Attribute {
                kind,
                value: variable::render(&value, subject)?,
            }),
            Part::Whole(variables) => {
                let name = variable::render(&variables, subject)?;
                for part in split(&name)? {
                    let Part::Attribute { kind, value } = part else {
                        return Err(wrong(&name, "`attribute=value`"));
                    };
                    attributes.push(Attribute { kind, value });
                }
            }
        }
    }
    Ok(attributes)
}

/// Checks a subject name without rendering it.
pub fn check(text: &str) -> Result<(), RenderError> {
    for part in split(text)? {
        match part {
            Part::Attribute { value, .. } => variable::check(&value)?,
            Part::Whole(variables) => variable::check(&variables)?,
        }
    }
    Ok(())
}

enum Part {
    Attribute { kind: AttributeType, value: String },
    Whole(String),
}

fn wrong(text: &str, expected: &'static str) -> RenderError {
    RenderError::Subject {
        text: text.chars().take(200).collect(),
        expected,
    }
}

fn split(text: &str) -> Result<Vec<Part>, RenderError> {
    let mut parts = Vec::new();
    if text.trim().is_empty() {
        return Ok(parts);
    }
    for raw in divide(text)? {
        let raw = raw.trim();
        if raw.starts_with("{{") && raw.ends_with("}}") && !raw.contains('=') {
            parts.push(Part::Whole(raw.to_owned()));
            continue;
        }
        let (kind, value) = raw
            .split_once('=')
            .ok_or_else(|| wrong(text, "`attribute=value`"))?;
        let kind = AttributeType::parse(kind.trim())
            .ok_or_else(|| wrong(text, "a known attribute name or an object identifier"))?;
        let value = unquote(value.trim());
        if value.is_empty() {
            return Err(wrong(text, "a value for every attribute"));
        }
        parts.push(Part::Attribute { kind, value });
    }
    Ok(parts)
}

/// Divides at commas that are neither quoted nor escaped.
fn divide(text: &str) -> Result<Vec<&str>, RenderError> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    if quoted || escaped {
        return Err(wrong(text, "quotes and escapes to be complete"));
    }
    parts.push(text.get(start..).unwrap_or_default());
    Ok(parts)
}

fn unquote(text: &str) -> String {
    let (mut value, mut escaped) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        match c {
            '\\' | '"' if !escaped => escaped = c == '\\',
            _ => {
                value.push(c);
                escaped = false;
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{subject::DeviceFacts, user::User};

    #[test]
    fn renders_names() {
        let device = DeviceFacts::default();
        let user = User {
            user_principal_name: "a,b=\"c\\@example.com".into(),
            mail: Some("ada@example.com".into()),
            on_premises_distinguished_name: Some(r"CN=Ada\, L.,OU=Staff,DC=corp".into()),
            ..User::default()
        };
        let subject = Subject {
            user: Some(&user),
            device: &device,
        };
        let names = |text: &str| match render(text, &subject) {
            Ok(attributes) => attributes
                .iter()
                .map(|a| format!("{}={}", a.kind.apple_name(), a.value))
                .collect::<Vec<_>>()
                .join("|"),
            Err(error) => error.to_string(),
        };
        for (text, expected) in [
            ("", ""),
            (
                "CN={{UserPrincipalName}}, E={{EmailAddress}}",
                "CN=a,b=\"c\\@example.com|1.2.840.113549.1.9.1=ada@example.com",
            ),
            ("cn=x,O=\"A, B & <é>\",OU=a\\,b", "CN=x|O=A, B & <é>|OU=a,b"),
            ("s=Z,2.5.4.97=V,oid.1.2.3=W", "ST=Z|2.5.4.97=V|1.2.3=W"),
            (
                "{{OnPrem_Distinguished_Name}}",
                "CN=Ada, L.|OU=Staff|0.9.2342.19200300.100.1.25=corp",
            ),
            (
                "CN",
                "rendering the subject `CN`: expected `attribute=value`",
            ),
            (
                "XX=1",
                "rendering the subject `XX=1`: expected a known attribute name or an object identifier",
            ),
            (
                "CN=",
                "rendering the subject `CN=`: expected a value for every attribute",
            ),
            (
                "CN=\"a",
                "rendering the subject `CN=\"a`: expected quotes and escapes to be complete",
            ),
            (
                "CN={{IMEI}}",
                "rendering `{{IMEI}}`: the device's IMEI is not known",
            ),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"([A-Za-z0-9=,.\\"{} é]|CN=|\{\{|\}\}){0,40}"#) {
            let device = DeviceFacts::default();
            let _ = render(&text, &Subject { user: None, device: &device });
            let _ = check(&text);
        }

        #[test]
        fn a_value_stays_in_its_attribute(value in ".{1,40}") {
            let device = DeviceFacts { device_name: Some(value.clone()), ..DeviceFacts::default() };
            let names = render("CN={{DeviceName}},O=x", &Subject { user: None, device: &device }).unwrap();
            prop_assert_eq!(names.len(), 2);
            prop_assert_eq!(&names[0].value, &value);
        }
    }

    #[test]
    fn object_identifiers() {
        for (text, yes) in [
            ("1.3.6.1.5.5.7.3.2", true),
            ("2.5", true),
            ("3.1", false),
            ("1", false),
            ("1.", false),
            ("1.02", false),
            ("1.-2", false),
            ("1.99999999999999999999999", false),
            ("", false),
        ] {
            assert_eq!(is_oid(text), yes, "{text}");
        }
    }
}
