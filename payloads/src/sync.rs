//! What an account synchronises when, where the platform lets an administrator say so.

use serde::{Deserialize, Serialize};

/// How often mail is fetched (Microsoft Graph, `emailSyncSchedule`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailSyncSchedule {
    /// Nothing is said, so the device's default applies and the user chooses.
    #[default]
    UserDefined,
    /// At once.
    AsMessagesArrive,
    /// When the user asks.
    Manual,
    /// Every 15 minutes.
    FifteenMinutes,
    /// Every 30 minutes.
    ThirtyMinutes,
    /// Every 60 minutes.
    SixtyMinutes,
    /// As the device sees fit. No platform documents a value for it, so nothing is written.
    BasedOnMyUsage,
}
