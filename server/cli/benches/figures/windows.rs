//! Windows devices: what an enrollment and a message of a session cost, and how many messages a session takes.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use mdm_simulators::http::Resolve;
use mdm_simulators::load::{Lines, LoadReport};
use mdm_simulators::windows::{Login, PreparedRequest, Shown};

use crate::Error;
use crate::bare::Bare;
use crate::computers::Computers;
use crate::figure::{Figure, Figures, say};
use crate::openssl;
use crate::process::{ANY, ASKING, SERVING, cpu, pin};
use crate::server::Server;

/// Devices that have sessions.
const DEVICES: usize = 200;
/// Enrollments that are counted, in turns with the bare server.
const ENROLLMENTS: usize = 600;
const CONNECTIONS: usize = 32;
/// Both servers take turns, so that what else the machine does falls on both.
const TURNS: usize = 3;
/// Times every device sends a message in a turn.
const ROUNDS: usize = 20;
/// Commands of the session whose messages are counted.
const COMMANDS: usize = 30;
const LOCALHOST: Resolve = Resolve::Always(IpAddr::V4(Ipv4Addr::LOCALHOST));

/// A server as it is measured: its process, and connections to it.
struct Measured {
    pid: u32,
    lines: Lines,
    cpu: Duration,
    reports: Vec<LoadReport>,
}

impl Measured {
    fn new(pid: u32, origin: &str, roots: &[Vec<u8>], count: usize) -> Result<Self, Error> {
        Ok(Self {
            pid,
            lines: Lines::new(count, origin, roots, LOCALHOST)?,
            cpu: Duration::ZERO,
            reports: Vec::new(),
        })
    }

    /// One turn: every series is sent. Only 200 counts.
    async fn turn(&mut self, series: &[Vec<PreparedRequest>]) -> Result<Vec<Vec<u8>>, Error> {
        // Connections are opened before processor time is looked at.
        self.lines.open().await?;
        let before = cpu(self.pid)?;
        let answers = self.lines.send(series).await?;
        self.cpu += cpu(self.pid)?.saturating_sub(before);
        let last = answers.into_iter().map(|mut all| all.pop());
        Ok(last.map(|body| body.unwrap_or_default().to_vec()).collect())
    }

    /// Closes a turn.
    fn report(&mut self) -> Result<(), Error> {
        let report = self.lines.report();
        if report.failures.is_empty() && report.statuses.keys().all(|status| *status == 200) {
            self.reports.push(report);
            Ok(())
        } else {
            let (statuses, failures) = (report.statuses, report.failures);
            Err(format!("not all was answered with 200: {statuses:?} {failures:?}").into())
        }
    }

    fn requests(&self) -> u64 {
        self.reports.iter().map(|report| report.requests).sum()
    }

    /// Processor time of each request, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests() as f64
    }

    /// Of the turn in the middle, in milliseconds.
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    fn p99(&self) -> f64 {
        let mut turns: Vec<u64> = self.reports.iter().map(|r| r.latency_us.p99).collect();
        turns.sort_unstable();
        turns.get(turns.len() / 2).copied().unwrap_or_default() as f64 / 1e3
    }
}

pub(crate) async fn measure(folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    let server = Server::start_with(folder, &["--windows-proof", "digest"])?;
    let bare = Bare::start(&server.file("ca/tls-ecdsa.pem"))?;
    let mut computers = Computers::new(&server).await?;
    pin(server.pid(), SERVING);
    pin(bare.pid(), SERVING);
    pin(std::process::id(), ASKING);
    enrollments(&server, &bare, &computers, figures).await?;
    say(&format!("enrolling {DEVICES} simulated PCs"));
    computers.enroll(DEVICES).await?;
    signed(&server, &bare, &mut computers, figures).await?;
    digests(&server, &mut computers, figures).await?;
    long_session(&server, &mut computers, figures).await
}

/// Processor time of an enrollment, beside a signature.
async fn enrollments(
    server: &Server,
    bare: &Bare,
    computers: &Computers,
    figures: &mut Figures,
) -> Result<(), Error> {
    say(&format!("preparing {ENROLLMENTS} enrollments"));
    let mut series = computers.enrollments(ENROLLMENTS)?;
    let roots = &computers.environment.roots;
    let mut real = Measured::new(server.pid(), &computers.origin, roots, CONNECTIONS)?;
    let mut plain = Measured::new(bare.pid(), &bare.origin, roots, CONNECTIONS)?;
    // What a first use costs is not counted.
    let first = series.split_off(ENROLLMENTS - ENROLLMENTS / 10);
    Measured::new(server.pid(), &computers.origin, roots, CONNECTIONS)?
        .turn(&first)
        .await?;
    let mut signature = Duration::MAX;
    for turn in series.chunks(series.len().div_ceil(TURNS)) {
        real.turn(turn).await?;
        real.report()?;
        for _ in 0..5 {
            plain.turn(turn).await?;
        }
        plain.report()?;
        signature = signature.min(openssl::rsa()?.signature);
    }
    let signature = signature.as_secs_f64() * 1e6;
    let each = real.micros() * 4.0;
    figures.add(Figure::told(
        "one RSA-2048 signature by OpenSSL",
        signature,
        "us",
    ));
    figures.add(Figure::told(
        "four bare hyper requests of an enrollment",
        plain.micros() * 4.0,
        "us",
    ));
    figures.add(
        Figure::told(
            "Windows enrollment, processor time of the server",
            each,
            "us",
        )
        .at_most(1.4 * signature)
        .note(format!(
            "{} enrollments of four requests, {:.2} signatures",
            real.requests() / 4,
            each / signature
        )),
    );
    figures.add(Figure::told(
        "Windows enrollment request, p99 of the answer",
        real.p99(),
        "ms",
    ));
    Ok(())
}

