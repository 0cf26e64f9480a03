//! Who signs and who can read.
//!
//! A [`RootKey`] certifies [`OrchestratorKeys`] for a limited time under a rising generation; a [`PinnedRoot`] is what
//! an agent remembers of that. [`AgentKeys`] are made on the machine and never leave it.
//!
//! Secret keys go to and from bytes for storing, are wiped when dropped, and show nothing of themselves in `Debug`.

mod agent;
mod certificate;
mod orchestrator;
mod pinned;
mod public;
mod root;
mod stored;

pub use agent::{AgentKeys, AgentPublicKeys};
pub use certificate::{CLOCK_ALLOWANCE, Certificate, CertificateError, CertifiedKeys, Validity};
pub use orchestrator::OrchestratorKeys;
pub use pinned::{Adopted, PinnedRoot};
pub use public::{BadSignature, Fingerprint, InvalidKey, KeyId, SealingKey, VerifyingKey};
pub use root::RootKey;
