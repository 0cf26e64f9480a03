//! Looking: also in a plan.

use crate::capabilities::answers::{ask, nonsense, refusal};
use crate::machine::{Digesting, Entry, Reply, Request};
use crate::plugin::Context;
use crate::provider::ProviderError;

use super::rules::may_read;

/// Looks at each path; each has its own answer, a refusal too.
pub(crate) async fn stat(
    context: &Context,
    paths: Vec<String>,
    digesting: Digesting,
) -> Vec<Result<Entry, ProviderError>> {
    let mut answers: Vec<Option<Result<Entry, ProviderError>>> = Vec::with_capacity(paths.len());
    let mut allowed = Vec::with_capacity(paths.len());
    for path in paths {
        match may_read(context, "files.stat", &path) {
            Ok(()) => {
                allowed.push(path);
                answers.push(None);
            }
            Err(refused) => answers.push(Some(Err(refused))),
        }
    }
    let mut entries = looked_at(context, allowed, digesting).await.into_iter();
    answers
        .into_iter()
        .map(|answer| answer.or_else(|| entries.next()).unwrap_or_else(|| Err(nonsense("files.stat"))))
        .collect()
}

/// Asks once for all of them. A failure of the whole is the answer for each.
async fn looked_at(
    context: &Context,
    paths: Vec<String>,
    digesting: Digesting,
) -> Vec<Result<Entry, ProviderError>> {
    let count = paths.len();
    if count == 0 {
        return Vec::new();
    }
    let scope = context.permits.scope.clone();
    match ask(context, Request::Stat { scope, paths, digesting }).await {
        Ok(Reply::Stat(entries)) if entries.len() == count => {
            entries.into_iter().map(|entry| entry.map_err(refusal)).collect()
        }
        Ok(_) => vec![Err(nonsense("files.stat")); count],
        Err(error) => vec![Err(error); count],
    }
}

/// Reads a regular file of at most `limit` bytes.
pub(crate) async fn read(context: &Context, path: String, limit: u64) -> Result<Vec<u8>, ProviderError> {
    may_read(context, "files.read", &path)?;
    // More than the plugin's memory it could not take.
    let limit = limit.min(context.meter.limits.memory_bytes);
    let scope = context.permits.scope.clone();
    match ask(context, Request::Read { scope, path, limit }).await? {
        Reply::Read(bytes) => Ok(bytes.into()),
        _ => Err(nonsense("files.read")),
    }
}

/// Lists the names in a directory.
pub(crate) async fn list(context: &Context, path: String) -> Result<Vec<String>, ProviderError> {
    may_read(context, "files.list", &path)?;
    let scope = context.permits.scope.clone();
    match ask(context, Request::List { scope, path }).await? {
        Reply::List(names) => Ok(names),
        _ => Err(nonsense("files.list")),
    }
}
