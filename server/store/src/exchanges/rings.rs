//! Which polls are kept of each device: the last few.

use std::collections::{HashMap, VecDeque};

use mdm_core::id::DeviceId;

/// Devices remembered at most. Polls of further ones are kept like everything else, and pruned.
const MOST: usize = 100_000;

/// The numbers of the polls that are kept, per device; those of nobody known share one ring.
#[derive(Debug)]
pub(crate) struct Rings {
    per_device: usize,
    rings: HashMap<Option<DeviceId>, VecDeque<u64>>,
}

/// What to do with a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Keep it.
    Free,
    /// Keep it and delete this one.
    Instead(u64),
    /// Keep it where the exchanges are that mattered.
    Elsewhere,
}

impl Rings {
    pub(crate) fn new(per_device: usize) -> Self {
        Self {
            per_device: per_device.max(1),
            rings: HashMap::new(),
        }
    }

    /// Finds a place for poll `id`, which is later than all before.
    pub(crate) fn push(&mut self, device: Option<&DeviceId>, id: u64) -> Place {
        let full = self.rings.len() >= MOST;
        let key = device.cloned();
        let ring = match self.rings.get_mut(&key) {
            Some(ring) => ring,
            None if full => return Place::Elsewhere,
            None => self.rings.entry(key).or_default(),
        };
        ring.push_back(id);
        if ring.len() <= self.per_device {
            return Place::Free;
        }
        ring.pop_front().map_or(Place::Free, Place::Instead)
    }

    /// The polls of a device, in order.
    pub(crate) fn of(&self, device: &DeviceId) -> Vec<u64> {
        self.rings
            .get(&Some(device.clone()))
            .map(|ring| ring.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Forgets a device, and gives what was its.
    pub(crate) fn forget(&mut self, device: &DeviceId) -> Vec<u64> {
        self.rings
            .remove(&Some(device.clone()))
            .map(Vec::from)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_of_each_device() {
        let mut rings = Rings::new(2);
        let one: DeviceId = "d-1".parse().unwrap();
        let other: DeviceId = "d-2".parse().unwrap();
        let placed: Vec<Place> = [
            (Some(&one), 1),
            (Some(&other), 2),
            (Some(&one), 3),
            (Some(&one), 4),
            (None, 5),
        ]
        .into_iter()
        .map(|(device, id)| rings.push(device, id))
        .collect();
        assert_eq!(
            placed,
            [
                Place::Free,
                Place::Free,
                Place::Free,
                Place::Instead(1),
                Place::Free
            ]
        );
        assert_eq!(rings.of(&one), [3, 4]);
        assert_eq!(rings.forget(&one), [3, 4]);
        assert_eq!(rings.of(&one), [0_u64; 0]);
    }
}
