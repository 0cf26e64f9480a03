//! Changing: withheld in a plan.

use bytes::Bytes;

use super::rules::{check_metadata, may_write};
use crate::capabilities::answers::{ask, failed, nonsense};
use crate::capabilities::{exec, secrets};
use crate::machine::{Content, Metadata, Reply, Request};
use crate::plugin::Context;
use crate::provider::ProviderError;

/// What is to stand at a path.
#[derive(Clone, Debug)]
pub(crate) struct Replacement {
    pub(crate) path: String,
    pub(crate) content: Source,
    pub(crate) metadata: Metadata,
    /// Program and arguments, `{candidate}` standing for the new content.
    pub(crate) validate: Option<Vec<String>>,
}

/// Where content comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A blob of the host, by reference.
    Blob(String),
    /// From the plugin, or a reference to a secret.
    Bytes(Vec<u8>),
}

/// Puts content in place atomically.
pub(crate) async fn replace(context: &mut Context, replacement: Replacement) -> Result<(), ProviderError> {
    let Replacement { path, content, metadata, validate } = replacement;
    let action = may_write(context, "files.replace", &path)?;
    check_metadata(context, &action, &path, false, metadata)?;
    let validation = validate.map(|command| exec::validation(context, &command)).transpose()?;
    let source = match content {
        Source::Blob(reference) => match context.host.blobs.path(&reference) {
            Some(file) => Content::File(file),
            None => {
                return Err(failed(format!(
                    "this host does not have the blob `{}`",
                    reference.escape_debug()
                )));
            }
        },
        Source::Bytes(bytes) => Content::Bytes(Bytes::from(secrets::resolve(context, bytes)?)),
    };
    let scope = context.permits.scope.clone();
    done(context, "files.replace", Request::Replace { scope, path, content: source, metadata, validation })
        .await
}

/// Creates a directory whose parent exists.
pub(crate) async fn make_directory(
    context: &Context,
    path: String,
    metadata: Metadata,
) -> Result<(), ProviderError> {
    let action = may_write(context, "files.make-directory", &path)?;
    check_metadata(context, &action, &path, true, metadata)?;
    let scope = context.permits.scope.clone();
    done(context, "files.make-directory", Request::MakeDirectory { scope, path, metadata }).await
}

/// Sets owner and mode of what is there.
pub(crate) async fn set_metadata(
    context: &Context,
    path: String,
    metadata: Metadata,
) -> Result<(), ProviderError> {
    let action = may_write(context, "files.set-metadata", &path)?;
    // It may be a directory or a file; the stricter rule holds for both.
    check_metadata(context, &action, &path, false, metadata)?;
    let scope = context.permits.scope.clone();
    done(context, "files.set-metadata", Request::SetMetadata { scope, path, metadata }).await
}

/// Removes a file, a link or an empty directory.
pub(crate) async fn remove(context: &Context, path: String) -> Result<(), ProviderError> {
    may_write(context, "files.remove", &path)?;
    let scope = context.permits.scope.clone();
    done(context, "files.remove", Request::Remove { scope, path }).await
}

async fn done(context: &Context, function: &str, request: Request) -> Result<(), ProviderError> {
    match ask(context, request).await? {
        Reply::Done => Ok(()),
        _ => Err(nonsense(function)),
    }
}
