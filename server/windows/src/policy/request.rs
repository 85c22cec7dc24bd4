use crate::{
    soap::{Action, Envelope, RequestError, Unknown, Unreadable, envelope::expect, field},
    xml::{Budget, Ns, Reader},
};

/// `GetPolicies` ([MS-XCEP] 3.1.4.1.2.1). Enrollment clients leave all of it `nil`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GetPolicies {
    /// When the client asked last.
    pub last_update: Option<String>,
    /// The language the client wants names in.
    pub preferred_language: Option<String>,
    /// What else it says, its filter among it.
    pub unknown: Vec<Unknown>,
}

const MOST: usize = 32;

impl GetPolicies {
    /// Decodes the body of a POST to the policy address.
    pub fn decode(document: &[u8], budget: Budget) -> Result<Envelope<Self>, Unreadable> {
        Envelope::read(document, budget, Action::GetPolicies, |reader, element| {
            expect(element, Ns::Policy, "GetPolicies")?;
            let mut request = Self::default();
            while let Some(child) = reader.child()? {
                if child.is(Ns::Policy, "client") {
                    request.client(reader)?;
                } else if child.is(Ns::Policy, "requestFilter") && child.is_nil() {
                    reader.skip()?;
                } else if request.unknown.len() < MOST {
                    request.unknown.push(Unknown::read(reader, &child)?);
                } else {
                    return Err(RequestError::TooMany {
                        element: "GetPolicies/*",
                        most: MOST,
                    });
                }
            }
            Ok(request)
        })
    }

    fn client(&mut self, reader: &mut Reader<'_>) -> Result<(), RequestError> {
        while let Some(child) = reader.child()? {
            match (child.ns(), child.local()) {
                (Some(Ns::Policy), "lastUpdate") => {
                    field::once(&mut self.last_update, reader, &child, "lastUpdate")?;
                }
                (Some(Ns::Policy), "preferredLanguage") => {
                    field::once(
                        &mut self.preferred_language,
                        reader,
                        &child,
                        "preferredLanguage",
                    )?;
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }
}
