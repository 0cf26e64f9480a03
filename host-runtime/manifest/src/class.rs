//! How far grants reach, by tables of this crate and never by the manifest's word.
//!
//! Say "provable" of [`Class::Bounded`] only. What the tables do not know is [`Class::RootEquivalent`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::grants::{Effect, ExecGrant, FilesGrant, Grants};
use crate::pattern::{CommandPattern, Placeholder};
use crate::within::is_below;

mod tables;

/// How far a grant reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The host function enforces the limit.
    Bounded,
    /// A program acts in the plugin's place, within what that program does.
    Delegated,
    /// A way to everything on the machine.
    RootEquivalent,
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Bounded => "bounded",
            Self::Delegated => "delegated",
            Self::RootEquivalent => "root-equivalent",
        })
    }
}

/// The class of one grant, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Judgement {
    /// As a person would say it, e.g. `files.write /etc`.
    pub grant: String,
    /// How far it reaches.
    pub class: Class,
    /// The way, or the limit.
    pub reason: String,
}

/// Returns the class of all these grants together: that of the farthest.
pub fn of(grants: &Grants) -> Class {
    judge(grants).into_iter().map(|judgement| judgement.class).max().unwrap_or(Class::Bounded)
}

/// Returns the class of each grant.
pub fn judge(grants: &Grants) -> Vec<Judgement> {
    let Grants { files, exec, scripts, facts, log, reveal_secrets } = grants;
    let mut judgements = judge_files(files);
    judgements.extend(exec.iter().map(judge_exec));
    let switches = [
        (*scripts, "scripts", Class::RootEquivalent, "runs what changes deliver, as any user"),
        (*facts, "facts", Class::Bounded, "reads what the machine is"),
        (*log, "log", Class::Bounded, "writes lines to the host's log, their amount limited"),
        (
            *reveal_secrets,
            "reveal-secrets",
            Class::Delegated,
            "sees secrets of its resources and may pass them on in its answers",
        ),
    ];
    for (granted, grant, class, reason) in switches {
        if granted {
            judgements.push(Judgement { grant: grant.to_owned(), class, reason: reason.to_owned() });
        }
    }
    judgements
}

/// Returns the class of writing below a path.
pub fn of_writing(path: &str) -> (Class, &'static str) {
    if let Some((_, way)) = tables::WAYS_BY_WRITING.iter().find(|(way, _)| overlaps(path, way)) {
        return (Class::RootEquivalent, way);
    }
    match tables::BOUNDED_WRITING.iter().find(|(bounded, _)| is_below(path, bounded)) {
        Some((_, what)) => (Class::Bounded, what),
        None => (Class::RootEquivalent, "what reads these files is not known to the host"),
    }
}

fn judge_files(files: &FilesGrant) -> Vec<Judgement> {
    let read = files.read.iter().map(|path| {
        let secret = tables::SECRETS_BY_READING.iter().find(|(secret, _)| overlaps(path, secret));
        let (class, reason) = secret
            .map_or((Class::Bounded, "reads only, below this path"), |(_, reason)| {
                (Class::RootEquivalent, *reason)
            });
        Judgement { grant: format!("files.read {path}"), class, reason: reason.to_owned() }
    });
    let write = files.write.iter().map(|path| {
        let (class, reason) = of_writing(path);
        Judgement { grant: format!("files.write {path}"), class, reason: reason.to_owned() }
    });
    read.chain(write).collect()
}

/// Whether one lies below the other: a grant reaches what holds it and what it holds.
fn overlaps(path: &str, other: &str) -> bool {
    is_below(path, other) || is_below(other, path)
}

fn judge_exec(grant: &ExecGrant) -> Judgement {
    let (class, reason) = judge_command(grant);
    Judgement { grant: format!("exec {}", grant.command.join(" ")), class, reason }
}

fn judge_command(grant: &ExecGrant) -> (Class, String) {
    let root = |reason: String| (Class::RootEquivalent, reason);
    let Ok(pattern) = CommandPattern::parse(&grant.command) else {
        return root("its pattern cannot be read".to_owned());
    };
    if pattern.has(Placeholder::Text) {
        return root("`{text}` leaves an argument to the plugin".to_owned());
    }
    let variable = grant.environment.keys().find(|name| !tables::HARMLESS_VARIABLES.contains(&name.as_str()));
    if let Some(variable) = variable {
        return root(format!("what `{variable}` does to this program is not known to the host"));
    }
    let words = pattern.words();
    let Some(known) = tables::PROGRAMS.iter().find(|known| {
        known.paths.contains(&pattern.program())
            && known.effect == grant.effect
            && begins(&words, known.words)
    }) else {
        return root("what this program can do with such arguments is not known to the host".to_owned());
    };
    let options = words.iter().skip(known.words.len()).filter(|word| word.starts_with('-') && *word != "--");
    for option in options {
        if !known.options.iter().any(|allowed| fits(option, allowed)) {
            return root(format!("what `{option}` makes this program do is not known to the host"));
        }
    }
    // A package manager that is given a file takes whatever the plugin may have written there.
    let takes_files =
        pattern.has_paths() || words.iter().any(|word| !word.starts_with('-') && word.contains('/'));
    if grant.effect == Effect::Change && takes_files {
        return root("which file this program is given is not known to be harmless".to_owned());
    }
    (known.class, known.reason.to_owned())
}

fn begins(words: &[String], with: &[&str]) -> bool {
    words.len() >= with.len() && words.iter().zip(with).all(|(word, expected)| word == expected)
}

/// `*` at the end of an entry of the table stands for anything.
fn fits(option: &str, allowed: &str) -> bool {
    allowed.strip_suffix('*').map_or(option == allowed, |prefix| option.starts_with(prefix))
}

/// One program as the table knows it.
struct Known {
    paths: &'static [&'static str],
    effect: Effect,
    /// The first words after the program.
    words: &'static [&'static str],
    /// Options that change nothing about the class.
    options: &'static [&'static str],
    class: Class,
    reason: &'static str,
}

#[cfg(test)]
mod tests;
