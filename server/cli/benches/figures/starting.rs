//! How long a start takes, and what memory the server has then.

use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::figure::{Figure, Figures, say};
use crate::process::resident;
use crate::server::Server;

const STARTS: usize = 10;

pub(crate) fn measure(folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    say("starting");
    let folder = folder.join("starting");
    let first = Server::start(&folder)?.took;
    let mut took = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        took.push(Server::start(&folder)?.took);
    }
    took.sort_unstable();
    let median = took.get(STARTS / 2).copied().unwrap_or_default();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    figures.add(
        Figure::told("first start, to ready", millis(first), "ms")
            .note("makes keys and certificates"),
    );
    figures.add(
        Figure::told("start with an existing CA, to ready", millis(median), "ms")
            .at_most(300.0)
            .note(format!("median of {STARTS}")),
    );
    let server = Server::start(&folder)?;
    std::thread::sleep(Duration::from_secs(3));
    figures
        .add(Figure::told("resident memory, idle", resident(server.pid())?, "MiB").at_most(30.0));
    Ok(())
}
