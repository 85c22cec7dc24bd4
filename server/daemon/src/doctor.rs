//! What would make a real device refuse this server, and what to do about it.
//!
//! [`examine`] gathers facts; `judge` decides on them and does nothing else.

mod windows;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use mdm_certs::apple_tls::apple_tls_findings;
use mdm_certs::der::{Reader, Tag};
use mdm_certs::x509::CertificateFacts;
use mdm_core::device::{Device, DeviceState, Reality};
use mdm_core::ports::StoreUnavailable;
use mdm_core::time::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::PrimitiveDateTime;
use time::macros::format_description;

use crate::config::Push;
use crate::server::Server;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Something a tester will run into.
    Warning,
    /// Something does not work at all.
    Error,
}

/// One thing that is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule, dotted.
    pub rule: &'static str,
    /// How bad.
    pub level: Level,
    /// What it is.
    pub text: String,
    /// What can be done about it.
    pub hint: Option<String>,
}

impl Finding {
    fn new(
        rule: &'static str,
        level: Level,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            level,
            text: text.into(),
            hint: Some(hint.into()),
        }
    }
}

/// A device that a rule concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Patient {
    id: String,
    real: bool,
    state: DeviceState,
    state_since: Timestamp,
    topic: Option<String>,
    windows: bool,
}

/// What is known of a server when it is judged.
#[derive(Debug, Clone)]
struct Facts {
    now: Timestamp,
    name: String,
    /// A tunnel is in front: the name leads there.
    tunnelled: bool,
    /// Where the name leads; an error in words where it leads nowhere.
    resolved: Result<Vec<IpAddr>, String>,
    /// The addresses of this machine.
    addresses: Vec<IpAddr>,
    /// The TLS leaf, DER; why there is none in words.
    leaf: Result<Vec<u8>, String>,
    authority: Option<(OffsetDateTime, OffsetDateTime)>,
    crl: Vec<u8>,
    push_off: bool,
    push_topic: Option<String>,
    push_end: Option<Timestamp>,
    /// The CA's key, where a copy is worth while.
    ca_key: Option<PathBuf>,
    devices: Vec<Patient>,
    open_enrollment: bool,
    /// All names of this server.
    names: Vec<String>,
    /// The ports of the device listener.
    ports: Vec<u16>,
}

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(2);
/// Devices read at once.
const PAGE: usize = 1000;
/// Devices a finding names.
const NAMED: usize = 20;
/// Seconds a device may stay in a passing state.
const PATIENCE: i64 = 60;

/// Looks at a server and says what is not well, the worst first.
pub async fn examine(server: &Server) -> Result<Vec<Finding>, StoreUnavailable> {
    let name = server.advertised.name.clone();
    let config = &server.config;
    let facts = Facts {
        now: server.clock.now(),
        tunnelled: server.advertised.public_url.is_some(),
        resolved: resolve(&name).await,
        addresses: if_addrs::get_if_addrs()
            .unwrap_or_default()
            .iter()
            .map(if_addrs::Interface::ip)
            .collect(),
        leaf: match server.pki.tls_leaf() {
            Ok(Some(leaf)) => Ok(leaf),
            Ok(None) => Err("there is none".to_owned()),
            Err(error) => Err(error.to_string()),
        },
        authority: {
            let validity = server.pki.authority().facts().validity;
            Some((validity.not_before, validity.not_after))
        },
        crl: server.pki.crl().to_vec(),
        push_off: matches!(config.push, Push::None),
        push_topic: server.pusher.topic().map(ToOwned::to_owned),
        push_end: server.pusher.not_after(),
        ca_key: (!config.data.ephemeral).then(|| config.data.path.join("ca").join("ca.pem")),
        devices: patients(server).await?,
        open_enrollment: config.open_enrollment,
        names: config.names.clone(),
        ports: config.listen.iter().map(SocketAddr::port).collect(),
        name,
    };
    let mut findings = judge(&facts);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(findings)
}

/// Asks the system where the server's own name leads.
async fn resolve(name: &str) -> Result<Vec<IpAddr>, String> {
    let bare = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    match tokio::time::timeout(RESOLVE, tokio::net::lookup_host((bare, 0))).await {
        Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer came in time".to_owned()),
    }
}

/// The devices a rule may concern.
async fn patients(server: &Server) -> Result<Vec<Patient>, StoreUnavailable> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = server.store.devices(None, after.as_ref(), PAGE).await?;
        after = page.last().map(|device| device.id.clone());
        let full = page.len() == PAGE;
        found.extend(
            page.into_iter()
                .filter(|d| d.state != DeviceState::Removed)
                .map(Patient::from),
        );
        if !full {
            return Ok(found);
        }
    }
}

impl From<Device> for Patient {
    fn from(device: Device) -> Self {
        Self {
            id: device.id.to_string(),
            real: device.reality == Reality::Real,
            state: device.state,
            state_since: device.state_since,
            topic: device.topic,
            windows: device.windows.is_some(),
        }
    }
}

fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    clock(facts, &mut findings);
    name(facts, &mut findings);
    leaf(facts, &mut findings);
    revocations(facts, &mut findings);
    push(facts, &mut findings);
    devices(facts, &mut findings);
    windows::windows(facts, &mut findings);
    if let Some(key) = &facts.ca_key {
        findings.push(Finding::new(
            "ca.backup",
            Level::Note,
            format!("the only copy of the authority's key is `{}`", key.display()),
            "copy the data directory to a safe place: without that key every device has to trust a new root",
        ));
    }
    if facts.open_enrollment {
        findings.push(Finding::new(
            "enrollment.open",
            Level::Note,
            "whoever reaches this server can enroll",
            "leave `--open-enrollment` out to ask for a code",
        ));
    }
    findings
}

/// Before this the clock is certainly wrong: the software did not exist.
const EARLIEST: i64 = 1_735_689_600_000;

fn clock(facts: &Facts, findings: &mut Vec<Finding>) {
    let now = facts.now.to_datetime();
    let wrong = if facts.now.0 < EARLIEST {
        Some(format!("this machine's clock says {}", facts.now))
    } else {
        facts
            .authority
            .filter(|(begin, _)| now < *begin)
            .map(|(begin, _)| {
                format!(
                    "this machine's clock says {}, before the root was made ({})",
                    facts.now,
                    Timestamp::from(begin)
                )
            })
    };
    if let Some(text) = wrong {
        let hint = "set the clock: devices refuse certificates that are not valid yet";
        findings.push(Finding::new("clock.wrong", Level::Error, text, hint));
    }
    match facts.authority {
        Some((_, end)) if end <= now => findings.push(Finding::new(
            "ca.expired",
            Level::Error,
            format!("the root certificate ended at {}", Timestamp::from(end)),
            "start with a new data directory and let the devices trust its root",
        )),
        Some((_, end)) if end - now < time::Duration::days(90) => findings.push(Finding::new(
            "ca.ends",
            Level::Warning,
            format!("the root certificate ends at {}", Timestamp::from(end)),
            "plan a new data directory: devices have to trust its root",
        )),
        Some(_) | None => {}
    }
}

fn name(facts: &Facts, findings: &mut Vec<Finding>) {
    let name = &facts.name;
    if name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|a| a.is_loopback())
    {
        findings.push(Finding::new(
            "name.loopback",
            Level::Note,
            format!("the advertised name `{name}` reaches this server from this machine only"),
            "real devices need `--name HOST` that they can resolve",
        ));
        return;
    }
    let local = name.to_ascii_lowercase().ends_with(".local");
    match &facts.resolved {
        Err(why) => findings.push(Finding::new(
            "name.unresolved",
            if local { Level::Warning } else { Level::Error },
            format!("the advertised name `{name}` does not resolve here: {why}"),
            "enter it in the DNS, or choose another with `--name`; devices keep the name they enrolled with",
        )),
        Ok(found) if !facts.tunnelled && !found.iter().any(|a| facts.addresses.contains(a)) => {
            let list: Vec<_> = found.iter().map(ToString::to_string).collect();
            findings.push(Finding::new(
                "name.elsewhere",
                Level::Warning,
                format!("the advertised name `{name}` leads to {}, none of which is this machine", list.join(", ")),
                "correct the DNS, or say `--public-url` when something in front forwards to this server",
            ));
        }
        Ok(_) => {}
    }
    if local {
        findings.push(Finding::new(
            "name.mdns",
            Level::Note,
            format!("`{name}` is found by multicast DNS: only in this network, and not by every system"),
            "a name in your DNS works everywhere; give it with `--name` before the first device enrolls",
        ));
    }
}

fn leaf(facts: &Facts, findings: &mut Vec<Finding>) {
    let der = match &facts.leaf {
        Ok(der) => der,
        Err(why) => {
            let text = format!("the TLS certificate cannot be read: {why}");
            let hint =
                "look at the `ca` folder of the data directory; a restart makes a missing one";
            findings.push(Finding::new("tls.missing", Level::Error, text, hint));
            return;
        }
    };
    for broken in apple_tls_findings(der) {
        let text = format!("Apple devices refuse the TLS certificate: {broken}");
        let hint = "restart the server: it makes a certificate that keeps the rules";
        findings.push(Finding::new(broken.rule(), Level::Error, text, hint));
    }
    let Ok(leaf) = CertificateFacts::parse(der) else {
        return;
    };
    let now = facts.now.to_datetime();
    if now < leaf.validity.not_before || leaf.validity.not_after <= now {
        findings.push(Finding::new(
            "tls.expired",
            Level::Error,
            format!(
                "the TLS certificate is valid from {} to {}",
                Timestamp::from(leaf.validity.not_before),
                Timestamp::from(leaf.validity.not_after)
            ),
            "restart the server: it renews the certificate",
        ));
    }
}

