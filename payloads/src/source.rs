//! Which attribute of a user becomes the mail address and the user name of an account.

use serde::{Deserialize, Serialize};

use crate::{subject::Subject, user::User, variable::RenderError};

/// Where the mail address comes from (Microsoft Graph, `userEmailSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailAddressSource {
    /// The user principal name.
    #[default]
    UserPrincipalName,
    /// The user's mail attribute.
    PrimarySmtpAddress,
}

/// Where the user name comes from (Microsoft Graph, `usernameSource` and `androidUsernameSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsernameSource {
    /// The user principal name.
    #[default]
    UserPrincipalName,
    /// The user's mail attribute.
    PrimarySmtpAddress,
    /// The on-premises account name, written `DOMAIN\name`.
    SamAccountName,
    /// The part of the user principal name before its `@`.
    Username,
}

/// Which form of the domain stands before an on-premises account name (Microsoft Graph, `domainNameSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainNameSource {
    /// `corp.example.com`.
    FullDomainName,
    /// `CORP`.
    NetBiosDomainName,
}

fn missing(source: &str, missing: &'static str) -> RenderError {
    RenderError::MissingAttribute {
        variable: source.to_owned(),
        missing,
    }
}

fn user<'a>(subject: &Subject<'a>, source: &str) -> Result<&'a User, RenderError> {
    subject
        .user
        .ok_or_else(|| missing(source, "the user of the device"))
}

fn known<'a>(
    value: Option<&'a String>,
    source: &str,
    what: &'static str,
) -> Result<&'a str, RenderError> {
    value
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| missing(source, what))
}

impl EmailAddressSource {
    /// The mail address of the account.
    pub fn render(self, subject: &Subject<'_>) -> Result<String, RenderError> {
        let user = user(subject, "email_address_source")?;
        match self {
            Self::UserPrincipalName => Ok(user.user_principal_name.clone()),
            Self::PrimarySmtpAddress => known(
                user.mail.as_ref(),
                "email_address_source",
                "the user's mail address",
            )
            .map(str::to_owned),
        }
    }
}

impl UsernameSource {
    /// The user name of the account, that of a SAM account written `DOMAIN\name`.
    pub fn render(
        self,
        subject: &Subject<'_>,
        domain: Option<DomainNameSource>,
        custom_domain: Option<&str>,
    ) -> Result<String, RenderError> {
        let (name, domain) = self.split(subject, domain, custom_domain)?;
        Ok(match domain {
            Some(domain) => format!("{domain}\\{name}"),
            None => name,
        })
    }

    /// The user name of the account, and the domain of a SAM account: `custom_domain`, else the form of the directory's domain that
    /// `domain` chooses, short by default.
    pub fn split(
        self,
        subject: &Subject<'_>,
        domain: Option<DomainNameSource>,
        custom_domain: Option<&str>,
    ) -> Result<(String, Option<String>), RenderError> {
        let source = "username_source";
        let user = user(subject, source)?;
        match self {
            Self::UserPrincipalName => Ok((user.user_principal_name.clone(), None)),
            Self::Username => Ok((user.user_name().to_owned(), None)),
            Self::PrimarySmtpAddress => {
                let address = known(user.mail.as_ref(), source, "the user's mail address")?;
                Ok((address.to_owned(), None))
            }
            Self::SamAccountName => {
                let name = known(
                    user.sam_account_name.as_ref(),
                    source,
                    "the user's on-premises SAM account name",
                )?;
                let domain = match (custom_domain, domain) {
                    (Some(custom), _) => custom,
                    (None, Some(DomainNameSource::FullDomainName)) => known(
                        user.domain_name.as_ref(),
                        "user_domain_name_source",
                        "the user's domain name",
                    )?,
                    (None, Some(DomainNameSource::NetBiosDomainName) | None) => known(
                        user.net_bios_domain_name.as_ref(),
                        "user_domain_name_source",
                        "the user's NetBIOS domain name",
                    )?,
                };
                Ok((name.to_owned(), Some(domain.to_owned())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::DeviceFacts;

    #[test]
    fn renders_each_source() {
        let device = DeviceFacts::default();
        let bare = User {
            user_principal_name: "ada@example.com".into(),
            ..User::default()
        };
        let full = User {
            mail: Some("ada.l@example.com".into()),
            sam_account_name: Some("adal".into()),
            domain_name: Some("corp.example.com".into()),
            net_bios_domain_name: Some("CORP".into()),
            ..bare.clone()
        };
        let render = |user, source: UsernameSource, domain, custom| {
            let subject = Subject {
                user,
                device: &device,
            };
            source
                .render(&subject, domain, custom)
                .unwrap_or_else(|error| error.to_string())
        };
        let sam = UsernameSource::SamAccountName;
        let dns = Some(DomainNameSource::FullDomainName);
        for (rendered, expected) in [
            (
                render(Some(&full), UsernameSource::UserPrincipalName, None, None),
                "ada@example.com",
            ),
            (
                render(Some(&full), UsernameSource::PrimarySmtpAddress, None, None),
                "ada.l@example.com",
            ),
            (
                render(Some(&full), UsernameSource::Username, None, None),
                "ada",
            ),
            (render(Some(&full), sam, None, None), "CORP\\adal"),
            (
                render(Some(&full), sam, dns, None),
                "corp.example.com\\adal",
            ),
            (render(Some(&full), sam, dns, Some("X")), "X\\adal"),
            (
                render(Some(&bare), sam, None, Some("X")),
                "rendering `username_source`: the user's on-premises SAM account name is not known",
            ),
            (
                render(Some(&bare), UsernameSource::PrimarySmtpAddress, None, None),
                "rendering `username_source`: the user's mail address is not known",
            ),
            (
                render(None, UsernameSource::Username, None, None),
                "rendering `username_source`: the user of the device is not known",
            ),
        ] {
            assert_eq!(rendered, expected);
        }
    }
}
