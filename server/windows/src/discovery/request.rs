use super::{AuthPolicy, RequestVersion};
use crate::{
    soap::{Action, Envelope, RequestError, Unknown, Unreadable, envelope::expect, field},
    xml::{Budget, Element, Ns, Reader},
};

/// `Discover` ([MS-MDE2] 3.1.4.1.1). Old clients send no more than an address, so all of it is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discover {
    /// Whom the device will belong to; not proven.
    pub email_address: Option<String>,
    /// What the client speaks.
    pub request_version: Option<RequestVersion>,
    /// `CIMClient_Windows` on PCs, `WindowsPhone` on phones.
    pub device_type: Option<String>,
    /// The version of Windows, four numbers with dots.
    pub application_version: Option<String>,
    /// The edition of Windows, a number.
    pub os_edition: Option<String>,
    /// How the device can authenticate; empty on old clients.
    pub auth_policies: Vec<AuthPolicy>,
    /// What else the device says.
    pub unknown: Vec<Unknown>,
}

const MOST: usize = 32;

impl Discover {
    /// Decodes the body of a POST to the discovery address.
    pub fn decode(document: &[u8], budget: Budget) -> Result<Envelope<Self>, Unreadable> {
        Envelope::read(document, budget, Action::Discover, |reader, element| {
            expect(element, Ns::Discovery, "Discover")?;
            let mut request = None;
            while let Some(child) = reader.child()? {
                expect(&child, Ns::Discovery, "request")?;
                field::put(&mut request, Self::read(reader)?, "request")?;
            }
            field::required(request, "request")
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RequestError> {
        let mut discover = Self::default();
        let mut version = None;
        while let Some(child) = reader.child()? {
            discover.field(&mut version, reader, &child)?;
        }
        discover.request_version =
            version
                .map(|text| text.parse())
                .transpose()
                .map_err(|_| RequestError::Value {
                    element: "RequestVersion",
                    expected: "a number from 1.0 to 99.9",
                })?;
        Ok(discover)
    }

    fn field(
        &mut self,
        version: &mut Option<String>,
        reader: &mut Reader<'_>,
        child: &Element,
    ) -> Result<(), RequestError> {
        let (slot, name) = match (child.ns(), child.local()) {
            (Some(Ns::Discovery), "EmailAddress") => (&mut self.email_address, "EmailAddress"),
            (Some(Ns::Discovery), "RequestVersion") => (version, "RequestVersion"),
            (Some(Ns::Discovery), "DeviceType") => (&mut self.device_type, "DeviceType"),
            (Some(Ns::Discovery), "ApplicationVersion") => {
                (&mut self.application_version, "ApplicationVersion")
            }
            (Some(Ns::Discovery), "OSEdition") => (&mut self.os_edition, "OSEdition"),
            (Some(Ns::Discovery), "AuthPolicies") => return self.policies(reader),
            _ if self.unknown.len() >= MOST => {
                return Err(RequestError::TooMany {
                    element: "request/*",
                    most: MOST,
                });
            }
            _ => {
                self.unknown.push(Unknown::read(reader, child)?);
                return Ok(());
            }
        };
        field::once(slot, reader, child, name)
    }

    fn policies(&mut self, reader: &mut Reader<'_>) -> Result<(), RequestError> {
        while let Some(child) = reader.child()? {
            expect(&child, Ns::Discovery, "AuthPolicy")?;
            if self.auth_policies.len() >= MOST {
                return Err(RequestError::TooMany {
                    element: "AuthPolicy",
                    most: MOST,
                });
            }
            let text = field::text(reader, "AuthPolicy", field::SHORT)?;
            self.auth_policies.push(AuthPolicy::of(text));
        }
        Ok(())
    }
}
