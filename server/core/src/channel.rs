//! A channel: one command queue and one push address, the device's or one of its users'.

use mdm_payloads::Secret;
use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, CommandUuid, DeviceId, Scope, Version};
use crate::time::Timestamp;

/// Whose channel it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Owner {
    /// The device itself.
    Device,
    /// One user of a Mac or of a Shared iPad.
    User {
        /// `UserID` or `EnrollmentUserID`; `UserShortName` on Shared iPad.
        key: String,
        /// `UserShortName`.
        short_name: Option<String>,
        /// `UserLongName`.
        long_name: Option<String>,
    },
}

/// Where a wake-up for this channel goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushAddress {
    /// `Topic`.
    pub topic: String,
    /// `Token`, lower-case hex.
    pub token: Secret,
    /// `PushMagic`.
    pub magic: Secret,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Our key.
    pub id: ChannelId,
    /// Times written.
    pub version: Version,
    /// Where it belongs.
    pub scope: Scope,
    /// Its device.
    pub device: DeviceId,
    /// Whose it is.
    pub owner: Owner,
    /// False once its device left.
    pub active: bool,
    /// Where to wake it; none before `TokenUpdate`, or when Apple retired the token.
    pub push: Option<PushAddress>,
    /// The command that was sent and not answered: it is repeated, nothing else is sent.
    pub outstanding: Option<CommandUuid>,
    /// Counts device sessions in which something was deferred: a command deferred in an earlier
    /// session may be offered again.
    pub session: u64,
    /// Something was offered after a refusal of this session, so the device will not come back by
    /// itself and wants a push.
    pub owes_push: bool,
    /// `NotNow` answers since something deferred was last answered for good.
    pub refusals: u32,
    /// Lists that will read back what was acknowledged are queued and did not go out yet.
    pub read_back_queued: bool,
    /// Last `TokenUpdate`.
    pub token_updated_at: Option<Timestamp>,
}
