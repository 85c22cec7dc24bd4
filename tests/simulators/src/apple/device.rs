//! A simulated Apple device: its state, and what can be seen of it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use openssl::x509::X509;

use super::declarations::Declarations;
use super::journal::Journal;
use super::session::Report;
use super::{
    AccountKind, Channel, DeviceError, Enrollment, Entry, Event, InstalledProfile, Keychain,
    MailAccount, Persona, ProfileStore, Prompt, Script, Transport,
};
use crate::apns::MockApns;
use crate::entropy::{Clock, Entropy};
use crate::http::{Client, ClientOptions, HttpError, Resolve};
use crate::identity::Identity;
use crate::keys::KeyPool;
use crate::progress::{Progress, Step};
use crate::scep;

/// The world around a device; cheap to clone for many of them.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Roots the owner already trusts fully, in DER.
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
    /// How MDM requests are authenticated and where they go.
    pub transport: Transport,
    /// Who is told what the device does.
    pub progress: Progress,
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
            transport: Transport::default(),
            progress: Progress::default(),
        }
    }

    /// Every host name is at this address: for a server on this machine that has a name of its own.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.resolve = Resolve::Always(address);
        self
    }
}

/// A simulated iPhone, iPad or Mac.
#[derive(Debug)]
pub struct AppleDevice {
    pub(super) persona: Persona,
    pub(super) environment: Environment,
    pub(super) script: Script,
    pub(super) journal: Journal,
    pub(super) keychain: Keychain,
    pub(super) store: ProfileStore,
    pub(super) accounts: Vec<MailAccount>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) enrollment: Option<Enrollment>,
    pub(super) enrollments: u32,
    pub(super) locked: bool,
    pub(super) keychain_locked: bool,
    pub(super) power_nap: bool,
    pub(super) passcode: bool,
    pub(super) logged_in: bool,
    pub(super) keys_taken: u64,
    pub(super) entropy: Entropy,
    pub(super) unreported: BTreeMap<Channel, Report>,
    pub(super) wants_poll: bool,
    pub(super) declarations: BTreeMap<Channel, Declarations>,
    client: Option<(String, Client)>,
}

impl AppleDevice {
    /// A device out of its box: unlocked, with a passcode, its user logged in, nothing installed.
    pub fn new(persona: Persona, environment: Environment) -> Self {
        let entropy = Entropy::from_seed(&persona.seed);
        let keys_taken =
            u64::from_be_bytes(persona.seed.first_chunk().copied().unwrap_or_default()) % 1024;
        Self {
            persona,
            environment,
            script: Script::default(),
            journal: Journal::default(),
            keychain: Keychain::default(),
            store: ProfileStore::default(),
            accounts: Vec::new(),
            prompts: Vec::new(),
            enrollment: None,
            enrollments: 0,
            locked: false,
            keychain_locked: false,
            power_nap: false,
            passcode: true,
            logged_in: true,
            keys_taken,
            entropy,
            unreported: BTreeMap::new(),
            wants_poll: false,
            declarations: BTreeMap::new(),
            client: None,
        }
    }

    /// Who it is.
    pub fn persona(&self) -> &Persona {
        &self.persona
    }

    /// Changes who it is, for instance to supervise it; before it enrolls.
    pub fn persona_mut(&mut self) -> &mut Persona {
        &mut self.persona
    }

    /// Gives it and its owner a behaviour.
    pub fn set_script(&mut self, script: Script) {
        self.script = script;
    }

    /// How its MDM requests are authenticated and where they go.
    pub fn set_transport(&mut self, transport: Transport) {
        self.environment.transport = transport;
        self.client = None;
    }

    /// Installed profiles.
    pub fn profiles(&self) -> &[InstalledProfile] {
        self.store.all()
    }

    /// Mail accounts.
    pub fn accounts(&self) -> &[MailAccount] {
        &self.accounts
    }

    /// Identities of the keychain.
    pub fn identities(&self) -> Vec<&Identity> {
        self.keychain.identities()
    }

    /// Certificates and identities with the profile each came from.
    pub fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// The identity an account shows to its server.
    pub fn identity_of(&self, account: &MailAccount) -> Option<&Identity> {
        let wanted = account.identity.as_deref()?;
        self.keychain
            .identities()
            .into_iter()
            .find(|identity| identity.fingerprint() == wanted)
    }

    /// What happened so far.
    pub fn journal(&self) -> &[Entry] {
        self.journal.entries()
    }

    /// The enrollment, while there is one.
    pub fn enrollment(&self) -> Option<&Enrollment> {
        self.enrollment.as_ref()
    }

