//! Who speaks: a device or one of its users.

use std::fmt;

use crate::finding::Rule;
use crate::identifier::{EnrollmentId, EnrollmentUserId, ShortName, Udid, UserId};
use crate::plist::{FieldError, Fields};

/// The `UserID` every user of a Shared iPad has.
const SHARED_IPAD: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

/// The device a message is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// By its `UDID`.
    Udid(Udid),
    /// By its `EnrollmentID`: user enrollment, where the `UDID` stays the user's.
    Enrollment(EnrollmentId),
}

impl Device {
    /// The identifier, whichever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udid(id) => id.as_str(),
            Self::Enrollment(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What tells the users of one device apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserKey {
    /// `UserID`: macOS.
    User(UserId),
    /// `EnrollmentUserID`: user enrollment.
    Enrollment(EnrollmentUserId),
    /// `UserShortName`: Shared iPad, where every user has the same `UserID`.
    SharedIpad(ShortName),
}

impl UserKey {
    /// The identifier, whichever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Enrollment(id) => id.as_str(),
            Self::SharedIpad(name) => name.as_str(),
        }
    }
}

/// A user whose channel a message came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub key: UserKey,
    /// `UserShortName`: the account name.
    pub short_name: Option<String>,
    /// `UserLongName`: the full name.
    pub long_name: Option<String>,
}

/// Who speaks: the device channel, or with `user` that user's channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The device.
    pub device: Device,
    /// The user, on a user channel.
    pub user: Option<User>,
}

impl Sender {
    /// Takes the identifying keys out of a message.
    pub(crate) fn take(fields: &mut Fields<'_>) -> Result<Self, FieldError> {
        let udid = fields.identifier::<Udid>("UDID")?;
        let enrollment = fields.identifier::<EnrollmentId>("EnrollmentID")?;
        let device = match (udid, enrollment) {
            (Some(udid), both) => {
                if both.is_some() {
                    fields
                        .findings
                        .add(Rule::BothIdentifiers, || format!("`{udid}`"));
                }
                Device::Udid(udid)
            }
            (None, Some(id)) => Device::Enrollment(id),
            (None, None) => return Err(fields.missing("UDID", "a string (nor is `EnrollmentID`)")),
        };
        let user_id = fields.identifier::<UserId>("UserID")?;
        let enrollment_user_id = fields.identifier::<EnrollmentUserId>("EnrollmentUserID")?;
        let short_name = fields.text("UserShortName");
        let long_name = fields.text("UserLongName");
        let key = match (user_id, enrollment_user_id) {
            (Some(id), _) if id.as_str().eq_ignore_ascii_case(SHARED_IPAD) => {
                let name = short_name.as_deref().unwrap_or_default();
                let name = name
                    .parse()
                    .map_err(|_| fields.missing("UserShortName", "a usable string"))?;
                Some(UserKey::SharedIpad(name))
            }
            (Some(id), None) => Some(UserKey::User(id)),
            (Some(id), Some(_)) if matches!(device, Device::Udid(_)) => Some(UserKey::User(id)),
            (_, Some(id)) => Some(UserKey::Enrollment(id)),
            (None, None) => None,
        };
        Ok(Self {
            device,
            user: key.map(|key| User {
                key,
                short_name,
                long_name,
            }),
        })
    }

    /// The user's key, on a user channel.
    pub fn user_key(&self) -> Option<&UserKey> {
        self.user.as_ref().map(|user| &user.key)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "{}/{}", self.device, user.key.as_str()),
            None => self.device.fmt(f),
        }
    }
}
