//! Exchange accounts (Microsoft, `ActiveSync` CSP).

use super::{
    compile::Input,
    leaf::{self, Leaf},
    operation::{Format, NodeOp, Unit},
    plan::{Plan, Rank, Scope},
    read_back::Comparison,
};
use crate::{
    exchange::EmailSyncDuration, identifiers::Role, sync::EmailSyncSchedule, variable::RenderError,
    windows_exchange::WindowsExchangeAccount,
};

/// The types of content. Their `Name` is left out: within an Atomic it fails.
const MAIL: &str = "c6d47067-6e92-480e-b0fc-4ba82182fac7";
const CONTACTS: &str = "0dd8685c-e272-4fcb-9ecf-2ead7ea2497b";
const CALENDAR: &str = "4a5d9fe0-f139-4a63-a5a4-4f31ceea02ad";
const TASKS: &str = "783ae4f6-4c12-4423-8270-66361260d4f1";

/// The account. Its GUID is new for every generation, since adding one that is there deletes that account and makes none; and for another
/// server, mail address or user name, by which an account is known.
///
/// No password is ever written: the user is asked. `AccountType` cannot be changed, nor the user name once the account was used, so
/// neither is written again.
pub(super) fn plan(
    account: &WindowsExchangeAccount,
    input: &Input<'_>,
) -> Result<Plan, RenderError> {
    let address = account.email_address(&input.subject)?;
    let (user_name, domain) = account.user_name(&input.subject)?;
    let mut known_by = vec![account.host_name.as_str(), &address, &user_name];
    known_by.extend(domain.as_deref());
    let guid = input
        .identifiers
        .known_by(&input.profile.id, Role::Account, &known_by);
    let node = format!("./User/Vendor/MSFT/ActiveSync/Accounts/%7B{guid}%7D");
    let leaves = leaves(account, address, user_name, domain);
    Ok(Plan {
        scope: Scope::User,
        rank: Rank::Mail,
        install: vec![leaf::install(&node, &leaves)],
        update: vec![leaf::update(&node, &leaves)],
        remove: vec![Unit::Single(NodeOp::delete(&node))],
        wait: None,
        read_back: leaf::read_back(&node, &leaves),
        node,
    })
}

fn leaves(
    account: &WindowsExchangeAccount,
    address: String,
    user_name: String,
    domain: Option<String>,
) -> Vec<Leaf> {
    let host = account.host_name.as_str();
    let mut leaves = vec![
        Leaf::text("EmailAddress", address),
        Leaf::text("AccountName", account.account_name.as_str()),
        Leaf::text("AccountType", "Exchange").fixed(),
        Leaf::new("ServerName", Format::Chr, host, Comparison::CaseInsensitive),
        Leaf::text("UserName", user_name).fixed(),
    ];
    leaves.extend(
        domain.map(|domain| Leaf::new("Domain", Format::Chr, domain, Comparison::CaseInsensitive)),
    );
    leaves.push(Leaf::flag("Options/UseSSL", account.require_ssl));
    let age = mail_age_filter(account.duration_of_email_to_sync);
    leaves.push(age.map_or_else(
        || chosen("Options/MailAgeFilter", "3"),
        |age| Leaf::number("Options/MailAgeFilter", age),
    ));
    let minutes = schedule(account.email_sync_schedule);
    leaves.push(minutes.map_or_else(
        || chosen("Options/Schedule", "-1"),
        |minutes| Leaf::number("Options/Schedule", minutes),
    ));
    for (content, enabled) in [
        (MAIL, true),
        (CONTACTS, account.sync_contacts),
        (CALENDAR, account.sync_calendar),
        (TASKS, account.sync_tasks),
    ] {
        let path = format!("Options/ContentTypes/%7B{content}%7D/Enabled");
        leaves.push(Leaf::flag(path, enabled));
    }
    leaves
}

/// A leaf that is left to the user: it begins with the device's default, so that it is there to be replaced should it be set one day.
fn chosen(path: &str, default: &str) -> Leaf {
    Leaf::unread(path, Format::Chr, default).fixed()
}

/// `MailAgeFilter`; `None` when nothing is said.
fn mail_age_filter(duration: EmailSyncDuration) -> Option<u8> {
    match duration {
        EmailSyncDuration::UserDefined => None,
        EmailSyncDuration::Unlimited => Some(0),
        EmailSyncDuration::OneDay => Some(1),
        EmailSyncDuration::ThreeDays => Some(2),
        EmailSyncDuration::OneWeek => Some(3),
        EmailSyncDuration::TwoWeeks => Some(4),
        EmailSyncDuration::OneMonth => Some(5),
    }
}

/// `Schedule`, in minutes; `None` when nothing is said, or nothing that has a number.
fn schedule(schedule: EmailSyncSchedule) -> Option<i8> {
    match schedule {
        EmailSyncSchedule::UserDefined | EmailSyncSchedule::BasedOnMyUsage => None,
        EmailSyncSchedule::AsMessagesArrive => Some(-1),
        EmailSyncSchedule::Manual => Some(0),
        EmailSyncSchedule::FifteenMinutes => Some(15),
        EmailSyncSchedule::ThirtyMinutes => Some(30),
        EmailSyncSchedule::SixtyMinutes => Some(60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (duration, age) in [
            (EmailSyncDuration::UserDefined, None),
            (EmailSyncDuration::OneDay, Some(1)),
            (EmailSyncDuration::ThreeDays, Some(2)),
            (EmailSyncDuration::OneWeek, Some(3)),
            (EmailSyncDuration::TwoWeeks, Some(4)),
            (EmailSyncDuration::OneMonth, Some(5)),
            (EmailSyncDuration::Unlimited, Some(0)),
        ] {
            assert_eq!(mail_age_filter(duration), age, "{duration:?}");
        }
        for (given, minutes) in [
            (EmailSyncSchedule::UserDefined, None),
            (EmailSyncSchedule::BasedOnMyUsage, None),
            (EmailSyncSchedule::AsMessagesArrive, Some(-1)),
            (EmailSyncSchedule::Manual, Some(0)),
            (EmailSyncSchedule::FifteenMinutes, Some(15)),
            (EmailSyncSchedule::ThirtyMinutes, Some(30)),
            (EmailSyncSchedule::SixtyMinutes, Some(60)),
        ] {
            assert_eq!(schedule(given), minutes, "{given:?}");
        }
    }
}
