//! Changes and how far they are.

use hostwright_api_types::{Change, ChangeState, Task, TaskStatus};

use crate::output::{BOLD, DIM, GREEN, RED, YELLOW};

/// Shows a change: a line for it, and one for each task. Where lines cannot be replaced, `only_ended` leaves out those that
/// would change.
pub(crate) fn change_lines(host: &str, change: &Change, only_ended: bool) -> Vec<String> {
    let number = change.order_num;
    let mut lines = vec![format!("{BOLD}{host}: change {number}, {}{BOLD:#}", change.description)];
    for task in &change.tasks {
        // Tasks run in order, so the first open one ends what can be told.
        if only_ended && task.status == TaskStatus::Pending {
            break;
        }
        lines.extend(task_lines(task));
    }
    lines
}

/// Says how a change ended.
pub(crate) fn verdict(change: &Change) -> String {
    let style = match change.state {
        ChangeState::Done => GREEN,
        ChangeState::Pending | ChangeState::Running => YELLOW,
        _ => RED,
    };
    let word = change.state.as_str().to_lowercase();
    let why = change.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
    format!("{style}{word}{style:#}{why}")
}

fn task_lines(task: &Task) -> Vec<String> {
    let outcome = task.outcome.as_deref();
    let (word, style) = match (task.status, outcome) {
        (TaskStatus::Ok, Some("unchanged")) => ("as it was", DIM),
        (TaskStatus::Ok, _) => ("done", GREEN),
        (TaskStatus::Pending, Some("running")) => ("running", YELLOW),
        (TaskStatus::Pending, _) => ("waiting", DIM),
        (
            TaskStatus::Error,
            Some(outcome @ ("skipped" | "interrupted" | "cancelled" | "superseded" | "expired")),
        ) => (outcome, YELLOW),
        (TaskStatus::Error, _) => ("failed", RED),
    };
    let mut lines = vec![format!("  {style}{word:<11}{style:#} {}", task.description)];
    if let Some(error) = &task.error {
        lines.extend(error.lines().map(|line| format!("              {style}{line}{style:#}")));
    }
    if let Some(message) = &task.message {
        lines.push(format!("              {DIM}{message}{DIM:#}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn example() -> Change {
        let task = |number: u64, description: &str, status: &str, outcome: &str, error: Option<&str>| {
            json!({"orderNum": number, "description": description, "status": status, "error": error,
                   "collection": "files", "id": "/x", "outcome": outcome})
        };
        serde_json::from_value(json!({
            "key": "k", "orderNum": 4, "description": "Install Web Server", "state": "FAILED",
            "created": "2026-01-01T12:00:00Z", "error": null,
            "tasks": [
                task(0, "add package nginx", "OK", "changed", None),
                task(1, "add file site.conf", "OK", "unchanged", None),
                task(2, "start service nginx", "ERROR", "failed", Some("nginx did not start\nport in use")),
                task(3, "execute setup.sh", "ERROR", "skipped", Some("skipped: task 2 failed")),
                task(4, "reload service nginx", "PENDING", "pending", None),
            ],
        }))
        .unwrap()
    }

    #[test]
    fn every_task_has_its_line() {
        let lines = change_lines("prod/web1", &example(), false).join("\n");
        assert_snapshot!(anstream::adapter::strip_str(&lines).to_string(), @r"
        prod/web1: change 4, Install Web Server
          done        add package nginx
          as it was   add file site.conf
          failed      start service nginx
                      nginx did not start
                      port in use
          skipped     execute setup.sh
                      skipped: task 2 failed
          waiting     reload service nginx
        ");
        assert_eq!(change_lines("prod/web1", &example(), true).len(), 8);
        assert_eq!(anstream::adapter::strip_str(&verdict(&example())).to_string(), "failed");
    }
}
