//! One call: who asks, where, and where the answer goes.

use hostwright_client::{Client, Path};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::output::Output;
use crate::place::Place;
use crate::surroundings::Surroundings;
use crate::view::{Table, card};

/// One call.
pub(crate) struct Session<'a> {
    /// To the API.
    pub(crate) client: Client,
    /// What is meant when nothing is said.
    pub(crate) place: Place,
    /// Where the answer goes.
    pub(crate) output: &'a mut Output,
    /// Environment and standard input.
    pub(crate) around: Surroundings,
}

impl Session<'_> {
    /// Shows a collection: as a table, or as JSON as it came.
    pub(crate) async fn list<T: DeserializeOwned>(
        &mut self,
        path: &Path,
        nothing: &str,
        table: impl FnOnce(&[T]) -> Table,
    ) -> Result<(), Failure> {
        let items: Vec<Json> = self.client.list(path).await?;
        if self.output.is_json() {
            self.output.json(&items);
            return Ok(());
        }
        let typed: Vec<T> = items.into_iter().map(decode).collect::<Result<_, _>>()?;
        self.output.text(&table(&typed).render(nothing));
        Ok(())
    }

    /// Shows one thing with all its fields.
    pub(crate) async fn show(&mut self, path: &Path) -> Result<(), Failure> {
        let value: Json = self.client.get(path).await?;
        self.print(&value);
        Ok(())
    }

    /// Shows an answer.
    pub(crate) fn print(&mut self, value: &Json) {
        if self.output.is_json() {
            self.output.json(value);
        } else {
            self.output.text(&card(value));
        }
    }

    /// Says what was done; a program that reads along gets the entity.
    pub(crate) fn done(&mut self, text: &str, entity: Option<&Json>) {
        match entity {
            Some(entity) if self.output.is_json() => self.output.json(entity),
            _ => self.output.text(text),
        }
    }
}

/// Reads an answer that came as JSON.
pub(crate) fn decode<T: DeserializeOwned>(value: Json) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::usage(format!("the answer is not understood, is this version too old? {error}"))
    })
}
