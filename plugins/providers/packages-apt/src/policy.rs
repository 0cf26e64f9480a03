//! Which versions the repositories offer, as `apt-cache policy` tells it.

use std::collections::BTreeMap;

use crate::simulation::is_same;

/// What is offered of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// What apt would install.
    pub(crate) candidate: Option<String>,
    /// Every version that it knows.
    pub(crate) versions: Vec<String>,
}

impl Policy {
    /// Returns the version to install: the one that is wanted, else apt's choice; nothing if it is not offered.
    pub(crate) fn choose(&self, wanted: Option<&str>) -> Option<&str> {
        match wanted {
            Some(wanted) => self.versions.iter().find(|version| *version == wanted).map(String::as_str),
            None => self.candidate.as_deref(),
        }
    }
}

/// Returns what is offered of the package that an id means. apt leaves out the machine's own architecture.
pub(crate) fn find<'a>(policies: &'a BTreeMap<String, Policy>, id: &str) -> Option<&'a Policy> {
    let native = || policies.iter().find(|(name, _)| is_same(id, name)).map(|(_, policy)| policy);
    policies.get(id).or_else(native)
}

/// Reads the answer. A package that apt does not know is not in it.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Policy> {
    let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines() {
        if !line.starts_with(' ') {
            line.trim_end_matches(':').clone_into(&mut name);
            policies.entry(name.clone()).or_default();
            continue;
        }
        let Some(policy) = policies.get_mut(&name) else { continue };
        if let Some(candidate) = line.trim_start().strip_prefix("Candidate: ") {
            policy.candidate = (candidate != "(none)").then(|| candidate.to_owned());
        } else if let Some(version) = version_of(line) {
            policy.versions.push(version.to_owned());
        }
    }
    policies
}

/// A line of the version table: ` *** 1.2 100` or `     1.2 500`. Sources stand further in, the other lines less far.
fn version_of(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(" *** ").or_else(|| line.strip_prefix("     "))?;
    if rest.starts_with(' ') {
        return None;
    }
    rest.split_once(' ').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::{find, parse};

    const POLICY: &str = "\
bash:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500
        500 http://repository.example/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
libc6:i386:
  Installed: (none)
  Candidate: (none)
  Version table:
";

    #[test]
    fn candidates_and_versions_are_read() {
        let policies = parse(POLICY);
        let bash = &policies["bash"];
        assert_eq!(bash.choose(None), Some("5.2.15-2+b13"));
        assert_eq!(bash.choose(Some("5.2.15-2+b8")), Some("5.2.15-2+b8"));
        assert_eq!(bash.choose(Some("9")), None);
        assert_eq!(bash.versions.len(), 2);
        assert_eq!(policies["libc6:i386"].choose(None), None);
        assert_eq!(policies.len(), 2);
        assert_eq!(find(&policies, "bash:amd64"), Some(bash));
        assert_eq!(find(&policies, "libc6:amd64"), None);
    }
}
