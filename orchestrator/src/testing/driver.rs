//! A driver like `manual`, without any plugin.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hostwright_runtime::CallError;
use hostwright_runtime::driver::{Blueprint, Instance, InstanceState, Operation, Settings};
use hostwright_runtime::provider::ProviderError;

use super::eventually;
use crate::drivers::{Component, Driver, DriverError, DriverSource};

/// Answers for every component.
#[derive(Clone, Default)]
pub(crate) struct ManualDrivers(Arc<Mutex<Inside>>);

/// How the driver behaves, and what it was asked for.
#[derive(Default)]
pub(crate) struct Inside {
    /// What it answers when it is asked to make a machine; a handle if nothing is said.
    pub(crate) manner: Manner,
    /// The machines that it was asked to make.
    pub(crate) asked: Vec<String>,
}

/// What a driver answers.
#[derive(Clone, Copy, Default)]
pub(crate) enum Manner {
    /// A handle.
    #[default]
    Makes,
    /// Nothing, ever: whoever asked dies while waiting.
    Hangs,
    /// A handle, once this is not its manner any more.
    Waits,
    /// It cannot be asked at the moment.
    IsAway,
    /// It refuses.
    Refuses,
}

impl ManualDrivers {
    pub(crate) fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl DriverSource for ManualDrivers {
    async fn driver(&self, _: &Component) -> Result<Arc<dyn Driver>, DriverError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Driver for ManualDrivers {
    async fn provision(&self, blueprint: &Blueprint) -> Result<String, DriverError> {
        let manner = {
            let mut inside = self.inside();
            inside.asked.push(blueprint.host.clone());
            inside.manner
        };
        match manner {
            Manner::Makes => Ok(blueprint.uuid.clone()),
            Manner::Hangs => std::future::pending().await,
            Manner::Waits => {
                eventually("it may go on", async || !matches!(self.inside().manner, Manner::Waits)).await;
                Ok(blueprint.uuid.clone())
            }
            Manner::IsAway => Err(DriverError::Unavailable("the platform does not answer".to_owned())),
            Manner::Refuses => {
                let refusal = ProviderError::Unsupported("no room".to_owned());
                Err(DriverError::Call(CallError::Refused(refusal)))
            }
        }
    }

    async fn inspect(&self, _: &str, _: &Settings) -> Result<Instance, DriverError> {
        let waiting_for = Some("its agent".to_owned());
        Ok(Instance { state: InstanceState::Pending, properties: Vec::new(), waiting_for })
    }

    async fn operate(&self, _: Operation, _: &str, _: &Settings) -> Result<(), DriverError> {
        Err(DriverError::Unavailable("machines that exist already are not controlled".to_owned()))
    }

    fn supports(&self, _: Operation) -> bool {
        false
    }
}
