//! What `openssl speed` says of RSA-2048 on the core of whoever serves.

use std::process::Stdio;
use std::time::Duration;

use crate::Error;
use crate::process::pinned;

/// Processor time of RSA-2048.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rsa {
    /// Of one signature.
    pub(crate) signature: Duration,
    /// Of one verification.
    pub(crate) verification: Duration,
}

/// Measures both.
pub(crate) fn rsa() -> Result<Rsa, Error> {
    let out = pinned("openssl")
        .args(["speed", "-mr", "-seconds", "2", "rsa2048"])
        .stderr(Stdio::null())
        .output()?;
    // `+F2:2:2048:<signatures each second>:<verifications each second>`, as OpenSSL 3 prints it for programs.
    let text = String::from_utf8(out.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("+F2:"));
    let mut rates = line.into_iter().flat_map(|line| line.split(':')).skip(2);
    let mut each = || -> Result<Duration, Error> {
        let rate: f64 = rates
            .next()
            .ok_or("`openssl speed rsa2048` printed nothing that is known")?
            .parse()?;
        Ok(Duration::from_secs_f64(1.0 / rate))
    };
    Ok(Rsa {
        signature: each()?,
        verification: each()?,
    })
}
