//! `GetPolicies`: what the certificate request shall look like.

use mdm_windows::policy::{GetPolicies, Hash, Policy};
use time::Duration;

use super::{BUDGET, answer, related};
use crate::devices::{Asked, Devices, Knowledge};
use crate::respond::{Failure, Reply};

impl Devices {
    /// Who asks is checked here already, so that a mistyped password is told before a key is made.
    pub(crate) async fn windows_policy(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        "windows GetPolicies".clone_into(&mut known.operation);
        let request = related(GetPolicies::decode(asked.body, BUDGET), known)?;
        let bearer = self
            .windows_bearer(request.security.as_ref(), known)
            .await?;
        self.judged(known).await?;
        known.scope = bearer.admission.scope;
        known.reality = bearer.admission.reality;
        let windows = &self.server.config.windows;
        let policy = Policy {
            id: self.server.advertised.instance.to_string(),
            name: self.server.config.organization.clone(),
            validity: seconds(windows.certificate_lifetime),
            renewal: Duration::days(windows.renew_days.into())
                .min(seconds(windows.certificate_lifetime)),
            key_bits: 2048,
            hash: Hash::Sha256,
        };
        answer(known, |header| policy.encode(header))
    }
}

fn seconds(span: std::time::Duration) -> Duration {
    Duration::try_from(span).unwrap_or(Duration::MAX)
}
