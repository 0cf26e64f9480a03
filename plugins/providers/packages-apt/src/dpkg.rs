//! What dpkg knows of packages.

use hostwright_collections::packages::Attributes;
use hostwright_sdk::types::Observation;

/// One package of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) package: String,
    /// What it was built for; `all` for any.
    pub(crate) architecture: String,
    /// What is wanted of it: `install`, `hold`, `deinstall`...
    pub(crate) want: String,
    /// How it is: `installed`, `config-files`, `half-configured`...
    pub(crate) status: String,
    /// Of what is or was installed.
    pub(crate) version: String,
}

impl Record {
    /// Returns whether it is installed as it should be. One that is half done is not.
    pub(crate) fn is_installed(&self) -> bool {
        matches!(self.status.as_str(), "installed" | "triggers-pending" | "triggers-awaited")
    }

    /// Returns whether it is kept at its version.
    pub(crate) fn is_held(&self) -> bool {
        self.want == "hold"
    }

    /// Returns what is observed of it.
    pub(crate) fn attributes(&self) -> Attributes {
        Attributes { version: Some(self.version.clone()), hold: Some(self.is_held()) }
    }

    fn is_named(&self, id: &str) -> bool {
        match id.split_once(':') {
            Some((name, architecture)) => {
                self.package == name && (self.architecture == architecture || self.architecture == "all")
            }
            None => self.package == id,
        }
    }
}

/// Reads the records that `dpkg-query -W` wrote: `name:architecture want status version`.
pub(crate) fn parse(text: &str) -> Vec<Record> {
    let record = |line: &str| {
        let mut words = line.split(' ');
        let (package, architecture) = words.next()?.split_once(':')?;
        let (want, status) = (words.next()?, words.next()?);
        Some(Record {
            package: package.to_owned(),
            architecture: architecture.to_owned(),
            want: want.to_owned(),
            status: status.to_owned(),
            version: words.next().unwrap_or_default().to_owned(),
        })
    };
    text.lines().filter_map(record).collect()
}

/// Returns the record that an id means; the installed one where there are several architectures.
pub(crate) fn find<'a>(records: &'a [Record], id: &str) -> Option<&'a Record> {
    let named = || records.iter().filter(|record| record.is_named(id));
    named().find(|record| record.is_installed()).or_else(|| named().next())
}

/// Returns what is observed of a package.
pub(crate) fn observation(records: &[Record], id: &str) -> Observation<Attributes> {
    match find(records, id).filter(|record| record.is_installed()) {
        Some(record) => Observation::Present(record.attributes()),
        None => Observation::Absent,
    }
}

#[cfg(test)]
mod tests {
    use hostwright_sdk::types::Observation;

    use super::{find, observation, parse};

    const RECORDS: &str = "\
bash:amd64 install installed 5.2.15-2+b8
libc6:amd64 install installed 2.36-9
libc6:i386 install config-files 2.36-8
nginx-common:all hold installed 1.22.1-9
curl:amd64 install half-configured 7.88.1-10
old:amd64 deinstall config-files 1.0
never:amd64 unknown not-installed 
";

    #[test]
    fn only_what_is_wholly_installed_is_there() {
        let records = parse(RECORDS);
        let version = |id: &str| match observation(&records, id) {
            Observation::Present(attributes) => attributes.version,
            _ => None,
        };
        assert_eq!(version("bash").as_deref(), Some("5.2.15-2+b8"));
        assert_eq!(version("libc6").as_deref(), Some("2.36-9"));
        assert_eq!(version("libc6:amd64").as_deref(), Some("2.36-9"));
        for absent in ["libc6:i386", "curl", "old", "never", "nosuch", "bas"] {
            assert_eq!(observation(&records, absent), Observation::Absent, "{absent}");
        }
    }

    #[test]
    fn a_hold_is_seen_and_any_architecture_may_be_named() {
        let records = parse(RECORDS);
        assert!(find(&records, "nginx-common:amd64").unwrap().is_held());
        assert!(!find(&records, "bash").unwrap().is_held());
    }
}
