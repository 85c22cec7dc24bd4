//! Exchange accounts: ActiveSync on iOS, Exchange Web Services on macOS.

use serde::{Deserialize, Serialize};

use crate::{
    address,
    complaint::Complaint,
    profile_id::ProfileId,
    properties::properties,
    smime::Smime,
    source::{DomainNameSource, EmailAddressSource, UsernameSource},
    subject::Subject,
    variable::RenderError,
};

/// How the account signs in (Microsoft Graph, `easAuthenticationMethod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// The user types a password on the device.
    #[default]
    UsernameAndPassword,
    /// A client certificate, delivered with the account.
    Certificate,
    /// A client certificate derived from a smart card.
    DerivedCredential,
}

/// How far back mail is synchronised (Microsoft Graph, `emailSyncDuration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailSyncDuration {
    /// Nothing is said, so the device's default applies and the user chooses.
    #[default]
    UserDefined,
    /// 1 day.
    OneDay,
    /// 3 days.
    ThreeDays,
    /// 7 days.
    OneWeek,
    /// 14 days.
    TwoWeeks,
    /// 31 days.
    OneMonth,
    /// Everything.
    Unlimited,
}

impl EmailSyncDuration {
    /// The number of days, 0 for no limit; `None` when nothing is said.
    pub fn days(self) -> Option<u8> {
        match self {
            Self::UserDefined => None,
            Self::OneDay => Some(1),
            Self::ThreeDays => Some(3),
            Self::OneWeek => Some(7),
            Self::TwoWeeks => Some(14),
            Self::OneMonth => Some(31),
            Self::Unlimited => Some(0),
        }
    }
}

/// What an ActiveSync account synchronises (Microsoft Graph, `easServices`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EasService {
    /// Calendars.
    Calendars,
    /// Contacts.
    Contacts,
    /// Mail.
    Email,
    /// Notes.
    Notes,
    /// Reminders.
    Reminders,
}

/// Every service.
pub(crate) const EAS_SERVICES: [EasService; 5] = [
    EasService::Email,
    EasService::Contacts,
    EasService::Calendars,
    EasService::Reminders,
    EasService::Notes,
];

properties! {
    /// What every Exchange account has (Microsoft Graph, `easEmailProfileConfigurationBase` and `iosEasEmailProfileConfiguration`).
    pub struct ExchangeAccount {
        shared {}
        own {
            /// The Exchange server.
            host_name: String,
            /// The name the account is shown under.
            account_name: String,
            /// Where the mail address comes from.
            email_address_source: EmailAddressSource = EmailAddressSource::default(),
            /// Where the user name comes from.
            username_source: UsernameSource = UsernameSource::default(),
            /// Which form of the domain stands before a SAM account name.
            user_domain_name_source: Option<DomainNameSource> = None,
            /// The domain that stands before a SAM account name, instead of the directory's.
            custom_domain_name: Option<String> = None,
            /// How the account signs in.
            authentication_method: AuthenticationMethod = AuthenticationMethod::default(),
            /// Whether the server is reached by TLS. Always written, since Apple's default differs between iOS and macOS.
            require_ssl: bool = true,
            /// The identity the account signs in with; delivered in the same profile.
            identity_certificate: Option<ProfileId> = None,
            /// Trusted certificates delivered in the same profile, in addition to the server's own root.
            root_certificates: Vec<ProfileId> = Vec::new(),
            /// Modern authentication.
            use_oauth: bool = false,
            /// Where to sign in. Microsoft Graph has no such property.
            oauth_sign_in_url: Option<String> = None,
            /// Allow Mail Drop for large attachments. Microsoft Graph has no such property.
            allow_mail_drop: bool = false,
        }
    }
}

properties! {
    /// An Exchange account on iOS and iPadOS by ActiveSync (Apple, `ExchangeActiveSync`).
    pub struct IosExchange {
        shared {
            /// The account.
            account: ExchangeAccount,
            /// Its S/MIME settings.
            smime: Smime,
        }
        own {
            /// Where tokens are had. Microsoft Graph has no such property.
            oauth_token_request_url: Option<String> = None,
            /// What is synchronised; at least one.
            eas_services: Vec<EasService> = EAS_SERVICES.to_vec(),
            /// The user may change what is synchronised.
            eas_services_user_override_enabled: bool = true,
            /// How far back mail is synchronised.
            duration_of_email_to_sync: EmailSyncDuration = EmailSyncDuration::default(),
            /// Messages may not be moved to other accounts.
            block_moving_messages_to_other_email_accounts: bool = false,
            /// Other apps may not send from this account.
            block_sending_email_from_third_party_apps: bool = false,
            /// Recently used addresses stay on the device.
            block_syncing_recently_used_email_addresses: bool = false,
            /// The per-app VPN the account uses. Microsoft Graph names a profile (`perAppVPNProfileId`) instead.
            per_app_vpn_uuid: Option<String> = None,
            /// A stored password is replaced at update. Microsoft Graph has no such property.
            override_previous_password: bool = false,
            /// The bundle identifier of the app that calls the account's contacts. Microsoft Graph has no such property.
            default_audio_call_app: Option<String> = None,
            /// The value of the request header `X-Apple-Config-Magic`, deprecated since iOS 7. Microsoft Graph has no such property.
            header_magic: Option<String> = None,
        }
    }
}

