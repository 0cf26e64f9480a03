//! Removes what a batch names.

use hostwright_sdk::Error;
use hostwright_sdk::types::Outcome;

use crate::dpkg::{self, Record};
use crate::{apt, service_starts};

/// Removes packages in one run; their configuration and data stay. An error is that of all.
pub(crate) fn remove(ids: &[String]) -> Result<Vec<Result<Outcome, Error>>, Error> {
    service_starts::clean_up()?;
    let before = apt::records(ids)?;
    let there: Vec<String> = ids.iter().filter(|id| is_there(&before, id)).cloned().collect();
    if there.is_empty() {
        return Ok(ids.iter().map(|_| Ok(Outcome::unchanged())).collect());
    }
    judge(&there)?;
    let is_held = |id: &&String| dpkg::find(&before, id).is_some_and(Record::is_held);
    let held: Vec<String> = there.iter().filter(is_held).cloned().collect();
    apt::mark(&held, false)?;
    // Services are not held back here: those of a package have to stop when it goes.
    let removed = apt::remove(&there);
    let after = apt::records(ids)?;
    let outcome = |id: &String| {
        if !there.contains(id) {
            return Ok(Outcome::unchanged());
        }
        if !is_there(&after, id) {
            return Ok(Outcome::changed());
        }
        removed.clone()?;
        Err(Error::failed(format!("`{id}` is still there although apt reported success")))
    };
    Ok(ids.iter().map(outcome).collect())
}

/// Refuses a removal that takes along what nobody asked to remove.
pub(crate) fn judge(ids: &[String]) -> Result<(), Error> {
    apt::simulate_removal(ids)?.judge_removal(ids)
}

/// A package that is half installed is there too, as far as removing goes.
fn is_there(records: &[Record], id: &str) -> bool {
    dpkg::find(records, id)
        .is_some_and(|record| !matches!(record.status.as_str(), "config-files" | "not-installed"))
}
