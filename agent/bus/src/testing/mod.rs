//! What tests of a bus, and of what uses one, need.

mod directory;
mod eventually;
mod proxy;
pub mod rabbitmq;

pub use directory::Directory;
pub use eventually::eventually;
pub use proxy::Proxy;
