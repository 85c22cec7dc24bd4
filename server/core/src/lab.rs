//! What a lab is to look like: users, groups, profiles, assignments and settings, as one document.

use std::collections::BTreeSet;

use mdm_payloads::{Complaint, Complaints, Profile, Reader, Secret, Semantics, User, nearest};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::assignment::Assignment;
use crate::group::{Group, GroupKind};
use crate::id::{GroupId, ProfileId, Scope, UserId, Version};
use crate::time::Timestamp;
use crate::user::StoredUser;

/// Mistakes that are told at most.
const MOST_COMPLAINTS: usize = 200;

/// A user as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Its key.
    pub id: UserId,
    /// What the directory knows.
    pub user: User,
    /// Whether "all users" means this one, too.
    pub licensed: bool,
    /// What a Windows device gives at enrollment.
    pub enrollment_password: Option<Secret>,
}

/// A group as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Its key.
    pub id: GroupId,
    /// The name people see.
    pub display_name: Option<String>,
    /// What it holds.
    pub kind: GroupKind,
    /// Who is in it, as written, in the order of writing.
    pub members: Vec<String>,
}

/// An assignment as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssignment {
    /// The profile.
    pub profile: ProfileId,
    /// Groups that get it; what names no group is refused when it is looked up.
    pub include: Vec<String>,
    /// Groups that do not.
    pub exclude: Vec<String>,
    /// Every device.
    pub all_devices: bool,
    /// Every licensed user.
    pub all_users: bool,
}

/// A lab as its author wrote it. Its parts are in the order of writing, so that a complaint about one of
/// them can name its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lab {
    /// Which edition of Intune's rules applies; what is not said stays as it is.
    pub semantics: Option<Semantics>,
    /// Users.
    pub users: Vec<NewUser>,
    /// Groups.
    pub groups: Vec<NewGroup>,
    /// Profiles.
    pub profiles: Vec<Profile>,
    /// Assignments.
    pub assignments: Vec<NewAssignment>,
}

/// The tables of a lab.
const TABLES: [&str; 5] = ["settings", "user", "group", "profile", "assignment"];

impl Lab {
    /// Reads a lab from an object whose keys are the tables of a lab file, with every mistake told at once. A complaint
    /// names the place it is about: `user[3].mail`.
    pub fn read(mut object: Map<String, Value>) -> Result<Self, Complaints> {
        let mut all = Vec::new();
        let mut lab = Self::default();
        if let Some(settings) = object.remove("settings") {
            match settings {
                Value::Object(settings) => {
                    lab.semantics = within("settings", &mut all, || read_settings(settings));
                }
                other => all.push(Complaint::new("settings", short(&other), "a table")),
            }
        }
        lab.users = table(&mut object, "user", &mut all, NewUser::read);
        lab.groups = table(&mut object, "group", &mut all, NewGroup::read);
        lab.profiles = table(&mut object, "profile", &mut all, read_profile);
        lab.assignments = table(&mut object, "assignment", &mut all, NewAssignment::read);
        for key in object.keys() {
            all.push(unknown_table(key));
        }
        for (kind, doubled) in [
            ("user", doubled(lab.users.iter().map(|u| u.id.as_str()))),
            ("group", doubled(lab.groups.iter().map(|g| g.id.as_str()))),
            (
                "profile",
                doubled(lab.profiles.iter().map(|p| p.id.as_str())),
            ),
            (
                "assignment",
                doubled(lab.assignments.iter().map(|a| a.profile.as_str())),
            ),
        ] {
            let key = match kind {
                "user" => "user_principal_name",
                "assignment" => "profile",
                _ => "id",
            };
            // Places are those of writing only where nothing before was left out.
            if all.is_empty() {
                all.extend(doubled.into_iter().map(|(place, id)| {
                    Complaint::new(
                        format!("{kind}[{place}].{key}"),
                        format!("`{id}` a second time"),
                        "each of them once",
                    )
                }));
            }
        }
        if all.is_empty() {
            Ok(lab)
        } else {
            all.truncate(MOST_COMPLAINTS);
            Err(Complaints(all))
        }
    }
}

fn unknown_table(key: &str) -> Complaint {
    let name: String = key.chars().take(80).collect();
    let allowed = match key {
        "fault" | "faults" => {
            return Complaint::new(
                name,
                "faults, which this release does not know yet",
                "a lab without them",
            );
        }
        _ => match nearest(key, TABLES) {
            Some(known) => format!("a table of a lab, perhaps `{known}`"),
            None => format!("one of {}", TABLES.join(", ")),
        },
    };
    Complaint::new(name, "an unknown key", allowed)
}

