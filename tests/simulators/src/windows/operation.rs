//! One operation on one node: whether it is allowed, and what comes of it.

use super::accounts::AccountKind;
use super::device::{Effect, Login, WindowsDevice};
use super::journal::Event;
use super::path::Path;
use super::prompts::PromptKind;
use super::schema::{Schema, Spec};
use super::syncml::{Item, Verb};
use super::tree::Value;

/// Windows' "one or more arguments are invalid".
pub(super) const INVALID_ARGUMENT: u32 = 0x8007_0057;
/// Windows' "catastrophic failure", shown where a node wants an `Atomic` around it.
pub(super) const UNEXPECTED: u32 = 0x8000_FFFF;
/// Values nobody reads back.
const MASK: &str = "******";

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Status; none where the device says nothing.
    pub(super) status: Option<u16>,
    /// The error behind it.
    pub(super) error: Option<u32>,
    /// What a Get found.
    pub(super) found: Option<Item>,
}

impl Outcome {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status: Some(status),
            error: None,
            found: None,
        }
    }

    /// 500, and the error behind it.
    pub(super) fn failed(error: u32) -> Self {
        Self {
            error: Some(error),
            ..Self::status(500)
        }
    }
}

/// What the operations of one `Atomic` know of each other.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Whether there is an `Atomic` at all.
    pub(super) atomic: bool,
    /// Nodes added in it.
    pub(super) added: Vec<Path>,
    /// Accounts whose change was approved, or refused.
    pub(super) asked: Vec<(Path, bool)>,
}

impl WindowsDevice {
    /// Carries one operation out.
    pub(super) fn operate(&mut self, verb: Verb, item: &Item, group: &mut Group) -> Outcome {
        let uri = item.target.clone().unwrap_or_default();
        if let Some(status) = self.script.of_command(verb.as_str(), &uri) {
            return Outcome::status(status);
        }
        if uri.contains('?') {
            return Outcome::status(406);
        }
        let Some(path) = Path::parse(&uri) else {
            return Outcome::status(400);
        };
        let path = self.own_scope(path);
        if verb == Verb::Exec && path.begins(&["Device", "Vendor", "MSFT", "DMClient", "Unenroll"])
        {
            return self.unenroll_by_name(item.data.as_deref().unwrap_or_default());
        }
        let Some(spec) = self.spec(&path) else {
            let other = match path.segment(0) {
                "User" => "Device",
                _ => "User",
            };
            // The node is there, but in the other scope.
            let elsewhere = path.begins(&["User"]) || path.begins(&["Device"]);
            let elsewhere = elsewhere && self.spec(&path.under(other)).is_some();
            return Outcome::status(if elsewhere { 425 } else { 404 });
        };
        if !spec.allows(verb) {
            return Outcome::status(405);
        }
        let path = match (path.segment(0), self.login) {
            ("User", Login::None) => return Outcome::status(425),
            ("User", Login::Others) => {
                if verb != Verb::Get {
                    self.note(Event::LandedElsewhere { uri: uri.clone() });
                }
                path.under("Others")
            }
            _ => path,
        };
        match verb {
            Verb::Get => self.get(&path, spec, &uri),
            Verb::Add => self.add(&path, spec, item, group),
            Verb::Replace => self.replace(&path, spec, item, group),
            Verb::Delete => self.delete(&path, spec),
            Verb::Exec => self.exec(&path),
            Verb::Atomic | Verb::Sequence => Outcome::status(400),
        }
    }

    /// Phones know mail accounts below the device's own prefix.
    fn own_scope(&self, path: Path) -> Path {
        let mail = matches!(path.segment(3), "ActiveSync" | "EMAIL2");
        if self.persona.version.is_phone() && mail && path.begins(&["Device", "Vendor", "MSFT"]) {
            path.under("User")
        } else {
            path
        }
    }

