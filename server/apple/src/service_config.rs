//! `GET /MDMServiceConfig`: what Apple Configurator asks before it prepares a device.

use serde::Serialize;

use crate::answer::Answer;

/// Apple, "Discover a Device Management Service for Apple Configurator". An absent URL is omitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ServiceConfig {
    /// Where a device enrolls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dep_enrollment_url: Option<String>,
    /// A JSON array of base64 DER certificates to trust while enrolling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dep_anchor_certs_url: Option<String>,
    /// A profile with nothing but roots; absent where no private CA is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_profile_url: Option<String>,
}

impl ServiceConfig {
    /// The JSON document.
    pub fn answer(&self) -> Answer {
        let body = serde_json::to_vec(self).unwrap_or_default(); // strings only: cannot fail
        Answer {
            status: 200,
            media_type: Some("application/json; charset=UTF8"),
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_urls_are_omitted() {
        let config = ServiceConfig {
            dep_enrollment_url: Some("https://mdm.example/mdm/ade?a=\"é\"&b".into()),
            ..ServiceConfig::default()
        };
        insta::assert_snapshot!(
            String::from_utf8(config.answer().body).unwrap(),
            @r#"{"dep_enrollment_url":"https://mdm.example/mdm/ade?a=\"é\"&b"}"#
        );
    }
}