    /// Whether the device wants to poll by itself: its last word in the last session was `NotNow`, or it was unlocked
    /// after one, or a report is still to be delivered.
    pub fn wants_poll(&self) -> bool {
        self.wants_poll || !self.unreported.is_empty()
    }

    /// The owner makes an account by hand.
    pub fn add_account(&mut self, kind: AccountKind, host: &str, address: &str, user_name: &str) {
        self.accounts
            .push(MailAccount::by_hand(kind, host, address, user_name));
    }

    /// Locks the screen, or unlocks it.
    pub fn set_locked(&mut self, locked: bool) {
        self.locked = locked;
    }

    /// Locks the login keychain of a Mac, or unlocks it.
    pub fn set_keychain_locked(&mut self, locked: bool) {
        self.keychain_locked = locked;
    }

    /// Puts a Mac into Power Nap, or wakes it.
    pub fn set_power_nap(&mut self, napping: bool) {
        self.power_nap = napping;
    }

    /// Whether somebody is logged in at a Mac; without anybody there is no user channel.
    pub fn set_logged_in(&mut self, logged_in: bool) {
        self.logged_in = logged_in;
    }

    /// Whether the screen is locked.
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Switches full trust on for a root that was installed by hand; says whether there is such a root.
    pub fn trust_fully(&mut self, fingerprint: &str) -> bool {
        self.client = None;
        self.keychain.trust_fully(fingerprint)
    }

    /// What a connection made on its behalf has to trust, and how it finds its host.
    pub(crate) fn trust(&self) -> (Vec<Vec<u8>>, Resolve) {
        (self.roots(), self.environment.resolve)
    }

    /// Polls whenever a push wakes it, for ever; drop the future to stop. A failed session is passed to the progress
    /// callback and does not end the loop, an ended enrollment does.
    pub async fn serve(&mut self, apns: &MockApns) -> Result<(), DeviceError> {
        let line = |device: &Self, channel| {
            apns.subscribe(&device.push_token(channel), &device.push_magic(channel))
        };
        loop {
            let (device, user) = (line(self, Channel::Device), line(self, Channel::User));
            tokio::select! {
                () = device.pushed() => {}
                () = user.pushed() => {}
            }
            match self.poll().await {
                Err(error @ (DeviceError::Unenrolled(_) | DeviceError::NotEnrolled)) => {
                    return Err(error);
                }
                Err(error) => self
                    .environment
                    .progress
                    .tell(Step::Note(format!("{}: {error}", self.persona.udid))),
                Ok(_) if self.enrollment.is_none() => return Ok(()),
                Ok(_) => {}
            }
        }
    }

    pub(super) fn note(&mut self, event: Event) {
        self.journal.write(self.environment.clock.now(), event);
    }

    /// Roots that TLS and the verdict on signatures trust, in DER.
    pub(super) fn roots(&self) -> Vec<Vec<u8>> {
        let mut roots = self.environment.roots.clone();
        roots.extend(self.keychain.trusted_roots());
        roots.sort();
        roots.dedup();
        roots
    }

    pub(super) fn x509_roots(&self) -> Vec<X509> {
        self.roots()
            .iter()
            .filter_map(|der| X509::from_der(der).ok())
            .collect()
    }

    /// A client for this identity that trusts what the device trusts, and these roots; the last one made is kept.
    pub(super) fn client(
        &mut self,
        identity: Option<&Identity>,
        more: &[Vec<u8>],
    ) -> Result<Client, HttpError> {
        let mut roots = self.roots();
        roots.extend_from_slice(more);
        let key = identity.map(Identity::fingerprint).unwrap_or_default()
            + &crate::identity::fingerprint(&roots.concat());
        if let Some((_, client)) = self.client.as_ref().filter(|(kept, _)| *kept == key) {
            return Ok(client.clone());
        }
        let client = Client::new(ClientOptions {
            roots,
            identity: identity.cloned(),
            resolve: self.environment.resolve,
            timeout: self.environment.timeout,
            ..ClientOptions::default()
        })?;
        self.client = Some((key, client.clone()));
        Ok(client)
    }

    /// Forgets everything, as after an erase.
    pub(super) fn wipe(&mut self) {
        self.keychain = Keychain::default();
        self.store = ProfileStore::default();
        self.accounts.clear();
        self.prompts.clear();
        self.enrollment = None;
        self.unreported.clear();
        self.declarations.clear();
        self.client = None;
        self.wants_poll = false;
        self.passcode = false;
        self.locked = false;
    }
}
