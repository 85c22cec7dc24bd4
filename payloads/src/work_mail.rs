//! Exchange accounts of Gmail and Nine in the work profile of Android Enterprise.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address,
    complaint::Complaint,
    exchange::{AuthenticationMethod, EmailSyncDuration},
    profile_id::ProfileId,
    properties::properties,
    source::{EmailAddressSource, UsernameSource},
    subject::Subject,
    variable::{self, RenderError},
};

properties! {
    /// What both apps have (Microsoft Graph, `androidWorkProfileEasEmailProfileBase` and the older `androidForWorkEasEmailProfileBase`).
    pub struct WorkAccount {
        shared {}
        own {
            /// The Exchange server, with its port where that is not the protocol's: `mail.example.com:8443`.
            host_name: String,
            /// Where the mail address comes from.
            email_address_source: EmailAddressSource = EmailAddressSource::default(),
            /// Where the user name comes from (`androidUsernameSource`).
            username_source: UsernameSource = UsernameSource::default(),
            /// How the account signs in: no derived credential here.
            authentication_method: AuthenticationMethod = AuthenticationMethod::default(),
            /// Whether the server is reached by TLS. The apps ignore it on port 443.
            require_ssl: bool = true,
            /// The identity the account signs in with.
            identity_certificate: Option<ProfileId> = None,
            /// Trusted certificates the device must have first, in addition to the server's own root.
            root_certificates: Vec<ProfileId> = Vec::new(),
            /// How far back mail is synchronised.
            duration_of_email_to_sync: EmailSyncDuration = EmailSyncDuration::default(),
        }
    }
}

properties! {
    /// An Exchange account of Gmail (Microsoft Graph, `androidWorkProfileGmailEasConfiguration`).
    pub struct AndroidWorkGmail {
        shared {
            /// The account.
            account: WorkAccount,
        }
        own {
            /// The device identifier the account gives to the server, with variables. Microsoft Graph has no such property.
            exchange_device_id: Option<String> = None,
            /// Accept whatever certificate the server shows. Microsoft Graph has no such property.
            trust_all_certificates: bool = false,
            /// The signature of new messages, with variables. Microsoft Graph has no such property.
            default_signature: Option<String> = None,
            /// Whether the user may have other accounts; false removes them. Microsoft Graph has no such property.
            allow_unmanaged_accounts: Option<bool> = None,
        }
    }
}

properties! {
    /// An Exchange account of Nine (Microsoft Graph, `androidWorkProfileNineWorkEasConfiguration`).
    pub struct AndroidWorkNine {
        shared {
            /// The account.
            account: WorkAccount,
        }
        own {
            /// Contacts are synchronised.
            sync_contacts: bool = false,
            /// The calendar is synchronised.
            sync_calendar: bool = false,
            /// Tasks are synchronised.
            sync_tasks: bool = false,
            /// Who manages the device, which the app insists on; the organization where there is none. Microsoft Graph has no such property.
            app_service_publisher: Option<String> = None,
            /// The keys of the app's configuration by what they hold, over those that are known (`AppServicePublisher`, `AppServiceHost`,
            /// `AppServicePort`). A value without a key is not sent. Microsoft Graph has no such property.
            key_map: BTreeMap<NineValue, String> = BTreeMap::new(),
        }
    }
}

/// Something a configuration of Nine can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NineValue {
    /// Who manages the device.
    Publisher,
    /// The server.
    Host,
    /// Its port, a number.
    Port,
    /// Whether TLS is used.
    Ssl,
    /// The mail address.
    EmailAddress,
    /// The user name.
    UserName,
    /// The name shown to people.
    FullName,
    /// The alias of the identity in the key store.
    CertificateAlias,
    /// How far back mail is synchronised, in Exchange ActiveSync's numbers (`[MS-ASCMD]`, `FilterType`).
    SyncWindow,
    /// Whether contacts are synchronised.
    SyncContacts,
    /// Whether the calendar is synchronised.
    SyncCalendar,
    /// Whether tasks are synchronised.
    SyncTasks,
}

