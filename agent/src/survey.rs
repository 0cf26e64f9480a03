//! Looks at resources and tells what would have to change: the same for a change and for a dry run.

use std::sync::Arc;

use crate::provider::{Desired, Difference, Error, Observation, Provider, ProviderError, State};

/// One resource, looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Surveyed {
    /// What is wanted.
    pub(crate) desired: Desired,
    /// What is there.
    pub(crate) before: Observation,
    /// What differs, `index` being 0.
    pub(crate) differences: Vec<Difference>,
    /// What will be there.
    pub(crate) planned: Observation,
}

impl Surveyed {
    /// Returns whether it is as wanted already.
    pub(crate) fn is_nothing_to_do(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Reads what stands for each id. Where a whole call fails, each resource is asked for alone, so that one of them costs
/// only itself.
pub(crate) async fn read(provider: &Arc<dyn Provider>, ids: &[String]) -> Vec<Observation> {
    if ids.is_empty() {
        return Vec::new();
    }
    match provider.read(ids).await {
        Ok(observed) => observed,
        Err(error) if ids.len() == 1 => vec![unreadable(error)],
        Err(_) => {
            let mut observed = Vec::with_capacity(ids.len());
            for id in ids {
                observed.push(match provider.read(std::slice::from_ref(id)).await {
                    Ok(mut one) => one.pop().unwrap_or(Observation::Absent),
                    Err(error) => unreadable(error),
                });
            }
            observed
        }
    }
}

/// A failed call as the observation of the one resource that it was made for.
fn unreadable(error: Error) -> Observation {
    let error = match error {
        Error::Busy(who) => ProviderError::Busy(who),
        Error::Refused(message) | Error::Denied(message) => ProviderError::Unsupported(message),
        Error::Failed(message) | Error::Broken(message) => {
            ProviderError::Failed { message, command: None, status: None, output: None }
        }
    };
    Observation::Unreadable(error)
}

/// Holds what is wanted against what is there, by position.
pub(crate) async fn compare(
    provider: &Arc<dyn Provider>,
    desired: Vec<Desired>,
    observed: Vec<Observation>,
) -> Vec<Result<Surveyed, Error>> {
    let mut results: Vec<Option<Result<Surveyed, Error>>> = Vec::with_capacity(desired.len());
    let mut asked = Vec::new();
    for (desired, before) in desired.into_iter().zip(observed) {
        if let Observation::Unreadable(error) = before {
            results.push(Some(Err(error.into())));
        } else {
            asked.push((results.len(), desired, before));
            results.push(None);
        }
    }
    for (position, surveyed) in compare_readable(provider, asked).await {
        results[position] = Some(surveyed);
    }
    results.into_iter().flatten().collect()
}

type Asked = (usize, Desired, Observation);

async fn compare_readable(
    provider: &Arc<dyn Provider>,
    asked: Vec<Asked>,
) -> Vec<(usize, Result<Surveyed, Error>)> {
    if asked.is_empty() {
        return Vec::new();
    }
    let desired: Vec<Desired> = asked.iter().map(|(_, desired, _)| desired.clone()).collect();
    let before: Vec<Observation> = asked.iter().map(|(_, _, before)| before.clone()).collect();
    let compared = async {
        let differences = provider.diff(&desired, &before).await?;
        let planned = provider.planned(&desired, &before).await?;
        Ok::<_, Error>((differences, planned))
    };
    match compared.await {
        Ok((differences, planned)) => asked
            .into_iter()
            .zip(planned)
            .enumerate()
            .map(|(index, ((position, desired, before), planned))| {
                let differences = differences
                    .iter()
                    .filter(|difference| difference.index as usize == index)
                    .map(|difference| Difference { index: 0, ..difference.clone() })
                    .collect();
                (position, Ok(Surveyed { desired, before, differences, planned }))
            })
            .collect(),
        Err(error) if asked.len() == 1 => {
            asked.into_iter().map(|(position, ..)| (position, Err(error.clone()))).collect()
        }
        Err(_) => {
            let mut results = Vec::with_capacity(asked.len());
            for one in asked {
                results.extend(Box::pin(compare_readable(provider, vec![one])).await);
            }
            results
        }
    }
}

/// Tells what of a plan is not so after applying: a difference that is left, or an attribute that was to stay and did not.
pub(crate) async fn broken_promises(
    provider: &Arc<dyn Provider>,
    surveyed: &Surveyed,
    after: &Observation,
) -> Result<Vec<Difference>, Error> {
    if let Observation::Unreadable(error) = after {
        return Err(error.clone().into());
    }
    let after = std::slice::from_ref(after);
    let left = provider.diff(std::slice::from_ref(&surveyed.desired), after).await?;
    if !left.is_empty() {
        return Ok(left);
    }
    let Some(kept) = attributes_that_stay(&surveyed.before, &surveyed.planned) else { return Ok(Vec::new()) };
    let kept = Desired { id: surveyed.desired.id.clone(), state: State::Present(kept) };
    // What is observed need not be something that may be desired; then there is nothing to hold the plan against.
    Ok(provider.diff(&[kept], after).await.unwrap_or_default())
}

/// Returns the observed attributes that the plan says will be as they were.
fn attributes_that_stay(before: &Observation, planned: &Observation) -> Option<String> {
    let (Observation::Present(before), Observation::Present(planned)) = (before, planned) else {
        return None;
    };
    let before: serde_json::Map<String, serde_json::Value> = serde_json::from_str(before).ok()?;
    let planned: serde_json::Map<String, serde_json::Value> = serde_json::from_str(planned).ok()?;
    let mut kept = before;
    kept.retain(|name, value| planned.get(name) == Some(value));
    if kept.is_empty() { None } else { serde_json::to_string(&kept).ok() }
}
