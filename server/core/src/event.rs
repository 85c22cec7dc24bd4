//! Events: the append-only record of what happened, written together with the state it describes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{CommandUuid, DeliveryId, DeviceId, ProfileId, Scope, Serial};
use crate::time::Timestamp;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened. Names are part of the API: they are added, never changed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The dotted name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl FromStr for Kind {
            type Err = UnknownKind;
            fn from_str(text: &str) -> Result<Self, UnknownKind> {
                match text {
                    $($text => Ok(Self::$name),)*
                    other => Err(UnknownKind(other.to_owned())),
                }
            }
        }
    };
}

kinds! {
    /// The server answers requests.
    ServerStarted = "server.started",
    /// The server was asked to stop.
    ServerStopping = "server.stopping",
    /// A limit was reached; one event per rule, peer and second.
    LimitHit = "limit.hit",
    /// A request was refused; the text says exactly why.
    RequestRefused = "request.refused",
    /// A request deviated from its specification and was answered all the same.
    FindingReported = "finding.reported",
    /// Exchanges were lost because their writer could not keep up.
    ExchangeLost = "exchange.lost",
    /// An enrollment code was made.
    CodeMinted = "code.minted",
    /// A root certificate or trust profile was fetched.
    TrustFetched = "trust.fetched",
    /// An enrollment profile was fetched.
    EnrollmentProfileFetched = "enrollment.profile_fetched",
    /// A device's identity was issued; no check-in yet.
    EnrollmentIdentityIssued = "enrollment.identity_issued",
    /// A device sent `Authenticate`.
    EnrollmentAuthenticated = "enrollment.authenticated",
    /// A known device sent `Authenticate` and starts anew.
    EnrollmentRestarted = "enrollment.restarted",
    /// A device became manageable.
    EnrollmentCompleted = "enrollment.completed",
    /// A channel renewed its push token.
    EnrollmentTokenUpdated = "enrollment.token_updated",
    /// A user's channel appeared.
    EnrollmentUserAdded = "enrollment.user_added",
    /// A device said that it left.
    EnrollmentCheckedOut = "enrollment.checked_out",
    /// A device enrolled that shares its hardware identifier with another one: a clone, as a rule.
    EnrollmentCloned = "enrollment.cloned",
    /// A device was given a new identity in place of one that ends.
    EnrollmentRenewed = "enrollment.renewed",
    /// A device uses its replaced identity from here on.
    EnrollmentReplaced = "enrollment.replaced",
    /// Two devices used one identity, or one device an unannounced one.
    EnrollmentRefused = "enrollment.refused",
    /// A bootstrap token was stored or cleared.
    EnrollmentBootstrapToken = "enrollment.bootstrap_token",
    /// A device told something unasked that nothing here acts on.
    SessionAlert = "session.alert",
    /// A device was purged.
    DeviceForgotten = "device.forgotten",
    /// A command joined a queue.
    CommandQueued = "command.queued",
    /// A command went out.
    CommandSent = "command.sent",
    /// The device did it.
    CommandAcknowledged = "command.acknowledged",
    /// The device put it off.
    CommandDeferred = "command.deferred",
    /// The device refused it, or it could not be made.
    CommandFailed = "command.failed",
    /// It was taken back.
    CommandCancelled = "command.cancelled",
    /// A report did not fit any open command.
    CommandUnexpected = "command.unexpected",
    /// A report carried a result that could not be read.
    CommandUnreadable = "command.unreadable",
    /// A delivery joined a queue.
    DeliveryQueued = "delivery.queued",
    /// A delivery went out.
    DeliverySent = "delivery.sent",
    /// The device put a delivery off.
    DeliveryDeferred = "delivery.deferred",
    /// The device acknowledged a delivery.
    DeliveryAcknowledged = "delivery.acknowledged",
    /// The device lists what was delivered.
    DeliveryReadBack = "delivery.read_back",
    /// The device does not list what it acknowledged.
    DeliveryDrifted = "delivery.drifted",
    /// A delivery failed.
    DeliveryFailed = "delivery.failed",
    /// A profile was fetched by its link.
    DeliveryDownloaded = "delivery.downloaded",
    /// A removal joined a queue.
    DeliveryRemovalQueued = "delivery.removal_queued",
    /// The device removed it.
    DeliveryRemoved = "delivery.removed",
    /// An assigned profile does not apply to a device.
    DeliveryNotApplicable = "delivery.not_applicable",
    /// A removal is not allowed.
    DeliveryRemovalBlocked = "delivery.removal_blocked",
    /// A delivery ended with its device.
    DeliveryGone = "delivery.gone",
    /// A link was made.
    LinkMinted = "link.minted",
    /// A profile was created.
    ProfileCreated = "profile.created",
    /// A profile was changed.
    ProfileUpdated = "profile.updated",
    /// A profile was deleted.
    ProfileDeleted = "profile.deleted",
    /// A user was created.
    UserCreated = "user.created",
    /// A user was changed.
    UserUpdated = "user.updated",
    /// A user was deleted.
    UserDeleted = "user.deleted",
    /// A group was created.
    GroupCreated = "group.created",
    /// A group was changed.
    GroupUpdated = "group.updated",
    /// A group was deleted.
    GroupDeleted = "group.deleted",
    /// A profile was assigned for the first time.
    AssignmentCreated = "assignment.created",
    /// The assignment of a profile was replaced.
    AssignmentUpdated = "assignment.updated",
    /// A profile is no longer assigned.
    AssignmentDeleted = "assignment.deleted",
    /// A device is expected to ask its user.
    PromptExpected = "prompt.expected",
    /// What a user said to a prompt was written down.
    PromptAnswered = "prompt.answered",
    /// What is set for a scope was changed.
    SettingsUpdated = "settings.updated",
    /// Something that was written will probably not do what was meant.
    LintWarning = "lint.warning",
    /// A certificate was issued.
    CertificateIssued = "certificate.issued",
    /// A certificate was refused.
    CertificateRefused = "certificate.refused",
    /// A certificate request waits.
    CertificatePending = "certificate.pending",
    /// A certificate was revoked.
    CertificateRevoked = "certificate.revoked",
    /// A revocation list was published.
    CrlPublished = "crl.published",
    /// A server certificate was renewed.
    LeafRenewed = "leaf.renewed",
    /// A push was accepted by Apple.
    PushSent = "push.sent",
    /// A push was refused.
    PushFailed = "push.failed",
    /// Apple retired a push token.
    PushTokenRetired = "push.token_retired",
}

