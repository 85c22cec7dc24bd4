//! What the domain needs from outside: storage, identifiers, an encoder, a way to wake devices.

use async_trait::async_trait;

use crate::assignment::Assignment;
use crate::certificate::Certificate;
use crate::challenge::Challenge;
use crate::channel::Channel;
use crate::code::Code;
use crate::command::Command;
use crate::delivery::{Delivery, DeliveryState, Expected, Reason};
use crate::device::Device;
use crate::event::{Event, Kind, NewEvent};
use crate::group::Group;
use crate::id::{
    ChallengeId, ChannelId, CodeText, CommandUuid, DeliveryId, DeviceId, Fingerprint, GroupId,
    LinkToken, ProfileId, PromptId, Scope, Serial, UserId,
};
use crate::link::Link;
use crate::profile::StoredProfile;
use crate::prompt::Prompt;
use crate::session::Session;
use crate::settings::ScopeSettings;
use crate::time::Timestamp;
use crate::user::StoredUser;

pub use crate::time::Clock;

/// One record to write. Its `version` is the one it was loaded with: 0 for a new one. The store
/// writes it with the next version, or refuses the whole commit as stale.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    clippy::large_enum_variant,
    reason = "records are written one by one and soon gone"
)]
pub enum Record {
    /// A device.
    Device(Device),
    /// A channel.
    Channel(Channel),
    /// A command; a new one gets its place in the queue from the store.
    Command(Command),
    /// A delivery.
    Delivery(Delivery),
    /// A profile.
    Profile(StoredProfile),
    /// A code.
    Code(Code),
    /// A challenge.
    Challenge(Challenge),
    /// A certificate.
    Certificate(Certificate),
    /// A link.
    Link(Link),
    /// The last session of a device.
    Session(Session),
    /// A user.
    User(StoredUser),
    /// A group.
    Group(Group),
    /// An assignment.
    Assignment(Assignment),
    /// What is set for a scope.
    Settings(ScopeSettings),
    /// A prompt.
    Prompt(Prompt),
}

/// One record to delete, at whatever version it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A device with its channels, commands and kept messages. Deliveries and certificates stay:
    /// see [`Store`].
    Device(DeviceId),
    /// A profile.
    Profile(ProfileId),
    /// A code.
    Code(CodeText),
    /// A challenge.
    Challenge(ChallengeId),
    /// A link.
    Link(LinkToken),
    /// A user.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// The assignment of a profile.
    Assignment(ProfileId),
}

/// A rendered message that must be the same when it is sent again. At most 4 MiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it belongs to: `command:UUID`, `session:DEVICE`, `link:TOKEN`, `scep:TRANSACTION:KEY` for a request
    /// that waits for approval, or `hardware:UUID` for the last device with that hardware.
    pub key: String,
    /// Its bytes; none deletes it.
    pub bytes: Option<Vec<u8>>,
}

/// One change of state: all of it, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Commit {
    /// Records to write.
    pub records: Vec<Record>,
    /// Records to delete.
    pub deleted: Vec<Key>,
    /// Messages to keep or drop.
    pub kept: Vec<Kept>,
    /// Events to append, in this order.
    pub events: Vec<NewEvent>,
}

impl Commit {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.deleted.is_empty()
            && self.kept.is_empty()
            && self.events.is_empty()
    }
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Somebody else changed a record in between: load again and decide again.
    #[error("the {kind} `{key}` was changed meanwhile")]
    Stale {
        /// What kind of record.
        kind: &'static str,
        /// Which.
        key: String,
    },
    /// Two different records claim the same unique fact.
    #[error("the {kind} `{key}` claims what another one has")]
    Taken {
        /// What kind of record.
        kind: &'static str,
        /// Which.
        key: String,
    },
    /// Storage fails or is overloaded.
    #[error(transparent)]
    Unavailable(#[from] StoreUnavailable),
}

/// Storage fails. Whoever asked may try again later.
#[derive(Debug, thiserror::Error)]
#[error("storage: {doing}")]
pub struct StoreUnavailable {
    /// What was being done.
    pub doing: String,
    /// True when the queue of writes is full, so that waiting a moment helps.
    pub overloaded: bool,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What was read of a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// The channel.
    pub channel: Channel,
    /// The first open commands that may be offered now, in order; as many as were wanted.
    pub offerable: Vec<Command>,
    /// Whether commands deferred in the present session exist beside these.
    pub deferred: bool,
}

impl Queue {
    /// Commands read at once where they are offered one by one.
    pub const WINDOW: usize = 4;
    /// Commands read at once where many are offered together.
    pub const MANY: usize = 64;
}

/// Which deliveries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this scope.
    pub scope: Option<Scope>,
    /// To this device.
    pub device: Option<DeviceId>,
    /// Of this profile.
    pub profile: Option<ProfileId>,
    /// In this state.
    pub state: Option<DeliveryState>,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this scope.
    pub scope: Option<Scope>,
    /// About this device.
    pub device: Option<DeviceId>,
    /// About this delivery.
    pub delivery: Option<DeliveryId>,
    /// Of one of these kinds; of any when empty.
    pub kinds: Vec<Kind>,
}

