//! The names a certificate is asked for with.

use serde::{Deserialize, Serialize};

use crate::{
    distinguished_name::{self, Attribute},
    subject::Subject,
    variable::{self, RenderError},
};

/// The kind of an alternative name (Microsoft Graph, `subjectAlternativeNameType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SanType {
    /// A mail address: rfc822Name.
    EmailAddress,
    /// A user principal name: otherName 1.3.6.1.4.1.311.20.2.3.
    UserPrincipalName,
    /// A host name: dNSName.
    DomainNameService,
    /// A URI: uniformResourceIdentifier.
    UniversalResourceIdentifier,
}

/// An alternative name as written in settings (Microsoft Graph, `customSubjectAlternativeName`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomSubjectAlternativeName {
    /// Its kind.
    pub san_type: SanType,
    /// Its text, with variables.
    pub name: String,
}

/// An alternative name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlternativeName {
    /// Its kind.
    pub kind: SanType,
    /// Its value.
    pub value: String,
}

/// The names of a certificate: what the device asks for, and what the server must issue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateNames {
    /// The subject, outermost attribute first.
    pub subject: Vec<Attribute>,
    /// The alternative names.
    pub alternatives: Vec<AlternativeName>,
}

impl CertificateNames {
    /// Renders the names of a certificate for `subject`.
    pub fn render(
        subject_name: &str,
        alternatives: &[CustomSubjectAlternativeName],
        subject: &Subject<'_>,
    ) -> Result<Self, RenderError> {
        Ok(Self {
            subject: distinguished_name::render(subject_name, subject)?,
            alternatives: alternatives
                .iter()
                .map(|name| {
                    Ok(AlternativeName {
                        kind: name.san_type,
                        value: variable::render(&name.name, subject)?,
                    })
                })
                .collect::<Result<_, RenderError>>()?,
        })
    }
}
