//! dpkg and apt, as far as the provider of packages asks them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hostwright_runtime::machine::{Invocation, Output};

use super::{complained, wrote};
use crate::{FakeMachine, Tree};

const POLICY_RC_D: &str = "/usr/sbin/policy-rc.d";

/// Packages and repositories of a fake Debian host.
#[derive(Clone, Default)]
pub struct Debian(Arc<Mutex<State>>);

/// What is offered and what is installed; tests look at it and change it.
#[derive(Default)]
struct State {
    /// Versions, the candidate first, each with what it needs.
    offered: BTreeMap<String, Vec<(String, Vec<String>)>>,
    /// Offered only after `apt-get update`.
    after_update: Vec<(String, String, Vec<String>)>,
    /// Version and whether it is held.
    installed: BTreeMap<String, (String, bool)>,
    /// Never installed together: the first makes the second go.
    conflicts: Vec<(String, String)>,
    lock_holder: Option<String>,
    is_interrupted: bool,
    commands: Vec<String>,
    /// For each run of apt that installed something, whether services were held back.
    held_back: Vec<bool>,
}

impl Debian {
    /// Puts the programs on a machine.
    pub fn on(&self, machine: FakeMachine) -> FakeMachine {
        type Run = fn(&mut State, &[&str], &Tree) -> Output;
        let programs: [(&str, Run); 5] = [
            ("/usr/bin/dpkg-query", |state, arguments, _| state.query(arguments)),
            ("/usr/bin/apt-cache", |state, arguments, _| state.cache(arguments)),
            ("/usr/bin/apt-get", State::get),
            ("/usr/bin/apt-mark", |state, arguments, _| state.mark(arguments)),
            ("/usr/bin/dpkg", |state, _, _| {
                state.is_interrupted = false;
                wrote("")
            }),
        ];
        programs.into_iter().fold(machine, |machine, (path, run)| {
            let debian = self.clone();
            machine.with_program(path, move |invocation: &Invocation, tree: &mut Tree| {
                let arguments: Vec<&str> = invocation.arguments.iter().map(String::as_str).collect();
                let mut state = debian.state();
                state.commands.push(format!("{path} {}", arguments.join(" ")));
                run(&mut state, &arguments, tree)
            })
        })
    }

    /// Offers a version; the one offered first is the candidate.
    #[must_use]
    pub fn offering(self, package: &str, version: &str, needs: &[&str]) -> Self {
        let needs = needs.iter().map(|need| (*need).to_owned()).collect();
        self.state().offered.entry(package.to_owned()).or_default().push((version.to_owned(), needs));
        self
    }

    /// Offers a version that apt does not know before it asked its repositories.
    #[must_use]
    pub fn offering_after_update(self, package: &str, version: &str) -> Self {
        self.state().after_update.push((package.to_owned(), version.to_owned(), Vec::new()));
        self
    }

    /// Lets the installation of one package remove another.
    #[must_use]
    pub fn conflicting(self, package: &str, with: &str) -> Self {
        self.state().conflicts.push((package.to_owned(), with.to_owned()));
        self
    }

    /// Installs behind the provider's back.
    pub fn install(&self, package: &str, version: &str) {
        self.state().installed.insert(package.to_owned(), (version.to_owned(), false));
    }

    /// Lets somebody hold the lock, or nobody.
    pub fn lock(&self, holder: Option<&str>) {
        self.state().lock_holder = holder.map(str::to_owned);
    }

    /// Leaves dpkg as a power cut would.
    pub fn interrupt(&self) {
        self.state().is_interrupted = true;
    }

    /// Returns the version that is installed.
    pub fn installed(&self, package: &str) -> Option<String> {
        self.state().installed.get(package).map(|(version, _)| version.clone())
    }

    /// Returns the command lines since the last time.
    pub fn take_commands(&self) -> Vec<String> {
        std::mem::take(&mut self.state().commands)
    }

    /// Returns, for each run that installed something, whether services were held back.
    pub fn held_back(&self) -> Vec<bool> {
        self.state().held_back.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn after_dashes<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().skip_while(|argument| **argument != "--").skip(1).copied().collect()
}

impl State {
    fn query(&self, arguments: &[&str]) -> Output {
        let mut output = wrote("");
        let asked = after_dashes(arguments);
        let names: Vec<&str> =
            if asked.is_empty() { self.installed.keys().map(String::as_str).collect() } else { asked };
        let mut text = String::new();
        for name in names {
            match self.installed.get(name) {
                Some((version, held)) => {
                    let want = if *held { "hold" } else { "install" };
                    let _ = writeln!(text, "{name}:amd64 {want} installed {version}");
                }
                None => output.status = 1,
            }
        }
        Output { stdout: text.into(), ..output }
    }

    fn cache(&self, arguments: &[&str]) -> Output {
        let names = after_dashes(arguments);
        if arguments.first() == Some(&"depends") {
            return wrote(self.depends(&names));
        }
        let mut text = String::new();
        for name in names {
            let installed = self.installed.get(name).map(|(version, _)| version.as_str());
            let offered = self.offered.get(name).map(Vec::as_slice).unwrap_or_default();
            if installed.is_none() && offered.is_empty() {
                continue;
            }
            let candidate = offered.first().map(|(version, _)| version.as_str()).or(installed);
            let candidate = candidate.unwrap_or("(none)");
            let _ = writeln!(
                text,
                "{name}:\n  Installed: {}\n  Candidate: {candidate}",
                installed.unwrap_or("(none)")
            );
            let _ = writeln!(text, "  Version table:");
            for (version, _) in offered {
                let _ = writeln!(text, "     {version} 500\n        500 http://repository.example Packages");
            }
        }
        wrote(text)
    }