    /// What the node allows, if this build has it.
    fn spec(&self, path: &Path) -> Option<&'static Spec> {
        let path = if path.begins(&["Others"]) {
            path.under("User")
        } else {
            path.clone()
        };
        let spec = Schema::windows().find(path.segments())?;
        spec.is_on(self.persona.build).then_some(spec)
    }

    /// Whether a node is there: put there, or always.
    fn exists(&self, path: &Path, spec: &Spec) -> bool {
        if self.managed.tree.has(path) || self.fact(path).is_some() {
            return true;
        }
        (spec.permanent || !spec.dynamic && !spec.allows(Verb::Add)) && self.parent_exists(path)
    }

    fn parent_exists(&self, path: &Path) -> bool {
        let parent = path.parent();
        if parent.len() <= 1 || self.managed.tree.has(&parent) {
            return true;
        }
        match self.spec(&parent) {
            Some(spec) => self.exists(&parent, spec),
            // `./Device/Vendor` and `./Device/Vendor/MSFT` stand in no description file.
            None => parent.len() <= 3,
        }
    }

    fn get(&self, path: &Path, spec: &Spec, uri: &str) -> Outcome {
        let found = |format: &str, data: String| Outcome {
            found: Some(Item {
                source: Some(uri.to_owned()),
                format: Some(format.to_owned()),
                kind: (format != "node").then(|| "text/plain".to_owned()),
                data: Some(data),
                ..Item::default()
            }),
            ..Outcome::status(200)
        };
        if spec.is_interior() {
            if !self.exists(path, spec) {
                return Outcome::status(404);
            }
            let segments: Vec<&str> = path.segments().collect();
            let build = self.persona.build;
            let mut names = Schema::windows().permanent_below(segments, build);
            names.extend(self.managed.tree.below(path));
            names.sort_unstable();
            names.dedup();
            let names: Vec<String> = names.into_iter().map(crate::http::percent_encode).collect();
            return found("node", names.join("/"));
        }
        let value = self.managed.tree.value(path).cloned();
        match value.or_else(|| self.fact(path)) {
            Some(_) if is_masked(path.name()) => found(&spec.format, MASK.to_owned()),
            Some(Value { format, data }) => found(&format, data),
            None if self.exists(path, spec) => {
                found(&spec.format, spec.default.clone().unwrap_or_default())
            }
            None => Outcome::status(404),
        }
    }

    /// Whether format and value fit; the status where they do not.
    fn refuses(spec: &Spec, item: &Item) -> Option<Outcome> {
        let format = item.format.as_deref().unwrap_or("chr");
        let bare = item.format.is_none() && item.data.as_deref().unwrap_or_default().is_empty();
        if !(spec.fits(format) || spec.is_interior() && bare) {
            return Some(Outcome::status(415));
        }
        let data = item.data.as_deref().unwrap_or_default();
        let typed = match spec.format.as_str() {
            "int" => data.parse::<i64>().is_ok(),
            "bool" => matches!(data, "true" | "false" | "0" | "1"),
            _ => true,
        };
        if !typed {
            return Some(Outcome::status(400));
        }
        (!spec.is_interior() && !spec.takes(data)).then(|| Outcome::failed(INVALID_ARGUMENT))
    }

    fn add(&mut self, path: &Path, spec: &Spec, item: &Item, group: &mut Group) -> Outcome {
        if self.exists(path, spec) {
            let account = AccountKind::account_of(path);
            if matches!(&account, Some((AccountKind::ActiveSync, node)) if node == path) {
                return self.trapped(path);
            }
            return Outcome::status(418);
        }
        if let Some(refused) = Self::refuses(spec, item) {
            return refused;
        }
        for count in 2..=path.len() {
            let above = path.first(count);
            let Some(above_spec) = self.spec(&above) else {
                continue;
            };
            if self.exists(&above, above_spec) {
                continue;
            }
            if above_spec.dynamic && !above_spec.takes(above.name()) {
                return Outcome::failed(INVALID_ARGUMENT);
            }
            if above_spec.atomic_required && !group.atomic {
                return Outcome::failed(UNEXPECTED);
            }
        }
        if path.begins(&["SyncML", "DMAcc"]) && path.name() == "InitiateSession" {
            self.managed.effects.push(Effect::Session);
            return Outcome::status(200);
        }
        group.added.push(path.clone());
        self.set(path, spec, item)
    }

    fn replace(&mut self, path: &Path, spec: &Spec, item: &Item, group: &mut Group) -> Outcome {
        if !self.exists(path, spec) {
            return Outcome::status(404);
        }
        if group.added.contains(path) {
            // One Atomic cannot add and replace the same node ([MS-MDM] 2.2.7.2).
            return Outcome::failed(UNEXPECTED);
        }
        if let Some(refused) = Self::refuses(spec, item) {
            return refused;
        }
        if let Some((kind, account)) = AccountKind::account_of(path) {
            let data = item.data.as_deref().unwrap_or_default();
            let changes = self.managed.tree.text(path).is_some_and(|old| old != data);
            let fixed = match kind {
                AccountKind::ActiveSync => matches!(path.name(), "AccountType" | "UserName"),
                AccountKind::Internet => matches!(path.name(), "SERVICENAME" | "SERVICETYPE"),
            };
            if fixed && changes {
                return Outcome::status(405);
            }
            if kind == AccountKind::ActiveSync && changes && !self.approved(&account, group) {
                return Outcome::status(215);
            }
        }
        self.set(path, spec, item)
    }

    /// Whether the owner approves that an account is changed; asked once for one group of commands.
    fn approved(&mut self, account: &Path, group: &mut Group) -> bool {
        if let Some((_, answer)) = group.asked.iter().find(|(known, _)| known == account) {
            return *answer;
        }
        let address = self.managed.tree.text(&account.join("EmailAddress"));
        let address = address.unwrap_or_default().to_owned();
        let answer = self.ask_now(PromptKind::ReconfigureApproval, &address);
        group.asked.push((account.clone(), answer));
        answer
    }

    /// Adding an ActiveSync account that is there deletes it and makes none (page "ActiveSync CSP").
    fn trapped(&mut self, account: &Path) -> Outcome {
        let address = self.managed.tree.text(&account.join("EmailAddress"));
        let address = address.unwrap_or_default().to_owned();
        self.managed.tree.remove(account);
        self.managed.trapped.push(account.clone());
        self.note(Event::AccountTrapped { address });
        Outcome::status(418)
    }

    fn set(&mut self, path: &Path, spec: &Spec, item: &Item) -> Outcome {
        let data = item.data.clone().unwrap_or_default();
        if let Some(outcome) = self.install(path, &data) {
            return outcome;
        }
        if spec.is_interior() {
            for count in 1..=path.len() {
                self.managed.tree.put_interior(path.first(count));
            }
        } else {
            self.managed.tree.put(path.clone(), &spec.format, data);
        }
        Outcome::status(200)
    }

    fn delete(&mut self, path: &Path, spec: &Spec) -> Outcome {
        if spec.permanent {
            return Outcome::status(405);
        }
        if !self.exists(path, spec) {
            return Outcome::status(404);
        }
        self.managed.tree.remove(path);
        self.managed.stores.remove_within(path);
        self.managed.jobs.retain(|job| !job.node.is_within(path));
        Outcome::status(200)
    }

    fn exec(&mut self, path: &Path) -> Outcome {
        if !self.parent_exists(path) {
            return Outcome::status(404);
        }
        let names: Vec<&str> = path.segments().skip(3).collect();
        match names.as_slice() {
            ["ClientCertificateInstall", "SCEP", _, "Install", "Enroll"]
            | ["CertificateStore", "MY", "SCEP", _, "Install", "Enroll"] => self.begin_scep(path),
            ["CertificateStore", "MY", "WSTEP", "Renew", "RenewNow"] => {
                self.managed.effects.push(Effect::Renew);
                Outcome::status(200)
            }
            ["DMClient", "Provider", _, "Unenroll"] => {
                self.managed.effects.push(Effect::Unenroll);
                Outcome {
                    status: None,
                    ..Outcome::status(200)
                }
            }
            ["RemoteWipe", ..] => {
                self.managed.effects.push(Effect::Wipe(path.to_string()));
                Outcome::status(200)
            }
            _ => {
                self.note(Event::Executed {
                    node: path.to_string(),
                });
                Outcome::status(200)
            }
        }
    }

    /// `./Vendor/MSFT/DMClient/Unenroll`, the older way: the data names the account.
    fn unenroll_by_name(&mut self, provider: &str) -> Outcome {
        let ours = self.enrollment.as_ref();
        if ours.is_none_or(|enrollment| enrollment.provider_id() != provider) {
            return Outcome::status(404);
        }
        self.managed.effects.push(Effect::Unenroll);
        Outcome {
            status: None,
            ..Outcome::status(200)
        }
    }
}

/// Whether Get shows asterisks only.
fn is_masked(name: &str) -> bool {
    matches!(
        name,
        "Password" | "AUTHSECRET" | "SMTPALTPASSWORD" | "PFXCertPassword" | "Challenge"
    )
}
