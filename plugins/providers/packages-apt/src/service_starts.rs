//! Holds back service starts while packages are installed.
//!
//! Maintainer scripts ask `/usr/sbin/policy-rc.d` whether they may start or restart a service; 101 says no. The file is
//! there for the run only. One that was there before is set aside and put back, also after a crash: ours is known by its
//! marker, and every later run begins by clearing up.

use hostwright_sdk::Error;
use hostwright_sdk::host::files::{self, Entry, Kind, Metadata, NewContent, Replacement};
use hostwright_sdk::host::log;
use hostwright_sdk::types::Mode;

const POLICY: &str = "/usr/sbin/policy-rc.d";
const SET_ASIDE: &str = "/usr/sbin/policy-rc.d.before-hostwright";
const MARKER: &str = "# hostwright: services start at their own task, not while packages are installed.";
/// Policies are a few lines; what is larger is not read.
const READ_LIMIT: u64 = 1 << 20;

/// Runs something while services are held back.
pub(crate) fn held_back(run: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let is_ours = hold_back().map_err(|error| error.context("service starts were not held back"))?;
    let result = run();
    if is_ours && let Err(error) = release() {
        // The packages are as they are; the next run clears up.
        log::error(&format!("{POLICY} still holds back service starts: {error}"));
    }
    result
}

/// Puts back what a run that crashed has left.
pub(crate) fn clean_up() -> Result<(), Error> {
    let [policy, set_aside] = look()?;
    let context = |error: Error| error.context("what an earlier run left was not cleared up");
    if policy.kind == Kind::Regular && is_ours()? {
        return release().map_err(context);
    }
    // Crashed after putting back and before forgetting.
    if set_aside.kind == Kind::Regular && policy.kind == Kind::Regular {
        return files::remove(SET_ASIDE).map_err(context);
    }
    Ok(())
}

/// Returns whether it is for us to release.
fn hold_back() -> Result<bool, Error> {
    let [policy, _] = look()?;
    match policy.kind {
        Kind::Absent => {}
        Kind::Regular if is_ours()? => return Ok(true),
        Kind::Regular => write(SET_ASIDE, files::read(POLICY, READ_LIMIT)?, metadata(&policy))?,
        Kind::Symlink | Kind::Directory | Kind::Other => {
            let found = policy.kind.described();
            log::warn(&format!("{POLICY} is {found}: the policy of this machine decides on service starts"));
            return Ok(false);
        }
    }
    let mode = Some(Mode::from_bits(0o755));
    write(POLICY, script().into_bytes(), Metadata { mode, ..Metadata::default() })?;
    Ok(true)
}

fn release() -> Result<(), Error> {
    let [_, set_aside] = look()?;
    if set_aside.kind != Kind::Regular {
        return files::remove(POLICY);
    }
    write(POLICY, files::read(SET_ASIDE, READ_LIMIT)?, metadata(&set_aside))?;
    files::remove(SET_ASIDE)
}

fn script() -> String {
    format!("#!/bin/sh\n{MARKER}\nexit 101\n")
}

fn is_ours() -> Result<bool, Error> {
    Ok(String::from_utf8_lossy(&files::read(POLICY, READ_LIMIT)?).lines().any(|line| line == MARKER))
}

fn look() -> Result<[Entry; 2], Error> {
    let mut entries = files::stat(&[POLICY.to_owned(), SET_ASIDE.to_owned()], None).into_iter();
    let mut next = || entries.next().unwrap_or_else(|| Err(Error::failed("the host gave no answer")));
    Ok([next()?, next()?])
}

fn metadata(entry: &Entry) -> Metadata {
    Metadata { mode: Some(entry.mode), uid: Some(entry.uid), gid: Some(entry.gid) }
}

fn write(path: &str, content: Vec<u8>, metadata: Metadata) -> Result<(), Error> {
    let content = NewContent::Bytes(content);
    files::replace(&Replacement { path: path.to_owned(), content, metadata, validate: None })
}

#[cfg(test)]
mod tests {
    use super::{MARKER, script};

    #[test]
    fn the_policy_says_no_and_knows_itself() {
        let script = script();
        assert!(script.starts_with("#!/bin/sh\n"));
        assert!(script.lines().any(|line| line == MARKER));
        assert!(script.ends_with("exit 101\n"));
    }
}
