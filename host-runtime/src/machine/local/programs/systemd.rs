//! The command line that makes a transient unit.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub(super) const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";

/// Properties of the unit. A stop is asked for, of the supervisor only, and waited for without end: half an
/// installation is worse than a slow shutdown.
const PROPERTIES: &[&str] = &[
    "KillMode=mixed",
    "SendSIGKILL=no",
    "TimeoutStopSec=infinity",
    "OOMPolicy=continue",
    "UMask=0022",
    "StandardInput=null",
];

/// Name of the unit of a run.
pub(super) fn unit_name(run: &str) -> String {
    format!("hostwright-run-{run}.service")
}

/// Arguments for `systemd-run` that start `command` as a unit of its own, outside the agent's.
pub(super) fn arguments(run: &str, description: &str, command: &[OsString]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    arguments.push(format!("--unit={}", unit_name(run)).into());
    arguments.push(format!("--description={}", one_line(description)).into());
    for option in [
        "--system",
        "--quiet",
        "--collect",
        "--no-ask-password",
        "--service-type=exec",
        "--slice=system.slice",
    ] {
        arguments.push(option.into());
    }
    arguments.extend(PROPERTIES.iter().map(|property| format!("--property={property}").into()));
    arguments.push("--".into());
    arguments.extend(command.iter().map(|part| without_expansion(part)));
    arguments
}

/// systemd replaces `$NAME` in the arguments of a service; `$$` stands for the dollar itself.
fn without_expansion(part: &OsStr) -> OsString {
    let mut escaped = Vec::with_capacity(part.len());
    for byte in part.as_bytes() {
        escaped.push(*byte);
        if *byte == b'$' {
            escaped.push(b'$');
        }
    }
    OsString::from_vec(escaped)
}

fn one_line(text: &str) -> String {
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(visible).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_unit_that_is_never_killed() {
        let command = ["/usr/bin/hostwright-agent", "supervise", "change", "--record", "/var/lib/$x/runs/t1"];
        let arguments = arguments("t1", "/usr/bin/apt-get -y\ninstall", &command.map(OsString::from));
        let shown: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        --unit=hostwright-run-t1.service
        --description=/usr/bin/apt-get -y install
        --system
        --quiet
        --collect
        --no-ask-password
        --service-type=exec
        --slice=system.slice
        --property=KillMode=mixed
        --property=SendSIGKILL=no
        --property=TimeoutStopSec=infinity
        --property=OOMPolicy=continue
        --property=UMask=0022
        --property=StandardInput=null
        --
        /usr/bin/hostwright-agent
        supervise
        change
        --record
        /var/lib/$$x/runs/t1
        ");
    }
}
