//! Why a component is not loaded.

use hostwright_manifest::section::SectionError;
use hostwright_manifest::within::Exceeds;
use hostwright_manifest::{ComponentDigest, ManifestError};

use crate::call::CallError;
use crate::compiler::CompileError;

/// Why a component is not loaded. From the manifest on, every message names the plugin and its version.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// More bytes than are looked at.
    #[error("component {digest} has {bytes} bytes, more than the {maximum} allowed")]
    TooLarge {
        /// Of the component.
        digest: ComponentDigest,
        /// How many.
        bytes: usize,
        /// How many it may have.
        maximum: usize,
    },
    /// Not a valid component.
    #[error("component {digest} is malformed at byte {offset}")]
    Malformed {
        /// Of the component.
        digest: ComponentDigest,
        /// Where.
        offset: u64,
        /// What the parser says.
        #[source]
        source: wasmparser::BinaryReaderError,
    },
    /// No manifest, or not exactly one.
    #[error("component {digest} has no manifest that can be read")]
    Section {
        /// Of the component.
        digest: ComponentDigest,
        /// Why.
        #[source]
        source: SectionError,
    },
    /// The manifest makes no sense.
    #[error("the manifest of component {digest} is not accepted")]
    Manifest {
        /// Of the component.
        digest: ComponentDigest,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A driver where a provider is wanted, or the other way round.
    #[error("plugin {plugin} {version} is a {found}, and a {wanted} is wanted here")]
    WrongKind {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// `provider` or `driver`.
        wanted: &'static str,
        /// `provider` or `driver`.
        found: &'static str,
    },
    /// Built for another version of the plugin contract.
    #[error(
        "plugin {plugin} {version} is built for version {api} of the plugin contract; this host understands {known}"
    )]
    UnknownApi {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What it is built for.
        api: String,
        /// What there is.
        known: String,
    },
    /// It imports something that no host offers.
    #[error("plugin {plugin} {version} imports `{import}`, which this host does not offer")]
    UnknownImport {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// Its name.
        import: String,
    },
    /// It imports something that its manifest does not ask for.
    #[error(
        "plugin {plugin} {version} imports `{interface}`, which its manifest does not ask for: add {capability} to its plugin.toml"
    )]
    NotAsked {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// Its name.
        interface: String,
        /// What would ask for it.
        capability: &'static str,
    },
    /// Its manifest asks for something that it was not granted.
    #[error(
        "plugin {plugin} {version} asks for `{capability}`, which is not granted: add {grant} to its grants"
    )]
    NotGranted {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// Which.
        capability: &'static str,
        /// What would grant it.
        grant: &'static str,
    },
    /// It was granted something that its manifest does not ask for.
    #[error("plugin {plugin} {version} was granted more than its manifest asks for")]
    GrantedTooMuch {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What.
        #[source]
        source: Exceeds,
    },
    /// There is no machine code of it.
    #[error("plugin {plugin} {version} cannot be compiled")]
    Compile {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// Why.
        #[source]
        source: CompileError,
    },
    /// The cache of machine code does not work.
    #[error("failed to keep the machine code of plugin {plugin} {version}")]
    Cache {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Its exports or imports are not those of the contract.
    #[error("plugin {plugin} {version} does not fit version {api} of the plugin contract: {reason}")]
    Misfit {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// Of the contract.
        api: String,
        /// What does not fit.
        reason: String,
    },
    /// It cannot say what it is.
    #[error("plugin {plugin} {version} does not start")]
    Start {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What happened.
        #[source]
        source: Box<CallError>,
    },
    /// It says that it is something else than its manifest does.
    #[error(
        "plugin {plugin} {version} says that it serves `{described}`, but its manifest says `{declared}`"
    )]
    Impostor {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What the component says.
        described: String,
        /// What the manifest says.
        declared: String,
    },
    /// What it says of itself makes no sense.
    #[error("plugin {plugin} {version} describes itself wrongly: {reason}")]
    Description {
        /// `publisher/name`.
        plugin: String,
        /// Of the plugin.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
}
