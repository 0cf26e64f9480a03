//! Who depends on whom, as `apt-cache depends --recurse --important` tells it.

use std::collections::{BTreeMap, BTreeSet};

/// Dependencies by package. A virtual package depends on those that provide it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dependencies(BTreeMap<String, BTreeSet<String>>);

impl Dependencies {
    /// Reads the answer.
    pub(crate) fn parse(text: &str) -> Self {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let (mut package, mut dependency) = (String::new(), String::new());
        for line in text.lines() {
            if let Some((_, on)) = line.split_once("Depends: ") {
                // `  Depends:`, ` |Depends:` (one of several) and `  PreDepends:` alike.
                dependency = bare(on);
                edges.entry(package.clone()).or_default().insert(dependency.clone());
            } else if let Some(provider) = line.strip_prefix("    ") {
                edges.entry(dependency.clone()).or_default().insert(bare(provider));
            } else if !line.starts_with(' ') {
                package = bare(line);
                edges.entry(package.clone()).or_default();
            }
        }
        Self(edges)
    }

    /// Returns everything that a package needs, directly or not.
    pub(crate) fn of(&self, package: &str) -> BTreeSet<&str> {
        let mut needed = BTreeSet::new();
        let mut next: Vec<&str> = self.direct(package).collect();
        while let Some(name) = next.pop() {
            if needed.insert(name) {
                next.extend(self.direct(name));
            }
        }
        needed
    }

    fn direct(&self, package: &str) -> impl Iterator<Item = &str> {
        let native = package.split(':').next().unwrap_or(package);
        let known = self.0.get(package).or_else(|| self.0.get(native));
        known.into_iter().flatten().map(String::as_str)
    }
}

/// Virtual packages stand in angle brackets.
fn bare(name: &str) -> String {
    name.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

#[cfg(test)]
mod tests {
    use super::Dependencies;

    const DEPENDS: &str = "\
nginx-light
  Depends: libnginx-mod-http-echo
 |Depends: nginx
  PreDepends: dpkg
libnginx-mod-http-echo
  Depends: <nginx-abi-1.22.1-7>
    nginx
nginx
  Depends: nginx-common
<nginx-abi-1.22.1-7>
dpkg
nginx-common
other
  Depends: unrelated
";

    #[test]
    fn what_a_package_needs_is_followed_through_virtual_packages() {
        let dependencies = Dependencies::parse(DEPENDS);
        let needed: Vec<&str> = dependencies.of("libnginx-mod-http-echo").into_iter().collect();
        assert_eq!(needed, ["nginx", "nginx-abi-1.22.1-7", "nginx-common"]);
        assert!(dependencies.of("nginx-light").contains("dpkg"));
        assert!(!dependencies.of("nginx-light").contains("unrelated"));
        assert!(dependencies.of("nginx-light:amd64").contains("nginx"));
        assert!(dependencies.of("nosuch").is_empty());
    }
}