/// A name that is no event's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of event")]
pub struct UnknownKind(String);

impl TryFrom<String> for Kind {
    type Error = UnknownKind;
    fn try_from(text: String) -> Result<Self, UnknownKind> {
        text.parse()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// The profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileId>,
    /// The command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandUuid>,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Serial>,
}

/// An event that is about to be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// When it happened.
    pub at: Timestamp,
    /// Where it belongs.
    pub scope: Scope,
    /// What happened.
    pub kind: Kind,
    /// What it is about.
    #[serde(flatten)]
    pub about: About,
    /// One line for a person. Never a secret.
    pub text: String,
    /// Facts for a program. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, serde_json::Value>,
}

impl NewEvent {
    /// An event about nothing yet.
    pub fn new(at: Timestamp, scope: &Scope, kind: Kind, text: impl Into<String>) -> Self {
        Self {
            at,
            scope: scope.clone(),
            kind,
            about: About::default(),
            text: text.into(),
            facts: BTreeMap::new(),
        }
    }

    /// About this device.
    #[must_use]
    pub fn device(mut self, id: &DeviceId) -> Self {
        self.about.device = Some(id.clone());
        self
    }

    /// About this delivery and its profile.
    #[must_use]
    pub fn delivery(mut self, id: &DeliveryId, profile: &ProfileId) -> Self {
        self.about.delivery = Some(id.clone());
        self.about.profile = Some(profile.clone());
        self
    }

    /// About this profile.
    #[must_use]
    pub fn profile(mut self, id: &ProfileId) -> Self {
        self.about.profile = Some(id.clone());
        self
    }

    /// About this command.
    #[must_use]
    pub fn command(mut self, uuid: &CommandUuid) -> Self {
        self.about.command = Some(uuid.clone());
        self
    }

    /// About this certificate.
    #[must_use]
    pub fn certificate(mut self, serial: &Serial) -> Self {
        self.about.certificate = Some(serial.clone());
        self
    }

    /// With one fact more.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place: counts up by one, also across restarts.
    pub seq: u64,
    /// The rest of it.
    #[serde(flatten)]
    pub event: NewEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().unwrap(), *kind);
        }
        assert_eq!(
            "no.such".parse::<Kind>().unwrap_err().to_string(),
            "`no.such` is no kind of event"
        );
    }

    #[test]
    fn an_event_is_flat_json() {
        let scope = Scope::default();
        let event = Event {
            seq: 7,
            event: NewEvent::new(Timestamp(0), &scope, Kind::CommandSent, "ProfileList sent")
                .device(&"d-1".parse().unwrap())
                .fact("attempt", 1),
        };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"seq":7,"at":"1970-01-01T00:00:00Z","scope":"default","kind":"command.sent","device":"d-1","text":"ProfileList sent","facts":{"attempt":1}}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}
