//! Acknowledgements of commands, each on disk before it is answered.

use mdm_simulators::load::{Kind, Limit};

use crate::Error;
use crate::crowd::Crowd;
use crate::disk;
use crate::figure::{Figure, Figures, say};
use crate::process::cpu;
use crate::server::Server;

const CONNECTIONS: usize = 64;

pub(crate) async fn measure(
    server: &Server,
    crowd: &Crowd,
    count: usize,
    figures: &mut Figures,
) -> Result<(), Error> {
    say(&format!("queueing {count} commands"));
    crowd.queue(server, count).await?;
    say("acknowledging them");
    let syncs = disk::syncs(&server.file(""))?;
    let before = cpu(server.pid())?;
    let report = crowd
        .load(
            CONNECTIONS,
            Kind::Acknowledgements,
            Limit::Requests(u64::try_from(count)?),
        )
        .await?;
    let spent = cpu(server.pid())?.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "a figure is rounded anyway")]
    let (p99, each) = (
        report.latency_us.p99 as f64 / 1e3,
        spent.as_secs_f64() * 1e6 / report.requests as f64,
    );
    figures.add(Figure::told(
        "appends with fdatasync that the disk does",
        syncs,
        "1/s",
    ));
    figures.add(
        Figure::told(
            "durable acknowledgements",
            report.requests_per_second,
            "1/s",
        )
        .at_least(5_000.0)
        .note(format!(
            "{} of them, {CONNECTIONS} connections, {:.2} for each fdatasync above",
            report.requests,
            report.requests_per_second / syncs
        )),
    );
    figures
        .add(Figure::told("durable acknowledgement, p99 of the answer", p99, "ms").at_most(40.0));
    figures.add(
        Figure::told("acknowledgement, processor time of the server", each, "us")
            .note("first fetches included"),
    );
    Ok(())
}
