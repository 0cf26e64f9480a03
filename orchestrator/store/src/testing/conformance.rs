//! The suite that both databases pass. Each case gets a database of its own.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests, in a library because they run on several databases"
)]

mod agents;
mod changes;
mod content;
mod entities;
mod events;
mod isolation;
mod outbox;
mod people;
mod plugins;
mod reports;
mod settings;
mod transactions;

use std::future::Future;
use std::pin::Pin;

use crate::{Error, Store};

/// One promise of the store.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    /// Panics if it is not kept.
    pub run: fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)*) => {
        /// Every promise.
        pub const CASES: &[Case] = &[
            $($(Case { name: stringify!($case), run: |store| Box::pin($module::$case(store)) },)+)*
        ];
    };
}

cases! {
    entities:
        entities_come_back_as_they_were_stored,
        taken_names_are_refused,
        names_are_told_apart_by_case,
        versions_rise_and_stale_ones_are_refused,
        what_is_in_use_is_not_deleted,
        deleting_an_organization_leaves_nothing_of_it,
        hosts_are_locked_in_the_order_of_their_ids;
    settings:
        settings_keep_their_order_their_keys_order_and_their_version,
        settings_go_with_what_they_stand_at,
        desired_resources_come_back_as_they_were_stored,
        alerts_are_raised_once_and_closed;
    changes:
        changes_are_numbered_and_no_number_is_used_again,
        tasks_come_back_as_they_were_stored,
        open_changes_are_those_that_have_not_ended,
        overdue_changes_are_found;
    transactions:
        rollback_leaves_nothing,
        dropping_leaves_nothing,
        who_gives_up_waiting_for_a_transaction_spoils_none,
        reading_refuses_to_write_and_waits_for_nobody,
        commits_wake_those_who_wait;
    outbox:
        concurrent_writers_on_one_lane_get_distinct_consecutive_sequences,
        messages_wait_in_order_until_they_are_receipted,
        receipts_for_what_was_not_sent_change_nothing,
        withdrawn_messages_leave_a_chain_without_a_gap,
        sent_messages_are_neither_withdrawn_nor_amended,
        a_new_epoch_begins_with_what_was_not_receipted,
        the_newest_lease_wins,
        leases_are_prolonged_together_and_taken_only_if_they_are_free;
    reports:
        reports_are_applied_in_order_and_once,
        early_reports_wait_for_those_before_them,
        reports_that_came_at_once_are_counted_once,
        a_rolled_back_report_comes_again;
    agents:
        a_host_has_one_trusted_agent,
        revoked_agents_get_nothing_and_are_not_heard,
        tokens_are_used_as_often_as_they_may;
    content:
        blobs_are_kept_once_and_given_in_parts_to_whom_they_are_for,
        requests_that_come_twice_are_answered_as_before;
    plugins:
        plugins_and_components_come_back_as_they_were_stored,
        activations_rise_and_replace_each_other,
        components_are_for_agents_of_organizations_that_use_them;
    people:
        users_have_names_and_addresses_of_their_own,
        roles_are_given_and_taken,
        api_keys_are_found_by_their_digest;
    events:
        events_come_back_as_they_were_stored,
        events_are_numbered_in_the_order_in_which_they_appear,
        old_events_are_forgotten;
    isolation:
        another_organization_sees_nothing,
        another_organization_changes_nothing,
        nothing_can_refer_to_another_organization;
}

fn is_taken<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Taken { .. }))
}

fn is_in_use<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::InUse { .. }))
}

fn is_stale<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale { .. }))
}
