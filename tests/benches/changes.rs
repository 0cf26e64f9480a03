//! How long a change takes that has nothing to do.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hostwright_api_types::ChangeState;
use hostwright_tests::Programs;

use crate::figure::{Figure, Times};
use crate::managed::{APPLICATION, Managed, file};

const CHANGES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a file that is as desired again and again: from the request to the API until the change is known to be done.
pub(crate) async fn measure(programs: Programs) -> Result<Vec<Figure>> {
    let managed = Managed::start(programs, 1, "").await?;
    let mut times = Times::default();
    for _ in 0..CHANGES {
        let begun = Instant::now();
        let written = managed.host().update_file(APPLICATION, &file(0)).await?;
        let changes = managed.host().wait_for_changes(&written.changes, PATIENCE).await?;
        times.push(begun.elapsed());
        ensure!(changes.len() == 1, "an update of a file is one change: {changes:#?}");
        ensure!(changes[0].state == ChangeState::Done, "it was not done: {:#?}", changes[0]);
    }
    Ok(vec![Figure::told("change without effect, from the API and back", times.to_string())])
}
