//! What a check-in message is answered with.

use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::answer::Answer;
use crate::plist::{Dict, Value, write};
use crate::secret::{BootstrapToken, ServiceToken, UserCredential};

/// An answer to a check-in message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// 200 without a body.
    Empty,
    /// To `UserAuthenticate`: not a managed user, no user channel (410).
    DeclineUser,
    /// To `UserAuthenticate`, first round: a digest challenge (RFC 7616); an empty one asks for no proof.
    DigestChallenge(String),
    /// To `UserAuthenticate`, second round.
    AuthToken(UserCredential),
    /// To `GetBootstrapToken`; `None` where none is kept.
    BootstrapToken(Option<BootstrapToken>),
    /// To `GetToken`.
    TokenData(ServiceToken),
    /// To `ReturnToService`.
    ReturnToService(ReturnToService),
    /// To `tokens`.
    Tokens(SyncTokens),
    /// To `declaration-items`.
    DeclarationItems(DeclarationItems),
    /// To `declaration/…`: the declaration's JSON.
    Declaration(serde_json::Value),
    /// To `declaration/…`: there is none, so the device drops it (404).
    NoSuchDeclaration,
}

/// Whether a device that is erased enrolls again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReturnToService {
    /// `Enabled` false: the only answer of a server that was not told otherwise, because true erases the device.
    Disabled,
}

/// The state of a device's declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncTokens {
    /// Changes whenever any declaration does.
    pub declarations_token: String,
    /// When it last changed; whole seconds are sent.
    pub timestamp: OffsetDateTime,
}

/// One entry of the list of declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclarationItem {
    /// `Identifier`, at most 64 bytes.
    pub identifier: String,
    /// `ServerToken`, at most 64 bytes.
    pub server_token: String,
}

/// The list of declarations. All four arrays are sent, empty or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclarationItems {
    /// `Activations`.
    pub activations: Vec<DeclarationItem>,
    /// `Assets`.
    pub assets: Vec<DeclarationItem>,
    /// `Configurations`.
    pub configurations: Vec<DeclarationItem>,
    /// `Management`.
    pub management: Vec<DeclarationItem>,
    /// The same as in `tokens`.
    pub declarations_token: String,
}

impl SyncTokens {
    /// `{"SyncTokens": …}`, which the `DeclarativeManagement` command carries as well.
    pub fn json(&self) -> serde_json::Value {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        // A fixed format of a date that exists cannot fail.
        let timestamp = self
            .timestamp
            .to_offset(time::UtcOffset::UTC)
            .format(&format)
            .unwrap_or_default();
        json!({"SyncTokens": {"DeclarationsToken": self.declarations_token, "Timestamp": timestamp}})
    }
}

impl DeclarationItems {
    fn json(&self) -> serde_json::Value {
        let list = |items: &[DeclarationItem]| -> serde_json::Value {
            items
                .iter()
                .map(
                    |item| json!({"Identifier": item.identifier, "ServerToken": item.server_token}),
                )
                .collect()
        };
        json!({
            "Declarations": {
                "Activations": list(&self.activations),
                "Assets": list(&self.assets),
                "Configurations": list(&self.configurations),
                "Management": list(&self.management),
            },
            "DeclarationsToken": self.declarations_token,
        })
    }
}

impl Reply {
    /// The bytes and their status.
    pub fn answer(&self) -> Answer {
        match self {
            Self::Empty => Answer::empty(),
            Self::DeclineUser => Answer::status(410),
            Self::NoSuchDeclaration => Answer::status(404),
            Self::DigestChallenge(challenge) => {
                plist(Dict::new().with("DigestChallenge", challenge.as_str()))
            }
            Self::AuthToken(token) => plist(Dict::new().with("AuthToken", token.expose())),
            Self::BootstrapToken(token) => plist(match token {
                Some(token) => Dict::new().with("BootstrapToken", token.expose().to_vec()),
                None => Dict::new(),
            }),
            Self::TokenData(data) => plist(Dict::new().with("TokenData", data.expose().to_vec())),
            Self::ReturnToService(ReturnToService::Disabled) => {
                plist(Dict::new().with("ReturnToService", Dict::new().with("Enabled", false)))
            }
            Self::Tokens(tokens) => Answer::json(&tokens.json()),
            Self::DeclarationItems(items) => Answer::json(&items.json()),
            Self::Declaration(declaration) => Answer::json(declaration),
        }
    }
}