/// Runs `read`, and puts what it complains about below `path`.
fn within<T>(
    path: &str,
    all: &mut Vec<Complaint>,
    read: impl FnOnce() -> Result<T, Complaints>,
) -> Option<T>
where
{
    match read() {
        Ok(value) => Some(value),
        Err(complaints) => {
            all.extend(complaints.0.into_iter().map(|complaint| {
                let path = if complaint.path.is_empty() {
                    path.to_owned()
                } else {
                    format!("{path}.{}", complaint.path)
                };
                Complaint { path, ..complaint }
            }));
            None
        }
    }
}

/// Takes an array of tables out of `object`.
fn table<T>(
    object: &mut Map<String, Value>,
    name: &str,
    all: &mut Vec<Complaint>,
    read: impl Fn(Map<String, Value>) -> Result<T, Complaints>,
) -> Vec<T> {
    let items = match object.remove(name) {
        None => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            all.push(Complaint::new(
                name,
                short(&other),
                format!("`[[{name}]]` tables"),
            ));
            return Vec::new();
        }
    };
    let mut read_items = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        let path = format!("{name}[{place}]");
        match item {
            Value::Object(item) => read_items.extend(within(&path, all, || read(item))),
            other => all.push(Complaint::new(path, short(&other), "a table")),
        }
    }
    read_items
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}

/// Those that are there a second time, with their place.
fn doubled<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<(usize, String)> {
    let mut seen = BTreeSet::new();
    ids.enumerate()
        .filter(|(_, id)| !seen.insert(id.to_owned()))
        .map(|(place, id)| (place, id.to_owned()))
        .collect()
}

/// Ends the reading of an object: what is left over is unknown.
fn finish<T>(reader: Reader, known: &[&str], value: Option<T>) -> Result<T, Complaints> {
    let (left, mut complaints) = reader.finish();
    complaints.extend(left.iter().take(20).map(|name| {
        let allowed = match nearest(name, known.iter().copied()) {
            Some(meant) => format!("a known key, perhaps `{meant}`"),
            None => format!("one of {}", known.join(", ")),
        };
        Complaint::new(
            name.chars().take(80).collect::<String>(),
            "an unknown key",
            allowed,
        )
    }));
    match value {
        Some(value) if complaints.is_empty() => Ok(value),
        _ => Err(Complaints(complaints)),
    }
}

/// An identifier, judged by its own rule.
fn id<T: std::str::FromStr<Err: std::fmt::Display>>(
    reader: &mut Reader,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, T::Err>,
    allowed: &str,
) -> Option<T> {
    let text: String = reader.required(name)?;
    let parsed = parse(&text).ok();
    if parsed.is_none() {
        let found: String = text.chars().take(80).collect();
        reader.complain(Complaint::new(name, format!("`{found}`"), allowed));
    }
    parsed
}

fn read_settings(object: Map<String, Value>) -> Result<Semantics, Complaints> {
    let mut reader = Reader::new(object);
    let text: Option<String> = reader.required("semantics");
    let semantics = text.and_then(|text| {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let found: String = text.chars().take(80).collect();
            reader.complain(Complaint::new(
                "semantics",
                format!("`{found}`"),
                "2017, 2020 or current",
            ));
        }
        parsed
    });
    finish(reader, &["semantics"], semantics)
}

fn read_profile(object: Map<String, Value>) -> Result<Profile, Complaints> {
    let profile = Profile::read(object)?;
    let complaints = profile.validate();
    if complaints.is_empty() {
        Ok(profile)
    } else {
        Err(Complaints(complaints))
    }
}

impl NewUser {
    const KEYS: [&'static str; 12] = [
        "user_principal_name",
        "mail",
        "sam_account_name",
        "domain_name",
        "net_bios_domain_name",
        "full_name",
        "given_name",
        "surname",
        "on_premises_distinguished_name",
        "on_premises_security_identifier",
        "licensed",
        "enrollment_password",
    ];

