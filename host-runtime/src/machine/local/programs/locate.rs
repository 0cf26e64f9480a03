//! From a program's name to a file that nobody but root could have changed.

use std::path::PathBuf;

use super::super::look::Look;
use super::super::obstacle::{Obstacle, Rule};
use super::super::walk::{Found, Ground, Last, components, open_as_it_is};
use crate::machine::{Kind, MachineError};

/// Finds the program, links resolved. Nobody but root can put something else there afterwards.
pub(in super::super) fn locate(ground: Ground<'_>, program: &str) -> Result<PathBuf, MachineError> {
    find(ground, program).map_err(|obstacle| obstacle.of("run", program))
}

/// Refuses what no program can be given.
pub(in super::super) fn check_arguments(
    program: &str,
    arguments: &[String],
    environment: &[(String, String)],
) -> Result<(), MachineError> {
    let has_nul = |text: &String| text.contains('\0');
    let is_name = |name: &String| !name.is_empty() && !name.contains(['=', '\0']);
    let is_sound = !arguments.iter().any(has_nul)
        && environment.iter().all(|(name, value)| is_name(name) && !has_nul(value));
    if is_sound { Ok(()) } else { Err(Obstacle::Rule(Rule::ContainsNul).of("run", program)) }
}

fn find(ground: Ground<'_>, program: &str) -> Result<PathBuf, Obstacle> {
    let place = match ground.walk(components(program)?, Last::Follow)? {
        Found::Place(place) => place,
        Found::Directory(directory) => return Err(Rule::NotExecutable(directory.path.clone()).into()),
    };
    let path = place.path();
    let handle = open_as_it_is(&place.directory, &place.name)?;
    let look = Look::of(&handle)?;
    ground.admit(&look, &place.directory.look, &path, || Ok(&handle))?;
    if look.kind != Kind::Regular || look.mode & 0o111 == 0 {
        return Err(Rule::NotExecutable(path).into());
    }
    if !place.directory.is_secure || !ground.root.is_trusted(&look) {
        return Err(Rule::UntrustedProgram(path).into());
    }
    Ok(path)
}
