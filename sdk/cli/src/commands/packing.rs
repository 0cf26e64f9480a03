//! What plugin authors do before a plugin goes anywhere: a key, and one signed file.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use hostwright_manifest::manifest::Manifest;
use hostwright_manifest::section;
use hostwright_manifest::signature::{self, SigningKey};

use crate::failure::Failure;
use crate::output::Output;

/// Where a new key goes.
#[derive(Debug, Args)]
pub(crate) struct KeygenArguments {
    /// The private key; its public half gets the same name with .pub
    file: PathBuf,
}

/// What is packed and where it goes.
#[derive(Debug, Args)]
pub(crate) struct PackArguments {
    /// The component as it was built
    component: PathBuf,
    /// Its manifest
    #[arg(long, value_name = "FILE", default_value = "plugin.toml")]
    manifest: PathBuf,
    /// The publisher's private key, as `keygen` made it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where PUBLISHER-NAME-VERSION.wasm and its .sig are written
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    directory: PathBuf,
}

/// Makes a publisher's key. An existing one is never overwritten.
pub(crate) fn keygen(arguments: &KeygenArguments, output: &mut Output) -> Result<(), Failure> {
    let KeygenArguments { file } = arguments;
    let failed = |error: &dyn std::fmt::Display| Failure::file(file, "failed to write", error);
    let key = SigningKey::generate();
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    }
    let mut private = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| failed(&error))?;
    private.write_all(STANDARD.encode(key.to_bytes()).as_bytes()).map_err(|error| failed(&error))?;
    let public = public_half(file);
    fs::write(&public, format!("{}\n", key.verifying_key()))
        .map_err(|error| Failure::file(&public, "failed to write", &error))?;
    output.text(&format!(
        "{} (keep it), {} (give it to who installs your plugins)",
        file.display(),
        public.display()
    ));
    Ok(())
}

/// Puts the manifest into the component and signs the whole.
pub(crate) fn pack(arguments: &PackArguments, output: &mut Output) -> Result<(), Failure> {
    let PackArguments { component, manifest, key, directory } = arguments;
    let built = fs::read(component).map_err(|error| Failure::file(component, "failed to read", &error))?;
    let text =
        fs::read_to_string(manifest).map_err(|error| Failure::file(manifest, "failed to read", &error))?;
    let parsed =
        Manifest::parse(&text).map_err(|error| Failure::file(manifest, "failed to understand", &error))?;
    let packed =
        section::embed(&built, &text).map_err(|error| Failure::file(component, "failed to pack", &error))?;
    let signed = signature::sign(&read_key(key)?, &packed);
    let name = format!("{}-{}.wasm", parsed.id.to_string().replace('/', "-"), parsed.version);
    let file = directory.join(&name);
    put(&file, &packed)?;
    put(&directory.join(format!("{name}.sig")), format!("{signed}\n").as_bytes())?;
    output.text(&format!("{}, {} bytes, and its signature", file.display(), packed.len()));
    Ok(())
}

fn read_key(file: &Path) -> Result<SigningKey, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::file(file, "failed to read", &error))?;
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| {
        Failure::usage_with_hint(
            format!("{} is no private key", file.display()),
            "make one with `wright plugins keygen FILE`",
        )
    })?;
    Ok(SigningKey::from_bytes(&bytes))
}

fn put(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let fresh = PathBuf::from(format!("{}.new", file.display()));
    let written = fs::write(&fresh, content).and_then(|()| fs::rename(&fresh, file));
    written.map_err(|error| Failure::file(file, "failed to write", &error))
}

fn public_half(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.pub", file.display()))
}