/// Storage of everything the domain keeps.
///
/// Contract, checked by one suite for every implementation:
/// - [`Store::commit`] is one transaction; when it returns, the change survives a crash of the
///   process and of the machine.
/// - Events get gapless sequence numbers in the order of commits, across restarts.
/// - Lists are ordered: devices, codes, profiles, users, groups, assignments by when they were made; deliveries and
///   certificates newest first; commands by their place; events by sequence number.
/// - What is not there is `None` or empty, never an error.
/// - Deleting a device deletes its channels, commands and kept messages, and clears what its events
///   say of it but not the events; deliveries and certificates stay for the record.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes a change and answers with the sequence number of its last event (or of the last event
    /// there is).
    async fn commit(&self, commit: Commit) -> Result<u64, CommitError>;

    /// Remembers when devices were last heard of. Not durable at once, not versioned.
    async fn touch(&self, seen: Vec<(DeviceId, Timestamp)>) -> Result<(), StoreUnavailable>;

    /// Drops what can no longer be used at `now`: challenges that expired before their first use,
    /// with the requests that waited on them, and the bytes of links that were opened more than
    /// [`Link::GRACE_SECONDS`] ago. Nothing waits for it.
    async fn sweep(&self, now: Timestamp) -> Result<(), StoreUnavailable>;

    /// One device.
    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreUnavailable>;
    /// The device that calls itself this, removed ones included; the latest when several do.
    async fn device_by_udid(&self, udid: &str) -> Result<Option<Device>, StoreUnavailable>;
    /// Devices after `after`, at most `limit`, of one scope or of all.
    async fn devices(
        &self,
        scope: Option<&Scope>,
        after: Option<&DeviceId>,
        limit: usize,
    ) -> Result<Vec<Device>, StoreUnavailable>;
    /// When a device was last heard of.
    async fn last_seen(&self, id: &DeviceId) -> Result<Option<Timestamp>, StoreUnavailable>;

    /// One channel.
    async fn channel(&self, id: &ChannelId) -> Result<Option<Channel>, StoreUnavailable>;
    /// The channels of a device, its own first.
    async fn channels(&self, device: &DeviceId) -> Result<Vec<Channel>, StoreUnavailable>;
    /// What may be offered on a channel, at most `limit` commands. With `new_session`, commands
    /// deferred in the present session count as deferred in an earlier one.
    async fn queue(
        &self,
        channel: &ChannelId,
        new_session: bool,
        limit: usize,
    ) -> Result<Option<Queue>, StoreUnavailable>;

    /// One command.
    async fn command(&self, uuid: &CommandUuid) -> Result<Option<Command>, StoreUnavailable>;
    /// The commands of a device, the newest `limit`, in order of their place.
    async fn commands(
        &self,
        device: &DeviceId,
        open_only: bool,
        limit: usize,
    ) -> Result<Vec<Command>, StoreUnavailable>;
    /// A kept message.
    async fn kept(&self, key: &str) -> Result<Option<Vec<u8>>, StoreUnavailable>;

    /// One delivery.
    async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreUnavailable>;
    /// Deliveries, newest first, at most `limit`.
    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreUnavailable>;

    /// The deliveries to these devices that are neither removed nor gone, by device in the given order, newest first.
    async fn current_deliveries(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<Vec<Delivery>>, StoreUnavailable>;

    /// One user.
    async fn user(&self, id: &UserId) -> Result<Option<StoredUser>, StoreUnavailable>;
    /// All users of one scope or of all.
    async fn users(&self, scope: Option<&Scope>) -> Result<Vec<StoredUser>, StoreUnavailable>;
    /// One group.
    async fn group(&self, id: &GroupId) -> Result<Option<Group>, StoreUnavailable>;
    /// All groups of one scope or of all.
    async fn groups(&self, scope: Option<&Scope>) -> Result<Vec<Group>, StoreUnavailable>;
    /// The assignment of a profile.
    async fn assignment(&self, profile: &ProfileId)
    -> Result<Option<Assignment>, StoreUnavailable>;
    /// All assignments of one scope or of all.
    async fn assignments(&self, scope: Option<&Scope>)
    -> Result<Vec<Assignment>, StoreUnavailable>;
    /// One prompt.
    async fn prompt(&self, id: &PromptId) -> Result<Option<Prompt>, StoreUnavailable>;
    /// All prompts of one scope or of all, oldest first.
    async fn prompts(&self, scope: Option<&Scope>) -> Result<Vec<Prompt>, StoreUnavailable>;
    /// What is set for a scope.
    async fn settings(&self, scope: &Scope) -> Result<Option<ScopeSettings>, StoreUnavailable>;

    /// One profile.
    async fn profile(&self, id: &ProfileId) -> Result<Option<StoredProfile>, StoreUnavailable>;
    /// All profiles of one scope or of all.
    async fn profiles(&self, scope: Option<&Scope>)
    -> Result<Vec<StoredProfile>, StoreUnavailable>;

    /// One code.
    async fn code(&self, code: &CodeText) -> Result<Option<Code>, StoreUnavailable>;
    /// All codes.
    async fn codes(&self) -> Result<Vec<Code>, StoreUnavailable>;

    /// One challenge.
    async fn challenge(&self, id: &ChallengeId) -> Result<Option<Challenge>, StoreUnavailable>;

    /// One certificate.
    async fn certificate(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<Certificate>, StoreUnavailable>;
    /// The certificate with this serial number.
    async fn certificate_by_serial(
        &self,
        serial: &Serial,
    ) -> Result<Option<Certificate>, StoreUnavailable>;
    /// The last certificate issued for this public key in this SCEP transaction.
    async fn certificate_by_transaction(
        &self,
        transaction: &str,
        key_sha256: &str,
    ) -> Result<Option<Certificate>, StoreUnavailable>;
    /// Certificates, newest first, at most `limit`.
    async fn certificates(
        &self,
        device: Option<&DeviceId>,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreUnavailable>;
    /// All revoked certificates.
    async fn revoked(&self) -> Result<Vec<Certificate>, StoreUnavailable>;

    /// The last session of a device that had to be remembered.
    async fn session(&self, device: &DeviceId) -> Result<Option<Session>, StoreUnavailable>;

    /// One link.
    async fn link(&self, token: &LinkToken) -> Result<Option<Link>, StoreUnavailable>;

    /// Events after `after` that match, at most `limit`.
    async fn events(
        &self,
        after: u64,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Event>, StoreUnavailable>;
    /// Sequence numbers of the oldest and the newest event kept; (1, 0) when there is none.
    async fn event_range(&self) -> Result<(u64, u64), StoreUnavailable>;
    /// Follows the number of the newest event.
    fn newest_event(&self) -> std::sync::Arc<dyn Follow>;
}

/// Follows the number of the newest event.
#[async_trait]
pub trait Follow: Send + Sync {
    /// The newest number now.
    fn newest(&self) -> u64;
    /// Waits until the newest number is greater than `seen`, and gives it.
    async fn beyond(&self, seen: u64) -> u64;
}

/// Fresh identifiers and secrets.
pub trait Ids: Send + Sync {
    /// A device's key.
    fn device(&self) -> DeviceId;
    /// A delivery's key.
    fn delivery(&self) -> DeliveryId;
    /// A command's UUID.
    fn command(&self) -> CommandUuid;
    /// A code that a person can type.
    fn code(&self) -> CodeText;
    /// A link's unguessable part.
    fn link(&self) -> LinkToken;
    /// A secret of 32 characters: a challenge, a password.
    fn secret(&self) -> String;
}

/// What has to be put on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The command.
    pub command: &'a Command,
    /// Its device.
    pub device: &'a Device,
    /// Its channel.
    pub channel: &'a Channel,
    /// The delivery it serves.
    pub delivery: Option<&'a Delivery>,
}

/// A command on the wire; where it takes a conversation, its [`crate::work::Work`] in bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The bytes that go out.
    pub wire: Vec<u8>,
    /// Whether these very bytes must go out again when the command is repeated.
    pub keep: bool,
    /// Records that have to be written with it: challenges, certificates.
    pub records: Vec<Record>,
    /// Events that have to be written with it.
    pub events: Vec<NewEvent>,
    /// What the device should list once it is installed.
    pub expected: Option<Expected>,
    /// An identity that was issued while encoding (PKCS#12).
    pub identity: Option<crate::delivery::IdentityIssued>,
}

/// A command that cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct NotEncodable {
    /// Why, in words.
    pub text: String,
    /// Why, for the delivery.
    pub reason: Reason,
    /// The trouble is the server's and may pass: the device asks again, nothing is given up.
    pub passing: bool,
}

/// Puts commands on the wire, in the dialect of their device. It is also the last guard: it
/// refuses destructive commands that are not allowed, judged by the decoded command.
#[async_trait]
pub trait Encoder: Send + Sync {
    /// Encodes one command.
    async fn encode(&self, job: Job<'_>) -> Result<Encoded, NotEncodable>;
}

/// Wakes devices. A wake-up is a hint: it may be lost, and its success says nothing of the device.
pub trait Waker: Send + Sync {
    /// Asks the device behind `channel` to come. Returns at once.
    fn wake(&self, channel: &Channel);
    /// Asks it to come after `seconds`; a later call for the same channel replaces an earlier one.
    fn wake_after(&self, channel: &Channel, seconds: u32);
}

/// Is told of the records that were committed, so that caches can drop what they know of it.
pub trait Committed: Send + Sync {
    /// Whether it wants to be told of this record: others are not copied for it.
    fn concerns(&self, record: &Record) -> bool;
    /// These were written or deleted.
    fn committed(&self, records: &[Record], deleted: &[Key]);
}
