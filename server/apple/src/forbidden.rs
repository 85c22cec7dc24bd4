//! 403 with a document: the refusals that tell a device what to do.

use serde_json::json;

use crate::answer::{Answer, JSON, XML};
use crate::plist::{Dict, Value, write};

/// Why a device is refused (Apple's `errors` schemas).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `com.apple.unrecognized.device`: the device **unenrolls** (iOS 17, macOS 14).
    UnrecognizedDevice,
    /// `com.apple.softwareupdate.required`: update first, then enroll.
    SoftwareUpdateRequired {
        /// The least OS version.
        os_version: String,
        /// A specific build of it.
        build_version: Option<String>,
        /// The beta program to join: description and token.
        beta_program: Option<(String, String)>,
    },
    /// `com.apple.well-known.failed`: account-driven enrollment cannot find the server.
    WellKnownFailed,
    /// `com.apple.watch.pairing.token.missing`: the phone asks again with a token for this one.
    WatchPairingTokenMissing {
        /// `security-token`.
        security_token: String,
    },
    /// `com.apple.psso.required`: set up platform single sign-on first (macOS 26).
    PlatformSsoRequired {
        /// The profile to install.
        profile_url: String,
        /// The manifest of the package to install.
        manifest_url: String,
        /// Where to authenticate.
        auth_url: String,
    },
}

impl Reason {
    /// The `code` of the document.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnrecognizedDevice => "com.apple.unrecognized.device",
            Self::SoftwareUpdateRequired { .. } => "com.apple.softwareupdate.required",
            Self::WellKnownFailed => "com.apple.well-known.failed",
            Self::WatchPairingTokenMissing { .. } => "com.apple.watch.pairing.token.missing",
            Self::PlatformSsoRequired { .. } => "com.apple.psso.required",
        }
    }

    fn details(&self) -> Option<Dict> {
        match self {
            Self::UnrecognizedDevice | Self::WellKnownFailed => None,
            Self::SoftwareUpdateRequired {
                os_version,
                build_version,
                beta_program,
            } => {
                let mut details = Dict::new();
                if let Some(build) = build_version {
                    details.set("BuildVersion", build.as_str());
                }
                details.set("OSVersion", os_version.as_str());
                if let Some((description, token)) = beta_program {
                    let program = Dict::new()
                        .with("Description", description.as_str())
                        .with("Token", token.as_str());
                    details.set("RequireBetaProgram", program);
                }
                Some(details)
            }
            Self::WatchPairingTokenMissing { security_token } => {
                Some(Dict::new().with("security-token", security_token.as_str()))
            }
            Self::PlatformSsoRequired {
                profile_url,
                manifest_url,
                auth_url,
            } => Some(
                Dict::new()
                    .with("AuthURL", auth_url.as_str())
                    .with(
                        "Package",
                        Dict::new().with("ManifestURL", manifest_url.as_str()),
                    )
                    .with("ProfileURL", profile_url.as_str()),
            ),
        }
    }
}

/// How the document is written. Devices read either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A property list.
    Plist,
    /// JSON.
    Json,
}

/// A refusal with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// What the device must do.
    pub reason: Reason,
    /// For the log of the device.
    pub description: Option<String>,
    /// For the user.
    pub message: Option<String>,
}

impl Forbidden {
    /// Status 403 and the document.
    pub fn answer(&self, form: Form) -> Answer {
        let mut document = Dict::new().with("code", self.reason.code());
        if let Some(description) = &self.description {
            document.set("description", description.as_str());
        }
        if let Some(details) = self.reason.details() {
            document.set("details", details);
        }
        if let Some(message) = &self.message {
            document.set("message", message.as_str());
        }
        let (media_type, body) = match form {
            Form::Plist => (XML, write(&Value::Dict(document))),
            Form::Json => (JSON, json_of(&document).to_string().into_bytes()),
        };
        Answer {
            status: 403,
            media_type: Some(media_type),
            body,
        }
    }
}

/// JSON of the strings and dictionaries that these documents consist of.
fn json_of(dict: &Dict) -> serde_json::Value {
    dict.iter()
        .map(|(key, value)| {
            let value = match value {
                Value::Dict(inner) => json_of(inner),
                other => json!(other.as_str()),
            };
            (key.to_owned(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: Answer) -> String {
        assert_eq!(answer.status, 403);
        String::from_utf8(answer.body).unwrap()
    }

    #[test]
    fn both_forms() {
        let refusal = Forbidden {
            reason: Reason::UnrecognizedDevice,
            description: Some("a & b < \"é\"".into()),
            message: None,
        };
        insta::assert_snapshot!(
            text(refusal.answer(Form::Json)),
            @r#"{"code":"com.apple.unrecognized.device","description":"a & b < \"é\""}"#
        );
        insta::assert_snapshot!(text(refusal.answer(Form::Plist)), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        	<key>code</key>
        	<string>com.apple.unrecognized.device</string>
        	<key>description</key>
        	<string>a &amp; b &lt; "é"</string>
        </dict>
        </plist>
        "#);
    }

    #[test]
    fn details_follow_the_code() {
        let json = |reason| {
            text(
                Forbidden {
                    reason,
                    description: None,
                    message: None,
                }
                .answer(Form::Json),
            )
        };
        for (reason, document) in [
            (
                Reason::WellKnownFailed,
                r#"{"code":"com.apple.well-known.failed"}"#,
            ),
            (
                Reason::SoftwareUpdateRequired {
                    os_version: "17.4".into(),
                    build_version: Some("21E219".into()),
                    beta_program: Some(("Seed".into(), "t".into())),
                },
                r#"{"code":"com.apple.softwareupdate.required","details":{"BuildVersion":"21E219","OSVersion":"17.4","RequireBetaProgram":{"Description":"Seed","Token":"t"}}}"#,
            ),
            (
                Reason::WatchPairingTokenMissing {
                    security_token: "s".into(),
                },
                r#"{"code":"com.apple.watch.pairing.token.missing","details":{"security-token":"s"}}"#,
            ),
            (
                Reason::PlatformSsoRequired {
                    profile_url: "https://a/p".into(),
                    manifest_url: "https://a/m".into(),
                    auth_url: "https://a/l".into(),
                },
                r#"{"code":"com.apple.psso.required","details":{"AuthURL":"https://a/l","Package":{"ManifestURL":"https://a/m"},"ProfileURL":"https://a/p"}}"#,
            ),
        ] {
            assert_eq!(json(reason), document);
        }
    }
}