impl NineValue {
    /// Every value, in the order of writing.
    pub const ALL: [Self; 12] = [
        Self::Publisher,
        Self::Host,
        Self::Port,
        Self::Ssl,
        Self::EmailAddress,
        Self::UserName,
        Self::FullName,
        Self::CertificateAlias,
        Self::SyncWindow,
        Self::SyncContacts,
        Self::SyncCalendar,
        Self::SyncTasks,
    ];

    /// The name users write.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Host => "host",
            Self::Port => "port",
            Self::Ssl => "ssl",
            Self::EmailAddress => "email_address",
            Self::UserName => "user_name",
            Self::FullName => "full_name",
            Self::CertificateAlias => "certificate_alias",
            Self::SyncWindow => "sync_window",
            Self::SyncContacts => "sync_contacts",
            Self::SyncCalendar => "sync_calendar",
            Self::SyncTasks => "sync_tasks",
        }
    }

    /// The key the vendor publishes for it (9Folders, "How to configure App Configuration Policies").
    pub fn known_key(self) -> Option<&'static str> {
        match self {
            Self::Publisher => Some("AppServicePublisher"),
            Self::Host => Some("AppServiceHost"),
            Self::Port => Some("AppServicePort"),
            Self::Ssl
            | Self::EmailAddress
            | Self::UserName
            | Self::FullName
            | Self::CertificateAlias
            | Self::SyncWindow
            | Self::SyncContacts
            | Self::SyncCalendar
            | Self::SyncTasks => None,
        }
    }
}

impl WorkAccount {
    /// The identity to sign in with, when the authentication method uses one.
    pub fn authentication_identity(&self) -> Option<&ProfileId> {
        self.authentication_method
            .identity(self.identity_certificate.as_ref())
    }

    /// The server without its port.
    pub fn host(&self) -> &str {
        split_port(&self.host_name).0
    }

    /// The port in `host_name`, if there is a good one.
    pub fn port(&self) -> Option<u16> {
        split_port(&self.host_name).1?.parse().ok()
    }

    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name for `subject`.
    pub fn user_name(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.username_source.render(subject, None, None)
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        let (host, port) = split_port(&self.host_name);
        address::host("host_name", host, complaints);
        if let Some(port) = port {
            match port.parse() {
                Ok(port) => address::port("host_name", Some(port), complaints),
                Err(_) => complaints.push(Complaint::new(
                    "host_name",
                    format!("the port `{port}`"),
                    "1 to 65535",
                )),
            }
        }
        self.authentication_method
            .complain_without_derived(self.identity_certificate.as_ref(), complaints);
    }
}

/// Splits `host:port`; an IPv6 address has a port only behind brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    }
}

impl AndroidWorkGmail {
    /// The properties that are texts with variables.
    pub(crate) fn templates(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let device = self.exchange_device_id.as_deref();
        let signature = self.default_signature.as_deref();
        device
            .map(|text| ("exchange_device_id", text))
            .into_iter()
            .chain(signature.map(|text| ("default_signature", text)))
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
        for (name, text) in self.templates() {
            if let Err(error) = variable::check(text) {
                complaints.push(Complaint::new(
                    name,
                    error.to_string(),
                    "a text with known variables",
                ));
            }
        }
    }
}

impl AndroidWorkNine {
    /// The key of `value`: the author's, else the vendor's if it is known.
    pub fn key(&self, value: NineValue) -> Option<&str> {
        self.key_map
            .get(&value)
            .map(String::as_str)
            .or(value.known_key())
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
        let mut keys = BTreeMap::new();
        for value in NineValue::ALL {
            let Some(key) = self.key(value) else { continue };
            if key.trim().is_empty() {
                complaints.push(Complaint::new(
                    "key_map",
                    "an empty key",
                    "the name of a key",
                ));
            } else if let Some(other) = keys.insert(key, value) {
                complaints.push(Complaint::new(
                    "key_map",
                    format!("`{key}` for both {} and {}", other.as_str(), value.as_str()),
                    "one key for each value",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_part() {
        for (text, parts) in [
            ("mail.example.com", ("mail.example.com", None)),
            ("mail.example.com:8443", ("mail.example.com", Some("8443"))),
            ("[fe80::1]:443", ("[fe80::1]", Some("443"))),
            ("fe80::1", ("fe80::1", None)),
            ("a:", ("a", Some(""))),
        ] {
            assert_eq!(split_port(text), parts, "{text}");
        }
    }
}
