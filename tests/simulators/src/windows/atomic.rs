//! Commands in their order, and those that are done together or not at all.

use super::accounts::{self, AccountKind, MAX_EMAIL2, MailAccount};
use super::device::{Managed, WindowsDevice};
use super::journal::Event;
use super::operation::{Group, INVALID_ARGUMENT, Outcome};
use super::syncml::{Command, Item, Reply, Verb};

/// Statuses of an `Atomic` ([MS-MDM] 2.2.7.2, page "OMA DM protocol support").
const NOT_EXECUTED: u16 = 215;
const ROLLED_BACK: u16 = 216;
const ATOMIC_FAILED: u16 = 507;
const ROLLBACK_FAILED: u16 = 516;

impl WindowsDevice {
    /// Carries a command of the server out and gives the statuses for it, its own first.
    pub(super) fn carry_out(&mut self, command: &Command) -> Vec<Reply> {
        let before = self.managed.clone();
        let replies = match command.verb {
            Some(Verb::Atomic) => self.atomic(command, &before),
            _ => self.run(command, &mut Group::default()),
        };
        self.settle(&before);
        replies
    }

    fn run(&mut self, command: &Command, group: &mut Group) -> Vec<Reply> {
        let Some(id) = command.cmd_id.as_deref() else {
            return vec![self.told(command, "", Outcome::status(400), None)];
        };
        match command.verb {
            None => vec![self.told(command, id, Outcome::status(400), None)],
            Some(Verb::Add | Verb::Replace | Verb::Delete | Verb::Exec | Verb::Get)
                if command.items.is_empty() =>
            {
                vec![self.told(command, id, Outcome::status(400), None)]
            }
            // Neither has a place inside an Atomic ([MS-MDM] 2.2.7.2).
            Some(Verb::Atomic | Verb::Get) if group.atomic => {
                vec![self.told(command, id, Outcome::status(500), None)]
            }
            Some(Verb::Atomic) => {
                let before = self.managed.clone();
                self.atomic(command, &before)
            }
            Some(Verb::Sequence) => {
                let mut replies = vec![self.told(command, id, Outcome::status(200), None)];
                for inner in &command.commands {
                    replies.extend(self.run(inner, group));
                }
                replies
            }
            Some(verb) => {
                let mut replies = Vec::new();
                for item in &command.items {
                    let outcome = self.item(verb, item, group);
                    if outcome.status.is_some() {
                        replies.push(self.told(command, id, outcome, Some(item)));
                    }
                }
                replies
            }
        }
    }

    /// One item of a command: a piece of a large object is put aside until the last one is there.
    fn item(&mut self, verb: Verb, item: &Item, group: &mut Group) -> Outcome {
        match self.gather(item) {
            Ok(Some(whole)) => self.operate(verb, &whole, group),
            Ok(None) => Outcome::status(213),
            Err(status) => Outcome::status(status),
        }
    }

    fn atomic(&mut self, command: &Command, before: &Managed) -> Vec<Reply> {
        let Some(id) = command.cmd_id.as_deref() else {
            return vec![self.told(command, "", Outcome::status(400), None)];
        };
        let mut group = Group {
            atomic: true,
            ..Group::default()
        };
        let mut replies: Vec<Reply> = Vec::new();
        let mut failed = false;
        for inner in &command.commands {
            if failed {
                let id = inner.cmd_id.as_deref().unwrap_or_default();
                replies.push(self.told(inner, id, Outcome::status(NOT_EXECUTED), None));
                continue;
            }
            let done = self.run(inner, &mut group);
            failed = done.iter().any(|reply| !(200..=213).contains(&reply.code));
            replies.extend(done);
        }
        if !failed
            && self.has_incomplete_account(before)
            && let Some(last) = replies.last_mut()
        {
            last.code = 500;
            last.original_error = Some(INVALID_ARGUMENT);
            failed = true;
        }
        if !failed {
            replies.insert(0, self.told(command, id, Outcome::status(200), None));
            return replies;
        }
        let undone = if self.script.rollback_fails() {
            ROLLBACK_FAILED
        } else {
            let trapped = std::mem::take(&mut self.managed.trapped);
            self.managed = before.clone();
            // What the trap of ActiveSync deleted stays deleted.
            for account in &trapped {
                self.managed.tree.remove(account);
            }
            ROLLED_BACK
        };
        for reply in &mut replies {
            if (200..=213).contains(&reply.code) {
                reply.code = undone;
                reply.results = None;
            }
        }
        replies.insert(
            0,
            self.told(command, id, Outcome::status(ATOMIC_FAILED), None),
        );
        replies
    }

    /// Whether an account was begun that lacks what it needs, or is one too many.
    fn has_incomplete_account(&self, before: &Managed) -> bool {
        [AccountKind::ActiveSync, AccountKind::Internet]
            .into_iter()
            .any(|kind| {
                let place = kind.place("User");
                let guids = self.managed.tree.below(&place);
                let lacking = guids.iter().any(|guid| {
                    let node = place.join(guid);
                    !before.tree.has(&node)
                        && accounts::lacks(&self.managed.tree, kind, &node).is_some()
                });
                lacking
                    || kind == AccountKind::Internet
                        && guids.len() > MAX_EMAIL2
                        && guids.len() > before.tree.below(&place).len()
            })
    }

    /// A status, written into the journal as well.
    fn told(
        &mut self,
        command: &Command,
        id: &str,
        outcome: Outcome,
        item: Option<&Item>,
    ) -> Reply {
        let status = outcome.status.unwrap_or(200);
        let uri = item
            .and_then(|item| item.target.clone())
            .unwrap_or_default();
        self.note(Event::Command {
            verb: command.name.clone(),
            uri: uri.clone(),
            status,
        });
        let mut reply = Reply::new(id, &command.name, status);
        reply.target_ref = (command.items.len() > 1).then_some(uri);
        reply.original_error = outcome.error;
        reply.results = outcome.found;
        reply
    }

    /// What a command did to mail accounts: new ones take over those made by hand for the same mailbox, and ask for the
    /// password they came without.
    fn settle(&mut self, before: &Managed) {
        self.managed.trapped.clear();
        let (was, now) = (
            accounts::managed(&before.tree),
            accounts::managed(&self.managed.tree),
        );
        let same = |a: &MailAccount, b: &MailAccount| a.kind == b.kind && a.origin == b.origin;
        for account in &now {
            let address = account.address.clone();
            match was.iter().find(|old| same(old, account)) {
                Some(old) if old == account => {}
                Some(_) => self.note(Event::AccountUpdated { address }),
                None => {
                    let mine = |old: &MailAccount| old.is_same_mailbox(account);
                    if self.managed.by_hand.iter().any(mine) {
                        self.managed
                            .by_hand
                            .retain(|old| !old.is_same_mailbox(account));
                        self.note(Event::AccountOverwritten {
                            address: address.clone(),
                        });
                    }
                    self.note(Event::AccountCreated {
                        address: address.clone(),
                    });
                    if !account.has_password {
                        self.ask_password(&address);
                    }
                }
            }
        }
        for account in was
            .iter()
            .filter(|old| !now.iter().any(|new| same(old, new)))
        {
            self.note(Event::AccountRemoved {
                address: account.address.clone(),
            });
        }
    }
}
