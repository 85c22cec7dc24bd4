//! Error domains and codes in words, for people. Numbers vary between OS versions: nothing may branch on them.
//!
//! Apple, "Error Codes" of the Device Management documentation.

/// What a domain and code mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// In words.
    pub text: &'static str,
    /// What to look at, where there is something to say.
    pub hint: Option<&'static str>,
}

struct Domain {
    name: &'static str,
    text: &'static str,
    codes: &'static [(i64, &'static str, Option<&'static str>)],
}

/// What `domain` and `code` mean; for an unknown code of a known domain, what the domain is about.
pub fn words(domain: &str, code: i64) -> Option<Words> {
    let domain = DOMAINS.iter().find(|d| d.name == domain)?;
    let known = domain.codes.iter().find(|(number, ..)| *number == code);
    Some(known.map_or(
        Words {
            text: domain.text,
            hint: None,
        },
        |(_, text, hint)| Words { text, hint: *hint },
    ))
}

const SMIME: Option<&str> =
    Some("the payload that the account refers to must hold an identity, not only a certificate");
const WRONG_CHANNEL: &str = "on macOS, `must be a system profile` and the like mean the wrong channel: mail accounts go to the user channel";

const DOMAINS: &[Domain] = &[
    Domain {
        name: "MCProfileErrorDomain",
        text: "the profile is not acceptable",
        codes: &[
            (1000, "malformed profile", None),
            (1001, "unsupported profile version", None),
            (1002, "a required field of the profile is missing", None),
            (1003, "a field of the profile has the wrong type", None),
            (
                1004,
                "bad signature of the profile",
                Some("sign with SHA-256 and include the chain"),
            ),
            (1005, "empty profile", None),
            (1006, "the profile cannot be decrypted", None),
            (1007, "two payloads have the same UUID", None),
            (1008, "two payloads have the same identifier", None),
            (
                1009,
                "the profile could not be installed",
                Some("the next entry of the chain says why"),
            ),
            (
                1010,
                "a field of the profile has an unsupported value",
                None,
            ),
        ],
    },
    Domain {
        name: "MCPayloadErrorDomain",
        text: "a payload is not acceptable",
        codes: &[
            (2000, "malformed payload", None),
            (2001, "unsupported payload version", None),
            (2002, "a required field of the payload is missing", None),
            (2003, "a field of the payload has the wrong type", None),
            (
                2004,
                "a field of the payload has an unsupported value",
                None,
            ),
            (2005, "internal error in a payload", None),
        ],
    },
    Domain {
        name: "MCInstallationErrorDomain",
        text: "installation failed",
        codes: &[
            (4000, "the profile cannot be parsed", None),
            (
                4001,
                "installation failed",
                Some("the next entry of the chain says why"),
            ),
            (
                4002,
                "duplicate UUID",
                Some("a profile with this UUID is installed under another identifier"),
            ),
            (4004, "the user cancelled the installation", None),
            (4005, "the passcode does not comply", None),
            (
                4009,
                "the device is locked",
                Some("unlock it; the device would otherwise answer NotNow"),
            ),
            (4012, "the profile cannot be updated", None),
            (4013, "the update failed", None),
            (4015, "the replacement lacks the MDM payload", None),
            (4023, "unacceptable payload", None),
        ],
    },
    Domain {
        name: "MCPasscodeErrorDomain",
        text: "the passcode does not satisfy a policy",
        codes: &[],
    },
    Domain {
        name: "MCKeychainErrorDomain",
        text: "the keychain refused",
        codes: &[],
    },
    Domain {
        name: "MCEmailErrorDomain",
        text: "the mail account could not be set up",
        codes: &[
            (7000, "the mail server cannot be reached", None),
            (7001, "the mail server refused the credentials", None),
            (
                7002,
                "unknown error while the mail account was verified",
                None,
            ),
            (7003, "the S/MIME certificate was not found", SMIME),
            (7004, "the S/MIME certificate is bad", SMIME),
            (7005, "the IMAP account is misconfigured", None),
            (7006, "the POP account is misconfigured", None),
            (7007, "the SMTP account is misconfigured", None),
        ],
    },
    Domain {
        name: "MCCertificateErrorDomain",
        text: "a certificate could not be installed",
        codes: &[
            (
                9000,
                "wrong password of the PKCS#12 file",
                Some("older phones read only the legacy encryption"),
            ),
            (9001, "too many certificates in one payload", None),
            (9002, "the certificate cannot be stored", None),
            (9004, "the root certificate cannot be stored", None),
            (9005, "malformed certificate", None),
            (9006, "the certificate is no identity", None),
        ],
    },
    Domain {
        name: "MCMDMErrorDomain",
        text: "device management refused",
        codes: &[
            (
                12000,
                "invalid access rights",
                Some("rights can be dropped later but never added"),
            ),
            (
                12001,
                "the device is already managed by another server",
                None,
            ),
            (
                12002,
                "the device cannot check in",
                Some("does it trust the server's certificate?"),
            ),
            (12004, "invalid push certificate", None),
            (
                12007,
                "not authorized",
                Some("the access right is missing in the enrollment profile"),
            ),
            (12008, "malformed request", None),
            (12009, "invalid replacement profile", None),
            (
                12011,
                "the MDM payload does not match the one it replaces",
                Some("URLs, topic and capabilities are fixed"),
            ),
            (
                12012,
                "the MDM payload does not match the one it replaces",
                Some("URLs, topic and capabilities are fixed"),
            ),
            (12013, "the profile was not installed by this server", None),
            (12021, "the device does not know this request type", None),
            (12022, "invalid push topic", None),
            (12063, "the user refused", None),
            (12075, "the profile is not installed", None),
        ],
    },
    Domain {
        name: "MCEASErrorDomain",
        text: "the Exchange account could not be set up",
        codes: &[
            (
                21000,
                "the policy of the Exchange server cannot be read",
                None,
            ),
            (
                21001,
                "the device cannot comply with the policy of the Exchange server",
                None,
            ),
            (
                21002,
                "the device cannot comply with the encryption policy of the Exchange server",
                None,
            ),
            (21003, "the Exchange server cannot be reached", None),
            (21004, "the Exchange account cannot be created", None),
            (
                21005,
                "account not unique",
                Some(
                    "an account with this host and address exists, made by hand or by another profile: remove it and try again",
                ),
            ),
            (
                21006,
                "the certificate of the Exchange account cannot be decrypted",
                None,
            ),
            (21007, "the Exchange account cannot be verified", None),
            (
                21009,
                "no service of the account is enabled",
                Some("enable at least one of mail, contacts, calendars, …"),
            ),
        ],
    },
    Domain {
        name: "MCSCEPErrorDomain",
        text: "the certificate could not be obtained by SCEP",
        codes: &[
            (22000, "invalid key usage", None),
            (22001, "the key pair cannot be generated", None),
            (22002, "invalid answer to GetCACert", None),
            (22003, "invalid answer of the registration authority", None),
            (22004, "unsupported certificate configuration", None),
            (22005, "network error", None),
            (22006, "insufficient capabilities of the CA", None),
            (22007, "the issued certificate is invalid", None),
            (22008, "the identity cannot be created", None),
            (22011, "the certificate request cannot be generated", None),
            (22012, "the CA certificate cannot be stored", None),
            (
                22013,
                "invalid answer to PKIOperation",
                Some("look for the same transaction in the server's SCEP events"),
            ),
        ],
    },
    Domain {
        name: "MCHTTPTransactionErrorDomain",
        text: "an HTTP request failed",
        codes: &[
            (23000, "bad identity", None),
            (23001, "bad answer of the server", None),
            (
                23002,
                "invalid certificate of the server",
                Some("is the root trusted, and fully on iOS?"),
            ),
        ],
    },
    Domain {
        name: "MCOTAProfilesErrorDomain",
        text: "over-the-air enrollment failed",
        codes: &[
            (24000, "the device attributes cannot be written", None),
            (24001, "the device attributes cannot be signed", None),
            (24002, "bad identity payload", None),
            (24003, "bad final profile", None),
        ],
    },
    Domain {
        name: "NSPOSIXErrorDomain",
        text: "the operating system refused",
        codes: &[(1, "operation not permitted", Some(WRONG_CHANNEL))],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_known_domains_and_neither() {
        for (domain, code, text) in [
            ("MCEASErrorDomain", 21005, Some("account not unique")),
            (
                "MCEASErrorDomain",
                21099,
                Some("the Exchange account could not be set up"),
            ),
            (
                "MCMDMErrorDomain",
                12021,
                Some("the device does not know this request type"),
            ),
            ("MCSomethingNew", 1, None),
            ("", 0, None),
        ] {
            assert_eq!(words(domain, code).map(|w| w.text), text, "{domain} {code}");
        }
    }

    #[test]
    fn codes_stand_once_in_order() {
        for domain in DOMAINS {
            assert!(
                domain.codes.is_sorted_by(|a, b| a.0 < b.0),
                "{}",
                domain.name
            );
        }
    }
}
