//! A process as Linux accounts for it, and where it runs.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;

/// The core of whoever serves.
pub(crate) const SERVING: &str = "0";
/// The core of whoever asks.
pub(crate) const ASKING: &str = "1";
/// Both.
pub(crate) const ANY: &str = "0-1";

/// Processor time of a process so far, its own and the kernel's for it, all threads.
pub(crate) fn cpu(pid: u32) -> Result<Duration, Error> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name before may hold anything, parentheses too (proc_pid_stat(5)).
    let (_, fields) = stat
        .rsplit_once(')')
        .ok_or("the kernel's line about a process has no name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| -> Result<u64, Error> {
        Ok(fields
            .get(at)
            .ok_or("the kernel's line about a process is short")?
            .parse()?)
    };
    // A tick is a hundredth of a second in every kernel's interface to programs.
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// Resident memory of a process, MiB.
pub(crate) fn resident(pid: u32) -> Result<f64, Error> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let text = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kib: f64 = text
        .ok_or("the kernel does not tell the memory of a process")?
        .trim()
        .parse()?;
    Ok(kib / 1024.0)
}

/// Puts a process with all its threads on these cores, where `taskset` is installed and they exist.
pub(crate) fn pin(pid: u32, cores: &str) -> bool {
    let done = Command::new("taskset")
        .args([
            "--all-tasks",
            "--cpu-list",
            "--pid",
            cores,
            &pid.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    done.is_ok_and(|status| status.success())
}

/// A program that runs on the core of whoever serves, where that is possible.
pub(crate) fn pinned(program: &str) -> Command {
    let there = Command::new("taskset")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if there.is_ok_and(|status| status.success()) {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", SERVING, program]);
        command
    } else {
        Command::new(program)
    }
}
