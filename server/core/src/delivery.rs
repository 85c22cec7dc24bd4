//! A delivery: one profile for one device, what is known of it, and how far it got.

use serde::{Deserialize, Serialize};

use crate::id::{
    ChannelId, CommandUuid, DeliveryId, DeviceId, Fingerprint, LinkToken, ProfileId, Scope, Serial,
    Version,
};
use crate::report::ErrorEntry;
use crate::time::Timestamp;

/// Where a delivery goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// To an enrolled device, through its queue.
    Channel {
        /// The device.
        device: DeviceId,
        /// Its channel, or one of its users'.
        channel: ChannelId,
    },
    /// To whoever opens a one-time link.
    Link {
        /// The link.
        link: LinkToken,
    },
}

/// The states of a delivery. The words are the same in API, scenarios and on screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// No assignment reaches the device.
    NotTargeted,
    /// An assignment reaches the device, which cannot take it.
    NotApplicable,
    /// Something it needs is not there yet.
    WaitingDependency,
    /// Waits in the queue.
    Queued,
    /// The device was woken for it.
    Notified,
    /// Sent; no answer yet.
    Sent,
    /// The device put it off.
    Deferred,
    /// Fetched by link: never acknowledged.
    Downloaded,
    /// A person has to act.
    AwaitingUser,
    /// The device acknowledged it.
    Installed,
    /// Installed, and a newer revision is wanted.
    UpdatePending,
    /// Refused, or could not be made.
    Error,
    /// Another profile wants something else.
    Conflict,
    /// The device has something else than what was installed.
    Drifted,
    /// Its removal is under way.
    RemovalPending,
    /// Its removal is not allowed.
    RemovalBlocked,
    /// Removed.
    Removed,
    /// Its device left.
    Gone,
}

impl DeliveryState {
    /// Every state, for documentation and filters.
    pub const ALL: [Self; 18] = [
        Self::NotTargeted,
        Self::NotApplicable,
        Self::WaitingDependency,
        Self::Queued,
        Self::Notified,
        Self::Sent,
        Self::Deferred,
        Self::Downloaded,
        Self::AwaitingUser,
        Self::Installed,
        Self::UpdatePending,
        Self::Error,
        Self::Conflict,
        Self::Drifted,
        Self::RemovalPending,
        Self::RemovalBlocked,
        Self::Removed,
        Self::Gone,
    ];

    /// The name used in the API and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotTargeted => "not_targeted",
            Self::NotApplicable => "not_applicable",
            Self::WaitingDependency => "waiting_dependency",
            Self::Queued => "queued",
            Self::Notified => "notified",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Downloaded => "downloaded",
            Self::AwaitingUser => "awaiting_user",
            Self::Installed => "installed",
            Self::UpdatePending => "update_pending",
            Self::Error => "error",
            Self::Conflict => "conflict",
            Self::Drifted => "drifted",
            Self::RemovalPending => "removal_pending",
            Self::RemovalBlocked => "removal_blocked",
            Self::Removed => "removed",
            Self::Gone => "gone",
        }
    }

    /// Whether something may still happen to it, so that a second delivery of the same profile to
    /// the same place would be one too many.
    pub const fn is_live(self) -> bool {
        match self {
            Self::NotTargeted | Self::NotApplicable | Self::Removed | Self::Gone => false,
            Self::WaitingDependency
            | Self::Queued
            | Self::Notified
            | Self::Sent
            | Self::Deferred
            | Self::Downloaded
            | Self::AwaitingUser
            | Self::Installed
            | Self::UpdatePending
            | Self::Error
            | Self::Conflict
            | Self::Drifted
            | Self::RemovalPending
            | Self::RemovalBlocked => true,
        }
    }
}

/// Why a delivery is in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// The device said `NotNow`: often locked.
    NotNow,
    /// No user is logged in.
    NoUserSession,
    /// The identity certificate is being made.
    IdentityCert,
    /// A trusted certificate is not on the device yet.
    Root,
    /// What it needs failed.
    DependencyFailed {
        /// The profile that is needed.
        profile: ProfileId,
    },
    /// The user refused.
    UserDeclined,
    /// A variable of the profile has no value for this user or device.
    MissingAttribute {
        /// The variable.
        name: String,
    },
    /// The user has the same account already.
    Duplicate,
    /// The device refused.
    DeviceRejected,
    /// The profile names another one that does not exist.
    UnknownReference {
        /// The profile that is named.
        profile: ProfileId,
    },
    /// The profile could not be made or is not legal.
    NotDeliverable {
        /// Why, in words.
        text: String,
    },
    /// After acknowledging it, the device does not list it.
    NotOnDevice {
        /// What is missing.
        what: String,
    },
    /// A person ended it.
    Undelivered,
    /// Its device left.
    DeviceLeft,
    /// The device runs another system.
    Platform,
    /// The device's system is too old for the edition of the rules.
    OsMin {
        /// The oldest version served.
        least: String,
        /// The device's.
        found: String,
    },
    /// Android without Samsung Knox.
    KnoxMissing,
    /// The device is managed in another way than the profile is for.
    ManagementMode,
    /// An applicability rule keeps the profile away.
    ApplicabilityRule,
    /// The device has no user.
    NoUser,
    /// No assignment reaches the device any more.
    Unassigned,
    /// The profile was deleted.
    Deleted,
    /// It is the only mail profile of the device, which stays under the rules of 2017.
    OnlyProfile,
    /// A person took its command back.
    Cancelled,
}

