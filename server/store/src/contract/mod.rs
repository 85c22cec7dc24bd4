//! The rules that every store must keep, as one suite.
//!
//! A store's own tests call [`run`] with a way to make places where that store can be opened:
//! SQLite in a new directory, another database in a new schema. A rule that does not hold panics
//! with its name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is a suite of tests, kept where the tests of other stores reach it"
)]

mod atomicity;
mod deleting;
mod events;
mod lists;
mod queue;
pub(crate) mod sample;
mod versions;

use std::sync::Arc;

use async_trait::async_trait;
use mdm_core::ports::{Commit, Record, Store};

/// An empty place where a store can be opened; once that one is dropped, opened again.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the store of this place.
    async fn open(&self) -> Arc<dyn Store>;
}

/// Checks every rule, each in a new place.
pub async fn run<P: Place>(mut new_place: impl FnMut() -> P) {
    versions::every_record_is_read_back_at_its_version(&*new_place().open().await).await;
    versions::the_directory_is_read_back_at_its_version(&*new_place().open().await).await;
    versions::what_is_not_there_is_none_or_empty(&*new_place().open().await).await;
    versions::a_changed_record_is_stale(&*new_place().open().await).await;
    versions::one_of_many_writers_wins(&*new_place().open().await).await;
    versions::a_serial_number_is_taken_once(&*new_place().open().await).await;
    atomicity::a_failing_record_undoes_its_whole_commit(&*new_place().open().await).await;
    atomicity::neighbours_of_a_failing_commit_stay(&*new_place().open().await).await;
    atomicity::what_was_answered_is_there_after_opening_again(&new_place()).await;
    events::are_numbered_without_gaps(&*new_place().open().await).await;
    events::are_numbered_on_after_opening_again(&new_place()).await;
    events::are_filtered(&*new_place().open().await).await;
    events::can_be_followed(&*new_place().open().await).await;
    queue::offers_in_order_and_no_more_than_wanted(&*new_place().open().await).await;
    queue::holds_what_was_deferred_in_this_session(&*new_place().open().await).await;
    queue::keeps_places_for_good(&*new_place().open().await).await;
    queue::a_change_that_was_answered_is_offered(new_place().open().await).await;
    queue::channels_are_apart(&*new_place().open().await).await;
    lists::devices_page_in_the_order_they_were_made(&*new_place().open().await).await;
    lists::the_latest_device_of_a_udid_is_found(&*new_place().open().await).await;
    lists::deliveries_are_filtered_newest_first(&*new_place().open().await).await;
    lists::certificates_are_found_by_all_their_names(&*new_place().open().await).await;
    lists::profiles_and_codes_are_in_the_order_they_were_made(&*new_place().open().await).await;
    lists::the_directory_is_in_the_order_it_was_made(&*new_place().open().await).await;
    lists::current_deliveries_are_grouped_by_device(&*new_place().open().await).await;
    lists::last_seen_is_remembered(&new_place()).await;
    deleting::a_device_takes_what_is_its_with_it(&*new_place().open().await).await;
    deleting::a_sweep_takes_what_is_of_no_use(&*new_place().open().await).await;
    deleting::takes_only_what_is_named(&*new_place().open().await).await;
    deleting::kept_messages_are_replaced_and_dropped(&*new_place().open().await).await;
}

async fn put(store: &dyn Store, records: impl IntoIterator<Item = Record>) -> u64 {
    let commit = Commit {
        records: records.into_iter().collect(),
        ..Commit::default()
    };
    store.commit(commit).await.expect("the commit is written")
}
