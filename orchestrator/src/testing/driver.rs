//! A driver like `manual`, without any plugin.

use std::sync::Arc;

use async_trait::async_trait;
use hostwright_runtime::driver::{Blueprint, Instance, InstanceState, Operation, Settings};

use crate::drivers::{Component, Driver, DriverError, DriverSource};

/// Answers for every component.
pub(super) struct ManualDrivers;

struct Manual;

#[async_trait]
impl DriverSource for ManualDrivers {
    async fn driver(&self, _: &Component) -> Result<Arc<dyn Driver>, DriverError> {
        Ok(Arc::new(Manual))
    }
}

#[async_trait]
impl Driver for Manual {
    async fn provision(&self, blueprint: &Blueprint) -> Result<String, DriverError> {
        Ok(blueprint.uuid.clone())
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
