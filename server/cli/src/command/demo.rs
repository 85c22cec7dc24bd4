//! `mockmdm demo`: the main job once, with a server of its own and simulated devices.

mod catalogue;
mod plan;
mod story;
mod timeline;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use mdm_daemon::Running;
use mdm_daemon::config::{Config, Push};
use mdm_simulators::apple::AppleDevice;
use mdm_simulators::windows::WindowsDevice;
use serde_json::json;

use super::exec::Signals;
use super::serve;
use super::sim::attend;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

use plan::Verdict;
use story::Story;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Keep the server and its devices afterwards, to look around, until interrupted
    #[arg(long)]
    keep: bool,
}

/// How long each device waits between two polls when it is kept.
const PAUSE: Duration = Duration::from_secs(2);
const DISCLAIMER: &str = "simulated: nothing here was verified on a real device";

/// Does it: exit 4 when a delivery did not get as far as it has to.
pub(crate) async fn run(session: &mut Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let running = start(session).await?;
    let told = tokio::select! {
        told = tell(session, &running) => told,
        signal = signals.next() => Err(Failure::Findings {
            text: "the demo was interrupted".to_owned(),
            exit: Exit::Signal(signal),
        }),
    };
    let told = match told {
        Ok((exit, devices, windows)) if arguments.keep => {
            session
                .output
                .note(&looking_around(&running.ready.admin_url))?;
            tokio::select! {
                _ = async { tokio::join!(attend(devices, PAUSE), attend(windows, PAUSE)) } => {}
                _ = signals.next() => {}
            }
            Ok(exit)
        }
        other => other.map(|(exit, _, _)| exit),
    };
    serve::stop(running).await;
    told
}

/// Starts a server that nobody else sees. Only its temporary directory comes from the settings, so that the demo is the
/// same everywhere. Its devices poll: there is no push certificate to wake them with.
async fn start(session: &Session) -> Result<Running, Failure> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        bootstrap: Some(any),
        listen: vec![any],
        mtls: Some(any),
        admin: any,
        push: Push::None,
        ..Config::new(session.config()?.data, "localhost")
    };
    mdm_daemon::start(config).await.map_err(Failure::Start)
}

/// Tells the story, then what came of it.
async fn tell(
    session: &mut Session,
    running: &Running,
) -> Result<(Exit, Vec<AppleDevice>, Vec<WindowsDevice>), Failure> {
    let token = std::fs::read_to_string(&running.ready.token_file).ok();
    let client = Client::new(&running.ready.admin_url, token.as_deref())?;
    let mut story = Story::begin(client, &mut session.output).await?;
    match story.tell().await {
        Ok(()) => {}
        // What is missing is said below, for every delivery.
        Err(failure @ Failure::NothingMatched { .. }) => story.complain(&failure)?,
        Err(failure) => return Err(failure),
    }
    let ending = story.end().await?;
    let verdict = Verdict::new(&ending.deliveries, &ending.ids);
    let document = json!({
        "ok": verdict.is_good(),
        "missing": verdict.missing(),
        "simulated": true,
        "deliveries": ending.deliveries,
        "events": ending.events,
    });
    session.output.result(&document, |_| summary(&verdict))?;
    let exit = if verdict.is_good() {
        Exit::Done
    } else {
        Exit::Assertion
    };
    Ok((exit, ending.devices, ending.windows))
}

fn summary(verdict: &Verdict) -> String {
    let mut out = format!("\n{}\n", verdict.table());
    let (good, all) = verdict.count();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{good} of {all} deliveries reached the evidence their kind can reach"
    );
    for missing in verdict.missing() {
        let _ = writeln!(out, "  missing: {missing}");
    }
    let _ = writeln!(out, "{DISCLAIMER}");
    out
}

fn looking_around(admin_url: &str) -> String {
    format!(
        "\nthe server and its devices go on until you interrupt them; look around with\n  \
         mockmdm --server {admin_url} devices\n  \
         mockmdm --server {admin_url} deliveries\n  \
         mockmdm --server {admin_url} events"
    )
}
