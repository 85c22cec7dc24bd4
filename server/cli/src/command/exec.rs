//! `mockmdm exec -- CMD`: a server for the time of one command.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use clap::Args;
use mdm_daemon::ready::Ready;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::serve;
use crate::config::flags::ServingFlags;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Arguments of `exec`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Settings of the server.
    #[command(flatten)]
    pub(crate) serving: ServingFlags,
    /// The command and its arguments. It finds `MOCKMDM_SERVER`, `_TOKEN`, `_DEVICE_URL`, `_MTLS_URL`,
    /// `_BOOTSTRAP_URL` and `_CA_FILE` in its environment
    #[arg(required = true, last = true, value_name = "CMD")]
    command: Vec<String>,
}

/// The signals that ask to stop.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

const INTERRUPT: u8 = 2;
const TERMINATE: u8 = 15;
/// How long a command may take to follow a request to end.
const PATIENCE: Duration = Duration::from_secs(10);

impl Signals {
    /// From here on they do not end the process by themselves.
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed = |source| Failure::System {
            doing: "listening for signals".to_owned(),
            source,
        };
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self {
            interrupt,
            terminate,
        })
    }

    /// The number of the next one.
    pub(super) async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}

/// Serves, runs the command, stops, and returns what the command returned.
pub(crate) async fn run(session: &mut Session, arguments: Arguments) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let running = serve::start(session).await?;
    let token = std::fs::read_to_string(&running.ready.token_file).unwrap_or_default();
    let exit = match child(&arguments.command, &variables(&running.ready, token.trim())) {
        Ok(child) => wait(child, &mut signals).await,
        Err(failure) => Err(failure),
    };
    serve::stop(running).await;
    exit
}

/// What the command is told. An address that is not served is not named.
fn variables(ready: &Ready, token: &str) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("MOCKMDM_SERVER", ready.admin_url.clone()),
        ("MOCKMDM_TOKEN", token.to_owned()),
        ("MOCKMDM_DEVICE_URL", ready.device_url.clone()),
        ("MOCKMDM_CA_FILE", ready.ca_file.display().to_string()),
    ];
    let optional = [
        ("MOCKMDM_MTLS_URL", &ready.mtls_url),
        ("MOCKMDM_BOOTSTRAP_URL", &ready.bootstrap_url),
    ];
    variables.extend(
        optional
            .into_iter()
            .filter_map(|(name, url)| Some((name, url.clone()?))),
    );
    variables
}

fn child(command: &[String], variables: &[(&'static str, String)]) -> Result<Child, Failure> {
    let (program, arguments) = command.split_first().ok_or_else(|| {
        Failure::usage(
            "no command is given",
            "name one after `--`: `mockmdm exec -- ./test.sh`",
        )
    })?;
    Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Failure::System {
            doing: format!("running `{program}`"),
            source,
        })
}

/// Waits for the command. A signal sent to us alone is passed on; the terminal's interrupt reaches the command anyway.
async fn wait(mut child: Child, signals: &mut Signals) -> Result<Exit, Failure> {
    let failed = |source| Failure::System {
        doing: "waiting for the command".to_owned(),
        source,
    };
    loop {
        tokio::select! {
            status = child.wait() => return status.map(exit).map_err(failed),
            signal = signals.next() => {
                if signal == TERMINATE {
                    terminate(&child).await;
                    if timeout(PATIENCE, child.wait()).await.is_err() {
                        child.kill().await.map_err(failed)?;
                    }
                    return Ok(Exit::Signal(TERMINATE));
                }
            }
        }
    }
}

/// Asks the command to end. By the program `kill`, since the standard library only knows how to kill.
async fn terminate(child: &Child) {
    let Some(id) = child.id() else { return };
    let asked: io::Result<ExitStatus> = Command::new("kill")
        .args(["-TERM", &id.to_string()])
        .stdin(Stdio::null())
        .status()
        .await;
    if let Err(error) = asked {
        tracing::warn!(%error, "the command could not be asked to end");
    }
}

fn exit(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Child(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(signal)) => Exit::Signal(u8::try_from(signal).unwrap_or(u8::MAX)),
        (None, None) => Exit::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn ready() -> Ready {
        Ready {
            bootstrap_url: Some("http://localhost:1".to_owned()),
            device_url: "https://localhost:2".to_owned(),
            mtls_url: None,
            verify_url: None,
            admin_url: "http://127.0.0.1:3".to_owned(),
            imaps: None,
            smtps: None,
            ca_file: PathBuf::from("/tmp/ca.pem"),
            token_file: PathBuf::from("/tmp/token"),
            pid: 1,
        }
    }

    #[tokio::test]
    async fn the_command_sees_the_server_and_its_code_is_ours() {
        let script = "test \"$MOCKMDM_SERVER $MOCKMDM_TOKEN $MOCKMDM_DEVICE_URL $MOCKMDM_BOOTSTRAP_URL $MOCKMDM_CA_FILE\" = \
                      'http://127.0.0.1:3 t https://localhost:2 http://localhost:1 /tmp/ca.pem' \
                      && test -z \"${MOCKMDM_MTLS_URL+set}\" && exit 42";
        for (script, code) in [(script, 42), ("exit 0", 0), ("kill -9 $$", 137)] {
            let command = ["sh", "-c", script].map(str::to_owned);
            let child = child(&command, &variables(&ready(), "t")).unwrap();
            let exit = wait(child, &mut Signals::listen().unwrap()).await.unwrap();
            assert_eq!(exit.code(), code, "{script}");
        }
    }

    #[tokio::test]
    async fn a_command_that_does_not_exist() {
        let failure = child(&["/nowhere/at all".to_owned()], &[]).unwrap_err();
        assert_eq!(failure.to_string(), "running `/nowhere/at all`");
        assert_eq!(failure.exit().code(), 3);
    }
}