/// What is known of a delivery beyond its state: four truths, never one "success".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The device said `Acknowledged`.
    pub acknowledged: Option<Timestamp>,
    /// The device lists the profile and its certificates.
    pub read_back: Option<Timestamp>,
    /// Our authority issued its identity.
    pub identity_issued: Option<IdentityIssued>,
    /// Its identity finished a TLS handshake at the verifier.
    pub identity_used: Option<Timestamp>,
    /// A mail request under its identity was answered with success.
    pub proven: Option<Timestamp>,
}

/// An identity that was issued for a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityIssued {
    /// When.
    pub at: Timestamp,
    /// Its serial number.
    pub serial: Serial,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// What the device is expected to list once the delivery is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// `PayloadIdentifier` of the profile.
    pub identifier: String,
    /// `PayloadUUID` of the profile as last sent.
    pub uuid: String,
    /// Certificates inside it: trusted roots.
    pub certificates: Vec<Fingerprint>,
    /// How many identities of this server's authority it carries; those of others cannot be told.
    pub identities: u32,
    /// The device listed the profile; its certificates are still to be seen.
    #[serde(default)]
    pub listed: bool,
}

/// Who wanted a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A person, for this device: evaluation of assignments never removes it.
    Direct,
    /// An assignment to groups.
    Assigned,
}

/// One step of a delivery's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Into which state.
    pub state: DeliveryState,
    /// Why.
    pub reason: Option<Reason>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Our key.
    pub id: DeliveryId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// The profile.
    pub profile: ProfileId,
    /// Where it goes.
    pub target: Target,
    /// Who wanted it.
    pub wanted: Wanted,
    /// How far it got.
    pub state: DeliveryState,
    /// Why it is in that state.
    pub reason: Option<Reason>,
    /// The revision that is wanted.
    pub desired_revision: u32,
    /// The revision that the device acknowledged last.
    pub applied_revision: Option<u32>,
    /// Raised when the account has to be made anew; feeds identifiers inside the profile.
    pub generation: u32,
    /// What is known.
    pub evidence: Evidence,
    /// What the device should list.
    pub expected: Option<Expected>,
    /// The command that carries it now.
    pub command: Option<CommandUuid>,
    /// The device's last error chain.
    pub errors: Vec<ErrorEntry>,
    /// Times it was sent.
    pub attempts: u32,
    /// Times the device put it off.
    pub not_now: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub state_since: Timestamp,
    /// Its last [`Delivery::HISTORY`] steps.
    pub history: Vec<Step>,
}

impl Delivery {
    /// Steps kept of a history, the newest.
    pub const HISTORY: usize = 50;

    /// A delivery that waits, wanted by a person.
    pub fn queued(
        id: DeliveryId,
        scope: Scope,
        profile: ProfileId,
        revision: u32,
        target: Target,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            version: Version(0),
            scope,
            profile,
            target,
            wanted: Wanted::Direct,
            state: DeliveryState::Queued,
            reason: None,
            desired_revision: revision,
            applied_revision: None,
            generation: 1,
            evidence: Evidence::default(),
            expected: None,
            command: None,
            errors: Vec::new(),
            attempts: 0,
            not_now: 0,
            created_at: now,
            state_since: now,
            history: vec![Step {
                at: now,
                state: DeliveryState::Queued,
                reason: None,
            }],
        }
    }

    /// The device it goes to, when it goes to one.
    pub fn device(&self) -> Option<&DeviceId> {
        match &self.target {
            Target::Channel { device, .. } => Some(device),
            Target::Link { .. } => None,
        }
    }

    /// Moves it into `state` and remembers the step.
    #[must_use]
    pub fn into_state(
        mut self,
        state: DeliveryState,
        reason: Option<Reason>,
        now: Timestamp,
    ) -> Self {
        if self.state == state && self.reason == reason {
            return self;
        }
        if self.history.len() >= Self::HISTORY {
            self.history.remove(0);
        }
        self.history.push(Step {
            at: now,
            state,
            reason: reason.clone(),
        });
        self.state = state;
        self.reason = reason;
        self.state_since = now;
        self
    }
}
