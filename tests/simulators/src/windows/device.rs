//! A simulated Windows device: its state, and what can be seen of it.

use std::net::IpAddr;
use std::time::Duration;

use super::accounts::{self, AccountKind, MailAccount};
use super::journal::{Entry, Event, Journal};
use super::path::Path;
use super::prompts::Prompt;
use super::scep::Job;
use super::session::Large;
use super::store::CertificateStores;
use super::tree::Tree;
use super::{Enrollment, Persona, Script};
use crate::entropy::{Clock, Entropy};
use crate::http::{Client, ClientOptions, HttpError, Protocol, Resolve};
use crate::identity::Identity;
use crate::keys::KeyPool;
use crate::scep;

/// Who is logged in (alert 1224 of type `com.microsoft/MDM/LoginStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// The user the device is enrolled for.
    User,
    /// Somebody else.
    Others,
    /// Nobody.
    None,
}

impl Login {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Others => "others",
            Self::None => "none",
        }
    }
}

/// The world around a device; cheap to clone for many of them.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Roots the device trusts before it enrolls, in DER.
    pub roots: Vec<Vec<u8>>,
    /// How host names become addresses.
    pub resolve: Resolve,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Keys for identities.
    pub keys: KeyPool,
    /// What time it is.
    pub clock: Clock,
    /// Choices of the SCEP client.
    pub scep: scep::Options,
    /// Which HTTP is spoken instead of the persona's own.
    pub protocol: Option<Protocol>,
    /// Longest value reported in one piece, in bytes; what is longer goes in several messages.
    pub largest_results: usize,
}

impl Environment {
    /// A world in which these roots are trusted: the machine's clock and resolver, the committed keys.
    pub fn new(roots: Vec<Vec<u8>>) -> Self {
        Self {
            roots,
            resolve: Resolve::System,
            timeout: Duration::from_mins(1),
            keys: KeyPool::committed(),
            clock: Clock::system(),
            scep: scep::Options::default(),
            protocol: None,
            largest_results: 400_000,
        }
    }

    /// Every host name is at this address: for a server on this machine that has a name of its own.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.resolve = Resolve::Always(address);
        self
    }
}

/// What happens when a session is over, because a command said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The device leaves.
    Unenroll,
    /// The device is wiped; the node that was run.
    Wipe(String),
    /// Its certificate is renewed.
    Renew,
    /// Another session begins.
    Session,
}

/// What commands change, and what a failed `Atomic` puts back.
#[derive(Debug, Clone, Default)]
pub(super) struct Managed {
    pub(super) tree: Tree,
    pub(super) stores: CertificateStores,
    pub(super) by_hand: Vec<MailAccount>,
    pub(super) jobs: Vec<Job>,
    pub(super) effects: Vec<Effect>,
    /// ActiveSync accounts that were deleted because they were added again, in the command being carried out.
    pub(super) trapped: Vec<Path>,
}

/// A simulated PC or phone with Windows.
#[derive(Debug)]
pub struct WindowsDevice {
    pub(super) persona: Persona,
    pub(super) environment: Environment,
    pub(super) script: Script,
    pub(super) journal: Journal,
    pub(super) managed: Managed,
    pub(super) prompts: Vec<Prompt>,
    pub(super) enrollment: Option<Enrollment>,
    pub(super) login: Login,
    pub(super) sessions: u32,
    pub(super) keys_taken: u64,
    pub(super) entropy: Entropy,
    pub(super) large: Option<Large>,
    pub(super) lost_session: bool,
    client: Option<(String, Client)>,
}

impl WindowsDevice {
    /// A device out of its box, its user logged in.
    pub fn new(persona: Persona, environment: Environment) -> Self {
        let entropy = Entropy::from_seed(&persona.seed);
        let keys_taken =
            u64::from_be_bytes(persona.seed.first_chunk().copied().unwrap_or_default()) % 1024;
        Self {
            persona,
            environment,
            script: Script::default(),
            journal: Journal::default(),
            managed: Managed::default(),
            prompts: Vec::new(),
            enrollment: None,
            login: Login::User,
            sessions: 0,
            keys_taken,
            entropy,
            large: None,
            lost_session: false,
            client: None,
        }
    }

