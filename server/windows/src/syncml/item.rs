//! One thing that a command is about.

use std::fmt;

use super::element::Element;
use super::identifier::{IdentifierError, LocUri};
use super::meta::{Format, Meta};
use super::problem::Problem;
use crate::xml::{Ns, Writer};

/// `Target` or `Source`: an address and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `LocURI`.
    pub uri: LocUri,
    /// `LocName`: of a party, a name to show or to authenticate with.
    pub name: Option<String>,
}

impl From<LocUri> for Address {
    fn from(uri: LocUri) -> Self {
        Self { uri, name: None }
    }
}

impl Address {
    /// Reads the address in a `Target` or `Source`; `None` where the `LocURI` is missing or empty.
    pub(super) fn read(element: &Element) -> Result<Option<Self>, IdentifierError> {
        let uri = element.child_text("LocURI").unwrap_or_default();
        if uri.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            uri: uri.parse()?,
            name: element.child_text("LocName").map(str::to_owned),
        }))
    }

    pub(super) fn write(&self, name: &'static str, w: &mut Writer) {
        w.element((Ns::SyncMl, name), &[], |w| {
            w.leaf((Ns::SyncMl, "LocURI"), self.uri.as_str());
            if let Some(name) = &self.name {
                w.leaf((Ns::SyncMl, "LocName"), name);
            }
        });
    }
}

/// `Data`: the value of a node, or what comes with an alert. Often a password or a key, so `Debug` shows only how long
/// it is. Bytes (formats `b64` and `bin`) are base64 here, as they are in XML.
#[derive(Clone, PartialEq, Eq)]
pub enum Data {
    /// Text without escapes. A document can be text, too: Windows wants it escaped.
    Text(String),
    /// A document that was not escaped, as it stood there. If it is sent on, it is escaped.
    Markup(String),
}

impl Data {
    /// The text, or the text of the document.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Markup(text) => text,
        }
    }

    fn read(element: &Element) -> Self {
        match element.markup() {
            Some(markup) => Self::Markup(markup.to_owned()),
            None => Self::Text(element.text().to_owned()),
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Text(_) => "Text",
            Self::Markup(_) => "Markup",
        };
        write!(f, "{kind}(*** {} bytes)", self.as_str().len())
    }
}

/// `Item`: a node and its value, or what an alert is about (OMA SyncML Representation Protocol).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// `Target`: the node that is to be read or changed.
    pub target: Option<Address>,
    /// `Source`: the node that a value was read from.
    pub source: Option<Address>,
    /// `Meta`.
    pub meta: Meta,
    /// `Data`.
    pub data: Option<Data>,
    /// `MoreData`: the value goes on in the next item.
    pub more_data: bool,
}

impl Item {
    /// A node without a value, for `Get`, `Delete` and most `Exec`.
    pub fn node(uri: LocUri) -> Self {
        Self {
            target: Some(uri.into()),
            ..Self::default()
        }
    }

    /// A node and its value.
    pub fn value(uri: LocUri, format: Format, text: impl Into<String>) -> Self {
        Self {
            meta: Meta::format(format),
            data: Some(Data::Text(text.into())),
            ..Self::node(uri)
        }
    }

    pub(super) fn read(element: &Element) -> Result<Self, Problem> {
        let address = |what| match element.child(what).map(Address::read) {
            Some(read) => read.map_err(|source| Problem::LocUri {
                element: what,
                source,
            }),
            None => Ok(None),
        };
        Ok(Self {
            target: address("Target")?,
            source: address("Source")?,
            meta: Meta::within(element),
            data: element.child("Data").map(Data::read),
            more_data: element.child("MoreData").is_some(),
        })
    }

    /// Every `Item` in a command.
    pub(super) fn within(command: &Element) -> Result<Vec<Self>, Problem> {
        command
            .children()
            .iter()
            .filter(|child| child.is("Item"))
            .map(Self::read)
            .collect()
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.element((Ns::SyncMl, "Item"), &[], |w| {
            if let Some(target) = &self.target {
                target.write("Target", w);
            }
            if let Some(source) = &self.source {
                source.write("Source", w);
            }
            self.meta.write(w);
            if let Some(data) = &self.data {
                w.leaf((Ns::SyncMl, "Data"), data.as_str());
            }
            if self.more_data {
                w.empty((Ns::SyncMl, "MoreData"), &[]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Budget;

    fn read(data: &str) -> Data {
        let document = format!("<Item xmlns='SYNCML:SYNCML1.2'>{data}</Item>");
        let element = Element::read(document.as_bytes(), Budget::default()).unwrap();
        Item::read(&element).unwrap().data.unwrap()
    }

    #[test]
    fn data_is_text_or_markup() {
        for (data, expected) in [
            ("<Data/>", Data::Text(String::new())),
            ("<Data> a\n</Data>", Data::Text(" a\n".into())),
            ("<Data>&lt;a/&gt;</Data>", Data::Text("<a/>".into())),
            (
                "<Data>&amp;<![CDATA[<a>&amp;]]></Data>",
                Data::Text("&<a>&amp;".into()),
            ),
            (
                "<Data>\n<a b='&amp;'/></Data>",
                Data::Markup("\n<a b='&amp;'/>".into()),
            ),
            (
                "<Data><Data>x</Data></Data>",
                Data::Markup("<Data>x</Data>".into()),
            ),
        ] {
            assert_eq!(read(data), expected, "{data}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let uri = LocUri::node("./x").unwrap();
        let item = format!("{:?}", Item::value(uri, Format::Chr, "hunter2"));
        assert!(item.contains("Text(*** 7 bytes)"), "{item}");
        assert!(!item.contains("hunter2"), "{item}");
    }
}
