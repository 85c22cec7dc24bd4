//! Who is connected: the counters behind the bounds on connections and handshakes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Limits;

/// Counts open connections and handshakes, in total and per address.
#[derive(Debug, Default)]
pub(super) struct Census {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    of: HashMap<IpAddr, Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    connections: usize,
    handshakes: usize,
}

/// A counted connection; uncounted when dropped.
#[derive(Debug)]
pub(super) struct Counted {
    census: Arc<Census>,
    address: IpAddr,
    exempt: bool,
}

/// A counted handshake; uncounted when dropped.
#[derive(Debug)]
pub(super) struct Handshaking {
    census: Arc<Census>,
    address: IpAddr,
}

impl Census {
    /// Counts a connection from `peer`, or names the rule that forbids it.
    pub(super) fn admit(
        self: &Arc<Self>,
        peer: IpAddr,
        limits: &Limits,
    ) -> Result<Counted, &'static str> {
        let address = household(peer);
        let exempt = limits.exempts(peer);
        let mut counts = self.lock();
        if counts.total >= limits.connections {
            return Err("limit.connections_total");
        }
        let open = counts.of.get(&address).map_or(0, |tally| tally.connections);
        if !exempt && open >= limits.connections_per_address {
            return Err("limit.connections_per_address");
        }
        counts.total += 1;
        counts.of.entry(address).or_default().connections += 1;
        Ok(Counted {
            census: Arc::clone(self),
            address,
            exempt,
        })
    }

    /// Connections open now.
    pub(super) fn connections(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Counts a handshake on this connection, or names the rule that forbids it.
    pub(super) fn handshake(&self, limits: &Limits) -> Result<Handshaking, &'static str> {
        let mut counts = self.census.lock();
        let tally = counts.of.entry(self.address).or_default();
        if !self.exempt && tally.handshakes >= limits.handshakes_per_address {
            return Err("limit.handshakes_per_address");
        }
        tally.handshakes += 1;
        Ok(Handshaking {
            census: Arc::clone(&self.census),
            address: self.address,
        })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.census.lock();
        counts.total = counts.total.saturating_sub(1);
        counts.leave(self.address, |tally| &mut tally.connections);
    }
}

impl Drop for Handshaking {
    fn drop(&mut self) {
        let mut counts = self.census.lock();
        counts.leave(self.address, |tally| &mut tally.handshakes);
    }
}

impl Counts {
    /// Takes one off and forgets an address that has nothing left, so that the map never outgrows the connections.
    fn leave(&mut self, address: IpAddr, which: fn(&mut Tally) -> &mut usize) {
        if let Some(tally) = self.of.get_mut(&address) {
            let count = which(tally);
            *count = count.saturating_sub(1);
            if tally.connections == 0 && tally.handshakes == 0 {
                self.of.remove(&address);
            }
        }
    }
}

/// The unit one party controls: an IPv4 address, or an IPv6 /64 (RFC 4291 section 2.5.4), since one host owns all of that.
fn household(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            connections: 3,
            connections_per_address: 2,
            handshakes_per_address: 1,
            ..Limits::default()
        }
    }

    #[test]
    fn counts_come_back_when_dropped() {
        let census = Arc::new(Census::default());
        let limits = limits();
        let peer = "192.0.2.1".parse().unwrap();
        let other = "192.0.2.2".parse().unwrap();
        let first = census.admit(peer, &limits).unwrap();
        let second = census.admit(peer, &limits).unwrap();
        assert_eq!(
            census.admit(peer, &limits).unwrap_err(),
            "limit.connections_per_address"
        );
        let third = census.admit(other, &limits).unwrap();
        assert_eq!(
            census.admit(other, &limits).unwrap_err(),
            "limit.connections_total"
        );
        let shaking = first.handshake(&limits).unwrap();
        assert_eq!(
            second.handshake(&limits).unwrap_err(),
            "limit.handshakes_per_address"
        );
        drop(shaking);
        drop(second.handshake(&limits).unwrap());
        drop((first, second, third));
        assert!(census.lock().of.is_empty());
        assert_eq!(census.lock().total, 0);
    }

    #[test]
    fn loopback_is_bounded_in_total_only() {
        let census = Arc::new(Census::default());
        let limits = limits();
        let held: Vec<_> = ["127.0.0.1", "::1", "::ffff:127.0.0.1"]
            .map(|peer| census.admit(peer.parse().unwrap(), &limits).unwrap())
            .into();
        assert_eq!(held.len(), 3);
        let refused = census.admit("127.0.0.1".parse().unwrap(), &limits);
        assert_eq!(refused.unwrap_err(), "limit.connections_total");
    }

    #[test]
    fn one_ipv6_household_is_one_address() {
        let census = Arc::new(Census::default());
        let limits = limits();
        let _first = census.admit("2001:db8::1".parse().unwrap(), &limits);
        let _second = census.admit("2001:db8::2".parse().unwrap(), &limits);
        let third = census.admit("2001:db8::3".parse().unwrap(), &limits);
        assert_eq!(third.unwrap_err(), "limit.connections_per_address");
    }
}
