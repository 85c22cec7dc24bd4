//! Mail accounts: those the tree describes, and those made by hand.

use super::path::Path;
use super::tree::Tree;

/// Protocol of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// Exchange ActiveSync (`ActiveSync` CSP).
    ActiveSync,
    /// IMAP or POP with SMTP (`EMAIL2` CSP).
    Internet,
}

/// Where an account comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The management server made it, under this GUID in braces.
    Managed(String),
    /// Its owner made it by hand.
    ByHand,
}

/// A mail account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAccount {
    /// Protocol.
    pub kind: AccountKind,
    /// Where it comes from.
    pub origin: Origin,
    /// Name it is shown under.
    pub name: String,
    /// Address of the mailbox.
    pub address: String,
    /// Host it fetches mail from, without a port.
    pub host: String,
    /// User name.
    pub user_name: String,
    /// Whether it came with a password.
    pub has_password: bool,
}

/// Nodes an EMAIL2 account cannot do without (page "EMAIL2 CSP").
const REQUIRED_EMAIL2: [&str; 9] = [
    "ACCOUNTTYPE",
    "AUTHNAME",
    "INSERVER",
    "OUTSERVER",
    "REPLYADDR",
    "SERVICENAME",
    "SERVICETYPE",
    "SYNCINGCONTENTTYPES",
    "TAGPROPS",
];
/// Nodes an ActiveSync account cannot do without.
const REQUIRED_ACTIVE_SYNC: [&str; 4] = ["EmailAddress", "ServerName", "UserName", "AccountType"];
/// Most EMAIL2 accounts beside the first one (page "EMAIL2 CSP").
pub(crate) const MAX_EMAIL2: usize = 6;

impl AccountKind {
    /// The place accounts of this kind stand below.
    pub(crate) fn place(self, user: &str) -> Path {
        match self {
            Self::ActiveSync => Path::of(&[user, "Vendor", "MSFT", "ActiveSync", "Accounts"]),
            Self::Internet => Path::of(&[user, "Vendor", "MSFT", "EMAIL2"]),
        }
    }

    /// The account a place belongs to.
    pub(crate) fn account_of(path: &Path) -> Option<(Self, Path)> {
        [Self::ActiveSync, Self::Internet]
            .into_iter()
            .find_map(|kind| {
                let place = kind.place(path.segment(0));
                let below = path.is_within(&place) && path.len() > place.len();
                below.then(|| (kind, path.first(place.len() + 1)))
            })
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::ActiveSync => &REQUIRED_ACTIVE_SYNC,
            Self::Internet => &REQUIRED_EMAIL2,
        }
    }
}

impl MailAccount {
    /// An account its owner made.
    pub(crate) fn by_hand(kind: AccountKind, host: &str, address: &str, user_name: &str) -> Self {
        Self {
            kind,
            origin: Origin::ByHand,
            name: address.to_owned(),
            address: address.to_owned(),
            host: host.to_owned(),
            user_name: user_name.to_owned(),
            has_password: true,
        }
    }

    /// Whether it is the same mailbox: host and address.
    pub(crate) fn is_same_mailbox(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.address.eq_ignore_ascii_case(&other.address)
    }
}

/// The first required node an account lacks.
pub(crate) fn lacks(tree: &Tree, kind: AccountKind, account: &Path) -> Option<&'static str> {
    let missing = |name: &&&str| !tree.has(&account.join(name));
    kind.required().iter().find(missing).copied()
}

/// Accounts of the user that the tree describes in full.
pub(crate) fn managed(tree: &Tree) -> Vec<MailAccount> {
    let mut accounts = Vec::new();
    for kind in [AccountKind::ActiveSync, AccountKind::Internet] {
        let place = kind.place("User");
        for guid in tree.below(&place) {
            let node = place.join(guid);
            if lacks(tree, kind, &node).is_some() {
                continue;
            }
            let text = |name: &str| tree.text(&node.join(name)).unwrap_or_default().to_owned();
            let account = match kind {
                AccountKind::ActiveSync => MailAccount {
                    kind,
                    origin: Origin::Managed(guid.to_owned()),
                    name: text("AccountName"),
                    address: text("EmailAddress"),
                    host: host(&text("ServerName")),
                    user_name: text("UserName"),
                    has_password: !text("Password").is_empty(),
                },
                AccountKind::Internet => MailAccount {
                    kind,
                    origin: Origin::Managed(guid.to_owned()),
                    name: text("SERVICENAME"),
                    address: text("REPLYADDR"),
                    host: host(&text("INSERVER")),
                    user_name: text("AUTHNAME"),
                    has_password: !text("AUTHSECRET").is_empty(),
                },
            };
            accounts.push(account);
        }
    }
    accounts
}

/// The host of `host:port`.
fn host(server: &str) -> String {
    let name = server
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    name.map_or(server, |(host, _)| host).to_owned()
}
