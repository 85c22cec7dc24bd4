use crate::{
    soap::{RequestError, field},
    xml::{Ns, Reader},
};

/// `AdditionalContext` ([MS-MDE2] 3.4.4.1): what the device says about itself, names and values, in its order.
/// A name may stand more than once. None of it is proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdditionalContext {
    items: Vec<(String, String)>,
}

/// `EnrollmentType`: for whom the device is enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnrollmentType {
    /// For a user: certificates go into the user's store.
    Full,
    /// For the machine: certificates go into the machine's store.
    Device,
    /// Anything else.
    Other(String),
}

const MOST: usize = 512;

impl AdditionalContext {
    /// Reads the element that is open, after what was read before.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), RequestError> {
        while let Some(child) = reader.child()? {
            if !child.is(Ns::Authorization, "ContextItem") {
                reader.skip()?;
                continue;
            }
            if self.items.len() >= MOST {
                return Err(RequestError::TooMany {
                    element: "ContextItem",
                    most: MOST,
                });
            }
            let name = child
                .attribute(Ns::Bare, "Name")
                .map(str::trim)
                .filter(|name| !name.is_empty());
            let name = field::required(name, "ContextItem/@Name")?;
            if name.len() > field::SHORT {
                return Err(RequestError::TooLong {
                    element: "ContextItem/@Name",
                    longest: field::SHORT,
                });
            }
            let mut value = None;
            while let Some(child) = reader.child()? {
                if child.is(Ns::Authorization, "Value") {
                    let text = field::text(reader, "ContextItem/Value", field::LONG)?;
                    field::put(&mut value, text, "ContextItem/Value")?;
                } else {
                    reader.skip()?;
                }
            }
            self.items
                .push((name.to_owned(), value.unwrap_or_default()));
        }
        Ok(())
    }

    /// Every item.
    pub fn items(&self) -> impl Iterator<Item = (&str, &str)> {
        self.items
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value of a name, `MAC` or `IMEI` for example.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.items()
            .filter(move |item| item.0 == name)
            .map(|item| item.1)
    }

    /// The first value of a name that is not empty.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.items()
            .find(|item| item.0 == name && !item.1.is_empty())
            .map(|item| item.1)
    }

    /// `DeviceID`: what the device is known by, for as long as it is enrolled. Old phones and renewals leave it out.
    pub fn device_id(&self) -> Option<&str> {
        self.first("DeviceID")
    }

    /// `HWDevID`: a hash of the hardware; the same on virtual machines that were cloned.
    pub fn hardware_id(&self) -> Option<&str> {
        self.first("HWDevID")
    }

    /// `EnrollmentType`.
    pub fn enrollment_type(&self) -> Option<EnrollmentType> {
        Some(match self.first("EnrollmentType")? {
            "Full" => EnrollmentType::Full,
            "Device" => EnrollmentType::Device,
            other => EnrollmentType::Other(other.to_owned()),
        })
    }
}
