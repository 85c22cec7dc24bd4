//! Intune's error codes.

use std::fmt;

/// An error code as Intune's portal and Graph's `errorCode` show it: a 32-bit number, written in hexadecimal or as a signed decimal.
///
/// Errors of Apple devices and statuses of SyncML are mapped by fixed offsets, so that any number they report has a code.
/// ```
/// # use mdm_payloads::intune::ErrorCode;
/// assert_eq!(ErrorCode::apple(21005).to_string(), "0x87D1791D");
/// assert_eq!(ErrorCode::apple(21005).signed(), -2_016_315_107);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(u32);

/// Where codes of Intune begin.
const BASE: u32 = 0x87D1_0000;
/// How far above that the errors of Apple devices are.
const APPLE: u32 = 10_000;
/// How far above that the codes of Intune's own begin, and the last number of an Apple error below them.
const OWN: u32 = 0xFDE8;

impl ErrorCode {
    /// The remediation failed: the value was written and reads back otherwise. Seen as well although the value was applied.
    pub const REMEDIATION_FAILED: Self = Self(0x87D1_FDE8);
    /// Not applicable to this device.
    pub const NOT_APPLICABLE: Self = Self(0x87D1_FDE9);
    /// Not applicable, because another policy came first.
    pub const LOST_TO_ANOTHER_POLICY: Self = Self(0x87D1_FDEE);
    /// The profile lacks what a certificate is asked for with.
    pub const CERTIFICATE_INFO_MISSING: Self = Self(0x87D1_FDF0);
    /// The profile lacks the address to ask at.
    pub const ENROLLMENT_URL_MISSING: Self = Self(0x87D1_FDF1);
    /// The registration point is missing.
    pub const REGISTRATION_POINT_MISSING: Self = Self(0x87D1_FDF3);

    /// The code of an error an Apple device reports in its `ErrorChain`.
    ///
    /// The offset is 10000; an error that would leave the range of Intune's codes wraps, as in 32-bit arithmetic it must.
    pub fn apple(error: u32) -> Self {
        Self(BASE.wrapping_add(APPLE).wrapping_add(error))
    }

    /// The code of a SyncML status ([OMA-SyncMLRepPro] section 10).
    pub fn syncml(status: u16) -> Self {
        Self(BASE + u32::from(status))
    }

    /// The number, unsigned.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The number as Graph's `errorCode`, a signed 32-bit integer.
    pub fn signed(self) -> i32 {
        self.0.cast_signed()
    }

    /// The code of a number that Graph shows.
    pub fn from_signed(number: i32) -> Self {
        Self(number.cast_unsigned())
    }

    /// The Apple error it stands for, if it lies where those do.
    pub fn as_apple(self) -> Option<u32> {
        let error = self.0.checked_sub(BASE + APPLE)?;
        (error < OWN - APPLE).then_some(error)
    }

    /// The SyncML status it stands for, if it lies where those do.
    pub fn as_syncml(self) -> Option<u16> {
        let status = self.0.checked_sub(BASE)?;
        u16::try_from(status).ok().filter(|status| *status < 1000)
    }

    /// What it means, in words, where that is known.
    pub fn meaning(self) -> Option<&'static str> {
        if let Some(status) = self.as_syncml() {
            return syncml_meaning(status);
        }
        if let Some(error) = self.as_apple() {
            return apple_meaning(error);
        }
        Some(match self {
            Self::REMEDIATION_FAILED => "remediation failed",
            Self::NOT_APPLICABLE => "not applicable to this device",
            Self::LOST_TO_ANOTHER_POLICY => "not applicable, lost to another policy",
            Self::CERTIFICATE_INFO_MISSING => "the certificate information is missing",
            Self::ENROLLMENT_URL_MISSING => "the enrollment URL is missing",
            Self::REGISTRATION_POINT_MISSING => "the registration point is missing",
            _ => return None,
        })
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

/// What an error of an Apple device means.
fn apple_meaning(error: u32) -> Option<&'static str> {
    Some(match error {
        4002 => "duplicate payload UUID",
        4009 => "the device is locked",
        4010 => "the profile identifier does not match",
        7001 => "the credentials are wrong",
        7003 => "the S/MIME certificate is missing",
        7004 => "the S/MIME certificate is bad",
        9000 => "the password of the PKCS#12 file is wrong, or its encryption is not supported",
        12012 => "the profile was not installed by this MDM",
        21000 => "the policy of the account cannot be read",
        21001 => "the device cannot comply with the policy of the account",
        21002 => "the device cannot comply with the encryption policy of the account",
        21003 => "the host cannot be reached",
        21004 => "the account cannot be created",
        21005 => "the account is not unique",
        21006 => "the certificate cannot be decrypted",
        21007 => "the account cannot be verified",
        22000..=22013 => "the certificate could not be had by SCEP",
        23000 => "the identity is bad",
        _ => return None,
    })
}

