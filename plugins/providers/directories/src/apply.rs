//! Changes one directory.

use hostwright_collections::directories::Attributes;
use hostwright_sdk::Error;
use hostwright_sdk::host::files::{self, Metadata};
use hostwright_sdk::ownership::Accounts;
use hostwright_sdk::types::{Mode, Outcome, Resource};

use crate::wanted::{self, Place};

/// Brings one directory into the desired state.
pub(crate) fn apply(resource: &Resource<Attributes>, accounts: &Accounts) -> Result<Outcome, Error> {
    let Resource { id, attributes } = resource;
    let ownership = wanted::ownership(attributes);
    let metadata = ownership.metadata(accounts)?;
    let outcome = match look(id) {
        Place::Taken(error) => return Err(error),
        Place::Directory(found) if ownership.differs(found, accounts) => {
            files::set_metadata(id, metadata)?;
            Outcome::changed()
        }
        Place::Directory(_) => Outcome::unchanged(),
        Place::Free => {
            let parents =
                if attributes.parents.unwrap_or(true) { files::make_parents(id)? } else { Vec::new() };
            let mode = Some(metadata.mode.unwrap_or(Mode::from_bits(0o755)));
            files::make_directory(id, Metadata { mode, ..metadata })?;
            Outcome::changed()
                .with_note((!parents.is_empty()).then(|| format!("made {}", parents.join(", "))))
        }
    };
    let Some(note) = ownership.note(accounts) else { return Ok(outcome) };
    let message =
        outcome.message.clone().map_or_else(|| note.to_owned(), |message| format!("{message}; {note}"));
    Ok(outcome.with_message(message))
}

/// Removes one directory if it is empty.
pub(crate) fn remove(id: &str) -> Result<Outcome, Error> {
    match look(id) {
        Place::Free => Ok(Outcome::unchanged()),
        Place::Taken(error) => Err(error),
        Place::Directory(_) => {
            let names = files::list(id)?;
            if let [first, ..] = &names[..] {
                let count = names.len();
                return Err(Error::failed(format!(
                    "`{id}` is not empty and is left as it is: it has {count} entries, the first is `{first}`"
                )));
            }
            files::remove(id).map(|()| Outcome::changed())
        }
    }
}

fn look(id: &str) -> Place {
    let entry = files::stat(&[id.to_owned()], None).pop();
    Place::seen(id, entry.unwrap_or_else(|| Err(Error::failed("the host gave no answer"))))
}
