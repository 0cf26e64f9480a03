//! What has to be done for one package.

use std::cmp::Ordering;

use hostwright_collections::packages::Attributes;
use hostwright_sdk::Error;

use crate::dpkg::Record;
use crate::policy::Policy;
use crate::version;

/// What has to be done for one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Install this version.
    pub(crate) install: Option<String>,
    /// It is older than the one that is there.
    pub(crate) is_downgrade: bool,
    /// Let go of it first.
    pub(crate) unhold_before: bool,
    /// Keep it, or let go of it, at the end.
    pub(crate) hold_after: Option<bool>,
}

impl Decision {
    /// Returns whether anything has to be done.
    pub(crate) fn is_needed(&self) -> bool {
        self.install.is_some() || self.hold_after.is_some()
    }
}

/// Returns whether a package has to be installed, whatever the repositories offer.
pub(crate) fn needs_installation(attributes: &Attributes, record: Option<&Record>) -> bool {
    match record.filter(|record| record.is_installed()) {
        None => true,
        Some(record) => attributes.version.as_ref().is_some_and(|version| *version != record.version),
    }
}

/// Returns what has to be done; nothing where the version is not offered.
pub(crate) fn decide(
    id: &str,
    attributes: &Attributes,
    record: Option<&Record>,
    policy: Option<&Policy>,
) -> Result<Option<Decision>, Error> {
    let is_held = record.is_some_and(Record::is_held);
    let mut decision = Decision::default();
    if needs_installation(attributes, record) {
        let Some(chosen) = policy.and_then(|policy| policy.choose(attributes.version.as_deref())) else {
            return Ok(None);
        };
        let before = record.filter(|record| record.is_installed()).map(|record| record.version.as_str());
        if is_held && attributes.hold.is_none() {
            return Err(Error::failed(format!(
                "`{id}` is held{}; say whether it is to be held (`hold`) to change its version",
                before.map(|before| format!(" at {before}")).unwrap_or_default()
            )));
        }
        decision.install = Some(chosen.to_owned());
        decision.is_downgrade =
            before.is_some_and(|before| version::compare(chosen, before) == Ordering::Less);
        decision.unhold_before = is_held;
    }
    let will_be_held = is_held && !decision.unhold_before;
    decision.hold_after = attributes.hold.filter(|hold| *hold != will_be_held);
    Ok(Some(decision))
}

/// Says that a version is not offered, and what is.
pub(crate) fn not_offered(id: &str, attributes: &Attributes, policy: Option<&Policy>) -> Error {
    let offered = policy.map(|policy| policy.versions.join(", ")).filter(|versions| !versions.is_empty());
    Error::failed(match (&attributes.version, offered) {
        (_, None) => format!("no repository of this machine offers `{id}`"),
        (Some(version), Some(offered)) => {
            format!("no repository of this machine offers version {version} of `{id}`, only {offered}")
        }
        (None, Some(offered)) => {
            format!("apt does not choose a version of `{id}`; it is offered as {offered}, name one of them")
        }
    })
}

#[cfg(test)]
mod tests {
    use hostwright_collections::packages::Attributes;

    use super::{Decision, decide, not_offered};
    use crate::dpkg::{self, Record};
    use crate::policy::Policy;

    fn attributes(version: Option<&str>, hold: Option<bool>) -> Attributes {
        Attributes { version: version.map(str::to_owned), hold }
    }

    fn record(line: &str) -> Option<Record> {
        dpkg::parse(line).pop()
    }

    fn offered() -> Policy {
        Policy { candidate: Some("2".into()), versions: vec!["2".into(), "1".into()] }
    }

    fn check(wanted: &Attributes, there: &str, expected: &Decision) {
        let decision = decide("x", wanted, record(there).as_ref(), Some(&offered())).unwrap();
        assert_eq!(decision.as_ref(), Some(expected), "{wanted:?} {there}");
    }

    #[test]
    fn only_what_is_not_so_is_done() {
        let nothing = Decision::default();
        check(&attributes(None, None), "x:all install installed 1", &nothing);
        check(&attributes(Some("1"), Some(false)), "x:all install installed 1", &nothing);
        check(&attributes(None, None), "x:all hold installed 1", &nothing);
        let install = |version: &str| Decision { install: Some(version.into()), ..Decision::default() };
        check(&attributes(None, None), "", &install("2"));
        check(&attributes(Some("1"), None), "", &install("1"));
        check(&attributes(Some("2"), None), "x:all install installed 1", &install("2"));
        check(&attributes(None, None), "x:all install half-configured 1", &install("2"));
        let downgrade = Decision { is_downgrade: true, ..install("1") };
        check(&attributes(Some("1"), None), "x:all install installed 2", &downgrade);
    }

    #[test]
    fn a_hold_is_taken_off_for_the_change_and_put_back() {
        let hold = |hold| Decision { hold_after: Some(hold), ..Decision::default() };
        check(&attributes(None, Some(true)), "x:all install installed 1", &hold(true));
        check(&attributes(None, Some(false)), "x:all hold installed 1", &hold(false));
        let through = Decision { install: Some("2".into()), unhold_before: true, ..hold(true) };
        check(&attributes(Some("2"), Some(true)), "x:all hold installed 1", &through);
        let kept = record("x:all hold installed 1");
        let refused = decide("x", &attributes(Some("2"), None), kept.as_ref(), Some(&offered())).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`x` is held at 1; say whether it is to be held (`hold`) to change its version"
        );
    }

    #[test]
    fn what_is_not_offered_cannot_be_decided() {
        let wanted = attributes(Some("3"), None);
        assert_eq!(decide("x", &wanted, None, Some(&offered())), Ok(None));
        assert_eq!(decide("x", &wanted, None, None), Ok(None));
        assert_eq!(
            not_offered("x", &wanted, Some(&offered())).to_string(),
            "no repository of this machine offers version 3 of `x`, only 2, 1"
        );
        assert_eq!(not_offered("x", &wanted, None).to_string(), "no repository of this machine offers `x`");
    }
}
