use crate::{
    secret::Fragment,
    xml::{Element, ReadError, Reader},
};

/// An element that was not expected where it stands, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Its name without a prefix.
    pub local: String,
    /// The whole element. It may hold a credential, so it is not printed.
    pub raw: Fragment,
}

impl Unknown {
    pub(crate) fn read(reader: &mut Reader<'_>, element: &Element) -> Result<Self, ReadError> {
        Ok(Self {
            local: element.local().to_owned(),
            raw: Fragment::new(reader.raw(element)?.to_owned()),
        })
    }
}
