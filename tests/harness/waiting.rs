//! Waiting for a value, never for a time.

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

/// Asks again and again until the answer satisfies.
///
/// # Panics
///
/// With the last answer when the deadline has passed, which fails the test.
pub async fn eventually<T, F>(
    what: &str,
    deadline: Duration,
    mut ask: impl FnMut() -> F,
    satisfies: impl Fn(&T) -> bool,
) -> T
where
    T: Debug,
    F: Future<Output = T>,
{
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        if satisfies(&answer) {
            return answer;
        }
        assert!(
            begun.elapsed() <= deadline,
            "{what}: not within {deadline:?}; the last answer was {answer:#?}"
        );
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