    /// Who it is.
    pub fn persona(&self) -> &Persona {
        &self.persona
    }

    /// Changes who it is, for instance to clone its hardware; before it enrolls.
    pub fn persona_mut(&mut self) -> &mut Persona {
        &mut self.persona
    }

    /// Gives it and its owner a behaviour.
    pub fn set_script(&mut self, script: Script) {
        self.script = script;
    }

    /// Who is logged in from now on. A phone has one user, who is always there.
    pub fn set_login(&mut self, login: Login) {
        if !self.persona.version.is_phone() {
            self.login = login;
        }
    }

    /// Who is logged in.
    pub fn login(&self) -> Login {
        self.login
    }

    /// Longest value reported in one piece from now on, in bytes.
    pub fn set_largest_results(&mut self, bytes: usize) {
        self.environment.largest_results = bytes;
    }

    /// Mail accounts of its user, the server's first.
    pub fn accounts(&self) -> Vec<MailAccount> {
        let mut all = accounts::managed(&self.managed.tree);
        all.extend(self.managed.by_hand.iter().cloned());
        all
    }

    /// Certificates and identities with the node each came from.
    pub fn stores(&self) -> &CertificateStores {
        &self.managed.stores
    }

    /// Identities that were delivered or enrolled with.
    pub fn identities(&self) -> Vec<&Identity> {
        self.managed.stores.identities()
    }

    /// What happened so far.
    pub fn journal(&self) -> &[Entry] {
        self.journal.entries()
    }

    /// The enrollment, while there is one.
    pub fn enrollment(&self) -> Option<&Enrollment> {
        self.enrollment.as_ref()
    }

    /// Text of a node, if it is there; for tests.
    pub fn node(&self, uri: &str) -> Option<&str> {
        self.managed.tree.text(&Path::parse(uri)?)
    }

    /// Places of all nodes that are there; for tests.
    pub fn nodes(&self) -> Vec<String> {
        self.managed.tree.paths().map(ToString::to_string).collect()
    }

    /// The owner makes an account by hand.
    pub fn add_account(&mut self, kind: AccountKind, host: &str, address: &str, user_name: &str) {
        let account = MailAccount::by_hand(kind, host, address, user_name);
        self.managed.by_hand.push(account);
    }

    /// The owner, or the mail program, deletes an account the server made.
    pub fn remove_account(&mut self, kind: AccountKind, guid: &str) {
        let node = kind.place("User").join(&guid.to_uppercase());
        self.managed.tree.remove(&node);
    }

    pub(super) fn note(&mut self, event: Event) {
        self.journal.write(self.environment.clock.now(), event);
    }

    /// Roots that TLS trusts, in DER.
    pub(super) fn roots(&self) -> Vec<Vec<u8>> {
        let mut roots = self.environment.roots.clone();
        roots.extend(self.managed.stores.roots());
        roots.sort();
        roots.dedup();
        roots
    }

    /// A client for this identity that trusts what the device trusts; the last one made is kept.
    pub(super) fn client(&mut self, identity: Option<&Identity>) -> Result<Client, HttpError> {
        let roots = self.roots();
        let key = identity.map(Identity::fingerprint).unwrap_or_default()
            + &crate::identity::fingerprint(&roots.concat());
        if let Some((_, client)) = self.client.as_ref().filter(|(kept, _)| *kept == key) {
            return Ok(client.clone());
        }
        let own = if self.persona.http2 {
            Protocol::Http2
        } else {
            Protocol::Http1
        };
        let client = Client::new(ClientOptions {
            roots,
            identity: identity.cloned(),
            resolve: self.environment.resolve,
            timeout: self.environment.timeout,
            protocol: self.environment.protocol.unwrap_or(own),
            tls13: self.persona.tls13,
            ..ClientOptions::default()
        })?;
        self.client = Some((key, client.clone()));
        Ok(client)
    }

    /// Forgets what the server brought, as when a device leaves; what its owner made stays.
    pub(super) fn forget(&mut self) {
        self.managed = Managed {
            by_hand: std::mem::take(&mut self.managed.by_hand),
            ..Managed::default()
        };
        self.prompts.clear();
        self.enrollment = None;
        self.large = None;
        self.lost_session = false;
        self.client = None;
    }
}
