//! Between the component's exports and the traits of this SDK.

mod driver;
mod provider;

pub use driver::DriverComponent;
pub use provider::ProviderComponent;

/// Lets the compiler say, off WebAssembly too, that a registered type is no provider.
pub const fn is_provider<P: crate::Provider>() {}

/// Lets the compiler say, off WebAssembly too, that a registered type is no driver.
pub const fn is_driver<D: crate::Driver>() {}
