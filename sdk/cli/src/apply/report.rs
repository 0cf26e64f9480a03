//! What was done, or would be.

use hostwright_client::ChangeLink;
use serde_json::{Value as Json, json};

use crate::output::{DIM, GREEN, Output, YELLOW};

/// What is done with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It was not there.
    Create,
    /// It was there and different.
    Update,
    /// It was there and the same.
    Unchanged,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
        }
    }
}

/// Everything that was done, in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    steps: Vec<(Step, String)>,
    changes: Vec<ChangeLink>,
}

impl Report {
    /// Records a step and shows it at once.
    pub(super) fn add(&mut self, output: &mut Output, step: Step, what: String) {
        let style = match step {
            Step::Create => GREEN,
            Step::Update => YELLOW,
            Step::Unchanged => DIM,
        };
        output.text(&format!("{style}{:<9}{style:#} {what}", step.word()));
        self.steps.push((step, what));
    }

    /// Records changes on hosts.
    pub(super) fn add_changes(&mut self, changes: Vec<ChangeLink>) {
        self.changes.extend(changes);
    }

    /// Shows the sum and returns the changes on hosts.
    pub(super) fn finish(self, output: &mut Output, dry_run: bool) -> Vec<ChangeLink> {
        let count = |wanted: Step| self.steps.iter().filter(|(step, _)| *step == wanted).count();
        let would = if dry_run { "would be " } else { "" };
        output.text(&format!(
            "{} {would}created, {} {would}updated, {} unchanged",
            count(Step::Create),
            count(Step::Update),
            count(Step::Unchanged)
        ));
        if output.is_json() {
            let steps: Vec<Json> =
                self.steps.iter().map(|(step, what)| json!({ "step": step.word(), "what": what })).collect();
            output.json(&json!({ "dryRun": dry_run, "steps": steps }));
        }
        self.changes
    }
}
