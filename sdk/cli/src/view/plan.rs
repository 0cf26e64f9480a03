//! What would happen on a host.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use hostwright_api_types::{Difference, Plan, PlannedTask};
use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use crate::output::{BOLD, DIM, GREEN, RED, YELLOW};

/// Texts by digest.
type Contents = BTreeMap<String, String>;

/// Values longer than this are cut.
const LONGEST: usize = 200;

/// Shows a plan as a diff: `+` comes, `-` goes, `~` changes, `!` runs, `=` stays, `x` would fail.
pub(crate) fn plan(host: &str, plan: &Plan) -> String {
    let mut text = String::new();
    for task in &plan.tasks {
        show_task(&mut text, task, &plan.contents);
    }
    let changing =
        plan.tasks.iter().filter(|task| Kind::of(task) != Kind::Same && task.error.is_none()).count();
    let failing = plan.tasks.iter().filter(|task| task.error.is_some()).count();
    let summary = match (plan.tasks.len(), changing, failing) {
        (0, _, _) => format!("{host}: nothing to do"),
        (all, 0, 0) => format!("{host}: {all} {}, nothing would change", plural(all, "task")),
        (all, _, 0) => format!("{host}: {all} {}, {changing} would change something", plural(all, "task")),
        (all, ..) => {
            format!(
                "{host}: {all} {}, {changing} would change something, {failing} would fail",
                plural(all, "task")
            )
        }
    };
    let _ = writeln!(text, "{BOLD}{summary}{BOLD:#}");
    let _ = writeln!(text, "{DIM}Nothing was changed.{DIM:#}");
    text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Comes,
    Goes,
    Changes,
    Runs,
    Same,
}

impl Kind {
    fn of(task: &PlannedTask) -> Self {
        let whole = task.differences.iter().find(|difference| difference.pointer.is_empty());
        match whole {
            Some(Difference { before: None, after: Some(_), .. }) => Self::Comes,
            Some(Difference { before: Some(_), after: None, .. }) => Self::Goes,
            _ if !task.differences.is_empty() => Self::Changes,
            _ if !task.actions.is_empty() => Self::Runs,
            _ => Self::Same,
        }
    }

    fn sign(self) -> (char, Style) {
        match self {
            Self::Comes => ('+', GREEN),
            Self::Goes => ('-', RED),
            Self::Changes => ('~', YELLOW),
            Self::Runs => ('!', YELLOW),
            Self::Same => ('=', DIM),
        }
    }
}

fn show_task(text: &mut String, task: &PlannedTask, contents: &Contents) {
    let (sign, style) = if task.error.is_some() { ('x', RED) } else { Kind::of(task).sign() };
    let _ = writeln!(
        text,
        "{style}{sign} {}{style:#}  {DIM}{} {}{DIM:#}",
        task.description, task.collection, task.id
    );
    for difference in task.differences.iter().filter(|difference| !difference.pointer.is_empty()) {
        show_difference(text, difference, contents);
    }
    for action in &task.actions {
        let _ = writeln!(text, "    {YELLOW}! {action}{YELLOW:#}");
    }
    if let Some(message) = &task.message {
        let _ = writeln!(text, "    {DIM}{message}{DIM:#}");
    }
    if let Some(error) = &task.error {
        for line in error.lines() {
            let _ = writeln!(text, "    {RED}{line}{RED:#}");
        }
    }
}

fn show_difference(text: &mut String, difference: &Difference, contents: &Contents) {
    let name = difference.pointer.trim_start_matches('/').replace("~1", "/").replace("~0", "~");
    if let (Some(before), Some(after)) =
        (lines_of(difference.before.as_ref(), contents), lines_of(difference.after.as_ref(), contents))
    {
        let _ = writeln!(text, "    {name}:");
        show_lines(text, &before, &after);
        return;
    }
    let before = shown(difference.before.as_ref());
    let after = shown(difference.after.as_ref());
    let _ = match (before, after) {
        (Some(before), Some(after)) => {
            writeln!(text, "    {name}: {RED}{before}{RED:#} -> {GREEN}{after}{GREEN:#}")
        }
        (None, Some(after)) => writeln!(text, "    {name}: {GREEN}{after}{GREEN:#}"),
        (Some(before), None) => writeln!(text, "    {name}: {RED}{before}{RED:#} -> (gone)"),
        (None, None) => writeln!(text, "    {name}"),
    };
}

/// Returns a known text of several lines, or a content of which the plan has the text.
fn lines_of(value: Option<&Json>, contents: &Contents) -> Option<String> {
    let value = value?.get("value")?;
    match value.as_str() {
        Some(text) => text.trim_end().contains('\n').then(|| text.to_owned()),
        None => contents.get(digest_of(value)?).cloned(),
    }
}

fn digest_of(value: &Json) -> Option<&str> {
    value.get("$hostwright")?.get("blob")?.as_str()
}

