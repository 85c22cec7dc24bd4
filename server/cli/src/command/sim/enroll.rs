//! `mockmdm sim enroll`: enroll simulated devices.

use std::collections::BTreeMap;

use clap::Args;
use mdm_simulators::apple::{AppleDevice, Platform};
use mdm_simulators::windows::{Version, WindowsDevice};
use serde_json::{Value, json};

use super::crowd::{Order, Poll, WindowsOrder, attend};
use super::lab::{Authentication, Lab};
use crate::command::exec::Signals;
use crate::config::duration::Span;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::session::Session;
use crate::table::Table;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Apple(Platform),
    Windows,
}

impl std::str::FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "windows" {
            return Ok(Self::Windows);
        }
        text.parse()
            .map(Self::Apple)
            .map_err(|_| format!("`{text}` is not one of ios, ipados, macos, windows"))
    }
}

/// Arguments of `sim enroll`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// `ios`, `ipados`, `macos` or `windows`
    platform: Kind,
    /// Version of Windows: `phone-8.1`, `10-mobile`, `10-19045`, `11-22631` (if left out) or `11-25h2`
    #[arg(long)]
    persona: Option<Version>,
    /// How many
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// User principal name of the user they belong to, such as ada@example.com
    #[arg(long, value_name = "UPN")]
    user: Option<String>,
    /// They show their certificate in the TLS handshake instead of signing their requests; Windows does so by itself
    #[arg(long)]
    mtls: bool,
    /// Seed of the first device; the next ones count on. The same seed is the same device, which enrolls anew
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let them poll until interrupted; without it they stay silent, and their keys are gone
    #[arg(long)]
    stay: bool,
    /// How long each waits between two polls
    #[arg(long, default_value = "2s", value_name = "TIME", requires = "stay")]
    every: Span,
}

/// Does it.
pub(super) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    match (arguments.platform, arguments.persona, arguments.mtls) {
        (Kind::Apple(_), Some(_), _) => Err(Failure::usage(
            "only Windows devices have a persona",
            "leave `--persona` out, or say `windows`",
        )),
        (Kind::Windows, _, true) => Err(Failure::usage(
            "Windows devices show their certificate as their enrollment tells them to",
            "leave `--mtls` out",
        )),
        (Kind::Apple(platform), None, mtls) => {
            let order = Order {
                platform,
                count,
                seed: arguments.seed,
                authentication: if mtls {
                    Authentication::MutualTls
                } else {
                    Authentication::Signature
                },
                user: arguments.user.clone(),
            };
            let mut signals = Signals::listen()?;
            let lab = Lab::open(session.client()?).await?;
            let devices = tokio::select! {
                devices = order.enroll(&lab) => devices?,
                signal = signals.next() => return Ok(Exit::Signal(signal)),
            };
            let told = told(devices.iter().map(|device| apple(device, &order)), &lab).await?;
            session.output.table(&told, list)?;
            stay(session, &arguments, &mut signals, devices).await
        }
        (Kind::Windows, version, false) => {
            let order = WindowsOrder {
                version: version.unwrap_or(Version::Windows11),
                count,
                seed: arguments.seed,
                user: arguments.user.clone(),
            };
            let mut signals = Signals::listen()?;
            let lab = Lab::open(session.client()?).await?;
            let devices = tokio::select! {
                devices = order.enroll(&lab) => devices?,
                signal = signals.next() => return Ok(Exit::Signal(signal)),
            };
            let rows = devices.iter().map(|device| windows(device, &order));
            let told = told(rows, &lab).await?;
            session.output.table(&told, list)?;
            stay(session, &arguments, &mut signals, devices).await
        }
    }
}

/// Lets devices poll, if that is wanted.
async fn stay<D: Poll>(
    session: &mut Session,
    arguments: &Arguments,
    signals: &mut Signals,
    devices: Vec<D>,
) -> Result<Exit, Failure> {
    if arguments.stay {
        session
            .output
            .note("simulated devices answer the server until you interrupt them")?;
        let Span(pause) = arguments.every;
        tokio::select! {
            () = attend(devices, pause) => session.output.note("no device is enrolled any more")?,
            _ = signals.next() => {}
        }
    }
    Ok(Exit::Done)
}

