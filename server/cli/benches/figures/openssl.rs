//! What `openssl speed` says of RSA-2048 on the core of whoever serves.

use std::process::Stdio;
use std::time::Duration;

use crate::Error;
use crate::process::pinned;

/// Processor time of one verification.
pub(crate) fn verification() -> Result<Duration, Error> {
    let out = pinned("openssl")
        .args(["speed", "-mr", "-seconds", "2", "rsa2048"])
        .stderr(Stdio::null())
        .output()?;
    // `+F2:2:2048:<signatures each second>:<verifications each second>`, as OpenSSL 3 prints it for programs.
    let text = String::from_utf8(out.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("+F2:"));
    let rate: f64 = line
        .and_then(|line| line.split(':').nth(3))
        .ok_or("`openssl speed rsa2048` printed nothing that is known")?
        .parse()?;
    Ok(Duration::from_secs_f64(1.0 / rate))
}
