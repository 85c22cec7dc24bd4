//! Who sent an Apple message: the proven identity and the names in the message, together.

use mdm_apple::checkin::Sender as WireSender;
use mdm_apple::finding::Findings;
use mdm_apple::plist::PlistError;
use mdm_core::service::enrollment::{Sender, SenderUser};

use super::handler::{Asked, Devices, Knowledge};
use crate::config::RevokedIdentity;
use crate::identity::{Bound, Proven};
use crate::respond::Failure;

impl Devices {
    /// Proves the sender of an MDM message.
    pub(crate) fn prove(&self, asked: Asked<'_>) -> Result<Proven, Failure> {
        let now = self.server.clock.now();
        Ok(self
            .server
            .identities
            .prove(asked.conn, &asked.head.headers, asked.body, now)?)
    }

    /// Finds the device behind a proven identity, and refuses a revoked one where that is
    /// configured.
    pub(crate) async fn bound(
        &self,
        proven: &Proven,
        known: &mut Knowledge,
    ) -> Result<Bound, Failure> {
        let bound = self
            .server
            .identities
            .bound(&self.server.services, proven)
            .await?;
        known.device = Some(bound.device.id.clone());
        known.scope = bound.device.scope.clone();
        known.reality = bound.device.reality;
        if let Some(serial) = &bound.revoked {
            if self.server.config.revoked_identity == RevokedIdentity::Refuse {
                return Err(Failure::Revoked(serial.to_string()));
            }
            let detail =
                format!("the identity with serial number {serial} was revoked and is still used");
            known.findings.push(("identity.revoked".to_owned(), detail));
        }
        Ok(bound)
    }
}

/// The sender in the domain's words.
pub(super) fn sender(proven: &Proven, wire: &WireSender) -> Sender {
    Sender {
        fingerprint: proven.fingerprint.clone(),
        udid: wire.device.as_str().to_owned(),
        user: wire.user.as_ref().map(|user| SenderUser {
            key: user.key.as_str().to_owned(),
            short_name: bounded(user.short_name.as_ref()),
            long_name: bounded(user.long_name.as_ref()),
        }),
    }
}

/// A name as it is kept: the start of it where it is longer than any.
fn bounded(name: Option<&String>) -> Option<String> {
    name.map(|name| name.chars().take(255).collect())
}

/// Remembers the findings of a message.
pub(super) fn note(findings: &Findings, known: &mut Knowledge) {
    known.findings.extend(
        findings
            .iter()
            .map(|f| (f.rule.name().to_owned(), f.detail.clone())),
    );
}

/// A message that is no property list of the right kind.
pub(super) fn malformed(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Failure {
    let mut detail = error.to_string();
    let mut limit = None;
    let mut cause = Some(error);
    while let Some(next) = cause {
        if let Some(plist) = next.downcast_ref::<PlistError>() {
            limit = plist.limit().map(|_| "limit.plist_budget");
            detail = format!("{} ({})", plist, plist.rule());
        }
        cause = next.source();
    }
    Failure::Malformed {
        what,
        detail,
        limit,
    }
}
