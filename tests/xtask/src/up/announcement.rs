//! What `up` says before it does anything.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};

use crate::lab::base::Base;
use crate::setup::Missing;
use crate::workspace::Workspace;

/// Says what is going to happen and asks, on a terminal and if something is to be installed on this machine.
#[expect(clippy::print_stdout, reason = "people watch this command")]
pub(super) fn confirm(
    workspace: &Workspace,
    missing: &Missing,
    boots_a_host: bool,
    assume_yes: bool,
) -> Result<bool> {
    let lines = missing.describe();
    print!("{}", text(workspace, &lines, boots_a_host, Base::is_ready(&workspace.lab())));
    let asks = !lines.is_empty() && !assume_yes && std::io::stdin().is_terminal();
    if !asks {
        return Ok(true);
    }
    print!("Go on? [Y/n] ");
    std::io::stdout().flush().context("ask")?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("read the answer")?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

fn text(workspace: &Workspace, installs: &[String], boots_a_host: bool, base_is_ready: bool) -> String {
    let mut text = String::from("This brings up Hostwright on this machine, on loopback only:\n");
    text += "  an orchestrator (SQLite, embedded bus) and ";
    text += if boots_a_host {
        "a real Debian host in namespaces of its own, kept by an agent\n"
    } else {
        "a confined directory kept by an agent (a real host needs root)\n"
    };
    for install in installs {
        text += &format!("It installs {install}.\n");
    }
    text +=
        &format!("It writes to {} and to {}.\n", workspace.private().display(), workspace.target().display());
    text += match (boots_a_host, base_is_ready) {
        (true, false) => "The first time takes about ten minutes: building, and a Debian tree of 270 MB.\n",
        (true, true) => "It has all it needs; building what changed takes longest.\n",
        (false, _) => "The first time takes about eight minutes, for building.\n",
    };
    text += "To undo it: cargo xtask down --purge (and cargo clean, for what was built)\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_installed_where_it_writes_how_long_it_takes_and_how_to_undo_it() {
        let workspace = Workspace::locate();
        let text = text(&workspace, &["the Rust target wasm32-wasip2 (by rustup)".to_owned()], true, false);
        let text = text
            .replace(&workspace.private().display().to_string(), "[PRIVATE]")
            .replace(&workspace.target().display().to_string(), "[TARGET]");
        insta::assert_snapshot!(text, @r"
        This brings up Hostwright on this machine, on loopback only:
          an orchestrator (SQLite, embedded bus) and a real Debian host in namespaces of its own, kept by an agent
        It installs the Rust target wasm32-wasip2 (by rustup).
        It writes to [PRIVATE] and to [TARGET].
        The first time takes about ten minutes: building, and a Debian tree of 270 MB.
        To undo it: cargo xtask down --purge (and cargo clean, for what was built)
        ");
    }
}
