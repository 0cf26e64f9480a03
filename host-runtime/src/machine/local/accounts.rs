//! Users and groups, from `/etc/passwd` and `/etc/group` below the root.
//!
//! Accounts that exist only in a directory service are not seen.

use bytes::Bytes;

use super::obstacle::Obstacle;
use super::read;
use super::visit::Visit;
use super::walk::Ground;
use crate::machine::MachineError;

const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// One line of `/etc/passwd`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: String,
    pub(super) shell: String,
}

/// One line of `/etc/group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) members: Vec<String>,
}

/// Reads the users. Lines that are none are skipped, as the C library does.
pub(super) fn users(ground: Ground<'_>) -> Result<Vec<User>, MachineError> {
    Ok(lines(ground, "/etc/passwd")?.iter().filter_map(|line| user(line)).collect())
}

/// Reads the groups.
pub(super) fn groups(ground: Ground<'_>) -> Result<Vec<Group>, MachineError> {
    Ok(lines(ground, "/etc/group")?.iter().filter_map(|line| group(line)).collect())
}

fn lines(ground: Ground<'_>, path: &str) -> Result<Vec<String>, MachineError> {
    let content = match read::read_following(&Visit::everywhere(ground), path, MOST_BYTES) {
        Err(Obstacle::Missing(_)) => Bytes::new(),
        content => content.map_err(|obstacle| obstacle.of("read", path))?,
    };
    Ok(String::from_utf8_lossy(&content).lines().map(str::to_owned).collect())
}

fn user(line: &str) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
    Some(User {
        name: (*name).to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        home: (*home).to_owned(),
        shell: (*shell).to_owned(),
    })
}

fn group(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields.as_slice() else { return None };
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some(Group { name: (*name).to_owned(), gid: gid.parse().ok()?, members })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_account_files_are_read_and_others_skipped() {
        let www = user("www-data:x:33:34:web, server:/var/www:/usr/sbin/nologin").unwrap();
        assert_eq!(
            (www.name.as_str(), www.uid, www.gid, www.home.as_str()),
            ("www-data", 33, 34, "/var/www")
        );
        assert_eq!(user("+::::::"), None);
        assert_eq!(user("# comment"), None);

        let adm = group("adm:x:4:syslog,anna").unwrap();
        assert_eq!((adm.gid, adm.members), (4, vec!["syslog".to_owned(), "anna".to_owned()]));
        assert_eq!(group("root:x:0:").unwrap().members, Vec::<String>::new());
        assert_eq!(group("root:x"), None);
    }
}
