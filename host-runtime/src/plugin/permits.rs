//! Grants in the form in which host functions ask them.

use hostwright_manifest::Grants;
use hostwright_manifest::grants::ExecGrant;
use hostwright_manifest::pattern::CommandPattern;

use crate::machine::Scope;

/// What one plugin may do.
#[derive(Debug)]
pub(crate) struct Permits {
    pub(crate) grants: Grants,
    /// What its manifest asks for, to tell what keeps a refused call from being granted.
    pub(crate) asked: Grants,
    /// Patterns of programs, with what else was granted of them.
    pub(crate) programs: Vec<(CommandPattern, ExecGrant)>,
    /// Travels with every request that names a path.
    pub(crate) scope: Scope,
}

impl Permits {
    /// Returns the permits of grants that are within what a valid manifest asks for.
    pub(crate) fn new(grants: Grants, asked: Grants) -> Self {
        // A pattern that cannot be read permits nothing.
        let programs = grants
            .exec
            .iter()
            .filter_map(|grant| Some((CommandPattern::parse(&grant.command).ok()?, grant.clone())))
            .collect();
        let scope = Scope { read: grants.files.read.clone(), write: grants.files.write.clone() };
        Self { grants, asked, programs, scope }
    }
}
