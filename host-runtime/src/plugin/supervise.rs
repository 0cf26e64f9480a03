//! Ends a call that takes too long.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::meter::Meter;
use crate::call::Limit;

/// The shortest time after which the clock is looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits for a call until it ends, has used up its own time, or its deadline has come.
///
/// The call is dropped in the latter cases, and its instance with it. This works for a plugin that computes, because it
/// yields at every tick, and for one that waits.
pub(super) async fn supervise<T>(
    meter: &Meter,
    deadline: Option<Duration>,
    mut call: Pin<Box<dyn Future<Output = T> + Send + '_>>,
) -> Result<T, Limit> {
    loop {
        let own_left = meter.limits.call.saturating_sub(meter.own_time());
        if own_left.is_zero() {
            return Err(meter.breached(Limit::Time(meter.limits.call)));
        }
        let mut wait = own_left;
        if let Some(deadline) = deadline {
            let left = deadline.saturating_sub(meter.elapsed());
            if left.is_zero() {
                return Err(meter.breached(Limit::Deadline(deadline)));
            }
            wait = wait.min(left);
        }
        // While a host function works the plugin's own time stands still, and this waits again and again.
        if let Ok(output) = tokio::time::timeout(wait.max(PAUSE), &mut call).await {
            return Ok(output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn patient(milliseconds: u64) -> Limits {
        Limits { call: Duration::from_millis(milliseconds), ..Limits::DEFAULT }
    }

    #[tokio::test]
    async fn a_call_that_waits_for_ever_ends_at_its_limit() {
        let meter = Meter::start(patient(20));
        let ended = supervise(&meter, None, Box::pin(std::future::pending::<()>())).await;
        assert_eq!(ended, Err(Limit::Time(Duration::from_millis(20))));
    }

    #[tokio::test]
    async fn a_deadline_ends_also_what_host_functions_do() {
        let meter = Meter::start(patient(10_000));
        let deadline = Duration::from_millis(20);
        let in_host = meter.host_call().unwrap();
        let ended = supervise(&meter, Some(deadline), Box::pin(std::future::pending::<()>())).await;
        assert_eq!(ended, Err(Limit::Deadline(deadline)));
        drop(in_host);
    }

    #[tokio::test]
    async fn host_functions_may_take_longer_than_the_plugin_itself() {
        let meter = Meter::start(patient(30));
        let of_call = meter.clone();
        let ended = supervise(
            &meter,
            None,
            Box::pin(async move {
                let in_host = of_call.host_call();
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(in_host);
                "done"
            }),
        )
        .await;
        assert_eq!(ended, Ok("done"));
    }
}
