//! The `{{Variables}}` that subject names, alternative names and user names may hold.

use crate::subject::Subject;

/// A text with variables that cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The user or the device has no value for it; the whole profile fails on that device.
    #[error("rendering `{variable}`: {missing} is not known")]
    MissingAttribute {
        /// The variable or source as it was written.
        variable: String,
        /// What is missing, in words.
        missing: &'static str,
    },
    /// No such variable.
    #[error("rendering `{{{{{variable}}}}}`: there is no such variable")]
    UnknownVariable {
        /// The name between the braces.
        variable: String,
    },
    /// An opening `{{` without its closing `}}`.
    #[error("rendering `{text}`: `{{{{` is not closed")]
    Unclosed {
        /// The text.
        text: String,
    },
    /// A subject name that is not a list of `attribute=value`.
    #[error("rendering the subject `{text}`: expected {expected}")]
    Subject {
        /// The text.
        text: String,
        /// What was expected instead.
        expected: &'static str,
    },
}

/// Something a text can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    UserName,
    UserPrincipalName,
    Domain,
    EmailAddress,
    FullName,
    GivenName,
    Surname,
    OnPremisesDistinguishedName,
    OnPremisesSamAccountName,
    OnPremisesSecurityIdentifier,
    AzureAdDeviceId,
    DeviceId,
    SerialNumber,
    Imei,
    Meid,
    Udid,
    WifiMacAddress,
    DeviceName,
    FullyQualifiedDomainName,
}

/// Every spelling (Intune, "Use SCEP certificate profiles" and "Add app configuration policies for managed Android Enterprise devices"),
/// compared without regard to ASCII case.
/// Differs: `FullName`, `GivenName`, `Surname` and `UDID` are ours, because account names and simulated devices need them.
const SPELLINGS: [(&str, Variable); 26] = [
    ("UserName", Variable::UserName),
    ("PartialUPN", Variable::UserName),
    ("Domain", Variable::Domain),
    ("UserPrincipalName", Variable::UserPrincipalName),
    ("EmailAddress", Variable::EmailAddress),
    ("Mail", Variable::EmailAddress),
    ("FullName", Variable::FullName),
    ("GivenName", Variable::GivenName),
    ("Surname", Variable::Surname),
    (
        "OnPrem_Distinguished_Name",
        Variable::OnPremisesDistinguishedName,
    ),
    (
        "OnPremisesSamAccountName",
        Variable::OnPremisesSamAccountName,
    ),
    (
        "OnPremisesSecurityIdentifier",
        Variable::OnPremisesSecurityIdentifier,
    ),
    ("AAD_Device_ID", Variable::AzureAdDeviceId),
    ("AzureADDeviceId", Variable::AzureAdDeviceId),
    ("AADDeviceId", Variable::AzureAdDeviceId),
    ("DeviceId", Variable::DeviceId),
    ("SerialNumber", Variable::SerialNumber),
    ("Device_Serial", Variable::SerialNumber),
    ("IMEINumber", Variable::Imei),
    ("Device_IMEI", Variable::Imei),
    ("IMEI", Variable::Imei),
    ("MEID", Variable::Meid),
    ("UDID", Variable::Udid),
    ("WiFiMacAddress", Variable::WifiMacAddress),
    ("DeviceName", Variable::DeviceName),
    (
        "FullyQualifiedDomainName",
        Variable::FullyQualifiedDomainName,
    ),
];

/// The prefix under which a security identifier stands in a URI alternative name (Microsoft, KB5014754, strong mapping).
const SECURITY_IDENTIFIER_TAG: &str = "tag:microsoft.com,2022-09-14:sid:";

impl Variable {
    fn find(name: &str) -> Option<Self> {
        SPELLINGS
            .iter()
            .find(|(spelling, _)| spelling.eq_ignore_ascii_case(name))
            .map(|&(_, variable)| variable)
    }

    /// Whether it is known of users.
    pub(crate) fn is_of_user(self) -> bool {
        match self {
            Self::UserName
            | Self::UserPrincipalName
            | Self::Domain
            | Self::EmailAddress
            | Self::FullName
            | Self::GivenName
            | Self::Surname
            | Self::OnPremisesDistinguishedName
            | Self::OnPremisesSamAccountName
            | Self::OnPremisesSecurityIdentifier => true,
            Self::AzureAdDeviceId
            | Self::DeviceId
            | Self::SerialNumber
            | Self::Imei
            | Self::Meid
            | Self::Udid
            | Self::WifiMacAddress
            | Self::DeviceName
            | Self::FullyQualifiedDomainName => false,
        }
    }

    /// Whether Intune offers it for certificates of devices, and not for those of users.
    pub(crate) fn is_of_device_certificates(self) -> bool {
        matches!(
            self,
            Self::Meid | Self::WifiMacAddress | Self::DeviceName | Self::FullyQualifiedDomainName
        )
    }

    /// Whether it is burned into the device.
    pub(crate) fn is_hardware(self) -> bool {
        matches!(self, Self::SerialNumber | Self::Imei | Self::Meid)
    }

