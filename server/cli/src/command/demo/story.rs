//! The story of the demo, step by step. Every step is done by the admin API or by a device, and then the server is asked
//! to wait until what was to happen did happen.

use std::collections::BTreeMap;
use std::time::Duration;

use mdm_simulators::apple::{AppleDevice, Persona, Platform};
use mdm_simulators::windows::{self, Login, Version, WindowsDevice};
use serde_json::{Value, json};

use super::catalogue::{
    self, CLIENT_PHONE81, CLIENT_WINDOWS, EXCHANGE_IOS, EXCHANGE_MACOS, EXCHANGE_OLD,
    EXCHANGE_PHONE81, EXCHANGE_WINDOWS, IMAP_IOS, IMAP_WINDOWS, ROOT_IOS, ROOT_MACOS, ROOT_PHONE81,
    ROOT_WINDOWS,
};
use super::plan::Who;
use super::timeline::{Timeline, wrapped};
use crate::client::Client;
use crate::command::sim::lab::{Authentication, Lab, user};
use crate::command::wait::wait;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::output::Output;
use crate::target::Target;

/// How long the server may wait for what a device has already done.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sessions after which a Windows device has all that was to go on it: root, identity and its outcome, mail, reading back.
const SESSIONS: usize = 4;

/// The demo under way.
pub(super) struct Story<'a> {
    lab: Lab,
    output: &'a mut Output,
    timeline: Timeline,
    devices: BTreeMap<Who, AppleDevice>,
    windows: BTreeMap<Who, WindowsDevice>,
    ids: BTreeMap<Who, String>,
    names: BTreeMap<String, &'static str>,
}

/// What is there when the story is over.
pub(super) struct Ending {
    /// The deliveries, as the admin API lists them.
    pub(super) deliveries: Vec<Value>,
    /// Everything that happened.
    pub(super) events: Vec<Value>,
    /// The devices.
    pub(super) ids: BTreeMap<Who, String>,
    /// The devices themselves.
    pub(super) devices: Vec<AppleDevice>,
    /// Those with Windows.
    pub(super) windows: Vec<WindowsDevice>,
}

impl<'a> Story<'a> {
    /// Nothing happened yet.
    pub(super) async fn begin(client: Client, output: &'a mut Output) -> Result<Self, Failure> {
        Ok(Self {
            lab: Lab::open(client).await?,
            output,
            timeline: Timeline::default(),
            devices: BTreeMap::new(),
            windows: BTreeMap::new(),
            ids: BTreeMap::new(),
            names: BTreeMap::new(),
        })
    }

    /// Tells it.
    pub(super) async fn tell(&mut self) -> Result<(), Failure> {
        self.heading(
            "A server of its own, with its own certificate authority. Alice enrolls an iPhone, which signs each \
             request (Mdm-Signature), Bob a Mac, which shows its certificate (mutual TLS).",
        )?;
        self.enroll(
            Who::Phone,
            Platform::Ios,
            "alice@lab.test",
            "Alice's iPhone",
        )
        .await?;
        self.enroll(Who::Mac, Platform::Macos, "bob@lab.test", "Bob's Mac")
            .await?;
        self.show().await?;

        let profiles = catalogue::all();
        self.heading(&format!(
            "{} profiles are made. The lab's root and an Exchange account with password go to the iPhone, which is \
             locked: it puts them off (NotNow).",
            profiles.len()
        ))?;
        for profile in &profiles {
            let target = Target::new(&["profiles", &text(profile, "id")]);
            self.lab.client.put(&target, profile).await?;
        }
        self.lock(Who::Phone, true);
        let root = self.deliver(Who::Phone, ROOT_IOS).await?;
        let old = self.deliver(Who::Phone, EXCHANGE_OLD).await?;
        self.poll(Who::Phone).await?;
        self.until(&root, "state", "deferred").await?;
        self.show().await?;

        self.heading("Meanwhile the Mac gets the root, and its user an Exchange account with a certificate by SCEP.")?;
        let deliveries = [
            self.deliver(Who::Mac, ROOT_MACOS).await?,
            self.deliver(Who::Mac, EXCHANGE_MACOS).await?,
        ];
        self.poll(Who::Mac).await?;
        for delivery in &deliveries {
            self.until(delivery, "evidence", "read_back").await?;
        }
        self.show().await?;

        self.heading("Alice unlocks her iPhone: what was put off is installed, and read back.")?;
        self.lock(Who::Phone, false);
        self.poll(Who::Phone).await?;
        for delivery in [&root, &old] {
            self.until(delivery, "evidence", "read_back").await?;
        }
        self.show().await?;

        self.heading(
            "An Exchange account with a certificate comes for the same mailbox. There can be only one, so the iPhone \
             refuses it.",
        )?;
        let new = self.deliver(Who::Phone, EXCHANGE_IOS).await?;
        self.poll(Who::Phone).await?;
        self.until(&new, "state", "error").await?;
        self.show().await?;

        self.heading("The old account is removed; then the new one is delivered again.")?;
        self.lab
            .client
            .delete(&Target::new(&["deliveries", &old]))
            .await?;
        self.poll(Who::Phone).await?;
        self.until(&old, "state", "removed").await?;
        let target = Target::new(&["deliveries", &new, "redeliver"]);
        self.lab.client.post(&target, &json!({})).await?;
        self.poll(Who::Phone).await?;
        self.until(&new, "evidence", "read_back").await?;
        self.show().await?;

        self.heading("Last, an IMAP account that signs mail with an S/MIME certificate.")?;
        let imap = self.deliver(Who::Phone, IMAP_IOS).await?;
        self.poll(Who::Phone).await?;
        self.until(&imap, "evidence", "read_back").await?;
        self.show().await?;
        self.tell_of_windows().await
    }

