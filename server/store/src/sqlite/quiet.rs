//! Channels on which nothing waits, remembered so that a poll that finds nothing does not ask the database.
//!
//! The writer forgets a channel after the transaction that touched it and before whoever wanted it is answered; nobody
//! else writes. So a queue that is read after a change was answered has that change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mdm_core::channel::Channel;
use mdm_core::id::ChannelId;
use mdm_core::ports::{Commit, Key, Queue, Record};

/// Channels remembered at most; all are dropped when there are more. One takes about 1 KiB.
const MOST: usize = 16_384;

/// What a batch of commits touches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    channels: Vec<ChannelId>,
    /// Devices are deleted, and their channels with them.
    more: bool,
}

impl Touched {
    /// Adds what a commit touches.
    pub(crate) fn add(&mut self, commit: &Commit) {
        for record in &commit.records {
            match record {
                Record::Channel(channel) => self.channels.push(channel.id.clone()),
                Record::Command(command) => self.channels.push(command.channel.clone()),
                Record::Device(_)
                | Record::Delivery(_)
                | Record::Profile(_)
                | Record::Code(_)
                | Record::Challenge(_)
                | Record::Certificate(_)
                | Record::Link(_)
                | Record::Session(_)
                | Record::User(_)
                | Record::Group(_)
                | Record::Assignment(_)
                | Record::Settings(_) => {}
            }
        }
        self.more |= commit
            .deleted
            .iter()
            .any(|key| matches!(key, Key::Device(_)));
    }

    fn is_empty(&self) -> bool {
        self.channels.is_empty() && !self.more
    }
}

#[derive(Debug, Default)]
struct State {
    /// Apart, because a table has room for twice what is in it.
    channels: HashMap<ChannelId, Box<Channel>>,
    generation: u64,
}

/// The channels without any open command.
#[derive(Debug, Default)]
pub(crate) struct Quiet(RwLock<State>);

impl Quiet {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a channel on which nothing waits; none where that is not known.
    pub(crate) fn get(&self, id: &ChannelId) -> Option<Queue> {
        let channel = self.read().channels.get(id)?.as_ref().clone();
        Some(Queue {
            channel,
            offerable: Vec::new(),
            deferred: false,
        })
    }

    /// Counts what was forgotten: what was read before something was forgotten may be old.
    pub(crate) fn generation(&self) -> u64 {
        self.read().generation
    }

    /// Remembers a queue in which nothing waits, read when the generation was `seen`. Where neither an offerable nor a
    /// deferred command is, no command is open, whatever session it is.
    pub(crate) fn put(&self, queue: &Queue, seen: u64) {
        if queue.deferred || !queue.offerable.is_empty() {
            return;
        }
        let mut state = self.write();
        if state.generation != seen {
            return;
        }
        if state.channels.len() >= MOST {
            state.channels.clear();
        }
        let channel = &queue.channel;
        state
            .channels
            .insert(channel.id.clone(), Box::new(channel.clone()));
    }

    /// Forgets what was touched.
    pub(crate) fn forget(&self, touched: &Touched) {
        if touched.is_empty() {
            return;
        }
        let mut state = self.write();
        state.generation += 1;
        for id in &touched.channels {
            state.channels.remove(id);
        }
        if touched.more {
            state.channels.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::sample;

    fn queue() -> Queue {
        Queue {
            channel: sample::channel(&sample::device("d-1", 1)),
            offerable: Vec::new(),
            deferred: false,
        }
    }

    fn touched(records: Vec<Record>, deleted: Vec<Key>) -> Touched {
        let mut touched = Touched::default();
        touched.add(&Commit {
            records,
            deleted,
            ..Commit::default()
        });
        touched
    }

    #[test]
    fn remembers_until_the_channel_is_touched() {
        let queue = queue();
        let id = queue.channel.id.clone();
        let command = sample::command("c-1", &queue.channel);
        let device = sample::device("d-1", 1);
        for (records, deleted, kept) in [
            (vec![], vec![], true),
            (vec![Record::Device(device.clone())], vec![], true),
            (vec![Record::Channel(queue.channel.clone())], vec![], false),
            (vec![Record::Command(command)], vec![], false),
            (vec![], vec![Key::Device(device.id.clone())], false),
        ] {
            let quiet = Quiet::default();
            quiet.put(&queue, quiet.generation());
            assert_eq!(quiet.get(&id), Some(queue.clone()));
            let touched = touched(records, deleted);
            quiet.forget(&touched);
            assert_eq!(quiet.get(&id).is_some(), kept, "{touched:?}");
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered() {
        let quiet = Quiet::default();
        let queue = queue();
        let seen = quiet.generation();
        let change = touched(vec![Record::Channel(queue.channel.clone())], vec![]);
        quiet.forget(&change);
        quiet.put(&queue, seen);
        assert_eq!(quiet.get(&queue.channel.id), None);
    }

    #[test]
    fn a_queue_in_which_something_waits_is_not_remembered() {
        let quiet = Quiet::default();
        let mut waiting = queue();
        waiting.deferred = true;
        quiet.put(&waiting, 0);
        waiting.deferred = false;
        waiting.offerable = vec![sample::command("c-1", &waiting.channel)];
        quiet.put(&waiting, 0);
        assert_eq!(quiet.get(&waiting.channel.id), None);
    }
}
