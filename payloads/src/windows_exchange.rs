//! Exchange accounts on Windows, by ActiveSync.

use crate::{
    address,
    complaint::Complaint,
    exchange::EmailSyncDuration,
    properties::properties,
    source::{DomainNameSource, EmailAddressSource, UsernameSource},
    subject::Subject,
    sync::EmailSyncSchedule,
    variable::RenderError,
    windows_rule::ApplicabilityRules,
};

properties! {
    /// What an Exchange account has on every Windows (Microsoft Graph, `easEmailProfileConfigurationBase`,
    /// `windows10EasEmailProfileConfiguration`, `windowsPhoneEASEmailProfileConfiguration`).
    ///
    /// There is no authentication method, no identity and no S/MIME: Windows has no node for any of them.
    pub struct WindowsExchangeAccount {
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
            /// Which form of the domain goes with a SAM account name.
            user_domain_name_source: Option<DomainNameSource> = None,
            /// The domain that goes with a SAM account name, instead of the directory's.
            custom_domain_name: Option<String> = None,
            /// Whether the server is reached by TLS.
            require_ssl: bool = true,
            /// How far back mail is synchronised.
            duration_of_email_to_sync: EmailSyncDuration = EmailSyncDuration::default(),
            /// How often it is synchronised.
            email_sync_schedule: EmailSyncSchedule = EmailSyncSchedule::default(),
            /// The calendar is synchronised.
            sync_calendar: bool = true,
            /// Contacts are synchronised.
            sync_contacts: bool = true,
            /// Tasks are synchronised.
            sync_tasks: bool = true,
        }
    }
}

properties! {
    /// An Exchange account on Windows 10 and 11 (Microsoft Graph, `windows10EasEmailProfileConfiguration`).
    pub struct Windows10Exchange {
        shared {
            /// The account.
            account: WindowsExchangeAccount,
            /// Which devices it is for.
            rules: ApplicabilityRules,
        }
        own {}
    }
}

properties! {
    /// An Exchange account on Windows Phone 8.1, and on Windows 10 Mobile unless that is kept out (Microsoft Graph,
    /// `windowsPhoneEASEmailProfileConfiguration`).
    pub struct WindowsPhone81Exchange {
        shared {
            /// The account.
            account: WindowsExchangeAccount,
        }
        own {
            /// Windows 10 Mobile does not get it.
            apply_only_to_windows_phone81: bool = false,
        }
    }
}

impl WindowsExchangeAccount {
    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name for `subject`, and the domain of a SAM account name: Windows keeps them apart.
    pub fn user_name(
        &self,
        subject: &Subject<'_>,
    ) -> Result<(String, Option<String>), RenderError> {
        self.username_source.split(
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
        if self.username_source == UsernameSource::Username {
            complaints.push(Complaint::new(
                "username_source",
                "`username`, which is Android's",
                "user_principal_name, primary_smtp_address or sam_account_name",
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

/// Complains about a domain where the user name has none.
pub(crate) fn complain_domain(
    source: UsernameSource,
    domain: Option<DomainNameSource>,
    custom: Option<&str>,
    complaints: &mut Vec<Complaint>,
) {
    for (name, set) in [
        ("user_domain_name_source", domain.is_some()),
        ("custom_domain_name", custom.is_some()),
    ] {
        if set && source != UsernameSource::SamAccountName {
            complaints.push(Complaint::new(
                name,
                "a value",
                "nothing unless `username_source` is sam_account_name",
            ));
        }
    }
}

impl Windows10Exchange {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
    }
}

impl WindowsPhone81Exchange {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        self.account.complain(complaints);
        if self.account.username_source == UsernameSource::SamAccountName {
            complaints.push(Complaint::new(
                "username_source",
                "`sam_account_name`, which came with windows10",
                "user_principal_name or primary_smtp_address",
            ));
        }
    }
}
