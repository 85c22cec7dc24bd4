//! Vocabularies: which token of which code page means which element.

use std::fmt;

/// The vocabulary of one document type.
#[derive(PartialEq, Eq)]
pub struct Dialect {
    /// The number registered for the document type; `1` where none is (WAP-192 sections 5.5 and 7.2).
    pub public_id: u32,
    /// The formal public identifier of the DTD, such as `-//SYNCML//DTD SyncML 1.2//EN`; empty where there is none.
    pub formal_id: &'static str,
    /// The code pages, in any order.
    pub pages: &'static [Page],
}

/// One code page of tags (WAP-192 section 5.8.2).
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The number that `SWITCH_PAGE` names.
    pub number: u8,
    /// The XML namespace of the page's elements.
    pub namespace: &'static str,
    /// Local names, from token `0x05` on; an empty name is a token that means nothing. 59 at most.
    pub names: &'static [&'static str],
}

/// The lowest token of a tag; those below are global (WAP-192 section 5.8.2).
const FIRST_TAG: u8 = 0x05;

impl Dialect {
    /// The code page with a number.
    pub(crate) fn page(&self, number: u8) -> Option<&'static Page> {
        self.pages.iter().find(|page| page.number == number)
    }

    /// Page and token of an element.
    pub(crate) fn tag(&self, namespace: &str, local: &str) -> Option<(u8, u8)> {
        self.pages
            .iter()
            .filter(|page| page.namespace == namespace)
            .find_map(|page| Some((page.number, page.token(local)?)))
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialect({:#06x} {})", self.public_id, self.formal_id)
    }
}

impl Page {
    /// What a token, without its two flag bits, is called.
    pub(crate) fn name(&self, token: u8) -> Option<&'static str> {
        let index = usize::from(token.checked_sub(FIRST_TAG)?);
        self.names
            .get(index)
            .copied()
            .filter(|name| !name.is_empty())
    }

    fn token(&self, local: &str) -> Option<u8> {
        if local.is_empty() {
            return None;
        }
        let index = self.names.iter().position(|name| *name == local)?;
        u8::try_from(index)
            .ok()?
            .checked_add(FIRST_TAG)
            .filter(|token| *token < 0x40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Page = Page {
        number: 2,
        namespace: "Email:",
        names: &["Attachment", "", "AttName"],
    };
    const DIALECT: Dialect = Dialect {
        public_id: 1,
        formal_id: "",
        pages: &[
            Page {
                number: 0,
                namespace: "AirSync:",
                names: &["Sync"],
            },
            TWO,
        ],
    };

    #[test]
    fn tokens_and_names_agree() {
        for (token, name) in [
            (0x04, None),
            (0x05, Some("Attachment")),
            (0x06, None),
            (0x07, Some("AttName")),
            (0x08, None),
        ] {
            assert_eq!(TWO.name(token), name, "{token:#04x}");
        }
        for (namespace, local, tag) in [
            ("AirSync:", "Sync", Some((0, 0x05))),
            ("Email:", "AttName", Some((2, 0x07))),
            ("Email:", "Sync", None),
            ("Email:", "", None),
            ("Email", "AttName", None),
        ] {
            assert_eq!(DIALECT.tag(namespace, local), tag, "{namespace}{local}");
        }
    }
}
