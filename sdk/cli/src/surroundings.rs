//! What a call finds around it: environment variables and standard input.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;

/// What a call finds around it.
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// Standard input.
    pub input: Box<dyn Read + Send>,
    /// Whether a person is there to answer.
    pub is_interactive: bool,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("is_interactive", &self.is_interactive).finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Looks around this process. The one place that reads the environment.
    pub fn of_this_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables, input: Box::new(std::io::stdin()), is_interactive: std::io::stdin().is_terminal() }
    }

    /// Returns a variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns where the profiles are, unless said otherwise.
    pub(crate) fn default_configuration(&self) -> PathBuf {
        let base = match (self.variable("XDG_CONFIG_HOME"), self.variable("HOME")) {
            (Some(directory), _) => PathBuf::from(directory),
            (None, Some(home)) => PathBuf::from(home).join(".config"),
            (None, None) => PathBuf::from("/etc"),
        };
        base.join("hostwright").join("wright.toml")
    }
}
