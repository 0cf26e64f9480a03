//! The law of attributes that are refused.

use hostwright_runtime::provider::{Desired, Observation, ProviderError, State};
use hostwright_runtime::{Call, CallError};
use serde_json::Value as Json;

use super::good::applying;
use super::report::{Law, Report};
use crate::Bench;
use crate::watched::changes;

/// Checks that bad attributes are refused by every function that takes some, with the same pointer.
pub(super) async fn check(
    bench: &Bench,
    case: &str,
    id: &str,
    attributes: &Json,
    pointer: &str,
    report: &mut Report,
) {
    let desired = [Desired { id: id.to_owned(), state: State::Present(attributes.to_string()) }];
    let (provider, plan) = (&bench.provider, Call::plan());
    bench.machine.take_requests();
    let refusals = [
        ("check", provider.check(&plan, &desired).await.map(|_| ())),
        ("diff", provider.diff(&plan, &desired, &[Observation::Absent]).await.map(|_| ())),
        ("planned", provider.planned(&plan, &desired, &[Observation::Absent]).await.map(|_| ())),
        ("apply", first(provider.apply(&applying(), &desired, &[Observation::Absent]).await)),
    ];
    for (function, result) in refusals {
        match result {
            Err(CallError::Refused(ProviderError::Invalid { pointer: found, message })) => {
                if found != pointer {
                    let detail = format!("`{function}` points at `{found}` ({message}), not at `{pointer}`");
                    report.add(Law::Invalid, case, detail);
                }
            }
            other => report.add(Law::Invalid, case, format!("`{function}` answered {other:?}")),
        }
    }
    if let Some(request) = bench.machine.take_requests().iter().find(|request| changes(request)) {
        report.add(Law::Invalid, case, format!("it asked the machine for {request:?}"));
    }
}

fn first<T>(outcomes: Result<Vec<Result<T, ProviderError>>, CallError>) -> Result<(), CallError> {
    match outcomes?.into_iter().next() {
        Some(Err(error)) => Err(CallError::Refused(error)),
        Some(Ok(_)) | None => Ok(()),
    }
}
