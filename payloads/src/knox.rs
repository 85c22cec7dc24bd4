//! Exchange accounts of Samsung's mail app, on Android under a device administrator.

use crate::{
    address,
    complaint::Complaint,
    exchange::{AuthenticationMethod, EmailSyncDuration},
    profile_id::ProfileId,
    properties::properties,
    source::{DomainNameSource, EmailAddressSource, UsernameSource},
    subject::Subject,
    sync::EmailSyncSchedule,
    variable::RenderError,
};

properties! {
    /// An Exchange account on Samsung Knox Standard (Microsoft Graph, `androidEasEmailProfileConfiguration`).
    pub struct KnoxExchange {
        shared {}
        own {
            /// The Exchange server.
            host_name: String,
            /// The name the account is shown under.
            account_name: String,
            /// Where the mail address comes from.
            email_address_source: EmailAddressSource = EmailAddressSource::default(),
            /// Where the user name comes from (`androidUsernameSource`).
            username_source: UsernameSource = UsernameSource::default(),
            /// Which form of the domain goes with a SAM account name.
            user_domain_name_source: Option<DomainNameSource> = None,
            /// The domain that goes with a SAM account name, instead of the directory's.
            custom_domain_name: Option<String> = None,
            /// How the account signs in: no derived credential here.
            authentication_method: AuthenticationMethod = AuthenticationMethod::default(),
            /// Whether the server is reached by TLS. Its root must be trusted: nothing makes the device accept any certificate.
            require_ssl: bool = true,
            /// The identity the account signs in with.
            identity_certificate: Option<ProfileId> = None,
            /// Trusted certificates the device must have first, in addition to the server's own root.
            root_certificates: Vec<ProfileId> = Vec::new(),
            /// Messages must be signed and encrypted.
            require_smime: bool = false,
            /// The identity to sign with.
            smime_signing_certificate: Option<ProfileId> = None,
            /// How far back mail is synchronised.
            duration_of_email_to_sync: EmailSyncDuration = EmailSyncDuration::default(),
            /// How often mail is fetched.
            email_sync_schedule: EmailSyncSchedule = EmailSyncSchedule::default(),
            /// Contacts are synchronised. Off is enforced again at each check-in.
            sync_contacts: bool = false,
            /// The calendar is synchronised. Off is enforced again at each check-in.
            sync_calendar: bool = false,
            /// Tasks are synchronised. Off is enforced again at each check-in.
            sync_tasks: bool = false,
            /// Notes are synchronised. Off is enforced again at each check-in.
            sync_notes: bool = false,
        }
    }
}

impl KnoxExchange {
    /// The identity to sign in with, when the authentication method uses one.
    pub fn authentication_identity(&self) -> Option<&ProfileId> {
        self.authentication_method
            .identity(self.identity_certificate.as_ref())
    }

    /// The mail address for `subject`.
    pub fn email_address(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.email_address_source.render(subject)
    }

    /// The user name for `subject`; a SAM account name without its domain.
    pub fn user_name(&self, subject: &Subject<'_>) -> Result<String, RenderError> {
        self.split(subject).map(|(name, _)| name)
    }

    /// The domain for `subject`, where the user name is a SAM account name.
    pub fn domain(&self, subject: &Subject<'_>) -> Result<Option<String>, RenderError> {
        self.split(subject).map(|(_, domain)| domain)
    }

    fn split(&self, subject: &Subject<'_>) -> Result<(String, Option<String>), RenderError> {
        self.username_source.split(
            subject,
            self.user_domain_name_source,
            self.custom_domain_name.as_deref(),
        )
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        address::host("host_name", &self.host_name, complaints);
        if self.account_name.trim().is_empty() {
            complaints.push(Complaint::new("account_name", "nothing", "a name"));
        }
        self.authentication_method
            .complain_without_derived(self.identity_certificate.as_ref(), complaints);
        match (self.require_smime, &self.smime_signing_certificate) {
            (true, None) => complaints.push(Complaint::new(
                "smime_signing_certificate",
                "nothing",
                "the identity to sign with, since `require_smime` is true",
            )),
            (false, Some(_)) => complaints.push(Complaint::new(
                "smime_signing_certificate",
                "a value",
                "nothing while `require_smime` is false",
            )),
            (true, Some(_)) | (false, None) => {}
        }
    }
}
