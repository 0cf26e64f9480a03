//! The types of placeholders. The host owns them; a manifest can only name them.

use crate::within::check_path;

/// Longest value of any placeholder, in bytes.
const VALUE_MAXIMUM: usize = 4096;
const NAME_MAXIMUM: usize = 200;
/// What systemd allows.
const UNIT_MAXIMUM: usize = 255;
/// What Linux allows.
const ACCOUNT_MAXIMUM: usize = 32;
/// Fits into 64 bits.
const DIGITS_MAXIMUM: usize = 18;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `curl`, `libc6:amd64`; never a removal (`curl-`), a pattern, a path or a release (`curl/stable`).
    Package,
    /// `1.2.3-1+deb12u4`, `2:8.39-15`.
    Version,
    /// `nginx`, `getty@tty1.service`; never a glob or a path.
    Unit,
    /// `www-data`; a name, not a number.
    User,
    /// `adm`; a name, not a number.
    Group,
    /// `0`, `42`; without a sign.
    Integer,
    /// An absolute path in its one spelling, below a directory that `files` grants.
    Path,
    /// Anything in one line that does not begin with `-`. Makes the grant root-equivalent.
    Text,
}

impl Placeholder {
    /// All of them, in the order of their documentation.
    pub const ALL: [Self; 8] = [
        Self::Package,
        Self::Version,
        Self::Unit,
        Self::User,
        Self::Group,
        Self::Integer,
        Self::Path,
        Self::Text,
    ];

    /// Returns the name that stands between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Version => "version",
            Self::Unit => "unit",
            Self::User => "user",
            Self::Group => "group",
            Self::Integer => "integer",
            Self::Path => "path",
            Self::Text => "text",
        }
    }

    /// Returns the type of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placeholder| placeholder.name() == name)
    }

    /// Checks a whole value. The error is a reason that reads after the value.
    pub fn check(self, value: &str) -> Result<(), &'static str> {
        if value.is_empty() {
            return Err("is empty");
        }
        if value.len() > self.maximum() {
            return Err("is too long");
        }
        if value.chars().any(char::is_control) {
            return Err("has a control character");
        }
        if value.starts_with('-') {
            return Err("begins with `-`, as an option does");
        }
        match self {
            Self::Package => check_package(value),
            Self::Version => check_version(value),
            Self::Unit => check_unit(value),
            Self::User | Self::Group => check_account(value),
            Self::Integer => check_integer(value),
            Self::Path => check_path(value).map_err(|_| "is not an absolute path without `.`, `..` and `//`"),
            Self::Text => Ok(()),
        }
    }

    fn maximum(self) -> usize {
        match self {
            Self::Package | Self::Version => NAME_MAXIMUM,
            Self::Unit => UNIT_MAXIMUM,
            Self::User | Self::Group => ACCOUNT_MAXIMUM,
            Self::Integer => DIGITS_MAXIMUM,
            Self::Path | Self::Text => VALUE_MAXIMUM,
        }
    }
}

/// Debian policy 5.6.1, and none of what apt reads into a name: `name-` removes, `name+` installs although the command
/// says remove, `name^` is a task, `*?[$^` make patterns, `name/release` and `name=version` select, `./` and `/` are
/// local files.
fn check_package(value: &str) -> Result<(), &'static str> {
    let (name, architecture) = match value.split_once(':') {
        Some((name, architecture)) => (name, Some(architecture)),
        None => (value, None),
    };
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit()) {
        return Err("does not begin with a lower-case letter or a digit");
    }
    if !name.bytes().all(|byte| lower(byte) || matches!(byte, b'+' | b'.' | b'-')) {
        return Err("has characters that no package's name has");
    }
    if let Some(architecture) = architecture {
        let well_formed = architecture.bytes().all(|byte| lower(byte) || byte == b'-')
            && architecture.bytes().next().is_some_and(lower)
            && architecture.bytes().next_back().is_some_and(lower);
        if !well_formed {
            return Err("has something after `:` that is no architecture");
        }
    }
    if name.ends_with('-') {
        return Err("ends in `-`, which asks for a removal");
    }
    // `g++` is a name; apt takes one `+` off and finds no package `g+`.
    if architecture.is_none() && name.ends_with('+') && !name.ends_with("++") {
        return Err(
            "ends in a single `+`, which asks for an installation: add the architecture, as in `name+:amd64`",
        );
    }
    Ok(())
}

/// Debian policy 5.6.12 and the versions of RPM, without what apt reads at the end of a word (`-`, `+`, `^`).
fn check_version(value: &str) -> Result<(), &'static str> {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'~' | b':' | b'_' | b'-');
    if !value.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err("does not begin with a letter or a digit");
    }
    if !value.bytes().all(allowed) {
        return Err("has characters that no version has");
    }
    if !value.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '~') {
        return Err("does not end in a letter, a digit or `~`");
    }
    Ok(())
}

/// systemd.unit(5), whose commands take globs and paths beside names.
fn check_unit(value: &str) -> Result<(), &'static str> {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'.' | b'\\' | b'@' | b'-');
    if !value.bytes().all(allowed) {
        return Err("has characters that no unit's name has (globs and paths are refused)");
    }
    if value.starts_with('.') {
        return Err("begins with `.`");
    }
    Ok(())
}

/// useradd(8), and not all digits: programs take a number for an id.
fn check_account(value: &str) -> Result<(), &'static str> {
    if !value.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return Err("does not begin with a letter or `_`");
    }
    if !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return Err("has characters that no account's name has");
    }
    Ok(())
}

/// No leading zero, which some programs take for octal.
fn check_integer(value: &str) -> Result<(), &'static str> {
    if !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is not a number without a sign");
    }
    if value.len() > 1 && value.starts_with('0') {
        return Err("begins with `0`");
    }
    Ok(())
}
