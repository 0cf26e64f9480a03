//! One measured value, and what it is held against.

use std::fmt;
use std::time::Duration;

/// A measured value.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    /// As people read it.
    pub(crate) measured: String,
    pub(crate) gate: Option<Gate>,
}

/// The most that a figure may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    pub(crate) value: f64,
    pub(crate) most: f64,
}

impl Figure {
    /// A figure that is only told.
    pub(crate) fn told(name: impl Into<String>, measured: impl Into<String>) -> Self {
        Self { name: name.into(), measured: measured.into(), gate: None }
    }

    /// A figure with a gate.
    pub(crate) fn gated(name: impl Into<String>, measured: impl Into<String>, value: f64, most: f64) -> Self {
        Self { name: name.into(), measured: measured.into(), gate: Some(Gate { value, most }) }
    }

    /// How many times the gate it is; nothing where there is none.
    pub(crate) fn share_of_gate(&self) -> Option<f64> {
        self.gate.map(|gate| gate.value / gate.most)
    }
}

/// Times of one thing, done again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
        self.0.sort_unstable();
    }

    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// What it takes when nobody disturbs it: others have the machine too, and waiting for them is no cost of ours.
    pub(crate) fn undisturbed(&self) -> Duration {
        self.percentile(5)
    }

    /// By how much this takes longer, both undisturbed.
    pub(crate) fn ratio_to(&self, other: &Times) -> f64 {
        self.undisturbed().as_secs_f64() / other.undisturbed().as_secs_f64()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "p50 {}, p99 {} (of {})", shown(self.median()), shown(self.percentile(99)), self.0.len())
    }
}

/// A time in the unit that suits it.
pub(crate) fn shown(time: Duration) -> String {
    let microseconds = time.as_secs_f64() * 1e6;
    match microseconds {
        ..1_000.0 => format!("{microseconds:.0} us"),
        ..100_000.0 => format!("{:.2} ms", microseconds / 1e3),
        ..1_000_000.0 => format!("{:.0} ms", microseconds / 1e3),
        _ => format!("{:.2} s", microseconds / 1e6),
    }
}

/// A count for reckoning with.
#[expect(clippy::cast_precision_loss, reason = "nothing here is counted beyond 2^52")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}
