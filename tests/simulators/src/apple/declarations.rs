//! One round of declarative management (Apple: "Declarative management", "`DeclarativeManagement` check-in").

use std::collections::BTreeMap;

use plist::{Dictionary, Value as Plist};
use serde_json::{Value, json};

use super::device::AppleDevice;
use super::journal::Event;
use super::{Channel, DeviceError, Enrollment};

/// Most declarations a device takes.
const MAX_DECLARATIONS: usize = 1_000;
/// Most times it starts again because the token moved while it was reading.
const MAX_ROUNDS: usize = 3;

/// A declaration the device holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// `activation`, `configuration`, `asset` or `management`.
    pub kind: &'static str,
    /// `ServerToken` it came with.
    pub server_token: String,
    /// The declaration itself.
    pub document: Value,
}

/// Declarations of one channel.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    token: String,
    held: BTreeMap<String, Declaration>,
}

impl AppleDevice {
    /// Declarations held on a channel, by identifier.
    pub fn declarations(&self, channel: Channel) -> impl Iterator<Item = (&String, &Declaration)> {
        self.declarations
            .get(&channel)
            .into_iter()
            .flat_map(|declarations| &declarations.held)
    }

    /// tokens, declaration-items, every new or changed declaration, until the token stands still; then status. The data
    /// of the command may spare the first request for tokens.
    pub(super) async fn synchronize_declarations(
        &mut self,
        channel: Channel,
        data: &[u8],
    ) -> Result<(), DeviceError> {
        let enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        let mut state = self.declarations.remove(&channel).unwrap_or_default();
        let mut wanted = match token_of(data) {
            Some(token) => token,
            None => self.token(&enrollment, channel).await?,
        };
        for _ in 0..MAX_ROUNDS {
            if wanted == state.token && !wanted.is_empty() {
                break;
            }
            let items = self
                .ask(&enrollment, channel, "declaration-items", None)
                .await?
                .unwrap_or_default();
            self.take(&enrollment, channel, &items, &mut state).await?;
            wanted = self.token(&enrollment, channel).await?;
        }
        let status = status(&state);
        self.ask(&enrollment, channel, "status", Some(status))
            .await?;
        let (token, held) = (state.token.clone(), state.held.len());
        self.declarations.insert(channel, state);
        self.note(Event::Declarations { token, held });
        Ok(())
    }

    async fn take(
        &mut self,
        enrollment: &Enrollment,
        channel: Channel,
        items: &Value,
        state: &mut Declarations,
    ) -> Result<(), DeviceError> {
        let mut held = BTreeMap::new();
        let kinds = [
            ("Activations", "activation"),
            ("Configurations", "configuration"),
            ("Assets", "asset"),
            ("Management", "management"),
        ];
        for (list, kind) in kinds {
            for item in items["Declarations"][list]
                .as_array()
                .into_iter()
                .flatten()
                .take(MAX_DECLARATIONS)
            {
                let (Some(identifier), Some(token)) =
                    (item["Identifier"].as_str(), item["ServerToken"].as_str())
                else {
                    continue;
                };
                let known = state
                    .held
                    .remove(identifier)
                    .filter(|known| known.server_token == token);
                let declaration = if let Some(known) = known {
                    Some(known)
                } else {
                    let endpoint = format!("declaration/{kind}/{identifier}");
                    let document = self.ask(enrollment, channel, &endpoint, None).await?;
                    document.map(|document| Declaration {
                        kind,
                        server_token: token.to_owned(),
                        document,
                    })
                };
                held.extend(declaration.map(|declaration| (identifier.to_owned(), declaration)));
            }
        }
        state.held = held;
        items["DeclarationsToken"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut state.token);
        Ok(())
    }

    async fn token(
        &mut self,
        enrollment: &Enrollment,
        channel: Channel,
    ) -> Result<String, DeviceError> {
        let tokens = self
            .ask(enrollment, channel, "tokens", None)
            .await?
            .unwrap_or_default();
        Ok(tokens["SyncTokens"]["DeclarationsToken"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    }

    /// Asks an endpoint; `None` for a declaration the server does not know (404).
    async fn ask(
        &mut self,
        enrollment: &Enrollment,
        channel: Channel,
        endpoint: &str,
        data: Option<Value>,
    ) -> Result<Option<Value>, DeviceError> {
        let mut keys = Dictionary::new();
        keys.insert("Endpoint".into(), endpoint.into());
        if let Some(data) = data {
            keys.insert("Data".into(), Plist::Data(data.to_string().into_bytes()));
        }
        match self
            .tell(enrollment, channel, "DeclarativeManagement", keys, &[])
            .await
        {
            Ok(body) => Ok(Some(serde_json::from_slice(&body).unwrap_or_default())),
            Err(DeviceError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn token_of(data: &[u8]) -> Option<String> {
    let tokens: Value = serde_json::from_slice(data).ok()?;
    tokens["SyncTokens"]["DeclarationsToken"]
        .as_str()
        .map(str::to_owned)
}

/// A status report in which every declaration is valid; management declarations are never active.
fn status(state: &Declarations) -> Value {
    let list = |kind: &str| {
        let of_kind = state
            .held
            .iter()
            .filter(|(_, declaration)| declaration.kind == kind);
        let entries = of_kind.map(|(identifier, declaration)| {
            json!({
                "identifier": identifier,
                "server-token": declaration.server_token,
                "active": kind != "management",
                "valid": "valid",
            })
        });
        Value::Array(entries.collect())
    };
    json!({
        "StatusItems": {"management": {"declarations": {
            "activations": list("activation"),
            "configurations": list("configuration"),
            "assets": list("asset"),
            "management": list("management"),
        }}},
        "Errors": [],
        "FullReport": true,
    })
}
