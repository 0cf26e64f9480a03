//! What every collection and every entity can do.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{Client, ClientError, Path, Written};

/// Things of one kind under one parent.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    client: Client,
    path: Path,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Collection<T> {
    /// The collection at a path, for what this crate has no word for.
    pub fn at(client: Client, path: Path) -> Self {
        Self::new(client, path)
    }

    pub(crate) fn new(client: Client, path: Path) -> Self {
        Self { client, path, kind: PhantomData }
    }

    /// Returns all of them.
    pub async fn list(&self) -> Result<Vec<T>, ClientError> {
        self.client.list(&self.path).await
    }

    /// Makes one.
    pub async fn create(&self, body: &Json) -> Result<Written<T>, ClientError> {
        self.client.post(&self.path, body).await
    }

    /// Removes all of them, where the API offers that.
    pub async fn clear(&self) -> Result<Written<()>, ClientError> {
        self.client.delete(&self.path).await
    }

    /// One of them.
    pub fn entity(&self, name: &str) -> Entity<T> {
        Entity { client: self.client.clone(), path: self.path.join(name), kind: PhantomData }
    }

    /// Returns one of them, or nothing if it is not there.
    pub async fn find(&self, name: &str) -> Result<Option<T>, ClientError> {
        match self.entity(name).get().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// One thing, by its path.
#[derive(Clone, Debug)]
pub struct Entity<T> {
    client: Client,
    path: Path,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Entity<T> {
    pub(crate) fn new(client: Client, path: Path) -> Self {
        Self { client, path, kind: PhantomData }
    }

    /// Returns it.
    pub async fn get(&self) -> Result<T, ClientError> {
        self.client.get(&self.path).await
    }

    /// Puts another one in its place.
    pub async fn replace(&self, body: &Json) -> Result<Written<T>, ClientError> {
        self.client.put(&self.path, body).await
    }

    /// Removes it.
    pub async fn delete(&self) -> Result<Written<()>, ClientError> {
        self.client.delete(&self.path).await
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
