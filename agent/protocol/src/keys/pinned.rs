//! What an agent believes of the other end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::certificate::{Certificate, CertificateError, CertifiedKeys};
use super::public::{KeyId, VerifyingKey};

/// More orchestrators than this do not share one site; the bound keeps a stolen root from filling a disk.
const MOST_ORCHESTRATORS: usize = 16;

/// The root key that an agent pinned at enrolment, and the orchestrators that it certified since.
///
/// Serializable for storing; written back whenever [`PinnedRoot::adopt`] says that something is new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedRoot {
    root: VerifyingKey,
    generation: u64,
    orchestrators: Vec<CertifiedKeys>,
}

/// What came of a certificate that is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It was known.
    Known,
    /// It is to be stored.
    New,
}

impl PinnedRoot {
    /// Pins a root with the first certificate by it. The caller has compared the root's fingerprint.
    pub fn try_new(certificate: &Certificate, now: DateTime<Utc>) -> Result<Self, CertificateError> {
        let root = certificate.root();
        let keys = certificate.verify(&root, now)?;
        Ok(Self { root, generation: keys.validity.generation, orchestrators: vec![keys] })
    }

    /// Takes a certificate that was shown later. One of a lower generation than the highest seen is refused; a higher
    /// one ends all keys of lower ones; one of the same is another orchestrator or a renewal.
    pub fn adopt(
        &mut self,
        certificate: &Certificate,
        bus_time: DateTime<Utc>,
    ) -> Result<Adopted, CertificateError> {
        let keys = certificate.verify(&self.root, bus_time)?;
        let generation = keys.validity.generation;
        if generation < self.generation {
            return Err(CertificateError::Superseded { got: generation, seen: self.generation });
        }
        if self.orchestrators.contains(&keys) {
            return Ok(Adopted::Known);
        }
        if generation > self.generation {
            self.generation = generation;
            self.orchestrators.clear();
        }
        let renewed = self.orchestrators.iter_mut().find(|known| known.signing == keys.signing);
        match renewed {
            // An old certificate over the same keys does not shorten what a newer one gave.
            Some(known) if known.validity.until > keys.validity.until => return Ok(Adopted::Known),
            Some(known) => *known = keys,
            None => {
                self.orchestrators.retain(|known| known.check_time(bus_time).is_ok());
                let known = self.orchestrators.len();
                if known >= MOST_ORCHESTRATORS {
                    return Err(CertificateError::TooMany { known, generation });
                }
                self.orchestrators.push(keys);
            }
        }
        Ok(Adopted::New)
    }

    /// Returns the pinned root.
    pub const fn root(&self) -> VerifyingKey {
        self.root
    }

    /// Returns the highest generation seen.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the orchestrators that are believed.
    pub fn orchestrators(&self) -> &[CertifiedKeys] {
        &self.orchestrators
    }

    pub(crate) fn orchestrator(&self, key: KeyId) -> Option<&CertifiedKeys> {
        self.orchestrators.iter().find(|known| known.signing.key_id() == key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples::{at, validity};
    use crate::keys::{OrchestratorKeys, RootKey, Validity};

    fn keys(root: &RootKey, generation: u64) -> OrchestratorKeys {
        OrchestratorKeys::generate(root, validity(generation), &mut rand::thread_rng())
    }

    fn root() -> RootKey {
        RootKey::generate(&mut rand::thread_rng())
    }

    #[test]
    fn lower_generation_is_refused_with_both_numbers() {
        let root = root();
        let (stolen, current) = (keys(&root, 3), keys(&root, 4));
        let mut pinned = PinnedRoot::try_new(stolen.certificate(), at(0)).unwrap();
        assert_eq!(pinned.adopt(current.certificate(), at(0)).unwrap(), Adopted::New);
        let error = pinned.adopt(stolen.certificate(), at(0)).unwrap_err();
        assert!(matches!(error, CertificateError::Superseded { got: 3, seen: 4 }));
        assert!(pinned.orchestrator(stolen.key_id()).is_none(), "a higher generation ends lower keys");
    }

    #[test]
    fn orchestrators_of_one_generation_are_believed_side_by_side() {
        let root = root();
        let (one, other) = (keys(&root, 1), keys(&root, 1));
        let mut pinned = PinnedRoot::try_new(one.certificate(), at(0)).unwrap();
        assert_eq!(pinned.adopt(other.certificate(), at(0)).unwrap(), Adopted::New);
        assert_eq!(pinned.adopt(one.certificate(), at(0)).unwrap(), Adopted::Known);
        assert_eq!(pinned.orchestrators().len(), 2);
    }

    #[test]
    fn renewal_of_a_key_extends_it() {
        let root = root();
        let keys = keys(&root, 1);
        let certified = keys.certified().clone();
        let longer = Validity { until: certified.validity.until + chrono::TimeDelta::days(9), ..validity(1) };
        let renewed = root.certify(certified.signing, certified.sealing, longer);
        let mut pinned = PinnedRoot::try_new(keys.certificate(), at(0)).unwrap();
        assert_eq!(pinned.adopt(&renewed, at(0)).unwrap(), Adopted::New);
        assert_eq!(pinned.adopt(keys.certificate(), at(0)).unwrap(), Adopted::Known);
        assert_eq!(pinned.orchestrators()[0].validity.until, longer.until);
    }

    #[test]
    fn another_root_is_refused_with_both_fingerprints() {
        let (ours, theirs) = (root(), root());
        let mut pinned = PinnedRoot::try_new(keys(&ours, 1).certificate(), at(0)).unwrap();
        let error = pinned.adopt(keys(&theirs, 9).certificate(), at(0)).unwrap_err();
        let CertificateError::WrongRoot { got, expected } = error else { panic!("{error}") };
        assert_eq!((got, expected), (theirs.fingerprint(), ours.fingerprint()));
    }

    #[test]
    fn certificate_with_a_borrowed_root_key_is_refused() {
        let (ours, theirs) = (root(), root());
        let genuine = keys(&ours, 1);
        let mut bytes = keys(&theirs, 1).certificate().to_bytes();
        bytes[..32].copy_from_slice(&ours.public().to_bytes());
        let forged = Certificate::from_bytes(&bytes).unwrap();
        let mut pinned = PinnedRoot::try_new(genuine.certificate(), at(0)).unwrap();
        let error = pinned.adopt(&forged, at(0)).unwrap_err();
        assert!(matches!(error, CertificateError::Signature { .. }));
    }

    #[test]
    fn time_outside_of_validity_is_refused_with_both_clocks() {
        let root = root();
        let keys = keys(&root, 1);
        let Validity { from, until, .. } = keys.certified().validity;
        let late = until + chrono::TimeDelta::seconds(1);
        let error = keys.certificate().verify(&root.public(), late).unwrap_err();
        assert_eq!(error.to_string(), format!("the certificate ended at {until}, and it is {late} here"));
        let early = from - CLOCK_ALLOWANCE_AND_MORE;
        let error = keys.certificate().verify(&root.public(), early).unwrap_err();
        assert!(matches!(error, CertificateError::NotYetValid { .. }));
    }

    const CLOCK_ALLOWANCE_AND_MORE: chrono::TimeDelta = chrono::TimeDelta::minutes(11);

    #[test]
    fn pinned_root_survives_storing() {
        let pinned = PinnedRoot::try_new(keys(&root(), 7).certificate(), at(0)).unwrap();
        let stored = serde_json::to_string(&pinned).unwrap();
        assert_eq!(serde_json::from_str::<PinnedRoot>(&stored).unwrap(), pinned);
    }
}