/// First messages of sessions that have no work, signed.
async fn signed(
    server: &Server,
    bare: &Bare,
    computers: &mut Computers,
    figures: &mut Figures,
) -> Result<(), Error> {
    say("signing messages of sessions");
    let quiet = computers.messages(Shown::Signature, ROUNDS)?;
    computers.log_in(Login::Others);
    let others = computers.messages(Shown::Signature, 1)?;
    computers.log_in(Login::User);
    let user = computers.messages(Shown::Signature, 1)?;
    // Nobody and the user in turns: each message changes what is known of its device.
    let pairs = others.into_iter().zip(user);
    let changing: Vec<Vec<PreparedRequest>> = pairs
        .map(|(other, user)| vec![[other, user].concat(); ROUNDS / 2].concat())
        .collect();
    let roots = &computers.environment.roots;
    let origin = computers.managed();
    let mut real = Measured::new(server.pid(), &origin, roots, CONNECTIONS)?;
    let mut plain = Measured::new(bare.pid(), &bare.origin, roots, CONNECTIONS)?;
    let mut commits = Measured::new(server.pid(), &origin, roots, CONNECTIONS)?;
    Measured::new(server.pid(), &origin, roots, CONNECTIONS)?
        .turn(&quiet)
        .await?;
    let mut verification = Duration::MAX;
    for _ in 0..TURNS {
        real.turn(&quiet).await?;
        real.report()?;
        plain.turn(&quiet).await?;
        plain.report()?;
        commits.turn(&changing).await?;
        commits.report()?;
        verification = verification.min(openssl::rsa()?.verification);
    }
    // Answers are timed while whoever is free works, as the server is run.
    for pid in [server.pid(), bare.pid(), std::process::id()] {
        pin(pid, ANY);
    }
    let mut free = Measured::new(server.pid(), &origin, roots, CONNECTIONS)?;
    let mut free_commits = Measured::new(server.pid(), &origin, roots, CONNECTIONS)?;
    for _ in 0..TURNS {
        free.turn(&quiet).await?;
        free.report()?;
        free_commits.turn(&changing).await?;
        free_commits.report()?;
    }
    figures.add(Figure::told(
        "one RSA-2048 verification by OpenSSL",
        verification.as_secs_f64() * 1e6,
        "us",
    ));
    figures.add(Figure::told(
        "bare hyper request of that size, processor time",
        plain.micros(),
        "us",
    ));
    figures.add(Figure::told(
        "signed message without work, processor time",
        real.micros(),
        "us",
    ));
    figures.add(
        Figure::told(
            "signed messages of one core, by that time",
            1e6 / real.micros(),
            "1/s",
        )
        .at_least(6_000.0)
        .note(format!(
            "first of a session and its reply; {DEVICES} devices, {CONNECTIONS} connections"
        )),
    );
    figures.add(Figure::told("signed message, p99 of the answer", free.p99(), "ms").at_most(10.0));
    figures.add(Figure::told(
        "signed message that changes its device, processor time",
        commits.micros(),
        "us",
    ));
    figures.add(
        Figure::told(
            "signed message that changes its device, p99 of the answer",
            free_commits.p99(),
            "ms",
        )
        .at_most(40.0),
    );
    Ok(())
}

/// The same, proven by MD5 of credentials; each uses up a nonce, so that each is committed.
async fn digests(
    server: &Server,
    computers: &mut Computers,
    figures: &mut Figures,
) -> Result<(), Error> {
    say("sessions with digests");
    let origin = computers.managed();
    let roots = computers.environment.roots.clone();
    let mut real = Measured::new(server.pid(), &origin, &roots, CONNECTIONS)?;
    for _ in 0..TURNS {
        for _ in 0..ROUNDS / 4 {
            let messages = computers.messages(Shown::Digest, 1)?;
            let answers = real.turn(&messages).await?;
            computers.take(&answers)?;
        }
        real.report()?;
    }
    figures.add(
        Figure::told(
            "message with a digest and its new nonce, processor time",
            real.micros(),
            "us",
        )
        .note(format!(
            "{:.0} of one core in a second",
            1e6 / real.micros()
        )),
    );
    figures.add(
        Figure::told("message with a digest, p99 of the answer", real.p99(), "ms").at_most(40.0),
    );
    Ok(())
}

/// A session in which many things wait.
async fn long_session(
    server: &Server,
    computers: &mut Computers,
    figures: &mut Figures,
) -> Result<(), Error> {
    let report = computers.busy(server, COMMANDS).await?;
    let asked = report.commands.len();
    if asked < COMMANDS {
        return Err(
            format!("a device was asked {asked} things in a session, not {COMMANDS}").into(),
        );
    }
    figures.add(
        Figure::told(
            "messages of a device in a session of 30 commands",
            f64::from(report.messages),
            "",
        )
        .at_most(2.0)
        .note("its first, and all its answers"),
    );
    Ok(())
}
