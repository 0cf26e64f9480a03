//! What every provider promises, as checks that report what was broken.
//!
//! 1. Applying twice changes nothing the second time.
//! 2. What is read after applying is as desired.
//! 3. What was removed reads as absent, and removing it again changes nothing.
//! 4. What a plan says it knows is what applying does, and no declared attribute changes that the plan does not show.
//! 5. Planning changes nothing.
//! 6. Bad attributes are refused as invalid, with a pointer to what is bad.
//!
//! Actions have one of their own, [`begun_at_most_once`].

mod action;
mod bad;
mod case;
mod good;
mod report;
mod values;

pub use action::begun_at_most_once;
pub use case::Case;
pub use report::{Law, Report, Violation};

use crate::Bench;
use case::Kind;

/// Checks all laws with each case, one after the other on the same machine.
pub async fn check(bench: &Bench, cases: &[Case]) -> Report {
    check_with(bench, cases, &String::new).await
}

/// Checks all laws; `snapshot` tells everything about the machine that planning and applying again must not change.
///
/// Without one, what the provider asks of the machine is looked at, and what it reads.
pub async fn check_with(bench: &Bench, cases: &[Case], snapshot: &dyn Fn() -> String) -> Report {
    let mut report = Report::default();
    for case in cases {
        report.checked += 1;
        match &case.kind {
            Kind::Good { resources, is_removed } => {
                good::check(bench, &case.name, resources, *is_removed, snapshot, &mut report).await;
            }
            Kind::Bad { id, attributes, pointer } => {
                bad::check(bench, &case.name, id, attributes, pointer, &mut report).await;
            }
        }
    }
    report
}
