//! The numbers with which commands are answered.

use std::fmt;

/// `Data` of a `Status`: how a command fared (OMA SyncML Representation Protocol). Any number is kept; some clients even send 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusCode(pub u16);

macro_rules! codes {
    ($($number:literal $name:ident $words:literal)*) => {
        impl StatusCode {
            $(#[doc = concat!($number, ": ", $words, ".")]
            pub const $name: Self = Self($number);)*

            /// What the number means, if it is one of the registered ones.
            pub const fn words(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($words),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    101 IN_PROGRESS "in progress"
    200 OK "done"
    201 ITEM_ADDED "item added"
    202 ACCEPTED "accepted, not done yet"
    203 NON_AUTHORITATIVE "answered on behalf of another"
    204 NO_CONTENT "nothing to return"
    205 RESET_CONTENT "the origin should be refreshed"
    206 PARTIAL_CONTENT "done in part"
    207 CONFLICT_MERGED "conflict resolved by merging"
    208 CONFLICT_CLIENT_WINS "conflict resolved for the client"
    209 CONFLICT_DUPLICATE "conflict resolved by a duplicate"
    210 DELETE_WITHOUT_ARCHIVE "deleted without archiving"
    211 ITEM_NOT_DELETED "the item was not there to delete"
    212 AUTHENTICATED "authenticated for the session"
    213 CHUNK_ACCEPTED "part of a large object accepted"
    214 CANCELLED "operation cancelled"
    215 NOT_EXECUTED "not executed: refused by the user, or a sibling failed"
    216 ROLLED_BACK "rolled back with its atomic command"
    300 MULTIPLE_CHOICES "several items match"
    301 MOVED_PERMANENTLY "moved for good"
    302 FOUND "moved for now"
    303 SEE_OTHER "found under another address"
    304 NOT_MODIFIED "not modified"
    305 USE_PROXY "must be asked through a proxy"
    400 BAD_REQUEST "malformed"
    401 INVALID_CREDENTIALS "wrong credentials"
    402 PAYMENT_REQUIRED "payment required"
    403 FORBIDDEN "forbidden"
    404 NOT_FOUND "no such node"
    405 NOT_ALLOWED "command not allowed on this node"
    406 FEATURE_NOT_SUPPORTED "optional feature not supported"
    407 MISSING_CREDENTIALS "credentials needed"
    408 REQUEST_TIMEOUT "timed out"
    409 CONFLICT "conflict"
    410 GONE "gone"
    411 SIZE_REQUIRED "size needed"
    412 INCOMPLETE "incomplete command"
    413 ENTITY_TOO_LARGE "command too large"
    414 URI_TOO_LONG "address too long"
    415 UNSUPPORTED_FORMAT "unsupported type or format"
    416 TOO_BIG "larger than the device can hold"
    417 RETRY_LATER "busy, try again later"
    418 ALREADY_EXISTS "already exists"
    419 CONFLICT_SERVER_WINS "conflict resolved for the server"
    420 DEVICE_FULL "device full"
    421 UNKNOWN_GRAMMAR "unknown search grammar"
    422 BAD_SCRIPT "bad script"
    423 SOFT_DELETE_CONFLICT "soft-deleted item exists"
    424 SIZE_MISMATCH "size differs from the one announced"
    425 PERMISSION_DENIED "no permission"
    426 PARTIAL_ITEM_REFUSED "partial item not accepted"
    427 NOT_EMPTY "item is not empty"
    428 MOVE_FAILED "move failed"
    500 COMMAND_FAILED "command failed"
    501 NOT_SUPPORTED "command not supported"
    502 BAD_GATEWAY "bad gateway"
    503 SERVICE_UNAVAILABLE "service unavailable"
    504 GATEWAY_TIMEOUT "gateway timed out"
    505 DTD_NOT_SUPPORTED "version of the message format not supported"
    506 PROCESSING_ERROR "processing error"
    507 ATOMIC_FAILED "atomic command failed"
    508 REFRESH_REQUIRED "refresh needed"
    509 RESERVED_509 "reserved"
    510 DATA_STORE_FAILURE "data store failure"
    511 SERVER_FAILURE "severe server failure"
    512 SYNCHRONIZATION_FAILED "synchronization failed"
    513 PROTOCOL_NOT_SUPPORTED "version of the protocol not supported"
    514 OPERATION_CANCELLED "operation cancelled"
    516 ROLLBACK_FAILED "rollback of the atomic command failed"
    517 ATOMIC_RESPONSE_TOO_LARGE "answer to the atomic command too large"
}

impl StatusCode {
    /// 2xx.
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.words() {
            Some(words) => write!(f, "{} ({words})", self.0),
            None => self.0.fmt(f),
        }
    }
}

/// `msft:originalerror` of a `Status`: the HRESULT that the node's provider returned ([MS-MDM]).
/// As sent, 64 bytes at most; usually `0x` and eight hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginalError(String);

impl OriginalError {
    /// Bytes kept; the rest is cut off.
    pub const MOST: usize = 64;

    /// What the attribute said, control characters left out.
    pub fn new(text: &str) -> Self {
        let mut kept = String::new();
        for c in text.chars().filter(|c| !c.is_control()) {
            if kept.len() + c.len_utf8() > Self::MOST {
                break;
            }
            kept.push(c);
        }
        Self(kept)
    }

    /// As sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, if the text is one in hexadecimal.
    pub fn hresult(&self) -> Option<u32> {
        let digits = self
            .0
            .strip_prefix("0x")
            .or_else(|| self.0.strip_prefix("0X"))?;
        if digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            u32::from_str_radix(digits, 16).ok()
        } else {
            None
        }
    }
}

impl fmt::Display for OriginalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_words() {
        assert_eq!(
            StatusCode::ALREADY_EXISTS.to_string(),
            "418 (already exists)"
        );
        assert_eq!(StatusCode(599).to_string(), "599");
        assert!(StatusCode::AUTHENTICATED.is_success());
        assert!(!StatusCode(0).is_success());
        assert!(!StatusCode::MULTIPLE_CHOICES.is_success());
    }

    #[test]
    fn original_errors_are_numbers_where_they_can_be() {
        for (text, number) in [
            ("0x80070057", Some(0x8007_0057)),
            ("0XFFFFFFFF", Some(u32::MAX)),
            ("0x", None),
            ("0x+1", None),
            ("0x180070057", None),
            ("E_FAIL & \u{7}é", None),
        ] {
            assert_eq!(OriginalError::new(text).hresult(), number, "{text}");
        }
        assert_eq!(OriginalError::new("a\u{7}b").as_str(), "ab");
        assert_eq!(OriginalError::new(&"é".repeat(40)).as_str().len(), 64);
    }
}
