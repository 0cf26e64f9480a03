//! Whether what is granted stays within what was asked for.

use crate::grants::{ExecGrant, FilesGrant, Grants};
use crate::pattern::CommandPattern;

/// Longest path that is looked at; `PATH_MAX` of Linux.
const PATH_MAXIMUM: usize = 4096;

impl Grants {
    /// Checks that nothing is granted here that was not asked for. Less may be.
    pub fn within(&self, asked: &Self) -> Result<(), Exceeds> {
        let Self { files, exec, scripts, facts, log, reveal_secrets } = self;
        files_within(files, &asked.files)?;
        for granted in exec {
            exec_within(granted, &asked.exec)?;
        }
        let switches = [
            ("scripts", *scripts, asked.scripts),
            ("facts", *facts, asked.facts),
            ("log", *log, asked.log),
            ("reveal-secrets", *reveal_secrets, asked.reveal_secrets),
        ];
        match switches.into_iter().find(|(_, granted, asked)| *granted && !*asked) {
            Some((name, ..)) => Err(Exceeds::Switch { name }),
            None => Ok(()),
        }
    }
}

impl FilesGrant {
    /// Returns whether a path may be read. Links on the way are the machine's to judge.
    pub fn allows_reading(&self, path: &str) -> bool {
        self.read.iter().chain(&self.write).any(|granted| is_below(path, granted))
    }

    /// Returns whether what stands at a path may be changed.
    pub fn allows_writing(&self, path: &str) -> bool {
        self.write.iter().any(|granted| is_below(path, granted))
    }
}

/// Returns whether `path` is `directory` or lies below it, by their spelling. Both are absolute and normal.
pub fn is_below(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks that a path is absolute and has one spelling: no `.`, no `..`, no `//`, no `/` at its end, no control
/// characters.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    let Some(rest) = path.strip_prefix('/') else { return Err(PathProblem::Relative) };
    if path.len() > PATH_MAXIMUM {
        return Err(PathProblem::TooLong);
    }
    if path.chars().any(char::is_control) {
        return Err(PathProblem::Control);
    }
    if !rest.is_empty() && rest.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(PathProblem::NotNormal);
    }
    Ok(())
}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// It does not begin with `/`.
    #[error("a path must be absolute")]
    Relative,
    /// Longer than the system allows.
    #[error("a path has at most {PATH_MAXIMUM} bytes")]
    TooLong,
    /// A control character, NUL and newline among them.
    #[error("a path must not have control characters")]
    Control,
    /// More than one spelling.
    #[error("a path must not have `.`, `..`, `//` or a `/` at its end")]
    NotNormal,
}

fn files_within(granted: &FilesGrant, asked: &FilesGrant) -> Result<(), Exceeds> {
    for (access, paths) in [("read", &granted.read), ("write", &granted.write)] {
        for path in paths {
            check_path(path).map_err(|problem| Exceeds::Path { access, path: path.clone(), problem })?;
            let covered =
                if access == "read" { asked.allows_reading(path) } else { asked.allows_writing(path) };
            if !covered {
                return Err(Exceeds::Files { access, path: path.clone() });
            }
        }
    }
    Ok(())
}

fn exec_within(granted: &ExecGrant, asked: &[ExecGrant]) -> Result<(), Exceeds> {
    let covering = asked.iter().find(|asked| {
        asked.effect == granted.effect
            && asked.environment == granted.environment
            && (asked.command == granted.command || is_instance(granted, asked))
    });
    let Some(asked) = covering else { return Err(Exceeds::Exec { command: granted.command.join(" ") }) };
    let limits = [
        ("timeout-ms", granted.timeout().as_millis(), asked.timeout().as_millis()),
        ("output-bytes", granted.output().into(), asked.output().into()),
    ];
    match limits.into_iter().find(|(_, granted, asked)| granted > asked) {
        Some((limit, ..)) => Err(Exceeds::Limit { command: granted.command.join(" "), limit }),
        None => Ok(()),
    }
}

