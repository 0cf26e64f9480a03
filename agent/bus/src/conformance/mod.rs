//! What every transport must do, whatever it is made of.
//!
//! A transport brings a [`Harness`]; [`run`] puts it through all cases, one after the other, and panics at the first
//! promise that is broken, naming it.

#![expect(clippy::expect_used, reason = "a suite fails by panicking")]

mod backpressure;
mod harness;
mod order;
mod redelivery;
mod refusal;
mod sessions;
mod size;
mod steps;

pub use harness::{Harness, Refusal};

/// Runs all cases.
pub async fn run(harness: &dyn Harness) {
    let step = |case: &str| tracing::info!("{}: {case}", harness.name());
    step("order for each agent, both ways");
    order::frames_of_each_agent_arrive_in_order(harness).await;
    step("frames up to the limit, and no larger");
    size::frames_up_to_the_limit_travel(harness).await;
    size::larger_frames_are_refused_with_both_numbers(harness).await;
    step("redelivery until receipted");
    redelivery::receiver_that_drops_frames_gets_them_again(harness).await;
    step("reconnect after a cut");
    redelivery::everything_arrives_in_order_across_cuts(harness).await;
    redelivery::reports_arrive_in_order_across_cuts(harness).await;
    step("back-pressure");
    backpressure::publishing_to_a_slow_agent_waits(harness).await;
    backpressure::publishing_to_a_slow_orchestrator_waits(harness).await;
    step("newest session wins");
    sessions::newest_session_wins(harness).await;
    step("closed sessions");
    sessions::session_that_was_closed_is_over(harness).await;
    sessions::session_that_is_ended_there_is_over_here(harness).await;
    step("enrolment sessions");
    sessions::enrolment_session_carries_frames_both_ways(harness).await;
    step("refusals");
    refusal::unknown_agent_is_refused(harness).await;
    refusal::agent_with_another_key_is_refused(harness).await;
    refusal::unknown_token_is_refused(harness).await;
    refusal::publishing_to_nobody_says_so(harness).await;
}
