//! Mail accounts of a device: those a profile made, and those its owner made by hand.

use plist::Dictionary;

use super::{Payload, Profile};
use crate::document::Ask as _;

/// Kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// Exchange ActiveSync, on iPhone and iPad.
    Eas,
    /// Exchange Web Services, on a Mac.
    Ews,
    /// IMAP with SMTP.
    Imap,
    /// POP with SMTP.
    Pop,
}

/// Who made an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The owner, by hand.
    User,
    /// A payload of a profile.
    Profile {
        /// Identifier of the profile.
        profile: String,
        /// Identifier of the payload.
        payload_identifier: String,
        /// UUID of the payload.
        payload_uuid: String,
    },
}

/// A mail account.
#[derive(Debug, Clone, PartialEq)]
pub struct MailAccount {
    /// Kind of account.
    pub kind: AccountKind,
    /// Who made it.
    pub origin: Origin,
    /// Address of the mailbox.
    pub address: String,
    /// Host of the mailbox.
    pub host: String,
    /// User name at that host.
    pub user_name: String,
    /// SHA-256 fingerprint of the certificate it shows to the server.
    pub identity: Option<String>,
    /// SHA-256 fingerprint of the certificate it signs mail with.
    pub signing_identity: Option<String>,
    /// SHA-256 fingerprint of the certificate mail to it is encrypted with.
    pub encryption_identity: Option<String>,
    /// How often its mail was fetched anew because the account was made again; 1 for a first time.
    pub generation: u32,
    /// How often a profile changed it in place.
    pub updates: u32,
    /// Whether it can log in: false while a password is being asked for, or after that was declined.
    pub active: bool,
    /// All keys of its payload; empty for one made by hand.
    pub settings: Dictionary,
}

impl MailAccount {
    /// An account its owner made by hand.
    pub fn by_hand(kind: AccountKind, host: &str, address: &str, user_name: &str) -> Self {
        Self {
            kind,
            origin: Origin::User,
            address: address.to_owned(),
            host: host.to_owned(),
            user_name: user_name.to_owned(),
            identity: None,
            signing_identity: None,
            encryption_identity: None,
            generation: 1,
            updates: 0,
            active: true,
            settings: Dictionary::new(),
        }
    }

    /// Whether a payload of this type makes an account.
    pub(super) fn is_made_by(kind: &str) -> bool {
        matches!(
            kind,
            "com.apple.eas.account" | "com.apple.ews.account" | "com.apple.mail.managed"
        )
    }

    /// The account a payload asks for; `before` is what stood there, for its counters.
    pub(super) fn from_payload(
        profile: &Profile,
        payload: &Payload,
        before: Option<&Self>,
    ) -> Self {
        let settings = &payload.settings;
        let (kind, host, user) = match (payload.kind.as_str(), settings.text("EmailAccountType")) {
            ("com.apple.eas.account", _) => (AccountKind::Eas, "Host", "UserName"),
            ("com.apple.ews.account", _) => (AccountKind::Ews, "Host", "UserName"),
            (_, Some("EmailTypePOP")) => (
                AccountKind::Pop,
                "IncomingMailServerHostName",
                "IncomingMailServerUsername",
            ),
            _ => (
                AccountKind::Imap,
                "IncomingMailServerHostName",
                "IncomingMailServerUsername",
            ),
        };
        Self {
            kind,
            origin: Origin::Profile {
                profile: profile.identifier.clone(),
                payload_identifier: payload.identifier.clone(),
                payload_uuid: payload.uuid.clone(),
            },
            address: settings.text_or_empty("EmailAddress"),
            host: settings.text_or_empty(host),
            user_name: settings.text_or_empty(user),
            identity: None,
            signing_identity: None,
            encryption_identity: None,
            generation: before.map_or(1, |before| before.generation),
            updates: before.map_or(0, |before| before.updates),
            active: true,
            settings: settings.clone(),
        }
    }

    /// Whether two accounts are for one mailbox: host and address, without regard to case.
    pub fn is_same_mailbox(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.address.eq_ignore_ascii_case(&other.address)
    }

    /// Whether its login needs a password that the payload does not bring.
    pub(super) fn needs_password(&self) -> bool {
        let settings = &self.settings;
        match self.kind {
            AccountKind::Eas | AccountKind::Ews => {
                !settings.truth("OAuth")
                    && self.identity.is_none()
                    && settings.text("Password").is_none()
            }
            AccountKind::Imap | AccountKind::Pop => {
                settings.text("IncomingMailServerAuthentication") != Some("EmailAuthNone")
                    && settings.text("IncomingPassword").is_none()
            }
        }
    }

    /// Whether changing `before` into this asks its owner to log in again: another host, or OAuth switched on.
    pub(super) fn asks_again_after(&self, before: &Self) -> bool {
        let turned_on = self.settings.truth("OAuth") && !before.settings.truth("OAuth");
        let moved =
            !self.host.eq_ignore_ascii_case(&before.host) || self.user_name != before.user_name;
        turned_on || (moved && self.needs_password())
    }
}
