//! `mockmdm sim load`: measure how a server bears the requests of many devices.

use std::fmt::Write as _;

use clap::{ArgGroup, Args, ValueEnum};
use mdm_simulators::apple::{AppleDevice, Platform};
use mdm_simulators::load::{Kind, Limit, Load, LoadReport};
use mdm_simulators::progress::{Progress, Step};
use serde_json::json;

use super::crowd::{Order, bar, together};
use super::lab::{Authentication, Lab};
use crate::config::duration::Span;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::plain;
use crate::session::Session;
use crate::target::Target;

/// Arguments of `sim load`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("end").required(true).args(["duration", "requests"])))]
pub(crate) struct Arguments {
    /// What the devices send
    #[arg(long, value_enum, default_value_t = What::Polls)]
    kind: What,
    /// How many devices
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    devices: u32,
    /// How many connections they share, all of them busy
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    duration: Option<Span>,
    /// End after so many requests
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    requests: Option<u64>,
    /// Seed of the first device; the next ones count on
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also for a server on another machine; it must be yours
    #[arg(long)]
    allow_remote: bool,
}

/// What devices send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Idle polls, signed beforehand
    Polls,
    /// Acknowledgements of commands that were queued beforehand; each is on disk before it is answered
    Acks,
}

/// Does it: exit 3 when a request was not answered with 200.
pub(super) async fn run(session: &mut Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let client = session.client()?;
    if !client.is_local() && !arguments.allow_remote {
        return Err(Failure::usage(
            "the server is on another machine",
            "`--allow-remote` puts load on it all the same; it must be yours",
        ));
    }
    let limit = limit(arguments)?;
    let lab = Lab::open(client).await?;
    let order = Order {
        platform: Platform::Ios,
        count: usize::try_from(arguments.devices).unwrap_or(usize::MAX),
        seed: arguments.seed,
        authentication: Authentication::Signature,
        user: None,
    };
    let devices = order.enroll(&lab).await?;
    if let (What::Acks, Limit::Requests(requests)) = (arguments.kind, limit) {
        queue(&lab, &devices, requests).await?;
    }
    let load = Load {
        connections: usize::from(arguments.connections),
        kind: match arguments.kind {
            What::Polls => Kind::IdlePolls,
            What::Acks => Kind::Acknowledgements,
        },
        limit,
        progress: progress(arguments.requests),
    };
    let report = load
        .run(&devices)
        .await
        .map_err(|error| Failure::simulation("putting load on the server", error))?;
    let value = serde_json::to_value(&report).unwrap_or_default();
    session.output.result(&value, |_| told(&report))?;
    Ok(if all_well(&report) {
        Exit::Done
    } else {
        Exit::Runtime
    })
}

fn limit(arguments: &Arguments) -> Result<Limit, Failure> {
    match (arguments.kind, arguments.duration, arguments.requests) {
        (_, _, Some(requests)) => Ok(Limit::Requests(requests)),
        (What::Polls, Some(Span(duration)), None) => Ok(Limit::Time(duration)),
        (_, _, None) => Err(Failure::usage(
            "acknowledgements end after a number, not a time: each needs a command that is queued beforehand",
            "give `--requests COUNT`",
        )),
    }
}

/// Queues a command for every acknowledgement, evenly over the devices.
async fn queue(lab: &Lab, devices: &[AppleDevice], requests: u64) -> Result<(), Failure> {
    let ids = lab.ids().await?;
    let ids: Vec<&String> = devices
        .iter()
        .filter_map(|device| ids.get(&device.persona().udid))
        .collect();
    let count = usize::try_from(requests).unwrap_or(usize::MAX);
    let tasks = ids.into_iter().cycle().take(count).map(|id| {
        let (client, target) = (
            lab.client.clone(),
            Target::new(&["devices", id, "commands"]),
        );
        async move {
            let wanted = json!({"item": {"type": "security_info"}});
            client.post(&target, &wanted).await
        }
    });
    together(&bar("queueing", count), tasks).await.map(drop)
}

/// A bar for loads that end after a number of requests.
fn progress(requests: Option<u64>) -> Progress {
    let Some(requests) = requests else {
        return Progress::default();
    };
    let bar = bar("requests", usize::try_from(requests).unwrap_or(usize::MAX));
    Progress::to(move |step| match step {
        Step::Advanced { done } => bar.set_position(done),
        Step::Finished => bar.finish_and_clear(),
        _ => {}
    })
}

fn all_well(report: &LoadReport) -> bool {
    report.failures.is_empty() && report.statuses.keys().all(|status| *status == 200)
}

fn told(report: &LoadReport) -> String {
    let milliseconds = |micros: u64| format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10);
    let latency = report.latency_us;
    let mut out = format!(
        "requests  {} in {:.2} s: {:.0}/s\nlatency   p50 {}  p90 {}  p99 {}  max {}\n",
        report.requests,
        report.seconds,
        report.requests_per_second,
        milliseconds(latency.p50),
        milliseconds(latency.p90),
        milliseconds(latency.p99),
        milliseconds(latency.max),
    );
    // Writing to a `String` cannot fail.
    for (status, count) in &report.statuses {
        let _ = writeln!(out, "answered  {count} x {status}");
    }
    for (reason, count) in &report.failures {
        let _ = writeln!(out, "failed    {count} x {}", plain(reason));
    }
    out.push_str("simulated: nothing here was measured on a real device\n");
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser as _;
    use mdm_simulators::load::Latency;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn when_a_load_ends() {
        for (line, expected) in [
            ("load --requests 50", Ok(Limit::Requests(50))),
            (
                "load --for 5s",
                Ok(Limit::Time(std::time::Duration::from_secs(5))),
            ),
            ("load --kind acks --requests 9", Ok(Limit::Requests(9))),
            (
                "load --kind acks --for 5s",
                Err(
                    "acknowledgements end after a number, not a time: each needs a command that is queued beforehand",
                ),
            ),
        ] {
            let arguments = Line::parse_from(line.split_whitespace()).arguments;
            let found = limit(&arguments).map_err(|failure| failure.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{line}");
        }
        for line in [
            "load",
            "load --for 5s --requests 5",
            "load --requests 0",
            "load --requests 5 --devices 0",
            "load --requests 5 --kind pushes",
        ] {
            assert!(
                Line::try_parse_from(line.split_whitespace()).is_err(),
                "{line}"
            );
        }
    }

    #[test]
    fn what_a_person_reads() {
        let mut report = LoadReport {
            requests: 1000,
            seconds: 0.5,
            requests_per_second: 2000.0,
            latency_us: Latency {
                p50: 512,
                p90: 1_204,
                p99: 9_999,
                max: 120_050,
            },
            statuses: BTreeMap::from([(200, 1000)]),
            failures: BTreeMap::new(),
        };
        assert!(all_well(&report));
        report.statuses.insert(503, 2);
        assert!(!all_well(&report));
        report.statuses.remove(&503);
        report.failures.insert("closed\u{1b} <é>".to_owned(), 3);
        assert!(!all_well(&report));
        insta::assert_snapshot!(told(&report), @r"
        requests  1000 in 0.50 s: 2000/s
        latency   p50 0.51 ms  p90 1.20 ms  p99 9.99 ms  max 120.05 ms
        answered  1000 x 200
        failed    3 x closed\u{1b} <é>
        simulated: nothing here was measured on a real device
        ");
    }
}
