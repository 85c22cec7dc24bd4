//! What an enrollment client reports when enrollment fails.

use std::fmt;

/// A result code of Windows, shown as users see it: `0x80180003` (page "MDM registration constants" of the Win32 API).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(u32);

impl HResult {
    /// Wraps a code.
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// The code.
    pub const fn code(self) -> u32 {
        self.0
    }

    /// What a client makes of an HTTP status without a SOAP fault: `0x80190000` and the status in hexadecimal.
    pub const fn of_http_status(status: u16) -> Self {
        Self(0x8019_0000 | status as u32)
    }

    /// What the code means, if it is one of enrollment. Windows 8.1 and Windows Phone 8.1 report the same low half under
    /// `0x8019`, which is read likewise as long as it is not an HTTP status.
    pub const fn meaning(self) -> Option<&'static str> {
        let low = match self.0 >> 16 {
            0x8018 => self.0 & 0xffff,
            0x8019 if self.0 & 0xffff < 100 => self.0 & 0xffff,
            _ => return None,
        };
        Some(match low {
            0x01 => "the server could not read the message",
            0x02 => "the server could not authenticate the user",
            0x03 => "the user is not allowed to enroll",
            0x04 => "the server refused the certificate request",
            0x05 => "the enrollment server failed",
            0x06 => "the server failed unexpectedly",
            0x07 => "the server could not read the security header",
            0x08 => "the server failed in a way the client does not know",
            0x09 => "an enrollment is in progress",
            0x0a => "the device is enrolled already",
            0x0b => "the device is not enrolled",
            0x0d => "the certificate of the discovery server is out of its time",
            0x0e => "a password is needed",
            0x0f => "the login page failed",
            0x10 => "the network failed",
            0x12 => "the TLS certificate of the server is not trusted",
            0x13 => "the user has too many devices",
            0x14 => "the device is not supported",
            0x15 => "the operation is not supported",
            0x16 => "the device may not renew its certificate",
            0x17 => "the server is in maintenance",
            0x18 => "the user has no licence",
            0x19 => "the enrollment data is not valid",
            0x1a => "the server redirected to plain HTTP",
            0x1b => "the device is in the wrong state",
            0x1c => "this edition of Windows cannot be enrolled",
            0x1e => "the certificates of the provisioning document were refused",
            0x1f => "the management account of the provisioning document was refused",
            0x20 => "the DMClient settings of the provisioning document were refused",
            0x24 => "the key of the certificate was not found",
            0x26 => "enrollment is blocked on the device",
            0x27 => "the device could not create a key",
            0x28 => "no certificate to authenticate with was found",
            0x29 => "the server answered with nothing",
            0x2b => "automatic enrollment failed",
            0x30 => "the user cancelled",
            0x31 => "the device is not configured for enrollment",
            0x32 => "the server refused with a text of its own",
            _ => return None,
        })
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl fmt::Debug for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HResult({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::HResult;

    #[test]
    fn codes_are_shown_and_explained() {
        for (code, shown, meaning) in [
            (
                HResult::new(0x8018_0003),
                "0x80180003",
                Some("the user is not allowed to enroll"),
            ),
            (
                HResult::new(0x8019_0013),
                "0x80190013",
                Some("the user has too many devices"),
            ),
            (HResult::of_http_status(404), "0x80190194", None),
            (HResult::of_http_status(500), "0x801901F4", None),
            (HResult::new(0x8007_065d), "0x8007065D", None),
        ] {
            assert_eq!(code.to_string(), shown);
            assert_eq!(code.meaning(), meaning, "{code}");
        }
    }
}