    /// Windows: held for a user, delivered in order, read back, renewed, unenrolled.
    async fn tell_of_windows(&mut self) -> Result<(), Failure> {
        self.heading(
            "Carol enrolls a PC with Windows 11, Dave a phone with Windows Phone 8.1, each by a code for a password. Then \
             nobody is logged in at the PC: the root goes on it, what is Carol's waits for her.",
        )?;
        self.enroll_windows(Who::Pc, Version::Windows11, "carol@lab.test")
            .await?;
        self.enroll_windows(Who::Phone81, Version::Phone81, "dave@lab.test")
            .await?;
        self.log_in(Login::None);
        let root = self.deliver(Who::Pc, ROOT_WINDOWS).await?;
        let identity = self.deliver(Who::Pc, CLIENT_WINDOWS).await?;
        let exchange = self.deliver(Who::Pc, EXCHANGE_WINDOWS).await?;
        let imap = self.deliver(Who::Pc, IMAP_WINDOWS).await?;
        self.sessions(Who::Pc).await?;
        self.until(&root, "evidence", "read_back").await?;
        self.until(&identity, "state", "deferred").await?;
        self.show().await?;

        self.heading(
            "Carol logs in, and Dave's phone gets its own: the identity comes by SCEP and is asked for until it is there, \
             then come the accounts. No account of Windows can name a certificate.",
        )?;
        self.log_in(Login::User);
        let mut deliveries = vec![identity, exchange, imap];
        for profile in [ROOT_PHONE81, CLIENT_PHONE81, EXCHANGE_PHONE81] {
            deliveries.push(self.deliver(Who::Phone81, profile).await?);
        }
        self.sessions(Who::Pc).await?;
        self.sessions(Who::Phone81).await?;
        for delivery in &deliveries {
            self.until(delivery, "evidence", "read_back").await?;
        }
        self.show().await?;

        self.heading(
            "The PC renews its certificate, and Dave disconnects his phone: all that was on it is gone.",
        )?;
        if let Some(pc) = self.windows.get_mut(&Who::Pc) {
            let failed = |error| Failure::simulation("renewing the PC's certificate", error);
            pc.renew().await.map_err(failed)?;
        }
        self.sessions(Who::Pc).await?;
        if let Some(phone) = self.windows.get_mut(&Who::Phone81) {
            let failed = |error| Failure::simulation("disconnecting the phone", error);
            phone.unenroll().await.map_err(failed)?;
        }
        for delivery in deliveries.iter().skip(3) {
            self.until(delivery, "state", "gone").await?;
        }
        self.show().await
    }

    /// Says what went wrong, after what happened until then.
    pub(super) fn complain(&mut self, failure: &Failure) -> Result<(), Failure> {
        self.output.note(failure.report().trim_end())
    }

