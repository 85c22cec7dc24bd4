//! IMAP and POP accounts on Windows.

use serde::{Deserialize, Serialize};

use crate::{
    complaint::Complaint,
    mail::{AccountType, MailAuthentication, MailServer},
    properties::properties,
    source::{DomainNameSource, EmailAddressSource, UsernameSource},
    subject::Subject,
    variable::{self, RenderError},
    windows_exchange::complain_domain,
    windows_rule::ApplicabilityRules,
};

/// How far back mail is fetched (Microsoft, `EMAIL2` CSP, `DWNDAY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailDownload {
    /// Nothing is said, so the device's default applies.
    #[default]
    UserDefined,
    /// 7 days.
    OneWeek,
    /// 14 days.
    TwoWeeks,
    /// 30 days.
    OneMonth,
    /// 90 days.
    ThreeMonths,
    /// Everything.
    Unlimited,
}

impl MailDownload {
    /// The value of `DWNDAY`; `None` when nothing is said.
    pub fn days(self) -> Option<i8> {
        match self {
            Self::UserDefined => None,
            Self::OneWeek => Some(7),
            Self::TwoWeeks => Some(14),
            Self::OneMonth => Some(30),
            Self::ThreeMonths => Some(90),
            Self::Unlimited => Some(-1),
        }
    }
}

properties! {
    /// An IMAP or POP account on Windows 10 and 11 (Microsoft, `EMAIL2` CSP). Microsoft Graph has no such profile; names follow those of
    /// mail accounts on other platforms.
    ///
    /// There is no identity: Windows has no node that links one to a mail account. There is no password either: the user is asked.
    pub struct WindowsMail {
        shared {
            /// Which devices it is for.
            rules: ApplicabilityRules,
        }
        own {
            /// The protocol mail is fetched by.
            account_type: AccountType,
            /// The name the account is shown under; at most 32 characters.
            account_name: String,
            /// The sender's name, with variables; where there is none, the user's full name if that is known.
            sender_name: Option<String> = None,
            /// Where the mail address comes from.
            email_address_source: EmailAddressSource = EmailAddressSource::default(),
            /// Where the user name comes from.
            username_source: UsernameSource = UsernameSource::default(),
            /// Which form of the domain goes with a SAM account name.
            user_domain_name_source: Option<DomainNameSource> = None,
            /// The domain that goes with a SAM account name, instead of the directory's.
            custom_domain_name: Option<String> = None,
            /// The server mail is fetched from, with a password.
            incoming_server: MailServer,
            /// The server mail is handed to: with the same user name and password, or without any.
            outgoing_server: MailServer,
            /// How far back mail is fetched.
            duration_of_email_to_sync: MailDownload = MailDownload::default(),
            /// How often mail is fetched, in minutes: 0 (when the user asks), 15, 30, 60 or 120.
            sync_interval: Option<u8> = None,
            /// The largest attachment that is fetched by itself, in kilobytes: -1 (any), 25, 50, 100 or 250. IMAP only.
            largest_attachment: Option<i16> = None,
            /// How much of a message is fetched by itself, in bytes: 512 to 51200.
            message_size: Option<u16> = None,
            /// What is deleted on the device stays on the server.
            keep_deleted_on_server: Option<bool> = None,
            /// Mail is fetched over the cellular network only.
            cellular_only: bool = false,
        }
    }
}

/// The longest name of a service, in characters (Microsoft, `EMAIL2` CSP).
const LONGEST_NAME: usize = 32;
/// The longest address of a server with its port, in characters (Microsoft, `EMAIL2` CSP).
const LONGEST_SERVER: usize = 62;

impl WindowsMail {
    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name for `subject`, and the domain of a SAM account name.
    pub fn user_name(
        &self,
        subject: &Subject<'_>,
    ) -> Result<(String, Option<String>), RenderError> {
        match &self.incoming_server.username {
            Some(text) => Ok((variable::render(text, subject)?, None)),
            None => self.username_source.split(
                subject,
                self.user_domain_name_source,
                self.custom_domain_name.as_deref(),
            ),
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
        let mut wrong = |path: &str, found: String, allowed: &str| {
            complaints.push(Complaint::new(path, found, allowed));
        };
        let name = self.account_name.chars().count();
        if self.account_name.trim().is_empty() || name > LONGEST_NAME {
            wrong("account_name", format!("{name} characters"), "1 to 32");
        }
        if self.incoming_server.authentication != MailAuthentication::Password {
            let found = "another value".to_owned();
            wrong("incoming_server.authentication", found, "password");
        }
        if !matches!(
            self.outgoing_server.authentication,
            MailAuthentication::None | MailAuthentication::Password
        ) {
            let found = "another value".to_owned();
            wrong("outgoing_server.authentication", found, "none or password");
        }
        if self.outgoing_server.username.is_some() {
            let allowed =
                "nothing: Windows takes another user name together with its password only";
            wrong("outgoing_server.username", "a value".to_owned(), allowed);
        }
        if let Some(minutes) = self.sync_interval
            && ![0, 15, 30, 60, 120].contains(&minutes)
        {
            wrong("sync_interval", minutes.to_string(), "0, 15, 30, 60 or 120");
        }
        if let Some(size) = self.largest_attachment {
            if ![-1, 25, 50, 100, 250].contains(&size) {
                let allowed = "-1, 25, 50, 100 or 250";
                wrong("largest_attachment", size.to_string(), allowed);
            }
            if self.account_type == AccountType::Pop {
                let found = "a value".to_owned();
                wrong("largest_attachment", found, "nothing on a POP account");
            }
        }
        if let Some(size) = self.message_size
            && !(512..=51200).contains(&size)
        {
            wrong("message_size", size.to_string(), "512 to 51200");
        }
        for (path, server) in [
            ("incoming_server", &self.incoming_server),
            ("outgoing_server", &self.outgoing_server),
        ] {
            server.complain(path, complaints);
            let length = address(server).chars().count();
            if length > LONGEST_SERVER {
                complaints.push(Complaint::new(
                    format!("{path}.host_name"),
                    format!("{length} characters with the port"),
                    "at most 62",
                ));
            }
        }
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
        complain_domain(
            self.username_source,
            self.user_domain_name_source,
            self.custom_domain_name.as_deref(),
            complaints,
        );
    }
}

/// A server as Windows takes it: `host` or `host:port`.
pub(crate) fn address(server: &MailServer) -> String {
    let host = &server.host_name;
    match server.port {
        Some(port) if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    }
}
