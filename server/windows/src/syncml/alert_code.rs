//! The numbers of alerts.

use std::fmt;

/// `Data` of an `Alert` ([MS-MDM], OMA Device Management Protocol). Any number is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertCode(pub u32);

impl AlertCode {
    /// The server asked for the session.
    pub const SERVER_INITIATED: Self = Self(1200);
    /// The device began the session by itself.
    pub const CLIENT_INITIATED: Self = Self(1201);
    /// "Go on": asks for the next message of a package.
    pub const NEXT_MESSAGE: Self = Self(1222);
    /// The session ends here, unfinished.
    pub const SESSION_ABORT: Self = Self(1223);
    /// Something happened at the device; `Type` says what, such as [`LOGIN_STATUS`].
    pub const CLIENT_EVENT: Self = Self(1224);
    /// The last part of a large object never came.
    pub const NO_END_OF_DATA: Self = Self(1225);
    /// A generic alert; `Type` says which, such as [`UNENROLLMENT`].
    pub const GENERIC: Self = Self(1226);
}

impl fmt::Display for AlertCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `Type` of a 1224 that tells who is logged on; see [`LoginStatus`].
pub const LOGIN_STATUS: &str = "com.microsoft/MDM/LoginStatus";
/// `Type` of a 1224 that carries the user's directory token.
pub const AAD_USER_TOKEN: &str = "com.microsoft/MDM/AADUserToken";
/// `Type` of a 1224 that asks only to be kept waiting: it is answered with the header's status and no commands.
pub const REQUEST_PENDING: &str = "Reversed-Domain-Name:com.microsoft.mdm.requestpending";
/// `Type` of a 1226 with which a device leaves. No session follows.
pub const UNENROLLMENT: &str = "com.microsoft:mdm.unenrollment.userrequest";

/// Who is logged on at the device while the session runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginStatus {
    /// The user who enrolled the device: `./User` nodes can be reached.
    User,
    /// Only others.
    Others,
    /// Nobody.
    Nobody,
    /// Another word.
    Unknown(String),
}

impl LoginStatus {
    /// Reads the word in the alert's data.
    pub fn read(text: &str) -> Self {
        match text.trim() {
            "user" => Self::User,
            "others" => Self::Others,
            "none" => Self::Nobody,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_login_status() {
        for (text, status) in [
            (" user\n", LoginStatus::User),
            ("others", LoginStatus::Others),
            ("none", LoginStatus::Nobody),
            ("User", LoginStatus::Unknown("User".into())),
            ("", LoginStatus::Unknown(String::new())),
        ] {
            assert_eq!(LoginStatus::read(text), status, "{text:?}");
        }
    }
}
