//! What a site leaves running when the process that kept it up was killed, and the end of that.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::lab::janitor;
use crate::workspace::Workspace;

const PATIENCE: Duration = Duration::from_secs(20);

/// Writes down that a program was started for the site.
pub(super) fn note(workspace: &Workspace, pid: u32, program: &Path) -> Result<()> {
    let path = file(workspace);
    let noted = fs::File::options().create(true).append(true).open(&path);
    noted
        .and_then(|mut file| writeln!(file, "{pid} {}", program.display()))
        .with_context(|| format!("write {}", path.display()))
}

/// Forgets what was written down: everything ended in order.
pub(super) fn forget(workspace: &Workspace) {
    let _ = fs::remove_file(file(workspace));
}

/// Ends what still runs, and erases what hosts have left on this machine. Their files stay.
pub(super) fn end(workspace: &Workspace) -> Result<()> {
    let noted = fs::read_to_string(file(workspace)).unwrap_or_default();
    for (pid, program) in noted.lines().filter_map(|line| line.split_once(' ')) {
        if let Some(pid) = pid.parse().ok().and_then(Pid::from_raw)
            && runs(pid, Path::new(program))
        {
            end_process(pid, Path::new(program))?;
        }
    }
    forget(workspace);
    janitor::put_away(&workspace.site().join("hosts"))
}

/// Whether the process still runs that program; its number may long be another's.
fn runs(pid: Pid, program: &Path) -> bool {
    let executable = fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero()));
    executable.is_ok_and(|executable| {
        executable == program || executable.as_os_str() == format!("{} (deleted)", program.display()).as_str()
    })
}

fn end_process(pid: Pid, program: &Path) -> Result<()> {
    let _ = kill_process(pid, Signal::TERM);
    let begun = Instant::now();
    while runs(pid, program) && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(50));
    }
    if runs(pid, program) {
        kill_process(pid, Signal::KILL).with_context(|| format!("end {}", program.display()))?;
    }
    Ok(())
}

fn file(workspace: &Workspace) -> PathBuf {
    workspace.site().join("processes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::Program;

    #[test]
    fn only_what_was_noted_and_still_runs_that_program_is_ended() {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Workspace::locate().with_site(directory.path().to_owned());
        let sleep = fs::canonicalize("/bin/sleep").unwrap();
        let start = || Program::new(&sleep).arg("600").start(&directory.path().join("log")).unwrap();
        let (mut noted, mut mistaken) = (start(), start());
        note(&workspace, noted.id(), &sleep).unwrap();
        note(&workspace, mistaken.id(), Path::new("/usr/bin/another")).unwrap();
        end(&workspace).unwrap();
        assert!(!noted.wait().unwrap().success());
        assert_eq!(mistaken.try_wait().unwrap(), None, "its number was noted for another program");
        mistaken.kill().unwrap();
        mistaken.wait().unwrap();
        assert!(!file(&workspace).exists());
    }
}
