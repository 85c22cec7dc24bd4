/// A way to authenticate that the device offers (`AuthPolicy`, [MS-MDE2] 3.1.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuthPolicy {
    /// Name and password, typed on the device.
    OnPremise,
    /// A login page.
    Federated,
    /// A certificate from a provisioning package.
    Certificate,
    /// Anything else.
    Other(String),
}

impl AuthPolicy {
    pub(super) fn of(text: String) -> Self {
        match text.as_str() {
            "OnPremise" => Self::OnPremise,
            "Federated" => Self::Federated,
            "Certificate" => Self::Certificate,
            _ => Self::Other(text),
        }
    }
}