    /// Reads one user.
    pub fn read(object: Map<String, Value>) -> Result<Self, Complaints> {
        let mut reader = Reader::new(object);
        let name: Option<String> = reader.or("user_principal_name", String::new());
        let key = name.as_deref().and_then(|name| {
            let key = UserId::of(name).ok().filter(|_| name.contains('@'));
            if key.is_none() {
                let found: String = name.chars().take(80).collect();
                let found = if found.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{found}`")
                };
                let allowed =
                    "a name such as ada@example.com, of at most 256 printable ASCII characters";
                reader.complain(Complaint::new("user_principal_name", found, allowed));
            }
            key
        });
        let mut text = |name| -> Option<Option<String>> { reader.or(name, None) };
        let mail = text("mail");
        let sam_account_name = text("sam_account_name");
        let domain_name = text("domain_name");
        let net_bios_domain_name = text("net_bios_domain_name");
        let full_name = text("full_name");
        let given_name = text("given_name");
        let surname = text("surname");
        let distinguished_name = text("on_premises_distinguished_name");
        let security_identifier = text("on_premises_security_identifier");
        let licensed = reader.or("licensed", true);
        let password: Option<Option<String>> = reader.or("enrollment_password", None);
        let user = || {
            Some(Self {
                id: key?,
                user: User {
                    user_principal_name: name?,
                    mail: mail?,
                    sam_account_name: sam_account_name?,
                    domain_name: domain_name?,
                    net_bios_domain_name: net_bios_domain_name?,
                    full_name: full_name?,
                    given_name: given_name?,
                    surname: surname?,
                    on_premises_distinguished_name: distinguished_name?,
                    on_premises_security_identifier: security_identifier?,
                },
                licensed: licensed?,
                enrollment_password: password?.map(Secret::from),
            })
        };
        let user = user();
        finish(reader, &Self::KEYS, user)
    }

    /// The record it becomes.
    pub fn record(&self, scope: &Scope, now: Timestamp) -> StoredUser {
        StoredUser {
            id: self.id.clone(),
            version: Version(0),
            scope: scope.clone(),
            user: self.user.clone(),
            licensed: self.licensed,
            enrollment_password: self.enrollment_password.clone(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// What an id of ours may be.
const ID: &str = "1 to 64 printable ASCII characters without space";

fn required<T: DeserializeOwned>(reader: &mut Reader, name: &'static str) -> Option<T> {
    reader.required(name)
}

impl NewGroup {
    const KEYS: [&'static str; 4] = ["id", "display_name", "kind", "members"];

    /// Reads one group.
    pub fn read(object: Map<String, Value>) -> Result<Self, Complaints> {
        let mut reader = Reader::new(object);
        let key = id(&mut reader, "id", str::parse::<GroupId>, ID);
        let display_name = reader.or("display_name", None);
        let kind = required::<String>(&mut reader, "kind").and_then(|kind| match kind.as_str() {
            "user" => Some(GroupKind::User),
            "device" => Some(GroupKind::Device),
            other => {
                let found: String = other.chars().take(80).collect();
                reader.complain(Complaint::new(
                    "kind",
                    format!("`{found}`"),
                    "user or device",
                ));
                None
            }
        });
        let members: Option<Vec<String>> = reader.or("members", Vec::new());
        if let Some(members) = &members {
            if members.len() > Group::MOST_MEMBERS {
                reader.complain(Complaint::new(
                    "members",
                    format!("{} members", members.len()),
                    format!("at most {}", Group::MOST_MEMBERS),
                ));
            }
            for (place, member) in members.iter().enumerate() {
                if member.trim().is_empty() || member.len() > 256 {
                    reader.complain(Complaint::new(
                        format!("members[{place}]"),
                        format!("{} bytes", member.len()),
                        "1 to 256 bytes",
                    ));
                }
            }
        }
        let group = || {
            Some(Self {
                id: key?,
                display_name: display_name?,
                kind: kind?,
                members: members?,
            })
        };
        let group = group();
        finish(reader, &Self::KEYS, group)
    }

    /// The record it becomes.
    pub fn record(&self, scope: &Scope, now: Timestamp) -> Group {
        Group {
            id: self.id.clone(),
            version: Version(0),
            scope: scope.clone(),
            display_name: self.display_name.clone(),
            kind: self.kind,
            members: self.members.iter().map(|m| m.to_lowercase()).collect(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl NewAssignment {
    const KEYS: [&'static str; 5] = ["profile", "include", "exclude", "all_devices", "all_users"];

    /// Reads one assignment.
    pub fn read(object: Map<String, Value>) -> Result<Self, Complaints> {
        let mut reader = Reader::new(object);
        let profile = id(
            &mut reader,
            "profile",
            str::parse::<ProfileId>,
            "the id of a profile",
        );
        let include = reader.or("include", Vec::new());
        let exclude = reader.or("exclude", Vec::new());
        let all_devices = reader.or("all_devices", false);
        let all_users = reader.or("all_users", false);
        let assignment = || {
            Some(Self {
                profile: profile?,
                include: include?,
                exclude: exclude?,
                all_devices: all_devices?,
                all_users: all_users?,
            })
        };
        let assignment = assignment();
        finish(reader, &Self::KEYS, assignment)
    }

    /// The record it becomes; what names no group is left out, see [`crate::plan`].
    pub fn record(&self, scope: &Scope, now: Timestamp) -> Assignment {
        let ids = |names: &[String]| names.iter().filter_map(|name| name.parse().ok()).collect();
        Assignment {
            profile: self.profile.clone(),
            version: Version(0),
            scope: scope.clone(),
            include: ids(&self.include),
            exclude: ids(&self.exclude),
            all_devices: self.all_devices,
            all_users: self.all_users,
            created_at: now,
            updated_at: now,
        }
    }
}
