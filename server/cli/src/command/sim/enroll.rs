//! `mockmdm sim enroll`: enroll simulated devices.

use std::collections::BTreeMap;

use clap::Args;
use mdm_simulators::apple::{AppleDevice, Platform};
use serde_json::{Value, json};

use super::crowd::{Order, attend};
use super::lab::{Authentication, Lab};
use crate::command::exec::Signals;
use crate::config::duration::Span;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::{items, text};
use crate::session::Session;
use crate::table::Table;

/// Arguments of `sim enroll`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// `ios`, `ipados` or `macos`
    platform: Platform,
    /// How many
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// User principal name of the user they belong to, such as ada@example.com
    #[arg(long, value_name = "UPN")]
    user: Option<String>,
    /// They show their certificate in the TLS handshake instead of signing their requests
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
    let mut signals = Signals::listen()?;
    let lab = Lab::open(session.client()?).await?;
    let order = Order {
        platform: arguments.platform,
        count: usize::try_from(arguments.count).unwrap_or(usize::MAX),
        seed: arguments.seed,
        authentication: if arguments.mtls {
            Authentication::MutualTls
        } else {
            Authentication::Signature
        },
        user: arguments.user,
    };
    let devices = tokio::select! {
        devices = order.enroll(&lab) => devices?,
        signal = signals.next() => return Ok(Exit::Signal(signal)),
    };
    let ids = lab.ids().await?;
    let told = told(&devices, &ids, &order);
    session.output.table(&told, list)?;
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

fn told(devices: &[AppleDevice], ids: &BTreeMap<String, String>, order: &Order) -> Value {
    let device = |device: &AppleDevice| {
        let persona = device.persona();
        json!({
            "id": ids.get(&persona.udid),
            "udid": persona.udid,
            "serial_number": persona.serial_number,
            "device_name": persona.device_name,
            "product_name": persona.product_name,
            "user": order.user,
            "authentication": order.authentication.as_str(),
        })
    };
    json!({"items": devices.iter().map(device).collect::<Vec<_>>()})
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
        let shown = list(&told(&devices, &ids, &order))
            .to_string()
            .replace(&udids[0], "UDID-OF-THE-FIRST-DEVICE-")
            .replace(&udids[1], "UDID-OF-THE-SECOND-DEVICE");
        insta::assert_snapshot!(shown, @r"
        id   name                product     udid                       user            authentication
        d-1  Simulated iPhone 1  iPhone17,1  UDID-OF-THE-FIRST-DEVICE-  é&<b>@lab.test  Mdm-Signature
        -    Simulated iPhone 2  iPhone17,1  UDID-OF-THE-SECOND-DEVICE  é&<b>@lab.test  Mdm-Signature
        ");
    }
}