fn show_lines(text: &mut String, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(2) {
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', RED),
                ChangeTag::Insert => ('+', GREEN),
                ChangeTag::Equal => (' ', DIM),
            };
            let line = printable(change.value().trim_end_matches('\n'));
            let _ = writeln!(text, "      {style}{sign}{line}{style:#}");
        }
    }
}

fn shown(value: Option<&Json>) -> Option<String> {
    let value = value?;
    let text = match value.get("is").and_then(Json::as_str) {
        Some("known") => known(value.get("value").unwrap_or(&Json::Null)),
        Some("known-after-apply") => "(known after applying)".to_owned(),
        Some("opaque") => "(not shown)".to_owned(),
        _ => known(value),
    };
    Some(text)
}

fn known(value: &Json) -> String {
    let text = match digest_of(value) {
        Some(digest) => {
            let start: String = digest.chars().take("sha256:".len() + 12).collect();
            let size = value.pointer("/$hostwright/size").and_then(Json::as_u64);
            size.map_or_else(|| start.clone(), |size| format!("{start} ({size} bytes)"))
        }
        None => value.to_string(),
    };
    let mut cut: String = printable(&text).chars().take(LONGEST).collect();
    if cut.chars().count() < text.chars().count() {
        cut.push_str("...");
    }
    cut
}

fn printable(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() && character != '\t' { '\u{b7}' } else { character })
        .collect()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;

    fn example() -> Plan {
        serde_json::from_value(json!({"state": "planned", "tasks": [
            {"orderNum": 0, "description": "add package nginx-light", "collection": "packages", "id": "nginx-light",
             "differences": [{"pointer": "", "after": {"is": "known", "value": {}}},
                             {"pointer": "/version", "after": {"is": "known-after-apply"}}],
             "message": "also installs nginx-common"},
            {"orderNum": 1, "description": "update file site.conf", "collection": "files", "id": "/etc/nginx/conf.d/site.conf",
             "differences": [
                {"pointer": "/content",
                 "before": {"is": "known", "value": "server {\n  listen 8080;\n}\n"},
                 "after": {"is": "known", "value": "server {\n  listen 9090;\n}\n"}},
                {"pointer": "/mode", "before": {"is": "known", "value": "0600"}, "after": {"is": "known", "value": "0644"}},
                {"pointer": "/owner", "before": {"is": "opaque"}, "after": {"is": "opaque"}}]},
            {"orderNum": 2, "description": "update file index.html", "collection": "files", "id": "/srv/index.html",
             "differences": [{"pointer": "/content",
                "before": {"is": "known", "value": {"$hostwright": {"blob": "sha256:0123456789abcdef0123", "size": 12}}},
                "after": {"is": "known", "value": {"$hostwright": {"blob": "sha256:fedcba9876543210", "size": 13}}}}]},
            {"orderNum": 3, "description": "update file motd", "collection": "files", "id": "/etc/motd",
             "differences": [{"pointer": "/content",
                "before": {"is": "known", "value": {"$hostwright": {"blob": "sha256:aa", "size": 12}}},
                "after": {"is": "known", "value": {"$hostwright": {"blob": "sha256:bb", "size": 13}}}}]},
            {"orderNum": 4, "description": "remove file old.conf", "collection": "files", "id": "/etc/old.conf",
             "differences": [{"pointer": "", "before": {"is": "known", "value": {}}}]},
            {"orderNum": 5, "description": "start service nginx", "collection": "services", "id": "nginx"},
            {"orderNum": 6, "description": "reload service nginx", "collection": "services", "id": "nginx", "actions": ["reload"]},
            {"orderNum": 7, "description": "add file x", "collection": "files", "id": "/x", "error": "write below / is not granted\nask for it"},
        ], "contents": {"sha256:aa": "Welcome\nto web1\n", "sha256:bb": "Welcome\nto web2\n", "sha256:fedcba9876543210": "only one side\n"}}))
        .unwrap()
    }

    #[test]
    fn a_plan_reads_as_a_diff() {
        assert_snapshot!(anstream::adapter::strip_str(&plan("web1", &example())).to_string());
    }

    #[test]
    fn what_comes_is_green_and_what_goes_is_red() {
        let text = plan("web1", &example());
        assert!(text.contains(&format!("{GREEN}+ add package nginx-light{GREEN:#}")));
        assert!(text.contains(&format!("{RED}- remove file old.conf{RED:#}")));
        assert!(text.contains(&format!("{RED}\"0600\"{RED:#} -> {GREEN}\"0644\"{GREEN:#}")));
    }

    #[test]
    fn an_empty_plan_says_so() {
        let text = plan("web1", &Plan { state: "planned".into(), tasks: vec![], contents: BTreeMap::new() });
        assert_snapshot!(anstream::adapter::strip_str(&text).to_string(), @r"
        web1: nothing to do
        Nothing was changed.
        ");
    }
}