fn revocations(facts: &Facts, findings: &mut Vec<Finding>) {
    let hint = "restart the server: it publishes a new one";
    match next_update(&facts.crl) {
        None => {
            let text = "the revocation list cannot be read";
            findings.push(Finding::new("crl.unreadable", Level::Error, text, hint));
        }
        Some(end) if end <= facts.now.to_datetime() => {
            let text = format!("the revocation list ended at {}", Timestamp::from(end));
            findings.push(Finding::new("crl.stale", Level::Error, text, hint));
        }
        Some(_) => {}
    }
}

/// `nextUpdate` of a revocation list (RFC 5280 section 5.1.2.5).
fn next_update(crl: &[u8]) -> Option<OffsetDateTime> {
    let mut list = mdm_certs::der::Element::parse(crl).ok()?.children();
    let mut inner: Reader<'_> = list.sequence("the list to be signed").ok()?;
    inner.optional(Tag::INTEGER).ok()?;
    for part in ["the algorithm", "the issuer", "thisUpdate"] {
        inner.next(part).ok()?;
    }
    let next = inner.next("nextUpdate").ok()?;
    let text = next.text();
    // RFC 5280 section 4.1.2.5.1: two digits of the year are of 1950 to 2049.
    let text = match (next.tag(), text.get(..2)?.parse::<u8>().ok()?) {
        (Tag::UTC_TIME, 50..) => format!("19{text}"),
        (Tag::UTC_TIME, _) => format!("20{text}"),
        _ => text,
    };
    let format = format_description!("[year][month][day][hour][minute][second]Z");
    PrimitiveDateTime::parse(&text, format)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

fn push(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(topic) = &facts.push_topic else {
        if facts.push_off {
            let text = "push is off: devices get commands only when they poll by themselves";
            let hint = "give `--push-certificate FILE` to wake real devices";
            findings.push(Finding::new("push.off", Level::Note, text, hint));
        } else {
            let text = "push is not configured: real devices cannot be woken";
            let hint = "give `--push-certificate FILE`, or `--push none` for devices that poll; a profile fetched by \
                        link (`mockmdm link`) needs no push";
            findings.push(Finding::new("push.missing", Level::Warning, text, hint));
        }
        return;
    };
    if let Some(end) = facts.push_end {
        let days = end.seconds_since(facts.now).div_euclid(86_400);
        let hint = "renew it in Apple's portal with the same Apple Account; a new one has another topic, and every \
                    device must enroll again";
        if end <= facts.now {
            let text = format!("the push certificate ended at {end}");
            findings.push(Finding::new("push.expired", Level::Error, text, hint));
        } else if days < 30 {
            let text = format!("the push certificate ends in {days} days");
            findings.push(Finding::new("push.ends", Level::Warning, text, hint));
        }
    }
    for (real, rule, level, which) in [
        (true, "push.topic", Level::Warning, "real"),
        (false, "push.topic-simulated", Level::Note, "simulated"),
    ] {
        let others: Vec<&Patient> = facts
            .devices
            .iter()
            .filter(|d| d.real == real && d.state == DeviceState::Enrolled)
            .filter(|d| d.topic.as_ref().is_some_and(|t| t != topic))
            .collect();
        if !others.is_empty() {
            let topics: BTreeSet<&str> = others.iter().filter_map(|d| d.topic.as_deref()).collect();
            let topics: Vec<&str> = topics.into_iter().take(3).collect();
            let text = format!(
                "{} {which} devices enrolled with another push topic ({}) than `{topic}` and cannot be woken: {}",
                others.len(),
                topics.join(", "),
                listed(&others)
            );
            findings.push(Finding::new(rule, level, text, "let them enroll again"));
        }
    }
}

fn devices(facts: &Facts, findings: &mut Vec<Finding>) {
    for (state, rule) in [
        (DeviceState::IdentityIssued, "device.identity-issued"),
        (DeviceState::Authenticated, "device.authenticated"),
    ] {
        let stuck: Vec<&Patient> = facts
            .devices
            .iter()
            .filter(|d| d.state == state && facts.now.seconds_since(d.state_since) > PATIENCE)
            .collect();
        if !stuck.is_empty() {
            let text = format!(
                "{} devices stay in the state `{}`: {}",
                stuck.len(),
                state.as_str(),
                listed(&stuck)
            );
            let hint = state.hint().map(ToOwned::to_owned);
            findings.push(Finding {
                rule,
                level: Level::Warning,
                text,
                hint,
            });
        }
    }
}

fn listed(devices: &[&Patient]) -> String {
    let ids: Vec<&str> = devices.iter().take(NAMED).map(|d| d.id.as_str()).collect();
    let more = devices.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", ids.join(", "))
}

#[cfg(test)]
mod tests;
