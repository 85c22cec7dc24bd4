//! Idle polls with an `Mdm-Signature`: processor time of the server for each, and how long the slow ones take.

use std::time::Duration;

use mdm_simulators::load::{Kind, Limit, LoadReport};

use crate::Error;
use crate::bare::Bare;
use crate::crowd::Crowd;
use crate::figure::{Figure, Figures, say};
use crate::process::{ANY, ASKING, SERVING, cpu, pin};
use crate::server::Server;

const CONNECTIONS: usize = 32;
/// Both servers take turns, so that what else the machine does falls on both.
const TURNS: usize = 3;

/// What was counted of one server.
#[derive(Debug, Default)]
struct Cost {
    cpu: Duration,
    requests: u64,
    seconds: f64,
    p99: Vec<u64>,
}

impl Cost {
    fn add(&mut self, cpu: Duration, report: &LoadReport) {
        self.cpu += cpu;
        self.requests += report.requests;
        self.seconds += report.seconds;
        self.p99.push(report.latency_us.p99);
    }

    /// Of the turn in the middle, in milliseconds: what else the machine did in one turn does not count.
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    fn p99(&self) -> f64 {
        let mut turns = self.p99.clone();
        turns.sort_unstable();
        turns.get(turns.len() / 2).copied().unwrap_or_default() as f64 / 1e3
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests as f64
    }
}

pub(crate) async fn measure(
    server: &Server,
    crowd: &mut Crowd,
    seconds: Duration,
    figures: &mut Figures,
) -> Result<(), Error> {
    let bare = Bare::start(&server.file("ca/tls-ecdsa.pem"))?;
    let me = std::process::id();
    let pinned = pin(server.pid(), SERVING) && pin(bare.pid(), SERVING) && pin(me, ASKING);
    say("polling");
    crowd
        .load(
            CONNECTIONS,
            Kind::IdlePolls,
            Limit::Requests(u64::try_from(crowd.devices.len())? * 2),
        )
        .await?;
    let (real, plain) = turns(server, &bare, crowd, seconds).await?;
    let verification = crate::openssl::rsa()?.verification.as_secs_f64() * 1e6;
    for pid in [server.pid(), bare.pid(), me] {
        pin(pid, ANY);
    }
    say("polling, whoever is free works");
    let (free, plain_free) = turns(server, &bare, crowd, seconds).await?;

    let rate = 1e6 / real.micros();
    figures.add(Figure::told(
        "one RSA-2048 verification by OpenSSL",
        verification,
        "us",
    ));
    figures.add(Figure::told(
        "bare hyper request, processor time",
        plain.micros(),
        "us",
    ));
    figures.add(
        Figure::told(
            "idle poll, processor time of the server",
            real.micros(),
            "us",
        )
        .at_most(3.0 * (verification + plain.micros()))
        .note(format!(
            "{} devices, {CONNECTIONS} connections",
            crowd.devices.len()
        )),
    );
    figures.add(Figure::told(
        "idle polls of one core, by that time",
        rate,
        "1/s",
    ));
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    let seen = real.requests as f64 / real.seconds;
    figures.add(Figure::told(
        "idle polls, as seen by the client",
        seen,
        "1/s",
    ));
    let note = if pinned {
        "turn in the middle; each side has a core"
    } else {
        "turn in the middle; not pinned"
    };
    figures.add(
        Figure::told(
            "idle poll, p99 where all of the server has one core",
            real.p99(),
            "ms",
        )
        .note(note),
    );
    figures.add(
        Figure::told("idle poll, p99 of the answer", free.p99(), "ms")
            .at_most(10.0)
            .note("turn in the middle; all cores for all"),
    );
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    let bare_seen = plain.requests as f64 / plain.seconds;
    figures.add(Figure::told(
        "bare hyper requests, as seen by the client",
        bare_seen,
        "1/s",
    ));
    figures.add(Figure::told(
        "bare hyper request, p99 of the answer",
        plain_free.p99(),
        "ms",
    ));
    Ok(())
}

/// Polls the server and the bare one in turns.
async fn turns(
    server: &Server,
    bare: &Bare,
    crowd: &mut Crowd,
    seconds: Duration,
) -> Result<(Cost, Cost), Error> {
    let (mut real, mut plain) = (Cost::default(), Cost::default());
    for _ in 0..TURNS {
        for (origin, pid, cost) in [
            (None, server.pid(), &mut real),
            (Some(bare.origin.as_str()), bare.pid(), &mut plain),
        ] {
            crowd.redirect(origin);
            let before = cpu(pid)?;
            let report = crowd
                .load(CONNECTIONS, Kind::IdlePolls, Limit::Time(seconds))
                .await?;
            cost.add(cpu(pid)?.saturating_sub(before), &report);
        }
    }
    crowd.redirect(None);
    Ok((real, plain))
}
