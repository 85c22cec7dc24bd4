//! Check-in messages and their answers (Apple, "Check-in" of the Device Management documentation).

mod endpoint;
mod message;
mod reply;
mod sender;

pub use endpoint::{DeclarationKind, Endpoint};
pub use message::{
    Authenticate, CheckIn, CheckOut, DeclarativeManagement, GetToken, Inventory, Malformed,
    SetBootstrapToken, TokenService, TokenUpdate, UserAuthenticate,
};
pub use reply::{DeclarationItem, DeclarationItems, Reply, ReturnToService, SyncTokens};
pub use sender::{Device, Sender, User, UserKey};
