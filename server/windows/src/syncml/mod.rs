//! SyncML as OMA-DM 1.2 and [MS-MDM] speak it.
//!
//! Documents cited by their titles are those of version 1.2: OMA Device Management Protocol (OMA-TS-DM_Protocol), Security
//! (OMA-TS-DM_Security), Representation Protocol (OMA-TS-DM_RepPro), Tree and Description (OMA-TS-DM_TND), SyncML
//! Representation Protocol (OMA-TS-SyncML_RepPro), SyncML Meta Information (OMA-TS-SyncML_MetaInfo); and Microsoft's page
//! "OMA DM protocol support".
//!
//! What a device sends comes in through [`Message::decode`]; what the server sends is put into a [`Body`], which
//! numbers it, and leaves through [`ServerMessage::encode`]. Nothing here knows what a session has seen before.

mod alert;
mod alert_code;
mod body;
mod command;
mod credential;
mod element;
mod encoding;
mod header;
mod identifier;
mod item;
mod large_object;
mod message;
mod meta;
mod operation;
mod problem;
mod status;
mod status_code;
mod wbxml;

pub use alert::Alert;
pub use alert_code::{
    AAD_USER_TOKEN, AlertCode, LOGIN_STATUS, LoginStatus, REQUEST_PENDING, UNENROLLMENT,
};
pub use body::{Body, ServerMessage};
pub use command::{Command, Malformed};
pub use credential::{AuthType, Chal, Cred, md5_digest};
pub use element::Element;
pub use encoding::{DecodeError, EncodeError, Encoding};
pub use header::SyncHdr;
pub use identifier::{CmdId, CmdRef, IdentifierError, LocUri, MsgId, SessionId};
pub use item::{Address, Data, Item};
pub use large_object::{Assembled, Assembly, AssemblyError, LEAST_PART, parts};
pub use message::Message;
pub use meta::{Format, Meta, Nonce};
pub use operation::{GroupKind, NodeOperation, Operation, OperationError, Sent, Verb};
pub use problem::{Problem, Structure};
pub use status::{Answer, Results, Status};
pub use status_code::{OriginalError, StatusCode};
pub use wbxml::to_xml;