fn plist(dict: Dict) -> Answer {
    Answer::plist(write(&Value::Dict(dict)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body without the XML head and the `plist` element.
    fn body(reply: &Reply) -> String {
        let answer = reply.answer();
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body).unwrap();
        match text.split_once("<plist version=\"1.0\">\n") {
            Some((_, inner)) => inner
                .trim_end()
                .trim_end_matches("</plist>")
                .replace(['\n', '\t'], ""),
            None => text,
        }
    }

    #[test]
    fn bodies() {
        let at = time::macros::datetime!(2026-01-31 12:00:00.75 +1);
        for (reply, expected) in [
            (Reply::Empty, ""),
            (
                Reply::DigestChallenge(String::new()),
                "<dict><key>DigestChallenge</key><string></string></dict>",
            ),
            (
                Reply::DigestChallenge("Digest realm=\"é & <a>\"".into()),
                "<dict><key>DigestChallenge</key><string>Digest realm=\"é &amp; &lt;a&gt;\"</string></dict>",
            ),
            (
                Reply::AuthToken(UserCredential::new("t".into())),
                "<dict><key>AuthToken</key><string>t</string></dict>",
            ),
            (Reply::BootstrapToken(None), "<dict/>"),
            (
                Reply::BootstrapToken(Some(BootstrapToken::new(b"boot".to_vec()))),
                "<dict><key>BootstrapToken</key><data>Ym9vdA==</data></dict>",
            ),
            (
                Reply::TokenData(ServiceToken::new(vec![0])),
                "<dict><key>TokenData</key><data>AA==</data></dict>",
            ),
            (
                Reply::ReturnToService(ReturnToService::Disabled),
                "<dict><key>ReturnToService</key><dict><key>Enabled</key><false/></dict></dict>",
            ),
            (
                Reply::Tokens(SyncTokens {
                    declarations_token: "\"é".into(),
                    timestamp: at,
                }),
                r#"{"SyncTokens":{"DeclarationsToken":"\"é","Timestamp":"2026-01-31T11:00:00Z"}}"#,
            ),
            (
                Reply::DeclarationItems(DeclarationItems::default()),
                r#"{"Declarations":{"Activations":[],"Assets":[],"Configurations":[],"Management":[]},"DeclarationsToken":""}"#,
            ),
            (
                Reply::DeclarationItems(DeclarationItems {
                    assets: vec![DeclarationItem {
                        identifier: "a".into(),
                        server_token: "1".into(),
                    }],
                    declarations_token: "t".into(),
                    ..DeclarationItems::default()
                }),
                r#"{"Declarations":{"Activations":[],"Assets":[{"Identifier":"a","ServerToken":"1"}],"Configurations":[],"Management":[]},"DeclarationsToken":"t"}"#,
            ),
            (Reply::Declaration(json!({"Type": "x"})), r#"{"Type":"x"}"#),
        ] {
            assert_eq!(body(&reply), expected, "{reply:?}");
        }
    }

    #[test]
    fn refusals_are_statuses_and_never_401() {
        assert_eq!(
            Reply::DeclineUser.answer(),
            Answer {
                status: 410,
                media_type: None,
                body: Vec::new()
            }
        );
        assert_eq!(
            Reply::NoSuchDeclaration.answer(),
            Answer {
                status: 404,
                media_type: None,
                body: Vec::new()
            }
        );
    }
}
