//! What types cannot say of a manifest.

use super::{Kind, Manifest, ManifestError};
use crate::grants::Effect;
use crate::pattern::CommandPattern;

/// Of a publisher's or plugin's name.
pub(super) const LABEL_MAXIMUM: usize = 63;

/// Of what people read.
const TEXT_MAXIMUM: usize = 500;

pub(super) fn invalid(key: impl Into<String>, problem: impl std::fmt::Display) -> ManifestError {
    ManifestError::Invalid { key: key.into(), problem: format!("{problem}") }
}

pub(super) fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_MAXIMUM).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn check(manifest: &Manifest) -> Result<(), ManifestError> {
    let Manifest {
        id: _,
        version: _,
        kind,
        api,
        summary,
        license,
        authors,
        systems,
        limits,
        capabilities: _,
    } = manifest;
    check_kind(kind)?;
    let is_number =
        |part: &str| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !api.split_once('.').is_some_and(|(major, minor)| is_number(major) && is_number(minor)) {
        return Err(invalid(
            "api",
            format!("`{api}` is no version of the plugin contract: write e.g. `0.1`"),
        ));
    }
    check_text("summary", summary)?;
    check_text("license", license)?;
    for (index, text) in authors.iter().enumerate() {
        check_text(&format!("authors[{index}]"), text)?;
    }
    for (index, text) in systems.iter().enumerate() {
        check_text(&format!("systems[{index}]"), text)?;
    }
    let given = [
        ("call-ms", limits.call_ms),
        ("memory-mib", limits.memory_mib),
        ("host-calls", limits.host_calls),
        ("output-bytes", limits.output_bytes),
        ("log-bytes", limits.log_bytes),
    ];
    if let Some((key, _)) = given.iter().find(|(_, value)| *value == Some(0)) {
        return Err(invalid(format!("limits.{key}"), "0 leaves nothing: give a number or leave the key out"));
    }
    check_capabilities(manifest)
}

fn check_kind(kind: &Kind) -> Result<(), ManifestError> {
    match kind {
        Kind::Provider { collection } => {
            let parts: Vec<&str> = collection.split('.').collect();
            if parts.len() > 2 || !parts.iter().all(|part| is_label(part)) {
                let problem =
                    format!("`{collection}` is no collection: write e.g. `files` or `publisher.name`");
                return Err(invalid("collection", problem));
            }
            Ok(())
        }
        Kind::Driver { platform } => {
            let allowed = |character: char| character.is_ascii_alphanumeric() || " -_.".contains(character);
            if platform.is_empty() || platform.len() > LABEL_MAXIMUM || !platform.chars().all(allowed) {
                let problem =
                    format!("`{}` is no name of a platform: write e.g. `Manual`", platform.escape_debug());
                return Err(invalid("platform", problem));
            }
            Ok(())
        }
    }
}

fn check_capabilities(manifest: &Manifest) -> Result<(), ManifestError> {
    let capabilities = &manifest.capabilities;
    for (index, asked) in capabilities.files.iter().enumerate() {
        let key = format!("capabilities.files[{index}]");
        check_text(&format!("{key}.reason"), &asked.reason)?;
        if asked.read.is_empty() && asked.write.is_empty() {
            return Err(invalid(key, "it asks for nothing: add `read` or `write` with absolute paths"));
        }
        for (list, paths) in [("read", &asked.read), ("write", &asked.write)] {
            for path in paths {
                crate::within::check_path(path)
                    .map_err(|problem| invalid(format!("{key}.{list}"), problem))?;
            }
        }
    }
    for (index, asked) in capabilities.exec.iter().enumerate() {
        let key = format!("capabilities.exec[{index}]");
        check_text(&format!("{key}.reason"), &asked.reason)?;
        let pattern = CommandPattern::parse(&asked.command)
            .map_err(|problem| invalid(format!("{key}.command"), problem))?;
        if pattern.is_validation() && asked.effect != Effect::Query {
            let problem = "a program that judges `{candidate}` changes nothing: write `effect = \"query\"`";
            return Err(invalid(format!("{key}.effect"), problem));
        }
        for (name, value) in &asked.environment {
            if !is_variable(name) || value.bytes().any(|byte| byte == 0) {
                let problem = format!("`{}` is no variable of an environment", name.escape_debug());
                return Err(invalid(format!("{key}.environment"), problem));
            }
        }
        if asked.timeout_ms == Some(0) || asked.output_bytes == Some(0) {
            return Err(invalid(key, "a limit of 0 leaves nothing: give a number or leave the key out"));
        }
    }
    let reasons = [
        ("scripts", capabilities.scripts.as_ref().map(|asked| &asked.reason)),
        ("facts", capabilities.facts.as_ref().map(|asked| &asked.reason)),
        ("log", capabilities.log.as_ref().map(|asked| &asked.reason)),
        ("secrets", capabilities.secrets.as_ref().map(|asked| &asked.reason)),
    ];
    for (name, reason) in reasons {
        reason.map_or(Ok(()), |reason| check_text(&format!("capabilities.{name}.reason"), reason))?;
    }
    Ok(())
}

fn is_variable(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=100).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// What people read, on a terminal too: one line, no control characters.
fn check_text(key: &str, text: &str) -> Result<(), ManifestError> {
    if text.trim().is_empty() {
        return Err(invalid(key, "it is empty: say it in one line"));
    }
    if text.len() > TEXT_MAXIMUM {
        return Err(invalid(
            key,
            format!("it has {} bytes, more than {TEXT_MAXIMUM}: say it in one line", text.len()),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid(key, "it has control characters: say it in one line"));
    }
    Ok(())
}
