//! Who speaks to whom, in which session.

use super::credential::Cred;
use super::element::Element;
use super::identifier::{IdentifierError, LocUri, MsgId, SessionId, decimal, excerpt};
use super::item::Address;
use super::meta::Meta;
use super::problem::Structure;
use crate::xml::{Ns, Writer};

/// `SyncHdr` (OMA SyncML Representation Protocol, [MS-MDM]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncHdr {
    /// `VerDTD`: `1.2`.
    pub ver_dtd: String,
    /// `VerProto`: `DM/1.2`.
    pub ver_proto: String,
    /// `SessionID`.
    pub session_id: SessionId,
    /// `MsgID`.
    pub msg_id: MsgId,
    /// `Target`: whom it is for; our URL in what a device sends.
    pub target: Address,
    /// `Source`: whom it is from; in what a device sends, its name for itself.
    pub source: Address,
    /// `RespURI`: where the answer is wanted, if not at the source.
    pub resp_uri: Option<LocUri>,
    /// `NoResp`: no answers are wanted.
    pub no_resp: bool,
    /// `Cred`.
    pub cred: Option<Cred>,
    /// `Meta`: what the sender can take. Windows ignores ours.
    pub meta: Meta,
}

impl SyncHdr {
    /// The header of the server's message `msg_id` in the session of `client`: from the address it was sent to, to the
    /// one it came from.
    #[must_use]
    pub fn reply(client: &Self, msg_id: MsgId) -> Self {
        Self {
            ver_dtd: "1.2".to_owned(),
            ver_proto: "DM/1.2".to_owned(),
            session_id: client.session_id.clone(),
            msg_id,
            target: client.source.uri.clone().into(),
            source: client.target.uri.clone().into(),
            resp_uri: None,
            no_resp: false,
            cred: None,
            meta: Meta::default(),
        }
    }

    pub(super) fn read(element: &Element) -> Result<Self, Structure> {
        const WITHIN: &str = "SyncHdr";
        let text = |name: &'static str| {
            element
                .child_text(name)
                .map(str::to_owned)
                .ok_or(Structure::Missing {
                    element: name,
                    within: WITHIN,
                })
        };
        let address = |name: &'static str| {
            let read = match element.child(name) {
                Some(found) => Address::read(found).map_err(identifier(name))?,
                None => None,
            };
            read.ok_or(Structure::Missing {
                element: name,
                within: WITHIN,
            })
        };
        let msg_id = text("MsgID")?;
        Ok(Self {
            ver_dtd: text("VerDTD")?,
            ver_proto: text("VerProto")?,
            session_id: text("SessionID")?
                .parse()
                .map_err(identifier("SessionID"))?,
            msg_id: MsgId(decimal(&msg_id).ok_or_else(|| Structure::MsgId(excerpt(&msg_id)))?),
            target: address("Target")?,
            source: address("Source")?,
            resp_uri: element
                .child_text("RespURI")
                .map(|uri| uri.parse().map_err(identifier("RespURI")))
                .transpose()?,
            no_resp: element.child("NoResp").is_some(),
            cred: element.child("Cred").map(Cred::read),
            meta: Meta::within(element),
        })
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.element((Ns::SyncMl, "SyncHdr"), &[], |w| {
            w.leaf((Ns::SyncMl, "VerDTD"), &self.ver_dtd);
            w.leaf((Ns::SyncMl, "VerProto"), &self.ver_proto);
            w.leaf((Ns::SyncMl, "SessionID"), self.session_id.as_str());
            w.leaf((Ns::SyncMl, "MsgID"), &self.msg_id.to_string());
            self.target.write("Target", w);
            self.source.write("Source", w);
            if let Some(uri) = &self.resp_uri {
                w.leaf((Ns::SyncMl, "RespURI"), uri.as_str());
            }
            if self.no_resp {
                w.empty((Ns::SyncMl, "NoResp"), &[]);
            }
            if let Some(cred) = &self.cred {
                cred.write(w);
            }
            self.meta.write(w);
        });
    }
}

fn identifier(element: &'static str) -> impl Fn(IdentifierError) -> Structure {
    move |source| Structure::Identifier { element, source }
}