    /// Collects what came of it.
    pub(super) async fn end(mut self) -> Result<Ending, Failure> {
        self.show().await?;
        let page = self.lab.client.get(&Target::new(&["deliveries"])).await?;
        Ok(Ending {
            deliveries: items(&page).to_vec(),
            events: self.timeline.events,
            ids: self.ids,
            devices: self.devices.into_values().collect(),
            windows: self.windows.into_values().collect(),
        })
    }

    async fn enroll(
        &mut self,
        who: Who,
        platform: Platform,
        principal: &str,
        name: &str,
    ) -> Result<(), Failure> {
        let authentication = if platform.is_macos() {
            Authentication::MutualTls
        } else {
            Authentication::Signature
        };
        let mut persona = Persona::from_seed(platform, 1);
        name.clone_into(&mut persona.device_name);
        if let (Some(user), Some((short, _))) = (&mut persona.user, principal.split_once('@')) {
            short.clone_into(&mut user.short_name);
        }
        let user = Some(user(principal));
        let device = self.lab.enroll(persona, authentication, user).await?;
        if let Some(id) = self.lab.ids().await?.remove(&device.persona().udid) {
            self.names.insert(id.clone(), who.as_str());
            self.ids.insert(who, id);
        }
        self.devices.insert(who, device);
        Ok(())
    }

    async fn enroll_windows(
        &mut self,
        who: Who,
        version: Version,
        principal: &str,
    ) -> Result<(), Failure> {
        let persona = windows::Persona::from_seed(version, 1);
        let user = Some(user(principal));
        let device = self.lab.enroll_windows(persona, user).await?;
        if let Some(id) = self.lab.ids().await?.remove(&device.persona().device_id) {
            self.names.insert(id.clone(), who.as_str());
            self.ids.insert(who, id);
        }
        self.windows.insert(who, device);
        Ok(())
    }

    /// Who is logged in at the PC.
    fn log_in(&mut self, login: Login) {
        if let Some(pc) = self.windows.get_mut(&Who::Pc) {
            pc.set_login(login);
        }
    }

    /// As many sessions of a Windows device as it may need.
    async fn sessions(&mut self, who: Who) -> Result<(), Failure> {
        if let Some(device) = self.windows.get_mut(&who) {
            let failed =
                |error| Failure::simulation(format!("a session of the {}", who.as_str()), error);
            for _ in 0..SESSIONS {
                device.poll().await.map_err(failed)?;
            }
        }
        Ok(())
    }

    fn lock(&mut self, who: Who, locked: bool) {
        if let Some(device) = self.devices.get_mut(&who) {
            device.set_locked(locked);
        }
    }

    /// A device asks for commands until there are no more.
    async fn poll(&mut self, who: Who) -> Result<(), Failure> {
        if let Some(device) = self.devices.get_mut(&who) {
            device.poll().await.map_err(|error| {
                Failure::simulation(format!("polling as the {}", who.as_str()), error)
            })?;
        }
        Ok(())
    }

    /// Delivers a profile; the delivery's id.
    async fn deliver(&mut self, who: Who, profile: &str) -> Result<String, Failure> {
        let body = json!({"device": self.ids.get(&who), "profile": profile});
        let delivery = self
            .lab
            .client
            .post(&Target::new(&["deliveries"]), &body)
            .await?;
        Ok(text(&delivery, "id"))
    }

    /// Lets the server wait until this holds of a delivery.
    async fn until(&mut self, delivery: &str, what: &str, wanted: &str) -> Result<(), Failure> {
        let target = Target::new(&["wait"])
            .query("delivery", delivery)
            .query(what, wanted);
        wait(&self.lab.client, &target, None, PATIENCE)
            .await
            .map(drop)
    }

    fn heading(&mut self, text: &str) -> Result<(), Failure> {
        if self.output.is_json() {
            return Ok(());
        }
        let gap = if self.ids.is_empty() { "" } else { "\n" };
        self.output.text(&format!("{gap}{}", wrapped("", text)))
    }

    /// Shows what happened since the last time.
    async fn show(&mut self) -> Result<(), Failure> {
        let lines = self.timeline.read(&self.lab.client, &self.names).await?;
        if self.output.is_json() {
            return Ok(());
        }
        self.output.text(&lines)
    }
}
