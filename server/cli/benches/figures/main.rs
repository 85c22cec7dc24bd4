//! What the server reaches, each figure beside the bare work that is in it, measured in the same run on the same core.
//!
//! `scripts/bench` runs this. It starts the server in a process of its own, enrolls simulated devices, and measures from
//! outside: times of answers, and processor time and memory as Linux accounts for them. Figures with a limit are judged;
//! one that misses it makes the run fail.

mod acknowledgements;
mod bare;
mod computers;
mod crowd;
mod disk;
mod figure;
mod memory;
mod openssl;
mod polls;
mod process;
mod server;
mod starting;
mod windows;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crowd::Crowd;
use figure::{Figures, say};
use server::Server;

/// Anything that keeps a figure from being measured.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// What is measured, and for how long.
#[derive(Debug, Parser)]
#[command(about = "Measure what the server reaches", name = "figures")]
struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Only figures whose group contains this: start, windows, polls, acks, memory
    only: Option<String>,
    /// Devices that poll, at least
    #[arg(long, default_value_t = 1_000)]
    pollers: usize,
    /// Devices enrolled when memory is looked at
    #[arg(long, default_value_t = 10_000)]
    devices: usize,
    /// Seconds that enrolling them may take; then it goes on with those there are
    #[arg(long, default_value_t = 240)]
    enrolling: u64,
    /// Seconds of each of the runs that polls are measured in
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Acknowledgements
    #[arg(long, default_value_t = 20_000)]
    acknowledgements: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    /// Be a bare server with the key and certificate in this file, until standard input ends
    #[arg(long, hide = true)]
    bare_server: Option<std::path::PathBuf>,
}

impl Arguments {
    fn wants(&self, group: &str) -> bool {
        self.only.as_deref().is_none_or(|only| group.contains(only))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return figure::gave_up(&error.into()),
    };
    if let Some(pem) = &arguments.bare_server {
        return match runtime.block_on(bare::serve(pem)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => figure::gave_up(&error),
        };
    }
    let mut figures = Figures::new(arguments.json);
    match runtime.block_on(measure(&arguments, &mut figures)) {
        Ok(()) => figures.finish(),
        Err(error) => figure::gave_up(&error),
    }
}

async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    if arguments.wants("start") {
        starting::measure(folder.path(), figures)?;
    }
    if arguments.wants("windows") {
        windows::measure(&folder.path().join("windows"), figures).await?;
    }
    if ["polls", "acks", "memory"]
        .iter()
        .any(|group| arguments.wants(group))
    {
        crowded(arguments, folder.path(), figures).await?;
    }
    Ok(())
}

/// Figures for which devices are enrolled; all with one server.
async fn crowded(arguments: &Arguments, folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    let server = Server::start(&folder.join("crowded"))?;
    let mut crowd = Crowd::new(&server).await?;
    say(&format!(
        "enrolling {} simulated devices",
        arguments.pollers
    ));
    crowd
        .enroll(arguments.pollers, Duration::from_secs(arguments.enrolling))
        .await?;
    if arguments.wants("polls") {
        let seconds = Duration::from_secs(arguments.seconds);
        polls::measure(&server, &mut crowd, seconds, figures).await?;
    }
    if arguments.wants("acks") {
        acknowledgements::measure(&server, &crowd, arguments.acknowledgements, figures).await?;
    }
    if arguments.wants("memory") {
        let wanted = arguments.devices;
        say(&format!(
            "enrolling simulated devices until there are {wanted}"
        ));
        crowd
            .enroll(wanted, Duration::from_secs(arguments.enrolling))
            .await?;
        memory::measure(&server, &crowd, wanted, figures).await?;
    }
    Ok(())
}
