//! What was broken.

use std::fmt;

/// A promise of every provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Applying twice changes nothing the second time.
    ApplyTwice,
    /// What is read after applying is as desired.
    ReadAfterApply,
    /// What was removed reads as absent.
    Remove,
    /// What a plan says it knows is what applying does.
    Plan,
    /// Planning changes nothing.
    PlanChangesNothing,
    /// Bad attributes are refused with a pointer.
    Invalid,
    /// An action is begun at most once.
    AtMostOnce,
}

/// A law that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub law: Law,
    /// In which case.
    pub case: String,
    /// What happened.
    pub detail: String,
}

/// What checking the laws found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many cases were checked.
    pub checked: usize,
    /// What was broken.
    pub violations: Vec<Violation>,
}

impl Report {
    pub(super) fn add(&mut self, law: Law, case: &str, detail: impl Into<String>) {
        self.violations.push(Violation { law, case: case.to_owned(), detail: detail.into() });
    }

    /// Returns whether no law was broken.
    pub fn is_kept(&self) -> bool {
        self.violations.is_empty()
    }

    /// Ends the test with everything that was broken.
    ///
    /// # Panics
    ///
    /// When a law was broken or nothing was checked.
    pub fn assert_kept(&self) {
        assert!(self.checked > 0, "no case was checked");
        assert!(self.is_kept(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} cases, {} laws broken", self.checked, self.violations.len())?;
        for Violation { law, case, detail } in &self.violations {
            writeln!(out, "- {law:?} in `{case}`: {detail}")?;
        }
        Ok(())
    }
}
