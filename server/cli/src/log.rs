//! What the process says about itself while it runs: `tracing`, on standard error.

use std::io;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::failure::Failure;

/// Starts the log. `filter` is a level or levels by target: `info`, `warn,mdm_daemon=debug`.
pub(crate) fn start(filter: &str, json: bool) -> Result<(), Failure> {
    let targets: Targets = filter.parse().map_err(|_| {
        Failure::usage(
            format!("`{filter}` is no filter for the log"),
            "a level (off, error, warn, info, debug, trace) or levels by target: `warn,mdm_daemon=debug`",
        )
    })?;
    let lines = fmt::layer().with_writer(io::stderr);
    let registry = tracing_subscriber::registry();
    let started = if json {
        registry.with(lines.json().with_filter(targets)).try_init()
    } else {
        registry.with(lines.with_filter(targets)).try_init()
    };
    // A second start, as in tests, leaves the first in place.
    if started.is_err() {
        tracing::debug!("the log was started before");
    }
    Ok(())
}
