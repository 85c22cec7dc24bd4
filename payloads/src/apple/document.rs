//! A configuration profile as it is sent, before it is signed.

use std::fmt;

use plist::{Dictionary, Value};

use crate::{identifiers::PayloadUuid, profile::in_xml};

/// A text in a profile that XML cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("writing the profile: `{at}` holds U+{character:04X}, which XML cannot carry")]
pub struct Unwritable {
    /// Where.
    pub at: String,
    /// The code point.
    pub character: u32,
}

/// A configuration profile. It may hold secrets, so `Debug` tells its identifiers only.
#[derive(Clone, PartialEq)]
pub struct Document {
    dictionary: Dictionary,
    identifier: String,
    uuid: PayloadUuid,
    payloads: Vec<InnerPayload>,
}

/// A payload in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerPayload {
    /// `PayloadType`.
    pub payload_type: &'static str,
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: PayloadUuid,
}

/// A payload being written, its common keys first (Apple, `CommonPayloadKeys`).
#[derive(Debug)]
pub(crate) struct Payload {
    inner: InnerPayload,
    dictionary: Dictionary,
}

impl Payload {
    pub(crate) fn new(
        payload_type: &'static str,
        identifier: String,
        uuid: PayloadUuid,
        display_name: &str,
    ) -> Self {
        let mut dictionary = Dictionary::new();
        dictionary.insert("PayloadType".into(), payload_type.into());
        dictionary.insert("PayloadVersion".into(), 1.into());
        dictionary.insert("PayloadIdentifier".into(), identifier.as_str().into());
        dictionary.insert("PayloadUUID".into(), uuid.as_str().into());
        dictionary.insert("PayloadDisplayName".into(), display_name.into());
        Self {
            inner: InnerPayload {
                payload_type,
                identifier,
                uuid,
            },
            dictionary,
        }
    }

    pub(crate) fn uuid(&self) -> &PayloadUuid {
        &self.inner.uuid
    }

    pub(crate) fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.dictionary.insert(key.to_owned(), value.into());
    }

    pub(crate) fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }
}

/// What a profile says about itself.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) identifier: String,
    pub(crate) uuid: PayloadUuid,
    pub(crate) display_name: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) organization: &'a str,
}

impl Document {
    /// The profile that says `head` and holds `payloads`, with `more` keys at its top level.
    pub(crate) fn new(
        head: Head<'_>,
        more: Vec<(&str, Value)>,
        payloads: Vec<Payload>,
    ) -> Result<Self, Unwritable> {
        let mut dictionary = Dictionary::new();
        let mut put = |key: &str, value: Value| dictionary.insert(key.to_owned(), value);
        put("PayloadType", "Configuration".into());
        put("PayloadVersion", 1.into());
        put("PayloadIdentifier", head.identifier.as_str().into());
        put("PayloadUUID", head.uuid.as_str().into());
        put("PayloadDisplayName", head.display_name.into());
        if let Some(description) = head.description {
            put("PayloadDescription", description.into());
        }
        put("PayloadOrganization", head.organization.into());
        for (key, value) in more {
            put(key, value);
        }
        let (inner, content) = payloads
            .into_iter()
            .map(|payload| (payload.inner, Value::Dictionary(payload.dictionary)))
            .unzip();
        put("PayloadContent", Value::Array(content));
        let document = Self {
            dictionary,
            identifier: head.identifier,
            uuid: head.uuid,
            payloads: inner,
        };
        writable(&mut String::new(), &document.dictionary)?;
        Ok(document)
    }

    /// The property list.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// `PayloadIdentifier` of the profile.
    pub fn payload_identifier(&self) -> &str {
        &self.identifier
    }

    /// `PayloadUUID` of the profile.
    pub fn payload_uuid(&self) -> &PayloadUuid {
        &self.uuid
    }

    /// The payloads in it, in order.
    pub fn payloads(&self) -> &[InnerPayload] {
        &self.payloads
    }

    /// The profile as an XML property list. Secrets are in it.
    pub fn to_xml(&self) -> Vec<u8> {
        let mut xml = Vec::new();
        // Writing to memory cannot fail, nor can a tree of dictionaries, arrays and scalars be anything but a property list.
        let written = plist::to_writer_xml(&mut xml, &self.dictionary);
        debug_assert!(written.is_ok(), "{written:?}");
        xml.push(b'\n');
        xml
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("identifier", &self.identifier)
            .field("uuid", &self.uuid)
            .field("payloads", &self.payloads)
            .finish_non_exhaustive()
    }
}

fn writable(at: &mut String, dictionary: &Dictionary) -> Result<(), Unwritable> {
    for (key, value) in dictionary {
        let length = at.len();
        if length > 0 {
            at.push('.');
        }
        at.push_str(key);
        writable_value(at, value)?;
        at.truncate(length);
    }
    Ok(())
}

fn writable_value(at: &mut String, value: &Value) -> Result<(), Unwritable> {
    match value {
        Value::String(text) => match text.chars().find(|&c| !in_xml(c)) {
            Some(c) => Err(Unwritable {
                at: at.clone(),
                character: u32::from(c),
            }),
            None => Ok(()),
        },
        Value::Array(items) => items.iter().try_for_each(|item| writable_value(at, item)),
        Value::Dictionary(dictionary) => writable(at, dictionary),
        _ => Ok(()),
    }
}
