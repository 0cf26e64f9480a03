//! Changes one file.

use hostwright_collections::files::Attributes;
use hostwright_sdk::Error;
use hostwright_sdk::host::files::{self, Entry, Kind, NewContent, Replacement};
use hostwright_sdk::ownership::Accounts;
use hostwright_sdk::types::{Outcome, Resource};

use crate::wanted::{self, Place};

/// Brings one file into the desired state.
pub(crate) fn apply(
    resource: &Resource<Attributes>,
    place: Place,
    accounts: &Accounts,
) -> Result<Outcome, Error> {
    let Resource { id, attributes } = resource;
    let ownership = wanted::ownership(attributes);
    let write = |made: &[String]| -> Result<Outcome, Error> {
        files::replace(&Replacement {
            path: id.clone(),
            content: attributes.content.as_ref().map_or(NewContent::Bytes(Vec::new()), NewContent::from),
            metadata: ownership.metadata(accounts)?,
            validate: attributes.validate.clone(),
        })?;
        let outcome = Outcome::changed();
        if made.is_empty() {
            Ok(outcome)
        } else {
            Ok(outcome.with_message(format!("made {}", made.join(", "))))
        }
    };
    let outcome = match place {
        Place::Taken(error) => return Err(error),
        Place::Free => {
            // An account that does not exist is found out before anything is made.
            ownership.metadata(accounts)?;
            write(&files::make_parents(id)?)?
        }
        Place::File(found) if wanted::content_differs(attributes, &found) => write(&[])?,
        Place::File(found) if ownership.differs(found.ownership, accounts) => {
            files::set_metadata(id, ownership.metadata(accounts)?)?;
            Outcome::changed()
        }
        Place::File(_) => Outcome::unchanged(),
    };
    let Some(note) = ownership.note(accounts) else { return Ok(outcome) };
    let message =
        outcome.message.clone().map_or_else(|| note.to_owned(), |message| format!("{message}; {note}"));
    Ok(outcome.with_message(message))
}

/// Removes one file; what is no regular file is left.
pub(crate) fn remove(id: &str, entry: Result<Entry, Error>) -> Result<Outcome, Error> {
    let entry = entry?;
    match entry.kind {
        Kind::Absent => Ok(Outcome::unchanged()),
        Kind::Regular => files::remove(id).map(|()| Outcome::changed()),
        Kind::Directory | Kind::Symlink | Kind::Other => Err(Error::failed(format!(
            "`{id}` is {}, not a regular file; it is left as it is",
            entry.kind.described()
        ))),
    }
}
