//! The media types of Apple's device management.

/// A media type that means something to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Media {
    /// `application/x-apple-aspen-mdm-checkin`: a check-in message.
    CheckIn,
    /// `application/x-apple-aspen-mdm`: a report, answered by a command.
    Report,
    /// `application/x-apple-aspen-config`: a configuration profile.
    Profile,
    /// `application/pkcs7-signature`: a signed device description (over-the-air and automated enrollment).
    Signed,
    /// `application/json`.
    Json,
    /// `application/xml` or `text/xml`.
    Xml,
}

impl Media {
    /// The media type of a `Content-Type`, its parameters and case ignored (RFC 9110 section 8.3.1).
    pub fn of(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        [
            ("application/x-apple-aspen-mdm-checkin", Self::CheckIn),
            ("application/x-apple-aspen-mdm", Self::Report),
            ("application/x-apple-aspen-config", Self::Profile),
            ("application/pkcs7-signature", Self::Signed),
            ("application/json", Self::Json),
            ("application/xml", Self::Xml),
            ("text/xml", Self::Xml),
        ]
        .into_iter()
        .find(|(name, _)| essence.eq_ignore_ascii_case(name))
        .map(|(_, media)| media)
    }

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckIn => "application/x-apple-aspen-mdm-checkin",
            Self::Report => "application/x-apple-aspen-mdm",
            Self::Profile => "application/x-apple-aspen-config",
            Self::Signed => "application/pkcs7-signature",
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        for (content_type, media) in [
            (
                "application/x-apple-aspen-mdm-checkin",
                Some(Media::CheckIn),
            ),
            (
                "Application/X-Apple-Aspen-MDM; charset=UTF-8",
                Some(Media::Report),
            ),
            ("application/x-apple-aspen-mdm ;x", Some(Media::Report)),
            ("text/xml", Some(Media::Xml)),
            ("application/x-apple-aspen-mdmx", None),
            ("", None),
            (";application/json", None),
        ] {
            assert_eq!(Media::of(content_type), media, "{content_type}");
        }
    }
}
