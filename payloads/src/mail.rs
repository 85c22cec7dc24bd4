//! IMAP and POP accounts.

use serde::{Deserialize, Serialize};

use crate::{
    address,
    complaint::Complaint,
    profile_id::ProfileId,
    properties::properties,
    smime::Smime,
    source::{DomainNameSource, EmailAddressSource, UsernameSource},
    subject::Subject,
    variable::{self, RenderError},
};

/// The protocol mail is fetched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountType {
    /// IMAP.
    Imap,
    /// POP.
    Pop,
}

/// How a mail server authenticates the user. No certificate: neither Apple's payload nor its clients have one for IMAP, POP or SMTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailAuthentication {
    /// Not at all.
    None,
    /// By password.
    #[default]
    Password,
    /// By CRAM-MD5.
    CramMd5,
    /// By NTLM.
    Ntlm,
    /// By HTTP's MD5 digest.
    HttpMd5,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailServer {
    /// The server.
    pub host_name: String,
    /// The port, where it is not that of the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How it authenticates the user.
    #[serde(default)]
    pub authentication: MailAuthentication,
    /// Whether TLS is used; the device decides from the port whether from the first octet or by STARTTLS.
    #[serde(default = "yes")]
    pub use_ssl: bool,
    /// The user name, with variables; where there is none, it comes from the account's `username_source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

const fn yes() -> bool {
    true
}

properties! {
    /// What every IMAP or POP account has (Apple, "Mail"). Names follow those of Exchange accounts where there is one.
    pub struct MailAccount {
        shared {}
        own {
            /// The protocol mail is fetched by.
            account_type: AccountType,
            /// The name the account is shown under.
            account_name: String,
            /// The sender's name, with variables; where there is none, the user's full name if that is known.
            sender_name: Option<String> = None,
            /// Where the mail address comes from.
            email_address_source: EmailAddressSource = EmailAddressSource::default(),
            /// Where the user name comes from.
            username_source: UsernameSource = UsernameSource::default(),
            /// Which form of the domain stands before a SAM account name.
            user_domain_name_source: Option<DomainNameSource> = None,
            /// The domain that stands before a SAM account name, instead of the directory's.
            custom_domain_name: Option<String> = None,
            /// The server mail is fetched from.
            incoming_server: MailServer,
            /// The server mail is handed to.
            outgoing_server: MailServer,
            /// One password for both servers. Apple heeds it only where somebody installs the profile by hand.
            outgoing_password_same_as_incoming: bool = false,
            /// The path under which IMAP folders lie.
            imap_path_prefix: Option<String> = None,
            /// An identity delivered with the account. It signs no one in at these servers.
            identity_certificate: Option<ProfileId> = None,
            /// Trusted certificates delivered in the same profile, in addition to the server's own root.
            root_certificates: Vec<ProfileId> = Vec::new(),
            /// Recently used addresses stay on the device.
            block_syncing_recently_used_email_addresses: bool = false,
            /// Allow Mail Drop for large attachments.
            allow_mail_drop: bool = false,
        }
    }
}

properties! {
    /// An IMAP or POP account on iOS and iPadOS.
    pub struct IosMail {
        shared {
            /// The account.
            account: MailAccount,
            /// Its S/MIME settings.
            smime: Smime,
        }
        own {
            /// Messages may not be moved to other accounts.
            block_moving_messages_to_other_email_accounts: bool = false,
            /// Other apps may not send from this account.
            block_sending_email_from_third_party_apps: bool = false,
            /// The per-app VPN the account uses.
            per_app_vpn_uuid: Option<String> = None,
        }
    }
}

properties! {
    /// An IMAP or POP account on macOS.
    pub struct MacosMail {
        shared {
            /// The account.
            account: MailAccount,
        }
        own {}
    }
}

impl MailServer {
    pub(crate) fn complain(&self, path: &str, complaints: &mut Vec<Complaint>) {
        address::host(&format!("{path}.host_name"), &self.host_name, complaints);
        address::port(&format!("{path}.port"), self.port, complaints);
        if let Some(error) = self
            .username
            .as_deref()
            .and_then(|text| variable::check(text).err())
        {
            complaints.push(Complaint::new(
                format!("{path}.username"),
                error.to_string(),
                "a text with known variables",
            ));
        }
    }
}

impl MailAccount {
    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name at `server` for `subject`; `None` where the server asks for none and none is set.
    pub fn user_name(
        &self,
        server: &MailServer,
        subject: &Subject<'_>,
    ) -> Result<Option<String>, RenderError> {
        match (&server.username, server.authentication) {
            (Some(text), _) => variable::render(text, subject).map(Some),
            (None, MailAuthentication::None) => Ok(None),
            (
                None,
                MailAuthentication::Password
                | MailAuthentication::CramMd5
                | MailAuthentication::Ntlm
                | MailAuthentication::HttpMd5,
            ) => self
                .username_source
                .render(
                    subject,
                    self.user_domain_name_source,
                    self.custom_domain_name.as_deref(),
                )
                .map(Some),
        }
    }

    /// The sender's name for `subject`, if there is one.
    pub fn rendered_sender_name(
        &self,
        subject: &Subject<'_>,
    ) -> Result<Option<String>, RenderError> {
        match &self.sender_name {
            Some(text) => variable::render(text, subject).map(Some),
            None => Ok(subject.user.and_then(|user| user.full_name.clone())),
        }
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        if self.account_name.trim().is_empty() {
            complaints.push(Complaint::new("account_name", "nothing", "a name"));
        }
        self.incoming_server.complain("incoming_server", complaints);
        self.outgoing_server.complain("outgoing_server", complaints);
        if let Some(error) = self
            .sender_name
            .as_deref()
            .and_then(|text| variable::check(text).err())
        {
            complaints.push(Complaint::new(
                "sender_name",
                error.to_string(),
                "a text with known variables",
            ));
        }
        if self.account_type == AccountType::Pop && self.imap_path_prefix.is_some() {
            complaints.push(Complaint::new(
                "imap_path_prefix",
                "a value",
                "nothing on a POP account",
            ));
        }
    }
}
