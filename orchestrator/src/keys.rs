//! The orchestrator's keys on disk.
//!
//! The root key lies beside the orchestrator's own for sites that want it so; agents pin the root, not the orchestrator, so
//! it can be moved away and the orchestrator's keys be certified elsewhere.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use hostwright_protocol::keys::{OrchestratorKeys, RootKey, Validity};
use rand::rngs::OsRng;

/// How long a certificate is good.
const VALIDITY: TimeDelta = TimeDelta::days(365);
/// With less than this left, a new one is made at the start.
const RENEWAL: TimeDelta = TimeDelta::days(60);

/// Reads the keys below a directory that only this user may read; makes them at the first start.
pub fn load_or_make(directory: &Path, now: DateTime<Utc>) -> Result<OrchestratorKeys> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("create {}", directory.display()))?;
    let root_file = directory.join("root.key");
    let own_file = directory.join("orchestrator.key");
    let root = match read(&root_file)? {
        Some(bytes) => {
            Some(RootKey::from_bytes(&bytes).with_context(|| format!("understand {}", root_file.display()))?)
        }
        None => None,
    };
    let own = match read(&own_file)? {
        Some(bytes) => Some(
            OrchestratorKeys::from_bytes(&bytes)
                .with_context(|| format!("understand {}", own_file.display()))?,
        ),
        None => None,
    };
    match (root, own) {
        (None, None) => {
            let root = RootKey::generate(&mut OsRng);
            write(&root_file, &root.to_bytes())?;
            let keys = OrchestratorKeys::generate(&root, validity(1, now), &mut OsRng);
            write(&own_file, &keys.to_bytes())?;
            Ok(keys)
        }
        (Some(root), None) => {
            let keys = OrchestratorKeys::generate(&root, validity(1, now), &mut OsRng);
            write(&own_file, &keys.to_bytes())?;
            Ok(keys)
        }
        (Some(root), Some(keys)) if now + RENEWAL > keys.certified().validity.until => {
            let certified = keys.certified().clone();
            let validity = validity(certified.validity.generation, now);
            let certificate = root.certify(certified.signing, certified.sealing, validity);
            let keys = keys.with_certificate(certificate).context("renew the certificate")?;
            write(&own_file, &keys.to_bytes())?;
            tracing::info!("the orchestrator's certificate is renewed until {}", validity.until);
            Ok(keys)
        }
        (_, Some(keys)) => {
            if now > keys.certified().validity.until {
                bail!(
                    "the orchestrator's certificate ended at {}, and the root key is not in {}: certify it anew",
                    keys.certified().validity.until,
                    root_file.display()
                );
            }
            Ok(keys)
        }
    }
}

fn validity(generation: u64, now: DateTime<Utc>) -> Validity {
    Validity { generation, from: now, until: now + VALIDITY }
}

/// Returns what a key file holds; a file that others can read is refused.
fn read(file: &Path) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>> {
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("look at {}", file.display())),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others: `chmod 600` it, and consider the key known", file.display());
    }
    Ok(Some(fs::read(file).with_context(|| format!("read {}", file.display()))?.into()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    let fresh = file.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut handle = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("write {}", fresh.display()))?;
    handle
        .write_all(bytes)
        .and_then(|()| handle.sync_all())
        .with_context(|| format!("write {}", fresh.display()))?;
    fs::rename(&fresh, file).with_context(|| format!("put {} in place", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::days(days)
    }

    #[test]
    fn keys_are_made_once_and_renewed_before_they_end() {
        let directory = tempfile::tempdir().unwrap();
        let first = load_or_make(directory.path(), at(0)).unwrap();
        let again = load_or_make(directory.path(), at(1)).unwrap();
        assert_eq!(first.key_id(), again.key_id());
        assert_eq!(again.certified().validity.until, at(365));
        let renewed = load_or_make(directory.path(), at(320)).unwrap();
        assert_eq!(renewed.key_id(), first.key_id(), "agents go on knowing it");
        assert_eq!(renewed.certified().validity.until, at(320 + 365));
        assert_eq!(renewed.root(), first.root());
    }

    #[test]
    fn keys_that_others_can_read_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        load_or_make(directory.path(), at(0)).unwrap();
        let root = directory.path().join("root.key");
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&root, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load_or_make(directory.path(), at(0)).unwrap_err().to_string();
        assert!(error.contains("can be read by others"), "{error}");
    }

    #[test]
    fn without_its_root_an_ended_certificate_stops_the_start() {
        let directory = tempfile::tempdir().unwrap();
        load_or_make(directory.path(), at(0)).unwrap();
        fs::remove_file(directory.path().join("root.key")).unwrap();
        assert!(load_or_make(directory.path(), at(300)).is_ok());
        let error = load_or_make(directory.path(), at(400)).unwrap_err().to_string();
        assert!(error.contains("certify it anew"), "{error}");
    }
}