properties! {
    /// An Exchange account on macOS by Exchange Web Services (Apple, `ExchangeWebServices`).
    pub struct MacosExchange {
        shared {
            /// The account.
            account: ExchangeAccount,
        }
        own {
            /// The port, where it is not that of the protocol.
            port: Option<u16> = None,
            /// The path of the service.
            path: Option<String> = None,
            /// The server seen from outside.
            external_host_name: Option<String> = None,
            /// The port seen from outside.
            external_port: Option<u16> = None,
            /// The path seen from outside.
            external_path: Option<String> = None,
            /// Whether the server is reached by TLS from outside.
            external_require_ssl: bool = true,
            /// Name the identity under the key of macOS 10.11 as well, `AuthenticationCertificateUUID`.
            legacy_identity_key: bool = false,
        }
    }
}

impl AuthenticationMethod {
    /// Whether it needs an identity.
    pub fn needs_identity(self) -> bool {
        match self {
            Self::UsernameAndPassword => false,
            Self::Certificate | Self::DerivedCredential => true,
        }
    }

    /// The identity to sign in with, if the method uses one.
    pub(crate) fn identity(self, named: Option<&ProfileId>) -> Option<&ProfileId> {
        named.filter(|_| self.needs_identity())
    }

    /// Complains where the identity is missing that the method needs.
    pub(crate) fn complain(self, named: Option<&ProfileId>, complaints: &mut Vec<Complaint>) {
        if self.needs_identity() && named.is_none() {
            complaints.push(Complaint::new(
                "identity_certificate",
                "nothing",
                "the identity this `authentication_method` needs",
            ));
        }
    }

    /// Complains as well about a method that only iOS has.
    pub(crate) fn complain_without_derived(
        self,
        named: Option<&ProfileId>,
        complaints: &mut Vec<Complaint>,
    ) {
        if self == Self::DerivedCredential {
            complaints.push(Complaint::new(
                "authentication_method",
                "`derived_credential`",
                "username_and_password or certificate; derived credentials are for ios",
            ));
        }
        self.complain(named, complaints);
    }
}

impl ExchangeAccount {
    /// The identity to sign in with, when the authentication method uses one.
    pub fn authentication_identity(&self) -> Option<&ProfileId> {
        self.authentication_method
            .identity(self.identity_certificate.as_ref())
    }

    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name for `subject`.
    pub fn user_name(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.username_source.render(
            subject,
            self.user_domain_name_source,
            self.custom_domain_name.as_deref(),
        )
    }

    fn complain(&self, complaints: &mut Vec<Complaint>) {
        address::host("host_name", &self.host_name, complaints);
        if self.account_name.trim().is_empty() {
            complaints.push(Complaint::new("account_name", "nothing", "a name"));
        }
        self.authentication_method
            .complain(self.identity_certificate.as_ref(), complaints);
        if let Some(url) = &self.oauth_sign_in_url {
            address::url("oauth_sign_in_url", url, &["https://"], complaints);
        }
    }
}

impl IosExchange {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
        self.smime.complain(complaints);
        if let Some(url) = &self.oauth_token_request_url {
            address::url("oauth_token_request_url", url, &["https://"], complaints);
        }
        if self.eas_services.is_empty() {
            complaints.push(Complaint::new(
                "eas_services",
                "nothing",
                "at least one of email, contacts, calendars, reminders, notes",
            ));
        }
    }
}

impl MacosExchange {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
        address::port("port", self.port, complaints);
        address::port("external_port", self.external_port, complaints);
        match &self.external_host_name {
            Some(host) => address::host("external_host_name", host, complaints),
            None => {
                for (name, set) in [
                    ("external_port", self.external_port.is_some()),
                    ("external_path", self.external_path.is_some()),
                ] {
                    if set {
                        complaints.push(Complaint::new(
                            name,
                            "a value",
                            "nothing without `external_host_name`",
                        ));
                    }
                }
            }
        }
    }
}
