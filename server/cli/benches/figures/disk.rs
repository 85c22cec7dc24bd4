//! How often the disk makes a small append durable.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Error;

/// `fdatasync` calls each second, each after an append of 4 KiB.
pub(crate) fn syncs(folder: &Path) -> Result<f64, Error> {
    let path = folder.join("syncs");
    let mut file = File::create(&path)?;
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}
