//! Changes the machine, looks again, and holds what was planned against it.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::provider::{Error, Observation, Outcome, Provider, State};
use crate::showing;
use crate::survey::{self, Surveyed};

/// Applies what was looked at, or removes it where it is to be absent: all of it the same. By position, either how it
/// went or why it did not.
///
/// Where a whole call breaks down, each resource is looked at and treated alone, so that a component that cannot bear
/// one of them costs one failed task.
pub(super) async fn carry_out(
    provider: &Arc<dyn Provider>,
    run: &str,
    surveyed: &[Surveyed],
    is_sensitive: &[bool],
) -> Vec<Result<Outcome, Error>> {
    let desired: Vec<_> = surveyed.iter().map(|one| one.desired.clone()).collect();
    let ids: Vec<String> = desired.iter().map(|one| one.id.clone()).collect();
    let is_removal = desired.iter().all(|one| one.state == State::Absent);
    let called = if is_removal {
        provider.remove(run, &ids).await
    } else {
        let before: Vec<_> = surveyed.iter().map(|one| one.before.clone()).collect();
        provider.apply(run, &desired, &before).await
    };
    match called {
        Ok(outcomes) => {
            let after = survey::read(provider, &ids).await;
            let mut verified = Vec::with_capacity(outcomes.len());
            for (index, outcome) in outcomes.into_iter().enumerate() {
                verified.push(match outcome {
                    Err(error) => Err(error),
                    Ok(outcome) => verify(provider, &surveyed[index], &after[index], is_sensitive[index])
                        .await
                        .map(|()| outcome),
                });
            }
            verified
        }
        Err(error) if surveyed.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut outcomes = Vec::with_capacity(surveyed.len());
            for (index, one) in surveyed.iter().enumerate() {
                outcomes.push(
                    carry_out_alone(provider, &format!("{run}-{index}"), one, is_sensitive[index]).await,
                );
            }
            outcomes
        }
    }
}

async fn carry_out_alone(
    provider: &Arc<dyn Provider>,
    run: &str,
    surveyed: &Surveyed,
    is_sensitive: bool,
) -> Result<Outcome, Error> {
    // The call that broke down may have come this far; looking again finds out.
    let ids = [surveyed.desired.id.clone()];
    let before = survey::read(provider, &ids).await;
    let again = survey::compare(provider, vec![surveyed.desired.clone()], before).await.pop();
    let again = again.unwrap_or_else(|| Ok(surveyed.clone()))?;
    if again.is_nothing_to_do() {
        return Ok(Outcome { changed: true, message: None });
    }
    Box::pin(carry_out(provider, run, std::slice::from_ref(&again), &[is_sensitive]))
        .await
        .pop()
        .unwrap_or(Ok(Outcome { changed: true, message: None }))
}

async fn verify(
    provider: &Arc<dyn Provider>,
    surveyed: &Surveyed,
    after: &Observation,
    is_sensitive: bool,
) -> Result<(), Error> {
    let broken = survey::broken_promises(provider, surveyed, after).await?;
    if broken.is_empty() {
        return Ok(());
    }
    let what = showing::in_words(&broken, is_sensitive);
    Err(Error::Failed(format!("plan broken by plugin {}: {what} afterwards", provider.plugin())))
}

/// Returns whether what is observed is there and, where it can run, runs: then an action on it makes sense.
pub(crate) fn was_active(observation: &Observation) -> bool {
    let Observation::Present(attributes) = observation else { return false };
    let Ok(attributes) = serde_json::from_str::<Json>(attributes) else { return false };
    attributes.get("running").is_none_or(|running| running == &Json::Bool(true))
}
