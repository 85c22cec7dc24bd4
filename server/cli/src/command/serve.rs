//! `mockmdm serve`: start the server, say where it is and what is not configured, serve until a signal comes.

use std::fmt::Write as _;
use std::time::Duration;

use clap::Args;
use mdm_daemon::Running;
use mdm_daemon::banner::Banner;
use mdm_daemon::ready::Ready;
use tokio::time::timeout;

use super::exec::Signals;
use crate::config::flags::ServingFlags;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::field::plain;
use crate::qr;
use crate::session::Session;

/// Arguments of `serve`.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Settings of the server.
    #[command(flatten)]
    pub(crate) serving: ServingFlags,
}

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(10);

/// Serves.
pub(crate) async fn run(session: &mut Session) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let running = start(session).await?;
    if session.output.is_json() {
        let ready = serde_json::to_string(&running.ready).unwrap_or_default();
        session.output.text(&ready)?;
    } else {
        session
            .output
            .text(&banner(&running.banner, &running.ready))?;
    }
    signals.next().await;
    session
        .output
        .note("stopping; a second signal stops at once")?;
    tokio::select! {
        () = stop(running) => Ok(Exit::Done),
        signal = signals.next() => Ok(Exit::Signal(signal)),
    }
}

/// Starts a server as the settings say.
pub(crate) async fn start(session: &Session) -> Result<Running, Failure> {
    let config = session.config()?;
    mdm_daemon::start(config).await.map_err(Failure::Start)
}

/// Stops a server; what is under way after [`STOP`] is given up.
pub(crate) async fn stop(running: Running) {
    if timeout(STOP, running.stop()).await.is_err() {
        tracing::warn!(
            seconds = STOP.as_secs(),
            "requests were still under way; giving them up"
        );
    }
}

/// What a person reads at start. Its last line begins with `ready` and holds what `ready.json` holds.
fn banner(banner: &Banner, ready: &Ready) -> String {
    let mut out = format!(
        "mockmdm {}: a TEST server, never for production devices\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut line = |label: &str, text: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "  {label:<12} {}", plain(text));
    };
    line("open first", &banner.landing_url);
    line("devices", &ready.device_url);
    if let Some(url) = &ready.mtls_url {
        line("mutual TLS", url);
    }
    if !banner.other_names.is_empty() {
        line("also named", &banner.other_names.join(", "));
    }
    line("admin API", &ready.admin_url);
    line("root CA", &banner.ca_subject);
    line("SHA-256", &colons(&banner.ca_sha256));
    line("root file", &ready.ca_file.display().to_string());
    let kept = if banner.ephemeral {
        "temporary, removed at exit"
    } else {
        "kept"
    };
    line("data", &format!("{} ({kept})", banner.data.display()));
    match &banner.push_topic {
        Some(topic) => line("Apple push", topic),
        None => line("Apple push", "none"),
    }
    match &banner.code {
        Some(code) => line("code", code),
        None => line("code", "none needed (open enrollment)"),
    }
    if let Some(code) = qr::terminal(&banner.landing_url) {
        out.push_str(&code);
        out.push('\n');
    }
    for notice in &banner.notices {
        let _ = writeln!(out, "!! {}", plain(&notice.text));
        if let Some(hint) = &notice.hint {
            let _ = writeln!(out, "   hint: {}", plain(hint));
        }
    }
    let _ = writeln!(
        out,
        "ready {}",
        serde_json::to_string(ready).unwrap_or_default()
    );
    out
}

/// A fingerprint as phones show it: pairs of capital digits.
pub(super) fn colons(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().map(|c| c.to_ascii_uppercase()).collect();
    digits
        .chunks(2)
        .map(|pair| pair.iter().collect::<String>())
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use mdm_daemon::banner::Notice;

    use super::*;

    #[test]
    fn the_screen() {
        let ready = Ready {
            bootstrap_url: Some("http://lab.local:8480".to_owned()),
            device_url: "https://lab.local:8443".to_owned(),
            mtls_url: Some("https://lab.local:8444".to_owned()),
            verify_url: None,
            admin_url: "http://127.0.0.1:8481".to_owned(),
            imaps: None,
            smtps: None,
            ca_file: PathBuf::from("/data/ca.pem"),
            token_file: PathBuf::from("/data/token"),
            pid: 42,
        };
        let facts = Banner {
            name: "lab.local".to_owned(),
            other_names: vec!["192.168.1.20".to_owned()],
            data: PathBuf::from("/data"),
            ephemeral: false,
            ca_subject: "CN=mockmdm TEST CA é & <lab> 2026-11".to_owned(),
            ca_sha256: "7c1fe2".to_owned(),
            code: Some("WXYZ-1234".to_owned()),
            landing_url: "http://lab.local:8480/?code=WXYZ-1234".to_owned(),
            push_topic: None,
            notices: vec![Notice {
                text: "Apple push is NOT CONFIGURED: no real device can be woken".to_owned(),
                hint: Some(
                    "give `--push-certificate FILE`, or `--push none` for devices that poll"
                        .to_owned(),
                ),
            }],
        };
        let screen = banner(&facts, &ready);
        let screen: Vec<&str> = screen
            .lines()
            .filter(|line| !line.contains(['█', '▀', '▄']))
            .collect();
        let screen = screen.join("\n");
        insta::assert_snapshot!(screen.replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
        mockmdm VERSION: a TEST server, never for production devices
          open first   http://lab.local:8480/?code=WXYZ-1234
          devices      https://lab.local:8443
          mutual TLS   https://lab.local:8444
          also named   192.168.1.20
          admin API    http://127.0.0.1:8481
          root CA      CN=mockmdm TEST CA é & <lab> 2026-11
          SHA-256      7C:1F:E2
          root file    /data/ca.pem
          data         /data (kept)
          Apple push   none
          code         WXYZ-1234
        !! Apple push is NOT CONFIGURED: no real device can be woken
           hint: give `--push-certificate FILE`, or `--push none` for devices that poll
        ready {"bootstrap_url":"http://lab.local:8480","device_url":"https://lab.local:8443","mtls_url":"https://lab.local:8444","verify_url":null,"admin_url":"http://127.0.0.1:8481","imaps":null,"smtps":null,"ca_file":"/data/ca.pem","token_file":"/data/token","pid":42}
        "#);
    }
}
