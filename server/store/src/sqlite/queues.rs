//! The heads of queues, remembered so that neither a poll that finds nothing nor an answer that is followed by the next
//! command asks the database.
//!
//! The writer passes on what it committed after the transaction and before whoever wanted it is answered; nobody else
//! writes. So a queue that is read after a change was answered has that change.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mdm_core::channel::Channel;
use mdm_core::command::{Command, CommandState};
use mdm_core::id::{ChannelId, Version};
use mdm_core::ports::{Commit, Key, Queue, Record};

/// Channels remembered at most; all are dropped when there are more. One takes about 1 KiB.
const MOST: usize = 16_384;
/// Commands remembered at most, of all channels; then likewise. One takes about 0.6 KiB.
const MOST_COMMANDS: usize = 16_384;

/// The first commands of a queue, as they were read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    /// The channel.
    pub(crate) channel: Channel,
    /// The first open commands that may be offered now, in order.
    pub(crate) offerable: Vec<Command>,
    /// Whether there may be further ones.
    pub(crate) more: bool,
    /// The latest session that a command of this channel, open or not, was deferred in.
    pub(crate) deferred_in: Option<u64>,
}

impl Head {
    /// Commands read at least: several times what one look at the queue needs.
    pub(crate) const LENGTH: usize = 4 * Queue::WINDOW;

    /// What is offered of it, and whether something deferred is not.
    pub(crate) fn queue(&self, new_session: bool, limit: usize) -> Queue {
        let session = self.channel.session.saturating_add(new_session.into());
        Queue {
            channel: self.channel.clone(),
            offerable: self.offerable.iter().take(limit).cloned().collect(),
            deferred: self.deferred_in.is_some_and(|at| at >= session),
        }
    }

    /// Takes over what was committed about the channel. False where it cannot be told without reading.
    fn apply(&mut self, change: Change<'_>) -> bool {
        match change {
            Change::Channel(channel) => {
                self.channel = channel.clone();
                self.channel.version = channel.version.next();
                true
            }
            Change::Command(command) if command.state == CommandState::Deferred => false,
            Change::Command(command) if command.version == Version(0) => {
                self.more = true; // behind all others, at a place that only the table knows
                true
            }
            Change::Command(command) => {
                match self.offerable.iter().position(|c| c.uuid == command.uuid) {
                    Some(at) if !command.state.is_open() => {
                        self.offerable.remove(at);
                    }
                    Some(at) => {
                        if let Some(place) = self.offerable.get_mut(at) {
                            let seq = place.seq;
                            *place = command.clone();
                            place.version = command.version.next();
                            place.seq = seq;
                        }
                    }
                    None => {} // one of those behind, or answered long ago
                }
                true
            }
        }
    }
}