/// Whether a grant without placeholders is one of the command lines that were asked for.
fn is_instance(granted: &ExecGrant, asked: &ExecGrant) -> bool {
    let (Ok(narrow), Ok(wide)) =
        (CommandPattern::parse(&granted.command), CommandPattern::parse(&asked.command))
    else {
        return false;
    };
    let Some((program, arguments)) = granted.command.split_first() else { return false };
    // A path would have to lie below a granted one, which this function does not know.
    narrow.is_literal() && !wide.has_paths() && wide.matches(program, arguments).is_ok()
}

/// A grant that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeds {
    /// A directory.
    #[error("`files.{access}` of `{path}` is granted, but the manifest does not ask for it")]
    Files {
        /// `read` or `write`.
        access: &'static str,
        /// The directory.
        path: String,
    },
    /// A path that cannot be granted to anyone.
    #[error("`files.{access}` of `{}` cannot be granted: {problem}", path.escape_debug())]
    Path {
        /// `read` or `write`.
        access: &'static str,
        /// The directory.
        path: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A program.
    #[error(
        "`exec` of `{command}` is granted so, but the manifest does not ask for it with this effect and environment"
    )]
    Exec {
        /// Program and pattern.
        command: String,
    },
    /// More of a program than was asked for.
    #[error("`{limit}` of `exec` of `{command}` is granted above what the manifest asks for")]
    Limit {
        /// Program and pattern.
        command: String,
        /// Which limit.
        limit: &'static str,
    },
    /// Something that is granted or not.
    #[error("`{name}` is granted, but the manifest does not ask for it")]
    Switch {
        /// e.g. `facts`.
        name: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::Effect;

    fn files(read: &[&str], write: &[&str]) -> Grants {
        let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
        Grants { files: FilesGrant { read: owned(read), write: owned(write) }, ..Grants::default() }
    }

    fn exec(command: &[&str], effect: Effect) -> Grants {
        let grant = ExecGrant {
            command: command.iter().map(|&part| part.to_owned()).collect(),
            effect,
            environment: std::collections::BTreeMap::new(),
            timeout_ms: None,
            output_bytes: None,
        };
        Grants { exec: vec![grant], ..Grants::default() }
    }

    #[test]
    fn less_than_asked_is_within() {
        let asked = files(&["/var"], &["/etc"]);
        for granted in [files(&[], &[]), files(&["/var/log", "/etc"], &["/etc/motd"]), asked.clone()] {
            assert_eq!(granted.within(&asked), Ok(()));
        }
        let asked = exec(&["/usr/bin/apt-get", "install", "{package}..."], Effect::Change);
        let narrow = exec(&["/usr/bin/apt-get", "install", "nginx"], Effect::Change);
        assert_eq!(narrow.within(&asked), Ok(()));
    }

    #[test]
    fn more_than_asked_is_named() {
        let asked_files = files(&["/var"], &["/etc"]);
        let asked_exec = exec(&["/usr/bin/apt-get", "install", "{package}..."], Effect::Change);
        let mut patient = asked_exec.clone();
        patient.exec[0].timeout_ms = Some(10_000_000);
        let mut armed = asked_exec.clone();
        armed.exec[0].environment.insert("LD_PRELOAD".into(), "/tmp/x.so".into());
        let cases = [
            (files(&["/varnish"], &[]), &asked_files),
            (files(&[], &["/var/log"]), &asked_files),
            (files(&[], &["/"]), &asked_files),
            (files(&[], &["/etc/../root"]), &asked_files),
            (exec(&["/usr/bin/apt-get", "remove", "{package}..."], Effect::Change), &asked_exec),
            (exec(&["/usr/bin/apt-get", "install", "{package}..."], Effect::Query), &asked_exec),
            (exec(&["/usr/bin/apt-get", "install", "-y"], Effect::Change), &asked_exec),
            (patient, &asked_exec),
            (armed, &asked_exec),
            (Grants { reveal_secrets: true, ..Grants::default() }, &asked_exec),
        ];
        let messages: Vec<String> =
            cases.iter().map(|(granted, asked)| granted.within(asked).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn paths_are_compared_by_component() {
        assert!(is_below("/etc/motd", "/etc") && is_below("/etc", "/etc") && is_below("/etc", "/"));
        assert!(!is_below("/etcetera", "/etc") && !is_below("/", "/etc"));
    }
}
