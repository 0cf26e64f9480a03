//! The law of actions: begun at most once, wherever the machine crashes.

use hostwright_runtime::machine::Request;
use serde_json::Value as Json;

use super::good::applying;
use super::report::{Law, Report};
use crate::{Bench, Crash};

/// More calls than any action makes.
const CALLS_MAXIMUM: u64 = 100;

/// Performs an action again and again, each time crashing one call later, until it comes through.
///
/// `is_beginning` recognises the call that begins the action. A provider may not begin it twice in one call, and must tell
/// a crash rather than success.
pub async fn begun_at_most_once(
    bench: &Bench,
    id: &str,
    action: &str,
    attributes: &Json,
    is_beginning: impl Fn(&Request) -> bool,
) -> Report {
    let mut report = Report::default();
    let attributes = attributes.to_string();
    let mut is_through = false;
    let crashes = (1..=CALLS_MAXIMUM).flat_map(|call| [Crash::Before(call), Crash::After(call)]);
    for crash in crashes {
        report.checked += 1;
        let case = format!("{crash:?}");
        bench.machine.take_requests();
        bench.machine.crash(crash);
        let result = bench.provider.perform(&applying(), id, action, &attributes).await;
        let has_crashed = bench.machine.revive();
        let begun = bench.machine.take_requests().iter().filter(|request| is_beginning(request)).count();
        if begun > 1 {
            report.add(Law::AtMostOnce, &case, format!("`{action}` was begun {begun} times"));
        }
        match result {
            Ok(_) if !has_crashed => {
                if begun == 0 {
                    report.add(Law::AtMostOnce, &case, format!("`{action}` succeeded without being begun"));
                }
                is_through = true;
                break;
            }
            Ok(outcome) => {
                let detail = format!("the machine crashed, and `{action}` is told as done: {outcome:?}");
                report.add(Law::AtMostOnce, &case, detail);
            }
            Err(error) if !has_crashed => {
                report.add(Law::AtMostOnce, &case, format!("`{action}` failed: {error} {error:?}"));
                break;
            }
            Err(_) => {}
        }
    }
    if !is_through && report.is_kept() {
        report.add(
            Law::AtMostOnce,
            action,
            format!("it did not end within {CALLS_MAXIMUM} calls of the machine"),
        );
    }
    report
}
