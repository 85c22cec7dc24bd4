//! Whether the sender of a message is let in, and what is said about it. Pure but for the secret it is given.

use crate::device::{Device, DeviceState};
use crate::package::{Credentials, Dialogue, Greeting, Package};
use crate::session::{Challenges, Session};

/// What is said, and what is remembered of somebody who is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) greeting: Greeting,
    pub(super) challenges: Option<Challenges>,
}

/// Decides who is let in. `secret` makes the nonce of the next digest (base64).
pub(super) fn greet(
    device: &Device,
    before: Option<&Session>,
    package: &Package,
    dialogue: &dyn Dialogue,
    secret: impl FnOnce() -> String,
) -> Heard {
    let plain = |greeting| Heard {
        greeting,
        challenges: None,
    };
    let goes_on = before.filter(|s| s.id == package.session && s.authenticated);
    let missing = match dialogue.credentials(nonce(device)) {
        _ if device.state == DeviceState::Removed => return plain(Greeting::NotManaged),
        Credentials::Established => return plain(Greeting::Known),
        Credentials::Right => {
            return plain(Greeting::Authenticated {
                nonce: Some(secret()),
            });
        }
        // Credentials hold for the session (status 212): they need not be presented again.
        Credentials::Missing if goes_on.is_some() => {
            return plain(Greeting::Authenticated { nonce: None });
        }
        Credentials::Refused => return plain(Greeting::Refused { missing: true }),
        Credentials::Missing => true,
        Credentials::Wrong => false,
    };
    let count = before
        .and_then(|s| s.challenges.as_ref())
        .filter(|c| c.session == package.session)
        .map_or(0, |c| c.count)
        .saturating_add(1);
    if count > Session::CHALLENGES {
        return plain(Greeting::Refused { missing });
    }
    // The nonce was not used up: a stranger who guesses does not take it from the device.
    Heard {
        greeting: Greeting::Challenge {
            missing,
            nonce: nonce(device).to_owned(),
        },
        challenges: Some(Challenges {
            session: package.session.clone(),
            count,
        }),
    }
}

/// Whether a message proves its sender by itself.
pub(super) fn is_proven(device: &Device, dialogue: &dyn Dialogue) -> bool {
    matches!(
        dialogue.credentials(nonce(device)),
        Credentials::Established | Credentials::Right
    )
}

fn nonce(device: &Device) -> &str {
    device
        .windows
        .as_ref()
        .map_or("", |windows| windows.client.nonce.expose())
}
