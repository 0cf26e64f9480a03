//! From a delivered script to something that can be run as a user.

use sha2::{Digest, Sha256};

use super::super::accounts;
use super::super::obstacle::{Obstacle, Rule};
use super::super::read;
use super::super::visit::Visit;
use super::super::walk::Ground;
use super::record::What;
use super::runs::Order;
use crate::machine::{MachineError, ScriptInvocation};

const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Takes a copy of the script as it was delivered, and finds out who runs it.
pub(in super::super) fn prepare(ground: Ground<'_>, script: ScriptInvocation) -> Result<Order, MachineError> {
    let ScriptInvocation { path, digest, arguments, user, stdin, timeout, output_bytes, name } = script;
    let content = read::read(&mut Visit::everywhere(ground), &path, MOST_BYTES)
        .map_err(|obstacle| obstacle.of("run", &path))?;
    if Sha256::digest(&content).as_slice() != digest {
        return Err(Obstacle::from(Rule::OtherContent).of("run", &path));
    }
    let account = accounts::users(ground)?.into_iter().find(|account| account.name == user);
    let Some(account) = account else {
        return Err(failed(format!("cannot run {path}: there is no user `{user}`")));
    };
    let myself = rustix::process::geteuid();
    if !myself.is_root() && myself.as_raw() != account.uid {
        let message = format!("cannot run {path} as `{user}`: the agent does not run as root");
        return Err(MachineError::Unsupported(message));
    }
    let is_member = |group: &accounts::Group| group.gid == account.gid || group.members.contains(&user);
    let groups = accounts::groups(ground)?.into_iter().filter(is_member).map(|group| group.gid).collect();
    let environment =
        [("HOME", &account.home), ("USER", &user), ("LOGNAME", &user), ("SHELL", &account.shell)];
    Ok(Order {
        name,
        what: What::Script {
            name: path,
            digest: hex::encode(digest),
            uid: account.uid,
            gid: account.gid,
            groups,
            home: account.home.clone(),
        },
        script: content.to_vec(),
        arguments,
        environment: environment.map(|(name, value)| (name.to_owned(), value.clone())).to_vec(),
        stdin,
        timeout,
        output_bytes,
    })
}

fn failed(message: String) -> MachineError {
    MachineError::Failed { message, run: None }
}
