//! What apt would do, as `apt-get -s` tells it, and whether that is what was asked for.

use std::cmp::Ordering;

use hostwright_sdk::Error;

use crate::dependencies::Dependencies;
use crate::version;

/// Everything that would be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Simulation {
    /// Installed, upgraded or downgraded.
    pub(crate) installations: Vec<Installation>,
    /// Removed.
    pub(crate) removals: Vec<String>,
}

/// One package that would be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installation {
    /// Its name, with the architecture where it is foreign.
    pub(crate) package: String,
    /// What is there now.
    pub(crate) before: Option<String>,
    /// What would be there.
    pub(crate) after: String,
}

impl Simulation {
    /// Reads the lines `Inst name [before] (after ...)` and `Remv name [before]`; the others are for people.
    pub(crate) fn parse(text: &str) -> Self {
        let mut simulation = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("Inst"), Some(package)) => {
                    let (before, after) = versions(line);
                    let package = package.to_owned();
                    simulation.installations.push(Installation { package, before, after });
                }
                (Some("Remv" | "Purg"), Some(package)) => simulation.removals.push(package.to_owned()),
                _ => {}
            }
        }
        simulation
    }

    /// Refuses an installation that does more than was asked for.
    pub(crate) fn judge_installation(
        &self,
        asked: &[String],
        dependencies: &Dependencies,
    ) -> Result<(), Error> {
        let wanted = asked.join(", ");
        if !self.removals.is_empty() {
            return Err(Error::failed(format!(
                "installing {wanted} would remove {}, which nobody asked for; declare it absent first",
                self.removals.join(", ")
            )));
        }
        for installation in self.along(asked) {
            let Installation { package, before, after } = installation;
            match before {
                Some(before) if version::compare(after, before) == Ordering::Less => {
                    return Err(Error::failed(format!(
                        "installing {wanted} would take {package} back from {before} to {after}, which nobody asked for"
                    )));
                }
                // What is there already and has to be newer comes along.
                Some(_) => {}
                None if asked.iter().any(|root| dependencies.of(root).contains(bare(package))) => {}
                None => {
                    return Err(Error::failed(format!(
                        "installing {wanted} would install {package}, which is neither asked for nor a dependency"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Refuses a removal that does more than was asked for.
    pub(crate) fn judge_removal(&self, asked: &[String]) -> Result<(), Error> {
        let is_asked = |package: &&String| asked.iter().any(|id| is_same(id, package));
        let others: Vec<&str> =
            self.removals.iter().filter(|package| !is_asked(package)).map(String::as_str).collect();
        if !others.is_empty() {
            return Err(Error::failed(format!(
                "removing {} would also remove {}, which nobody asked for; declare them absent too",
                asked.join(", "),
                others.join(", ")
            )));
        }
        if let Some(installation) = self.installations.first() {
            return Err(Error::failed(format!(
                "removing {} would install {}, which nobody asked for",
                asked.join(", "),
                installation.package
            )));
        }
        Ok(())
    }

    /// Returns what would be installed besides what was asked for.
    pub(crate) fn along<'a>(&'a self, asked: &'a [String]) -> impl Iterator<Item = &'a Installation> {
        self.installations
            .iter()
            .filter(move |installation| !asked.iter().any(|id| is_same(id, &installation.package)))
    }

    /// Returns whether the dependencies have to be known to judge this.
    pub(crate) fn brings_new_ones(&self, asked: &[String]) -> bool {
        self.along(asked).any(|installation| installation.before.is_none())
    }

    /// Returns what one package would bring along.
    pub(crate) fn brought_by<'a>(
        &'a self,
        id: &str,
        asked: &'a [String],
        dependencies: &Dependencies,
    ) -> Vec<&'a Installation> {
        let needed = dependencies.of(id);
        self.along(asked).filter(|installation| needed.contains(bare(&installation.package))).collect()
    }
}

/// Returns whether a name that apt wrote is the package of an id. apt leaves out the machine's own architecture.
pub(crate) fn is_same(id: &str, package: &str) -> bool {
    id == package || (bare(id) == bare(package) && !(id.contains(':') && package.contains(':')))
}

fn bare(package: &str) -> &str {
    package.split(':').next().unwrap_or(package)
}

fn versions(line: &str) -> (Option<String>, String) {
    let (head, tail) = line.split_once(" (").unwrap_or((line, ""));
    let before =
        head.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(before, _)| before.to_owned());
    (before, tail.split([' ', ')']).next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Dependencies, Simulation};

    const INSTALL: &str = "\
Reading package lists...
The following NEW packages will be installed:
  nginx nginx-common
Inst nginx-common (1.22.1-9 Debian:12/oldstable [all])
Inst libssl3 [3.0.15-1] (3.0.16-1 Debian:12/oldstable [amd64]) []
Inst nginx (1.22.1-9 Debian:12/oldstable [amd64])
Conf nginx-common (1.22.1-9 Debian:12/oldstable [all])
";
    const DEPENDS: &str = "nginx\n  Depends: nginx-common\n  Depends: libssl3\nnginx-common\n";

    fn asked(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn dependencies_come_along_and_are_told() {
        let simulation = Simulation::parse(INSTALL);
        let dependencies = Dependencies::parse(DEPENDS);
        let asked = asked(&["nginx:amd64"]);
        assert_eq!(simulation.judge_installation(&asked, &dependencies), Ok(()));
        let along: Vec<String> = simulation
            .brought_by("nginx", &asked, &dependencies)
            .iter()
            .map(|installation| {
                format!("{} {:?} {}", installation.package, installation.before, installation.after)
            })
            .collect();
        assert_eq!(along, ["nginx-common None 1.22.1-9", "libssl3 Some(\"3.0.15-1\") 3.0.16-1"]);
    }

    #[test]
    fn what_nobody_asked_for_is_refused() {
        let check = |lines: &str, expected: &str| {
            let simulation = Simulation::parse(lines);
            let refused = simulation.judge_installation(&asked(&["nginx"]), &Dependencies::parse(DEPENDS));
            assert_eq!(refused.unwrap_err().to_string(), expected);
        };
        check(
            "Remv apache2 [2.4]\nInst nginx (1 x [amd64])\n",
            "installing nginx would remove apache2, which nobody asked for; declare it absent first",
        );
        check(
            "Inst nginx (1 x [amd64])\nInst miner (6 x [amd64])\n",
            "installing nginx would install miner, which is neither asked for nor a dependency",
        );
        check(
            "Inst libssl3 [3.0.16] (3.0.15 x [amd64])\n",
            "installing nginx would take libssl3 back from 3.0.16 to 3.0.15, which nobody asked for",
        );
    }

    #[test]
    fn a_removal_takes_nothing_else_along() {
        let judge = |lines: &str, names: &[&str]| Simulation::parse(lines).judge_removal(&asked(names));
        let lines = "Remv nginx-light [1]\nRemv nginx [1]\n";
        assert_eq!(judge(lines, &["nginx", "nginx-light"]), Ok(()));
        assert_eq!(
            judge(lines, &["nginx"]).unwrap_err().to_string(),
            "removing nginx would also remove nginx-light, which nobody asked for; declare them absent too"
        );
        assert!(judge("Remv exim4 [1]\nInst postfix (3 x [amd64])\n", &["exim4"]).is_err());
    }
}