/// What a SyncML status means.
fn syncml_meaning(status: u16) -> Option<&'static str> {
    Some(match status {
        200 => "done",
        404 => "not found",
        405 => "command not allowed",
        418 => "exists already",
        425 => "permission denied",
        500 => "command failed",
        507 => "atomic failed",
        516 => "atomic roll-back failed",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures seen in Intune's portal and in reports from the field.
    #[test]
    fn codes_in_both_spellings() {
        for (code, hex, signed) in [
            (ErrorCode::apple(21005), "0x87D1791D", -2_016_315_107),
            (ErrorCode::apple(21000), "0x87D17918", -2_016_315_112),
            (ErrorCode::apple(21003), "0x87D1791B", -2_016_315_109),
            (ErrorCode::apple(7001), "0x87D14269", -2_016_329_111),
            (ErrorCode::apple(9000), "0x87D14A38", -2_016_327_112),
            (ErrorCode::apple(22000), "0x87D17D00", -2_016_314_112),
            (ErrorCode::apple(22013), "0x87D17D0D", -2_016_314_099),
            (ErrorCode::apple(23000), "0x87D180E8", -2_016_313_112),
            (ErrorCode::apple(4009), "0x87D136B9", -2_016_332_103),
            (ErrorCode::apple(12012), "0x87D155FC", -2_016_324_100),
            (ErrorCode::syncml(200), "0x87D100C8", -2_016_345_912),
            (ErrorCode::syncml(404), "0x87D10194", -2_016_345_708),
            (ErrorCode::syncml(405), "0x87D10195", -2_016_345_707),
            (ErrorCode::syncml(418), "0x87D101A2", -2_016_345_694),
            (ErrorCode::syncml(500), "0x87D101F4", -2_016_345_612),
            (ErrorCode::syncml(507), "0x87D101FB", -2_016_345_605),
            (ErrorCode::syncml(516), "0x87D10204", -2_016_345_596),
            (ErrorCode::REMEDIATION_FAILED, "0x87D1FDE8", -2_016_281_112),
            (ErrorCode::NOT_APPLICABLE, "0x87D1FDE9", -2_016_281_111),
            (
                ErrorCode::LOST_TO_ANOTHER_POLICY,
                "0x87D1FDEE",
                -2_016_281_106,
            ),
            (
                ErrorCode::CERTIFICATE_INFO_MISSING,
                "0x87D1FDF0",
                -2_016_281_104,
            ),
            (
                ErrorCode::REGISTRATION_POINT_MISSING,
                "0x87D1FDF3",
                -2_016_281_101,
            ),
        ] {
            assert_eq!(code.to_string(), hex);
            assert_eq!(code.signed(), signed, "{hex}");
            assert_eq!(ErrorCode::from_signed(signed), code, "{hex}");
            assert!(code.meaning().is_some(), "{hex}");
        }
    }

    #[test]
    fn codes_lead_back() {
        for error in [0, 4001, 21005, 23000, 50_000] {
            assert_eq!(ErrorCode::apple(error).as_apple(), Some(error));
            assert_eq!(ErrorCode::apple(error).as_syncml(), None);
        }
        assert_eq!(ErrorCode::syncml(425).as_syncml(), Some(425));
        assert_eq!(ErrorCode::syncml(425).as_apple(), None);
        assert_eq!(ErrorCode::REMEDIATION_FAILED.as_apple(), None);
        assert_eq!(ErrorCode::apple(u32::MAX).as_syncml(), None);
        assert_eq!(ErrorCode::apple(1).meaning(), None);
    }
}