    fn depends(&self, names: &[&str]) -> String {
        let mut text = String::new();
        let mut next: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut seen = BTreeSet::new();
        while let Some(name) = next.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let _ = writeln!(text, "{name}");
            for need in self.needs(&name, None) {
                let _ = writeln!(text, "  Depends: {need}");
                next.push(need);
            }
        }
        text
    }

    fn needs(&self, name: &str, version: Option<&str>) -> Vec<String> {
        let offered = self.offered.get(name).map(Vec::as_slice).unwrap_or_default();
        let chosen = offered.iter().find(|(offered, _)| version.is_none_or(|version| version == offered));
        chosen.map(|(_, needs)| needs.clone()).unwrap_or_default()
    }

    fn get(&mut self, arguments: &[&str], tree: &Tree) -> Output {
        let is_simulated = arguments.first() == Some(&"-s");
        let verb = arguments.iter().find(|argument| !argument.starts_with('-')).copied().unwrap_or_default();
        if verb == "update" {
            for (package, version, needs) in std::mem::take(&mut self.after_update) {
                self.offered.entry(package).or_default().push((version, needs));
            }
            return wrote("");
        }
        if !is_simulated {
            if let Some(holder) = &self.lock_holder {
                let lock = "/var/lib/dpkg/lock-frontend";
                return complained(
                    100,
                    format!("E: Could not get lock {lock}. It is held by process {holder}\n"),
                );
            }
            if self.is_interrupted {
                return complained(
                    100,
                    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'\n",
                );
            }
        }
        let names = after_dashes(arguments);
        match verb {
            "install" => self.install(&names, arguments, is_simulated, tree),
            "remove" => self.remove(&names, is_simulated),
            other => complained(100, format!("E: Invalid operation {other}\n")),
        }
    }

    fn install(&mut self, names: &[&str], arguments: &[&str], is_simulated: bool, tree: &Tree) -> Output {
        let mut wanted: Vec<(String, String)> = Vec::new();
        let mut next: Vec<(String, Option<String>)> = names
            .iter()
            .filter_map(|pin| pin.split_once('='))
            .map(|(name, version)| (name.to_owned(), Some(version.to_owned())))
            .collect();
        while let Some((name, version)) = next.pop() {
            let offered = self.offered.get(&name).map(Vec::as_slice).unwrap_or_default();
            let chosen =
                offered.iter().find(|(offered, _)| version.as_ref().is_none_or(|wanted| wanted == offered));
            let Some((version, needs)) = chosen else {
                return complained(100, format!("E: Unable to locate package {name}\n"));
            };
            for need in needs {
                let is_there =
                    self.installed.contains_key(need) || wanted.iter().any(|(name, _)| name == need);
                if !is_there {
                    next.push((need.clone(), None));
                }
            }
            if self.installed.get(&name).is_some_and(|(_, held)| *held)
                && !arguments.contains(&"--allow-change-held-packages")
            {
                return complained(100, "E: Held packages were changed and -y was used\n");
            }
            wanted.push((name, version.clone()));
        }
        let going: Vec<String> = self
            .conflicts
            .iter()
            .filter(|(package, other)| {
                wanted.iter().any(|(name, _)| name == package) && self.installed.contains_key(other)
            })
            .map(|(_, other)| other.clone())
            .collect();
        if is_simulated {
            let mut text = String::new();
            for name in &going {
                let _ = writeln!(text, "Remv {name} [1]");
            }
            for (name, version) in &wanted {
                let before =
                    self.installed.get(name).map(|(before, _)| format!(" [{before}]")).unwrap_or_default();
                let _ = writeln!(text, "Inst {name}{before} ({version} Debian:12/stable [amd64])");
            }
            return wrote(text);
        }
        let policy = tree.text(POLICY_RC_D).unwrap_or_default();
        self.held_back.push(policy.contains("exit 101"));
        for (name, version) in wanted {
            self.installed.insert(name, (version, false));
        }
        wrote("")
    }

    fn remove(&mut self, names: &[&str], is_simulated: bool) -> Output {
        let mut going: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        loop {
            let needing = self.installed.iter().find(|(name, (version, _))| {
                !going.contains(*name)
                    && self.needs(name, Some(version)).iter().any(|need| going.contains(need))
            });
            let Some((name, _)) = needing else { break };
            going.insert(name.clone());
        }
        going.retain(|name| self.installed.contains_key(name));
        if is_simulated {
            return wrote(going.iter().fold(String::new(), |mut text, name| {
                let _ = writeln!(text, "Remv {name} [1]");
                text
            }));
        }
        self.installed.retain(|name, _| !going.contains(name));
        wrote("")
    }

    fn mark(&mut self, arguments: &[&str]) -> Output {
        let hold = arguments.first() == Some(&"hold");
        for name in after_dashes(arguments) {
            if let Some((_, held)) = self.installed.get_mut(name) {
                *held = hold;
            }
        }
        wrote("")
    }
}
