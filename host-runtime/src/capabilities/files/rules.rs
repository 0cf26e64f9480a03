//! What is allowed.

use hostwright_manifest::class::{self, Class};
use hostwright_manifest::within::{check_path, is_below};

use crate::machine::Metadata;
use crate::plugin::Context;
use crate::provider::ProviderError;

const MODE_BITS: u32 = 0o7777;
const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;

pub(super) fn may_read(context: &Context, function: &str, path: &str) -> Result<(), ProviderError> {
    // A sweep asks this of thousands of paths; how to call one is spelled out only for a refusal.
    if check_path(path).is_ok() && context.permits.grants.files.allows_reading(path) {
        return Ok(());
    }
    let action = spelled(function, path)?;
    Err(context.not_granted(
        &action,
        &format!("`\"files\": {{\"read\": [\"{}\"]}}`", path.escape_debug()),
        |asked| asked.files.allows_reading(path),
    ))
}

/// Returns what to call it in a refusal.
pub(super) fn may_write(context: &Context, function: &str, path: &str) -> Result<String, ProviderError> {
    let action = spelled(function, path)?;
    if !context.permits.grants.files.allows_writing(path) {
        return Err(context.not_granted(
            &action,
            &format!("`\"files\": {{\"write\": [\"{}\"]}}`", path.escape_debug()),
            |asked| asked.files.allows_writing(path),
        ));
    }
    context.may_change(&action)?;
    Ok(action)
}

/// Refuses what is no mode, and what would lend root's power to whoever runs the file: a bounded grant must stay one.
pub(super) fn check_metadata(
    context: &Context,
    action: &str,
    path: &str,
    directory: bool,
    metadata: Metadata,
) -> Result<(), ProviderError> {
    let Some(mode) = metadata.mode else { return Ok(()) };
    if mode & !MODE_BITS != 0 {
        let message = format!("{mode:#o} is no mode: only the bits {MODE_BITS:#o} can be set");
        return Err(ProviderError::Invalid { pointer: String::new(), message });
    }
    let lends_power = mode & SETUID != 0 || (mode & SETGID != 0 && !directory);
    let files = &context.permits.grants.files;
    let root_equivalent = files
        .write
        .iter()
        .any(|granted| is_below(path, granted) && class::of_writing(granted).0 == Class::RootEquivalent);
    if lends_power && !root_equivalent {
        let reason =
            "a file that runs with its owner's rights would reach beyond the directory that was granted";
        return Err(ProviderError::Denied { action: action.to_owned(), reason: reason.to_owned() });
    }
    Ok(())
}

fn spelled(function: &str, path: &str) -> Result<String, ProviderError> {
    let action = format!("{function} {}", path.chars().take(500).collect::<String>().escape_debug());
    match check_path(path) {
        Ok(()) => Ok(action),
        Err(problem) => Err(ProviderError::Denied { action, reason: problem.to_string() }),
    }
}