    /// The value, or in words what is missing.
    fn value(self, subject: &Subject<'_>) -> Result<String, &'static str> {
        let device = subject.device;
        let user = || subject.user.ok_or("the user of the device");
        let known = |value: &Option<String>, missing| {
            value
                .clone()
                .filter(|value| !value.is_empty())
                .ok_or(missing)
        };
        match self {
            Self::UserName => Ok(user()?.user_name().to_owned()),
            Self::UserPrincipalName => Ok(user()?.user_principal_name.clone()),
            Self::Domain => user()?
                .user_principal_name
                .split_once('@')
                .map(|(_, domain)| domain.to_owned())
                .ok_or("the domain of the user's principal name"),
            Self::EmailAddress => known(&user()?.mail, "the user's mail address"),
            Self::FullName => known(&user()?.full_name, "the user's full name"),
            Self::GivenName => known(&user()?.given_name, "the user's given name"),
            Self::Surname => known(&user()?.surname, "the user's surname"),
            Self::OnPremisesDistinguishedName => known(
                &user()?.on_premises_distinguished_name,
                "the user's on-premises distinguished name",
            ),
            Self::OnPremisesSamAccountName => known(
                &user()?.sam_account_name,
                "the user's on-premises SAM account name",
            ),
            Self::OnPremisesSecurityIdentifier => known(
                &user()?.on_premises_security_identifier,
                "the user's on-premises security identifier",
            )
            .map(|sid| format!("{SECURITY_IDENTIFIER_TAG}{sid}")),
            Self::AzureAdDeviceId => known(
                &device.azure_ad_device_id,
                "the device's directory identifier",
            ),
            Self::DeviceId => Ok(device.device_id.clone()),
            Self::SerialNumber => known(&device.serial_number, "the device's serial number"),
            Self::Imei => known(&device.imei, "the device's IMEI"),
            Self::Meid => known(&device.meid, "the device's MEID"),
            Self::Udid => known(&device.udid, "the device's UDID"),
            Self::WifiMacAddress => known(
                &device.wifi_mac_address,
                "the device's Wi-Fi hardware address",
            ),
            Self::DeviceName => known(&device.device_name, "the device's name"),
            Self::FullyQualifiedDomainName => known(
                &device.fully_qualified_domain_name,
                "the device's domain name",
            ),
        }
    }
}

/// A piece of a text: literal, or the name of a variable.
enum Piece<'a> {
    Literal(&'a str),
    Name(&'a str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, RenderError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| RenderError::Unclosed {
                text: text.to_owned(),
            })?;
        pieces.push(Piece::Literal(literal));
        pieces.push(Piece::Name(name.trim()));
        rest = after;
    }
    pieces.push(Piece::Literal(rest));
    Ok(pieces)
}

/// Replaces every `{{Variable}}` of `text` by its value for `subject`.
pub fn render(text: &str, subject: &Subject<'_>) -> Result<String, RenderError> {
    let mut rendered = String::with_capacity(text.len());
    for piece in pieces(text)? {
        match piece {
            Piece::Literal(literal) => rendered.push_str(literal),
            Piece::Name(name) => {
                let variable =
                    Variable::find(name).ok_or_else(|| RenderError::UnknownVariable {
                        variable: name.to_owned(),
                    })?;
                let value =
                    variable
                        .value(subject)
                        .map_err(|missing| RenderError::MissingAttribute {
                            variable: format!("{{{{{name}}}}}"),
                            missing,
                        })?;
                rendered.push_str(&value);
            }
        }
    }
    Ok(rendered)
}

/// The variables of `text` that exist, in order.
pub(crate) fn variables(text: &str) -> Vec<Variable> {
    let pieces = pieces(text).unwrap_or_default();
    pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Name(name) => Variable::find(name),
        })
        .collect()
}

/// Checks that every variable of `text` exists, whatever its value will be.
pub fn check(text: &str) -> Result<(), RenderError> {
    for piece in pieces(text)? {
        if let Piece::Name(name) = piece
            && Variable::find(name).is_none()
        {
            return Err(RenderError::UnknownVariable {
                variable: name.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{subject::DeviceFacts, user::User};

    #[test]
    fn renders_for_a_user_and_a_device() {
        let user = User {
            user_principal_name: "ada@example.com".into(),
            mail: Some("a&b@example.com".into()),
            on_premises_security_identifier: Some("S-1-5-21-1".into()),
            ..User::default()
        };
        let device = DeviceFacts {
            device_id: "d-1".into(),
            serial_number: Some("C02".into()),
            ..DeviceFacts::default()
        };
        let subject = Subject {
            user: Some(&user),
            device: &device,
        };
        let nobody = Subject {
            user: None,
            device: &device,
        };
        for (text, expected) in [
            ("", Ok("")),
            ("plain } { text", Ok("plain } { text")),
            (
                "{{UserName}}/{{ UserPrincipalName }}",
                Ok("ada/ada@example.com"),
            ),
            ("<{{emailaddress}}>", Ok("<a&b@example.com>")),
            (
                "{{SERIALNUMBER}}{{Device_Serial}}-{{DeviceId}}",
                Ok("C02C02-d-1"),
            ),
            (
                "{{OnPremisesSecurityIdentifier}}",
                Ok("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1"),
            ),
            ("{{PartialUPN}}+{{Domain}}", Ok("ada+example.com")),
            ("{{Mail}}", Ok("a&b@example.com")),
            (
                "{{easDeviceId}}",
                Err("rendering `{{easDeviceId}}`: there is no such variable"),
            ),
            (
                "{{IMEI}}",
                Err("rendering `{{IMEI}}`: the device's IMEI is not known"),
            ),
            (
                "{{Nope}}",
                Err("rendering `{{Nope}}`: there is no such variable"),
            ),
            ("a{{b", Err("rendering `a{{b`: `{{` is not closed")),
        ] {
            let rendered = render(text, &subject).map_err(|error| error.to_string());
            assert_eq!(
                rendered.as_deref().map_err(String::as_str),
                expected,
                "{text}"
            );
        }
        assert_eq!(
            render("{{UserName}}", &nobody).unwrap_err().to_string(),
            "rendering `{{UserName}}`: the user of the device is not known"
        );
    }
}