/// Rows, each with the id the server gave its device.
async fn told(rows: impl Iterator<Item = Value>, lab: &Lab) -> Result<Value, Failure> {
    let ids = lab.ids().await?;
    Ok(with_ids(rows, &ids))
}

fn with_ids(rows: impl Iterator<Item = Value>, ids: &BTreeMap<String, String>) -> Value {
    let rows = rows.map(|mut row| {
        let id = ids.get(&text(&row, "udid")).cloned();
        if let Some(row) = row.as_object_mut() {
            row.insert("id".to_owned(), json!(id));
        }
        row
    });
    json!({"items": rows.collect::<Vec<_>>()})
}

fn apple(device: &AppleDevice, order: &Order) -> Value {
    let persona = device.persona();
    json!({
        "udid": persona.udid,
        "serial_number": persona.serial_number,
        "device_name": persona.device_name,
        "product_name": persona.product_name,
        "user": order.user,
        "authentication": order.authentication.as_str(),
    })
}

fn windows(device: &WindowsDevice, order: &WindowsOrder) -> Value {
    let persona = device.persona();
    let shows = device
        .enrollment()
        .is_some_and(|enrollment| enrollment.account.search.is_some());
    json!({
        "udid": persona.device_id,
        "serial_number": persona.serial_number,
        "device_name": persona.device_name,
        "product_name": format!("{} ({})", persona.system, persona.os_version),
        "user": order.user,
        "authentication": if shows { Authentication::MutualTls.as_str() } else { "credentials" },
    })
}

fn list(told: &Value) -> Table {
    let mut table = Table::new(
        &["id", "name", "product", "udid", "user", "authentication"],
        "no devices",
    );
    for device in items(told) {
        table.row([
            text(device, "id"),
            text(device, "device_name"),
            text(device, "product_name"),
            text(device, "udid"),
            text(device, "user"),
            text(device, "authentication"),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use mdm_simulators::apple::{Environment, Persona};

    use super::*;

    #[test]
    fn what_is_told_of_them() {
        let environment = Environment::new(Vec::new());
        let devices: Vec<AppleDevice> = (1..=2)
            .map(|seed| {
                AppleDevice::new(Persona::from_seed(Platform::Ios, seed), environment.clone())
            })
            .collect();
        let ids = BTreeMap::from([(devices[0].persona().udid.clone(), "d-1".to_owned())]);
        let order = Order {
            platform: Platform::Ios,
            count: 2,
            seed: 1,
            authentication: Authentication::Signature,
            user: Some("é&<b>@lab.test".to_owned()),
        };
        let udids = [0, 1].map(|at: usize| devices[at].persona().udid.clone());
        let rows = devices.iter().map(|device| apple(device, &order));
        let shown = list(&with_ids(rows, &ids))
            .to_string()
            .replace(&udids[0], "UDID-OF-THE-FIRST-DEVICE-")
            .replace(&udids[1], "UDID-OF-THE-SECOND-DEVICE");
        insta::assert_snapshot!(shown, @r"
        id   name                product     udid                       user            authentication
        d-1  Simulated iPhone 1  iPhone17,1  UDID-OF-THE-FIRST-DEVICE-  é&<b>@lab.test  Mdm-Signature
        -    Simulated iPhone 2  iPhone17,1  UDID-OF-THE-SECOND-DEVICE  é&<b>@lab.test  Mdm-Signature
        ");
        for (word, kind) in [
            ("windows", Some(Kind::Windows)),
            ("macos", Some(Kind::Apple(Platform::Macos))),
            ("linux", None),
        ] {
            assert_eq!(word.parse::<Kind>().ok(), kind, "{word}");
        }
    }
}
