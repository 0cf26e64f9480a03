//! The host functions as version 0.1 names them.
//!
//! Each counts itself, stops the plugin's clock, and leaves the rest to `capabilities`.

use std::time::Duration;

use wasmtime::Result;

use super::bindings::provider::hostwright::host::{
    accounts, exec, facts, files, log, scripts, secrets, types,
};
use super::convert::{entry, error, metadata, output};
use crate::capabilities;
use crate::host::LogLevel;
use crate::machine::Digesting;
use crate::plugin::CallState;

impl types::Host for CallState {}

impl files::Host for CallState {
    async fn stat(
        &mut self,
        paths: Vec<String>,
        digesting: files::Digesting,
    ) -> Result<Vec<Result<files::Entry, types::Error>>> {
        let _counted = self.context.host_call_on(paths.len())?;
        let digesting = match digesting {
            files::Digesting::None => Digesting::No,
            files::Digesting::Sha256 => Digesting::Sha256,
            files::Digesting::Keyed => Digesting::Keyed,
        };
        let entries = capabilities::files::stat(&self.context, paths, digesting).await;
        Ok(entries.into_iter().map(|found| found.map(entry).map_err(error)).collect())
    }

    async fn read(&mut self, path: String, limit: u64) -> Result<Result<Vec<u8>, types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::files::read(&self.context, path, limit).await.map_err(error))
    }

    async fn list(&mut self, path: String) -> Result<Result<Vec<String>, types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::files::list(&self.context, path).await.map_err(error))
    }

    async fn replace(&mut self, replacement: files::Replacement) -> Result<Result<(), types::Error>> {
        let _counted = self.context.host_call_on(replacement.validate.as_ref().map_or(0, Vec::len))?;
        let files::Replacement { path, content, metadata: given, validate } = replacement;
        let content = match content {
            files::Content::Blob(reference) => capabilities::files::Source::Blob(reference),
            files::Content::Bytes(bytes) => capabilities::files::Source::Bytes(bytes),
        };
        let replacement =
            capabilities::files::Replacement { path, content, metadata: metadata(given), validate };
        Ok(capabilities::files::replace(&mut self.context, replacement).await.map_err(error))
    }

    async fn make_directory(
        &mut self,
        path: String,
        given: files::Metadata,
    ) -> Result<Result<(), types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::files::make_directory(&self.context, path, metadata(given)).await.map_err(error))
    }

    async fn set_metadata(
        &mut self,
        path: String,
        given: files::Metadata,
    ) -> Result<Result<(), types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::files::set_metadata(&self.context, path, metadata(given)).await.map_err(error))
    }

    async fn remove(&mut self, path: String) -> Result<Result<(), types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::files::remove(&self.context, path).await.map_err(error))
    }
}

impl accounts::Host for CallState {
    async fn user_ids(&mut self, names: Vec<String>) -> Result<Vec<Option<u32>>> {
        let _counted = self.context.host_call_on(names.len())?;
        Ok(capabilities::accounts::user_ids(&self.context, names).await?)
    }

    async fn group_ids(&mut self, names: Vec<String>) -> Result<Vec<Option<u32>>> {
        let _counted = self.context.host_call_on(names.len())?;
        Ok(capabilities::accounts::group_ids(&self.context, names).await?)
    }

    async fn user_names(&mut self, ids: Vec<u32>) -> Result<Vec<Option<String>>> {
        let _counted = self.context.host_call_on(ids.len())?;
        Ok(capabilities::accounts::user_names(&self.context, ids).await?)
    }

    async fn group_names(&mut self, ids: Vec<u32>) -> Result<Vec<Option<String>>> {
        let _counted = self.context.host_call_on(ids.len())?;
        Ok(capabilities::accounts::group_names(&self.context, ids).await?)
    }
}

impl exec::Host for CallState {
    async fn run(&mut self, command: exec::Command) -> Result<Result<exec::Output, types::Error>> {
        let _counted = self.context.host_call_on(command.arguments.len())?;
        let exec::Command { program, arguments, stdin, timeout_ms } = command;
        let timeout = timeout_ms.map(|milliseconds| Duration::from_millis(milliseconds.into()));
        let command = capabilities::exec::Command { program, arguments, stdin, timeout };
        Ok(capabilities::exec::run(&mut self.context, command).await.map(output).map_err(error))
    }
}

impl scripts::Host for CallState {
    async fn run(&mut self, script: scripts::Script) -> Result<Result<exec::Output, types::Error>> {
        let _counted = self.context.host_call_on(script.arguments.len())?;
        let scripts::Script { path, arguments, user, stdin, timeout_ms, output_limit } = script;
        let script = capabilities::scripts::Script {
            path,
            arguments,
            user,
            stdin,
            timeout: Duration::from_millis(timeout_ms.into()),
            output_bytes: output_limit.into(),
        };
        Ok(capabilities::scripts::run(&mut self.context, script).await.map(output).map_err(error))
    }
}

impl facts::Host for CallState {
    async fn get(&mut self) -> Result<facts::Facts> {
        let _counted = self.context.host_call()?;
        Ok(super::convert::facts(&capabilities::facts::get(&self.context).await?))
    }
}

impl log::Host for CallState {
    async fn log(&mut self, level: log::Level, message: String) -> Result<()> {
        let _counted = self.context.host_call()?;
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        Ok(capabilities::log::log(&self.context, level, &message)?)
    }
}

impl secrets::Host for CallState {
    async fn reveal(&mut self, handle: String) -> Result<Result<Vec<u8>, types::Error>> {
        let _counted = self.context.host_call()?;
        Ok(capabilities::secrets::reveal(&self.context, &handle).map_err(error))
    }
}