/// What a record changes in a queue.
#[derive(Debug, Clone, Copy)]
enum Change<'a> {
    Channel(&'a Channel),
    Command(&'a Command),
}

impl<'a> Change<'a> {
    fn of(record: &'a Record) -> Option<Self> {
        match record {
            Record::Channel(channel) => Some(Self::Channel(channel)),
            Record::Command(command) => Some(Self::Command(command)),
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
            | Record::Settings(_)
            | Record::Prompt(_) => None,
        }
    }

    fn channel(self) -> &'a ChannelId {
        match self {
            Self::Channel(channel) => &channel.id,
            Self::Command(command) => &command.channel,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// Apart, because a table has room for twice what is in it.
    heads: HashMap<ChannelId, Box<Head>>,
    commands: usize,
    generation: u64,
}

impl State {
    fn forget(&mut self, id: &ChannelId) {
        if let Some(head) = self.heads.remove(id) {
            self.commands = self.commands.saturating_sub(head.offerable.len());
        }
    }

    fn clear(&mut self) {
        self.heads.clear();
        self.commands = 0;
    }
}

/// The heads of queues without deferred commands.
#[derive(Debug, Default)]
pub(crate) struct Queues(RwLock<State>);

impl Queues {
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a channel; none where not enough is known of it.
    pub(crate) fn get(&self, id: &ChannelId, limit: usize) -> Option<Queue> {
        let state = self.read();
        let head = state.heads.get(id)?;
        let enough = !head.more || head.offerable.len() >= limit;
        // Nothing is deferred, so it is the same in a new session.
        enough.then(|| head.queue(false, limit))
    }

    /// Counts what changed: what was read before something changed may be old.
    pub(crate) fn generation(&self) -> u64 {
        self.read().generation
    }

    /// Remembers a head that was read when the generation was `seen`, if nothing is deferred.
    pub(crate) fn put(&self, head: Head, seen: u64) {
        if head.deferred_in.is_some() {
            return;
        }
        let mut state = self.write();
        if state.generation != seen {
            return;
        }
        let id = head.channel.id.clone();
        state.forget(&id);
        if state.heads.len() >= MOST || state.commands + head.offerable.len() > MOST_COMMANDS {
            state.clear();
        }
        state.commands += head.offerable.len();
        state.heads.insert(id, Box::new(head));
    }

    /// Takes over what a batch did: each commit, and whether it was written.
    pub(crate) fn committed<'a>(&self, commits: impl Iterator<Item = (&'a Commit, bool)>) {
        let mut state = self.write();
        state.generation += 1;
        for (commit, written) in commits {
            for change in commit.records.iter().filter_map(Change::of) {
                let id = change.channel();
                let Some(head) = state.heads.get_mut(id) else {
                    continue;
                };
                let before = head.offerable.len();
                // What was not written may have been decided on a head that is wrong.
                if written && head.apply(change) {
                    let gone = before - head.offerable.len();
                    state.commands = state.commands.saturating_sub(gone);
                } else {
                    state.forget(id);
                }
            }
            if commit
                .deleted
                .iter()
                .any(|key| matches!(key, Key::Device(_)))
            {
                state.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::sample;

    fn head(commands: &[&str]) -> Head {
        let channel = sample::channel(&sample::device("d-1", 1));
        let offerable = commands
            .iter()
            .zip(1..)
            .map(|(uuid, seq)| {
                let mut command = sample::command(uuid, &channel);
                (command.seq, command.version) = (seq, Version(1));
                command
            })
            .collect();
        Head {
            channel,
            offerable,
            more: false,
            deferred_in: None,
        }
    }

    fn commit(records: Vec<Record>, deleted: Vec<Key>) -> Commit {
        Commit {
            records,
            deleted,
            ..Commit::default()
        }
    }

    /// What is offered after a commit: names with versions; none where it has to be read.
    fn after(head: &Head, commit: &Commit, written: bool) -> Option<Vec<(String, u64)>> {
        let queues = Queues::default();
        queues.put(head.clone(), queues.generation());
        assert_eq!(
            queues.get(&head.channel.id, Queue::WINDOW),
            Some(head.queue(false, Queue::WINDOW))
        );
        queues.committed(std::iter::once((commit, written)));
        let queue = queues.get(&head.channel.id, Queue::WINDOW)?;
        let offered = queue.offerable.iter();
        Some(offered.map(|c| (c.uuid.to_string(), c.version.0)).collect())
    }

    #[test]
    fn follows_what_is_committed() {
        let two = head(&["c-1", "c-2"]);
        let changed = |state| {
            let mut command = two.offerable[0].clone();
            command.state = state;
            vec![Record::Command(command)]
        };
        let new = vec![Record::Command(sample::command("c-9", &two.channel))];
        let device = sample::device("d-1", 1);
        let gone = vec![Key::Device(device.id.clone())];
        let offered = |offered: &[(&str, u64)]| {
            let owned = offered
                .iter()
                .map(|(uuid, version)| ((*uuid).to_owned(), *version));
            Some(owned.collect::<Vec<_>>())
        };
        let same = offered(&[("c-1", 1), ("c-2", 1)]);
        for (records, deleted, expected) in [
            (vec![], vec![], same.clone()),
            (vec![Record::Device(device)], vec![], same.clone()),
            (vec![Record::Channel(two.channel.clone())], vec![], same),
            (
                changed(CommandState::Sent),
                vec![],
                offered(&[("c-1", 2), ("c-2", 1)]),
            ),
            (
                changed(CommandState::Acknowledged),
                vec![],
                offered(&[("c-2", 1)]),
            ),
            (changed(CommandState::Deferred), vec![], None),
            (new, vec![], None),
            (vec![], gone, None),
        ] {
            let commit = commit(records, deleted);
            assert_eq!(after(&two, &commit, true), expected, "{commit:?}");
        }
        let acknowledged = commit(changed(CommandState::Acknowledged), vec![]);
        assert_eq!(
            after(&two, &acknowledged, false),
            None,
            "decided on what is wrong"
        );
    }

    #[test]
    fn the_channel_is_as_it_was_committed() {
        let quiet = head(&[]);
        let queues = Queues::default();
        queues.put(quiet.clone(), 0);
        let mut channel = quiet.channel.clone();
        channel.session = 7;
        let commit = commit(vec![Record::Channel(channel.clone())], vec![]);
        queues.committed(std::iter::once((&commit, true)));
        channel.version = channel.version.next();
        assert_eq!(
            queues
                .get(&channel.id, Queue::WINDOW)
                .map(|queue| queue.channel),
            Some(channel)
        );
    }

    #[test]
    fn a_head_that_grew_too_short_is_read_again() {
        let mut long = head(&["c-1", "c-2", "c-3", "c-4", "c-5"]);
        long.more = true;
        let queues = Queues::default();
        queues.put(long.clone(), 0);
        for (command, enough) in long.offerable.iter().zip([true, false]) {
            let mut command = command.clone();
            command.state = CommandState::Cancelled;
            let commit = commit(vec![Record::Command(command)], vec![]);
            queues.committed(std::iter::once((&commit, true)));
            assert_eq!(
                queues.get(&long.channel.id, Queue::WINDOW).is_some(),
                enough
            );
        }
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered() {
        let queues = Queues::default();
        let head = head(&[]);
        let seen = queues.generation();
        let change = commit(vec![Record::Channel(head.channel.clone())], vec![]);
        queues.committed(std::iter::once((&change, true)));
        queues.put(head.clone(), seen);
        assert_eq!(queues.get(&head.channel.id, Queue::WINDOW), None);
    }

    #[test]
    fn a_queue_in_which_something_is_deferred_is_not_remembered() {
        let queues = Queues::default();
        let mut head = head(&["c-1"]);
        head.deferred_in = Some(0);
        queues.put(head.clone(), 0);
        assert_eq!(queues.get(&head.channel.id, Queue::WINDOW), None);
    }
}
