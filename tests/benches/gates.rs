//! The gates of the figures that also a busy machine can judge, in a short form and with slack: one that fails here is
//! missed badly. `cargo bench -p hostwright-tests` measures in full, and what is shipped instead of what is developed.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a test shows what it measured, and ends where it cannot"
)]

mod checking;
mod figure;
mod managed;
mod plugins;
mod presence;
mod process;
#[expect(dead_code, reason = "the full measurement tells the size of programs too")]
mod sizes;

use std::time::Duration;

use hostwright_tests::Programs;

use crate::checking::Sweep;
use crate::figure::Figure;

/// Holds figures against their gates, with so much slack.
fn hold(figures: &[Figure], slack: f64) {
    for figure in figures {
        println!("{}: {}", figure.name, figure.measured);
        let share = figure.share_of_gate().expect("a figure with a gate");
        assert!(share <= slack, "{}: {}, {share:.1} times the gate", figure.name, figure.measured);
    }
}

#[test]
fn plugins_are_small() {
    hold(&sizes::plugins().unwrap(), 1.0);
}

#[test]
fn a_check_without_drift_costs_little_more_than_the_reading() {
    let compiler = Programs::of_development().agent.compiler;
    // Without optimisation crossing into the plugin costs twice as much.
    hold(&checking::measure(&compiler, &[Sweep { file_count: 1_000, most: 1.5, rounds: 5 }]).unwrap(), 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_agent_is_small_and_sleeps() {
    let figures = presence::measure(Programs::of_development(), Duration::from_secs(20)).await.unwrap();
    // Without optimisation the program itself is many times as large.
    hold(&figures, 4.0);
}
