//! Waiting longer after each failure, and never all at the same time.

use std::time::Duration;

use rand::Rng;

/// Bounds of the pauses between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure is at most this.
    pub first: Duration,
    /// No pause is longer.
    pub most: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_mins(1) }
    }
}

impl Backoff {
    /// Returns the pause after so many failures in a row: twice as long each time, up to a bound, of which a random half
    /// is taken away, so that ten thousand agents do not come back in the same second.
    pub fn pause(&self, failures: u32, rng: &mut impl Rng) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        whole.mul_f64(rng.gen_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_bound_and_differ() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_mins(1) };
        let rng = &mut rand::thread_rng();
        for (failures, whole) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60), (u32::MAX, 60)] {
            let whole = Duration::from_secs(whole);
            let pauses: Vec<_> = (0..20).map(|_| backoff.pause(failures, rng)).collect();
            assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
        }
    }
}
