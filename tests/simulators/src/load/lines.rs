//! Kept connections over which requests of Windows devices go that were written before.

use std::time::Instant;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::connection::{Connection, Prepared};
use super::report::Tally;
use super::{LoadError, LoadReport};
use crate::http::{HttpError, Resolve};
use crate::windows::PreparedRequest;

/// Connections to one server, and what was counted on them.
pub struct Lines {
    connections: Vec<Connection>,
    tally: Tally,
}

/// A series, the index it had, and the answers to it.
type Answers = (usize, Vec<Bytes>);

impl Lines {
    /// So many connections, which trust these roots and show no certificate.
    pub fn new(
        count: usize,
        url: &str,
        roots: &[Vec<u8>],
        resolve: Resolve,
    ) -> Result<Self, LoadError> {
        let connections = (0..count).map(|_| Connection::to(url, roots, resolve, None));
        Ok(Self {
            connections: connections.collect::<Result<_, _>>()?,
            tally: Tally::default(),
        })
    }

    /// Opens those that are not open.
    pub async fn open(&mut self) -> Result<(), LoadError> {
        for connection in &mut self.connections {
            connection.open().await.map_err(LoadError::Fetch)?;
        }
        Ok(())
    }

    /// Sends series of requests, those of one series in their order over one connection, and gives the bodies of the
    /// answers of status 200. The clock runs while they are sent.
    pub async fn send(
        &mut self,
        series: &[Vec<PreparedRequest>],
    ) -> Result<Vec<Vec<Bytes>>, LoadError> {
        let count = self.connections.len();
        let mut shares: Vec<Vec<(usize, Vec<Prepared>)>> = vec![Vec::new(); count];
        for (at, (requests, place)) in series.iter().zip((0..count).cycle()).enumerate() {
            let written: Result<Vec<_>, HttpError> =
                requests.iter().map(Prepared::of_windows).collect();
            if let Some(share) = shares.get_mut(place) {
                share.push((at, written?));
            }
        }
        self.open().await?;
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for (mut connection, share) in std::mem::take(&mut self.connections)
            .into_iter()
            .zip(shares)
        {
            tasks.spawn(async move {
                let mut tally = Tally::default();
                let mut answers: Vec<Answers> = Vec::new();
                for (at, requests) in share {
                    let mut bodies = Vec::with_capacity(requests.len());
                    for request in &requests {
                        let begun = Instant::now();
                        let answer = connection.exchange(request).await;
                        tally.count(&answer, begun.elapsed());
                        bodies.extend(answer.ok().filter(|a| a.0 == 200).map(|a| a.1));
                    }
                    answers.push((at, bodies));
                }
                (connection, tally, answers)
            });
        }
        let mut all = Vec::with_capacity(series.len());
        while let Some(done) = tasks.join_next().await {
            let (connection, tally, answers) = done.map_err(LoadError::Task)?;
            self.connections.push(connection);
            self.tally.add(tally);
            all.extend(answers);
        }
        self.tally.elapsed += started.elapsed();
        all.sort_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, bodies)| bodies).collect())
    }

    /// What was counted since the last report.
    pub fn report(&mut self) -> LoadReport {
        std::mem::take(&mut self.tally).into_report()
    }
}
