//! The example, laid out as an organization's folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::workspace::Workspace;

/// Debian packages that the example installs.
pub const PACKAGES: &[&str] = &["nginx-light"];

pub(super) const ORGANIZATION: &str = "Demo";
pub(super) const ENVIRONMENT: &str = "Default";
pub(super) const HOST: &str = "web1";
pub(super) const APPLICATION: &str = "Web Server";

/// Writes the folder of an organization with the example's application and one host, and returns it.
///
/// For a host that runs no programs the application keeps its two files and nothing else.
pub(super) fn lay_out(workspace: &Workspace, runs_programs: bool) -> Result<PathBuf> {
    let folder = workspace.site().join("example");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("lay the example out anew")?;
    }
    let application = folder.join("applications").join(APPLICATION);
    let source = workspace.root().join("orchestrator/examples/web-server");
    copy(&source, &application)?;
    if !runs_programs {
        let path = application.join("definition.json");
        let mut definition: Value = serde_json::from_slice(&fs::read(&path).context("read the example")?)
            .context("the example is JSON")?;
        keep_files_only(&mut definition);
        write(&path, &definition)?;
    }
    write(&folder.join("definition.json"), &json!({"name": ORGANIZATION, "description": "The example"}))?;
    let environment = folder.join("environments").join(ENVIRONMENT);
    write(&environment.join("definition.json"), &json!({"name": ENVIRONMENT, "description": ""}))?;
    let host = environment.join("hosts").join(HOST);
    write(
        &host.join("definition.json"),
        &json!({"name": HOST, "description": "A disposable host", "platform": "Manual"}),
    )?;
    write(
        &host.join("applications").join(format!("{APPLICATION}.json")),
        &json!({"application": APPLICATION}),
    )?;
    Ok(folder)
}

fn keep_files_only(definition: &mut Value) {
    for emptied in ["packages", "services"] {
        definition[emptied] = json!([]);
    }
    for handler in definition["handlers"].as_array_mut().into_iter().flatten() {
        if let Some(actions) = handler["do"].as_array_mut() {
            actions.retain(|action| {
                action["resource"].as_str().is_some_and(|resource| resource.starts_with("file://"))
            });
        }
    }
    for file in definition["files"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        file.remove("owner");
        file.remove("group");
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
        let entry = entry.with_context(|| format!("list {}", from.display()))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

fn write(path: &Path, value: &Value) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
    }
    let text = serde_json::to_vec_pretty(value).context("write JSON")?;
    fs::write(path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_programs_only_the_files_stay() {
        let source = Workspace::locate().root().join("orchestrator/examples/web-server/definition.json");
        let mut definition: Value = serde_json::from_slice(&fs::read(source).unwrap()).unwrap();
        keep_files_only(&mut definition);
        assert_eq!(definition["packages"], json!([]));
        assert_eq!(definition["services"], json!([]));
        assert_eq!(definition["files"].as_array().unwrap().len(), 2);
        assert_eq!(
            definition["handlers"][0]["do"],
            json!([{"action": "update", "resource": "file://site.conf"}])
        );
    }
}
