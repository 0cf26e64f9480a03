//! The person's editor. The one place that starts a program.

use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// Lets a person edit text; nothing if it was left as it was.
pub(crate) fn edit(surroundings: &Surroundings, text: &str) -> Result<Option<String>, Failure> {
    if !surroundings.is_interactive {
        return Err(Failure::usage_with_hint(
            "nobody is here to edit anything",
            "give the JSON with `-f FILE`, `-j JSON` or `--stdin`",
        ));
    }
    let editor = surroundings.variable("VISUAL").or(surroundings.variable("EDITOR")).unwrap_or("vi");
    let failed =
        |error: &dyn std::fmt::Display| Failure::usage(format!("failed to edit with `{editor}`: {error}"));
    let file = tempfile::Builder::new()
        .prefix("wright-")
        .suffix(".json")
        .tempfile()
        .map_err(|error| failed(&error))?;
    fs::write(file.path(), text).map_err(|error| failed(&error))?;
    let status = start(editor, file.path()).map_err(|error| failed(&error))?;
    if !status.success() {
        return Err(failed(&status));
    }
    let edited = fs::read_to_string(file.path()).map_err(|error| failed(&error))?;
    Ok((edited != text).then_some(edited))
}

#[expect(clippy::disallowed_methods, reason = "this is the crate's place to start programs")]
fn start(editor: &str, file: &Path) -> std::io::Result<std::process::ExitStatus> {
    // People put options into $EDITOR, as in `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    std::process::Command::new(program).args(words).arg(file).status()
}
