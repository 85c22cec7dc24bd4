//! Discovery: where and how to enroll.

use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use mdm_windows::discovery::{
    AuthPolicy, Authentication, Discover, DiscoverResult, RequestVersion,
};

use super::{BUDGET, WindowsRefused, answer, related};
use crate::config::EnrollmentPolicy;
use crate::devices::{Asked, Devices, Knowledge};
use crate::respond::{Failure, Reply, empty};

impl Devices {
    /// `GET` is a probe that wants status 200 and nothing in it, `POST` a `Discover`.
    pub(crate) fn windows_discovery(
        &self,
        asked: Asked<'_>,
        known: &mut Knowledge,
    ) -> Result<Reply, Failure> {
        if asked.head.method == Method::GET {
            "windows discovery probe".clone_into(&mut known.operation);
            known.changed = false;
            let mut reply = empty(StatusCode::OK);
            // Said in HTTP/2, too, where an end without a length is enough for others.
            reply
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            return Ok(reply);
        }
        "windows Discover".clone_into(&mut known.operation);
        let request = related(Discover::decode(asked.body, BUDGET), known)?.body;
        let base = &self.server.urls.device;
        let policy = choose(&self.server.config.windows.policies, &request.auth_policies)?;
        let authentication = match policy {
            EnrollmentPolicy::OnPremise => Authentication::OnPremise,
            EnrollmentPolicy::Federated => Authentication::Federated {
                login_url: format!("{base}/EnrollmentServer/Login"),
            },
            EnrollmentPolicy::Certificate => Authentication::Certificate,
        };
        let result = DiscoverResult {
            authentication,
            version: request.request_version.map(RequestVersion::answered),
            policy_url: Some(format!("{base}/EnrollmentServer/Policy.svc")),
            enrollment_url: format!("{base}/EnrollmentServer/Enrollment.svc"),
        };
        answer(known, |header| result.encode(header))
    }
}

/// The first policy of ours that the device offers. One that offers none at all is of Windows 8.1 and knows name and
/// password, or the page.
fn choose(
    allowed: &[EnrollmentPolicy],
    offered: &[AuthPolicy],
) -> Result<EnrollmentPolicy, WindowsRefused> {
    let offers = |policy: &EnrollmentPolicy| match policy {
        EnrollmentPolicy::OnPremise => {
            offered.is_empty() || offered.contains(&AuthPolicy::OnPremise)
        }
        EnrollmentPolicy::Federated => {
            offered.is_empty() || offered.contains(&AuthPolicy::Federated)
        }
        EnrollmentPolicy::Certificate => offered.contains(&AuthPolicy::Certificate),
    };
    allowed.iter().copied().find(offers).ok_or_else(|| {
        let name = |policy: &AuthPolicy| match policy {
            AuthPolicy::OnPremise => "OnPremise".to_owned(),
            AuthPolicy::Federated => "Federated".to_owned(),
            AuthPolicy::Certificate => "Certificate".to_owned(),
            AuthPolicy::Other(text) => text.clone(),
        };
        let offered: Vec<String> = offered.iter().map(name).collect();
        let allowed: Vec<&str> = allowed.iter().map(|policy| policy.as_str()).collect();
        WindowsRefused::NoPolicy {
            offered: offered.join(", "),
            allowed: allowed.join(", "),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use EnrollmentPolicy::{Certificate, Federated, OnPremise};

    #[test]
    fn the_first_of_ours_that_the_device_offers() {
        let other = AuthPolicy::Other("Passkey".to_owned());
        for (allowed, offered, chosen) in [
            (&[OnPremise, Federated][..], &[][..], "on-premise"),
            (&[Federated], &[], "federated"),
            (
                &[OnPremise, Federated],
                &[AuthPolicy::Federated, AuthPolicy::OnPremise],
                "on-premise",
            ),
            (
                &[OnPremise, Federated],
                &[other.clone(), AuthPolicy::Federated],
                "federated",
            ),
            (
                &[Certificate, OnPremise],
                &[AuthPolicy::Certificate],
                "certificate",
            ),
            (
                &[Certificate],
                &[],
                "the device offers  to say who enrolls, this server takes certificate",
            ),
            (
                &[OnPremise, Federated],
                &[other],
                "the device offers Passkey to say who enrolls, this server takes on-premise, federated",
            ),
        ] {
            let found = match choose(allowed, offered) {
                Ok(policy) => policy.to_string(),
                Err(refused) => refused.to_string(),
            };
            assert_eq!(found, chosen, "{allowed:?} {offered:?}");
        }
    }
}
