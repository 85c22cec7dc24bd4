use super::{Action, MessageId, RequestError, Security, Unknown, field};
use crate::xml::{Budget, Element, Ns, Reader};

/// A request, its header and its body decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope<B> {
    /// What the answer relates to.
    pub message_id: Option<MessageId>,
    /// Where it was sent to, as the client says.
    pub to: Option<String>,
    /// Where the client wants the answer; always "anonymous", the connection it came on.
    pub reply_to: Option<String>,
    /// Who says to enroll; absent in discovery.
    pub security: Option<Security>,
    /// Header blocks that were not expected.
    /// Differs: those that must be understood are kept like the others (SOAP 1.2 Part 1 section 5.2.3).
    pub unknown: Vec<Unknown>,
    /// The body.
    pub body: B,
}

/// A request that was not decoded, with as much as an answer to it needs.
#[derive(Debug, thiserror::Error)]
#[error("decoding an enrollment request")]
pub struct Unreadable {
    /// What the answer relates to, if the request came so far.
    pub message_id: Option<MessageId>,
    /// What is wrong.
    #[source]
    pub problem: RequestError,
}

#[derive(Default)]
struct Header {
    action: Option<String>,
    message_id: Option<MessageId>,
    to: Option<String>,
    reply_to: Option<String>,
    security: Option<Security>,
    unknown: Vec<Unknown>,
}

const MOST_UNKNOWN: usize = 32;

impl<B> Envelope<B> {
    /// Reads a request of one action; `body` is given the one element of `Body`, which is open.
    pub(crate) fn read(
        document: &[u8],
        budget: Budget,
        action: Action,
        body: impl FnOnce(&mut Reader<'_>, &Element) -> Result<B, RequestError>,
    ) -> Result<Self, Unreadable> {
        let mut header = Header::default();
        match read(document, budget, action, &mut header, body) {
            Ok(body) => Ok(Self {
                message_id: header.message_id,
                to: header.to,
                reply_to: header.reply_to,
                security: header.security,
                unknown: header.unknown,
                body,
            }),
            Err(problem) => Err(Unreadable {
                message_id: header.message_id,
                problem,
            }),
        }
    }
}

fn read<B>(
    document: &[u8],
    budget: Budget,
    action: Action,
    header: &mut Header,
    body: impl FnOnce(&mut Reader<'_>, &Element) -> Result<B, RequestError>,
) -> Result<B, RequestError> {
    let mut reader = Reader::new(document, budget)?;
    let root = reader.root()?;
    expect(&root, Ns::Soap, "Envelope")?;
    let child = field::required(reader.child()?, "Header")?;
    expect(&child, Ns::Soap, "Header")?;
    header.read(&mut reader)?;
    if header.action.as_deref() != Some(action.request()) {
        field::required(header.action.as_ref(), "Action")?;
        return Err(RequestError::Action {
            expected: action.request(),
        });
    }
    let child = field::required(reader.child()?, "Body")?;
    expect(&child, Ns::Soap, "Body")?;
    let content = field::required(reader.child()?, "Body/*")?;
    let body = body(&mut reader, &content)?;
    for _ in 0..2 {
        if let Some(more) = reader.child()? {
            return Err(RequestError::Element {
                expected: "nothing more",
                found: name(&more),
                foreign: false,
            });
        }
    }
    reader.finish()?;
    Ok(body)
}

impl Header {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), RequestError> {
        while let Some(child) = reader.child()? {
            match (child.ns(), child.local()) {
                (Some(Ns::Addressing), "Action") => {
                    field::once(&mut self.action, reader, &child, "Action")?;
                }
                (Some(Ns::Addressing), "MessageID") => {
                    let id = reader.text()?.parse()?;
                    field::put(&mut self.message_id, id, "MessageID")?;
                }
                (Some(Ns::Addressing), "To") => field::once(&mut self.to, reader, &child, "To")?,
                (Some(Ns::Addressing), "ReplyTo") => self.read_reply_to(reader)?,
                (Some(Ns::Security), "Security") => {
                    let security = Security::read(reader)
                        .map_err(|problem| RequestError::Security(Box::new(problem)))?;
                    field::put(&mut self.security, security, "Security")?;
                }
                _ if self.unknown.len() >= MOST_UNKNOWN => {
                    return Err(RequestError::TooMany {
                        element: "Header/*",
                        most: MOST_UNKNOWN,
                    });
                }
                _ => self.unknown.push(Unknown::read(reader, &child)?),
            }
        }
        Ok(())
    }

    fn read_reply_to(&mut self, reader: &mut Reader<'_>) -> Result<(), RequestError> {
        while let Some(child) = reader.child()? {
            if child.is(Ns::Addressing, "Address") {
                field::once(&mut self.reply_to, reader, &child, "ReplyTo/Address")?;
            } else {
                reader.skip()?;
            }
        }
        Ok(())
    }
}

/// Refuses another element than this one.
pub(crate) fn expect(found: &Element, ns: Ns, local: &'static str) -> Result<(), RequestError> {
    if found.is(ns, local) {
        return Ok(());
    }
    Err(RequestError::Element {
        expected: local,
        found: name(found),
        foreign: found.local() == local,
    })
}

fn name(element: &Element) -> String {
    element.local().chars().take(64).collect()
}
