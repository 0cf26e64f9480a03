#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod component;

mod driver;
mod provider;

pub mod attributes;
pub mod difference;
pub mod host;
pub mod ownership;
pub mod schema;
pub mod types;

pub use driver::Driver;
pub use hostwright_sdk_macros::{driver, provider};
pub use provider::Provider;
pub use schemars::JsonSchema;
pub use types::Error;

/// Registers a type that implements [`Provider`] as what this component exports.
///
/// The attribute [`macro@provider`] on the `impl` does the same. Once per component; nothing else is generated, and
/// off WebAssembly nothing at all, so that the crate's tests run natively.
///
/// ```
/// # use hostwright_sdk::{Error, JsonSchema, Provider, types::*};
/// # #[derive(serde::Serialize, serde::Deserialize, JsonSchema)] pub struct Attributes {}
/// pub struct Notes;
///
/// impl Provider for Notes {
///     # type Attributes = Attributes;
///     # const COLLECTION: &'static str = "example.notes";
///     # const NAME: &'static str = "notes";
///     # fn supports(_: &Facts) -> Support { Support::Yes(100) }
///     # fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> { unimplemented!() }
///     # fn apply(_: &[Resource<Attributes>], _: &[Observation<Attributes>]) -> Vec<Result<Outcome, Error>> { vec![] }
///     # fn remove(_: &[String]) -> Vec<Result<Outcome, Error>> { vec![] }
///     // ...
/// }
///
/// hostwright_sdk::export_provider!(Notes);
/// ```
#[macro_export]
macro_rules! export_provider {
    ($provider:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Component = $crate::component::ProviderComponent<$provider>;
            $crate::bindings::provider::export_provider_component!(
                Component with_types_in $crate::bindings::provider
            );
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::component::is_provider::<$provider>();
    };
}

/// Registers a type that implements [`Driver`] as what this component exports.
///
/// The attribute [`macro@driver`] on the `impl` does the same; see [`export_provider!`].
#[macro_export]
macro_rules! export_driver {
    ($driver:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            type Component = $crate::component::DriverComponent<$driver>;
            $crate::bindings::driver::export_driver_component!(
                Component with_types_in $crate::bindings::driver
            );
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = $crate::component::is_driver::<$driver>();
    };
}
